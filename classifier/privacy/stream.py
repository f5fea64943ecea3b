"""What a policy is run over: conversations as streams of messages, from records of our own or from an outside table of scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.records import Conversation, Metadata, PersonalSpan
from classifier.taxonomy import BENIGN, CONVERSATION_LABELS, LABELS, PATTERN

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Stream:
    """One conversation, as the harness holds it. A policy sees authors and times; text and scores it reaches only through ``observe.View``.

    ``label``, ``labels`` (of each message), ``scene`` and ``cluster`` serve the evaluation and no policy, save the oracle. What an outside table does not
    hold is empty: ``texts``, ``personal``, ``labels``, ``times`` () and ``metadata`` ``None``; ``hours`` since the first message are then nan.
    """

    id: str
    label: str
    initiator: str
    authors: tuple[str, ...]
    hours: tuple[float, ...]
    cluster: str = ""
    scene: str = ""
    times: tuple[datetime, ...] = ()
    metadata: Metadata | None = None
    texts: tuple[str, ...] = ()
    personal: tuple[tuple[PersonalSpan, ...], ...] = ()
    labels: tuple[tuple[str, ...], ...] = ()

    @property
    def benign(self) -> bool:
        """Whether the conversation was scripted as benign."""
        return self.label == BENIGN

    def __len__(self) -> int:
        return len(self.authors)


def streams_of(conversations: Iterable[Conversation], *, clusters: Sequence[str] = ()) -> tuple[Stream, ...]:
    """Our own conversations as streams; the initiator is the record's sender.

    ``clusters`` names the cluster of each conversation, in order; conversations of one cluster are drawn together when intervals are made. Without it each
    sender is one, which leaves the likeness of phrase families out.
    """
    conversations = list(conversations)
    if clusters and len(clusters) != len(conversations):
        raise ValueError(
            f"clusters must name one cluster a conversation, got {len(clusters)} for {len(conversations)}"
        )
    return tuple(
        Stream(
            id=c.id,
            label=c.label,
            initiator=c.sender,
            authors=tuple(m.author for m in c.messages),
            hours=tuple((m.time - c.messages[0].time).total_seconds() / 3600 for m in c.messages),
            cluster=clusters[number] if clusters else c.sender,
            scene=c.scene,
            times=tuple(m.time for m in c.messages),
            metadata=c.metadata,
            texts=tuple(m.text for m in c.messages),
            personal=tuple(m.personal for m in c.messages),
            labels=tuple(m.labels for m in c.messages),
        )
        for number, c in enumerate(conversations)
    )


@dataclass(frozen=True)
class MessageScores:
    """Scores made beforehand, one row of numbers a message: ``rows`` maps a conversation's id to an array of shape (messages, columns).

    ``columns`` names them: the labels of the taxonomy, or the one column "score" of an outside model.
    """

    rows: Mapping[str, Numbers]
    columns: tuple[str, ...] = LABELS


MessageScorer = Callable[[Sequence[str]], Numbers]
"""Texts in, probabilities of shape (texts, labels) out."""


def scored(streams: Sequence[Stream], scorer: MessageScorer) -> MessageScores:
    """Every message scored in one call, so that many policies can share it; what a policy may look at is settled later, message by message.

    Raises ``ValueError`` when a message's row changes with the company it is scored in: then a row read would tell of messages not read.
    """
    texts = [text for stream in streams for text in stream.texts]
    rows = np.asarray(scorer(texts), dtype=np.float64)
    if rows.shape != (len(texts), len(LABELS)):
        raise ValueError(
            f"scorer must give shape ({len(texts)}, {len(LABELS)}) for {len(texts)} texts, got {rows.shape}"
        )
    for position in range(0, len(texts), max(1, len(texts) // 20)):
        alone = np.asarray(scorer([texts[position]]), dtype=np.float64)[0]
        if not np.allclose(alone, rows[position], rtol=0, atol=1e-6):
            raise ValueError(
                f"scorer gives message {position} another row when it is scored alone: rows must depend on one text each"
            )
    ends = np.cumsum([len(stream) for stream in streams])[:-1]
    return MessageScores(
        {stream.id: part for stream, part in zip(streams, np.split(rows, ends), strict=True)}
    )


def streams_from_scores(table: pd.DataFrame) -> tuple[tuple[Stream, ...], MessageScores]:
    """Streams and scores from a bare table of an outside model, one row a message.

    Columns: ``conversation_id``, ``index`` (its order in the conversation), ``author``, ``label`` (of the conversation: "benign" or "grooming_pattern"), and either one
    probability column per label of the taxonomy or one column ``score``, in [0, 1]; optionally ``time``, ``cluster`` and ``initiator`` (else whoever writes first).
    Policies that need text or metadata cannot be run on it. Raises ``ValueError`` naming what is missing.
    """
    if missing := [name for name in ("conversation_id", "index", "author", "label") if name not in table]:
        raise ValueError(
            f"scores table needs the columns conversation_id, index, author and label, got none named {', '.join(missing)}"
        )
    columns = LABELS if all(label in table for label in LABELS) else ("score",)
    if columns == ("score",) and "score" not in table:
        raise ValueError(f"scores table needs a column 'score' or all of {', '.join(LABELS)}")
    numbers = table[list(columns)].to_numpy(dtype=np.float64)
    if not ((numbers >= 0) & (numbers <= 1)).all():
        raise ValueError("scores and probabilities must be in [0, 1]")
    if unknown := sorted(set(table["label"]) - set(CONVERSATION_LABELS)):
        raise ValueError(f"label must be {BENIGN!r} or {PATTERN!r}, got {unknown[0]!r}")
    if table.duplicated(["conversation_id", "index"]).any():
        twice = table.loc[table.duplicated(["conversation_id", "index"]), ["conversation_id", "index"]].iloc[
            0
        ]
        raise ValueError(
            f"message {twice['index']} of conversation {twice['conversation_id']!r} stands in the table twice"
        )
    ordered = table.sort_values(["conversation_id", "index"], kind="stable")
    streams, rows = [], {}
    for id_, part in ordered.groupby("conversation_id", sort=True):
        streams.append(_outside_stream(str(id_), part))
        rows[str(id_)] = part[list(columns)].to_numpy(dtype=np.float64)
    return tuple(streams), MessageScores(rows, columns)


def _outside_stream(id_: str, part: pd.DataFrame) -> Stream:
    authors = tuple(str(author) for author in part["author"])
    if part["label"].nunique() > 1:
        raise ValueError(
            f"conversation {id_!r} has more than one label; a label is of the whole conversation"
        )
    times = tuple(pd.to_datetime(part["time"]).dt.to_pydatetime()) if "time" in part else ()
    return Stream(
        id=id_,
        label=str(part["label"].iloc[0]),
        initiator=str(part["initiator"].iloc[0]) if "initiator" in part else authors[0],
        authors=authors,
        hours=tuple((time - times[0]).total_seconds() / 3600 for time in times)
        if times
        else (math.nan,) * len(authors),
        cluster=str(part["cluster"].iloc[0]) if "cluster" in part else id_,
        times=times,
    )
