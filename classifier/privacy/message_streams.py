"""Conversations as the message streams that policies run over.

They come from our own records, or from a table of scores of an outside model.
"""

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
    """One conversation as the simulation holds it.

    A policy sees authors and times; it reaches texts and scores only through ``PolicyView``. What an
    outside table does not hold is empty: ``texts``, ``personal``, ``labels`` and ``times`` are () and
    ``metadata`` is ``None``; without times, ``hours`` are nan.

    Parameters
    ----------
    label, labels, scene, clusters
        Label of the conversation, labels of each message, scene, and the clusters it is resampled with, which
        are its dialogues. They serve the evaluation; no policy but the oracle sees them.
    initiator
        The account that opened the contact.
    hours
        Of each message, since the first one.
    personal
        The gold spans of personal information in each message.
    """

    id: str
    label: str
    initiator: str
    authors: tuple[str, ...]
    hours: tuple[float, ...]
    clusters: tuple[str, ...] = ()
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


def streams_from_conversations(
    conversations: Iterable[Conversation], *, clusters: Sequence[tuple[str, ...]] = ()
) -> tuple[Stream, ...]:
    """Our own conversations as streams; the initiator is the record's sender.

    ``clusters`` names those of each conversation, in order: conversations of one cluster are resampled
    together for the intervals. Without it they are its dialogues (``Conversation.clusters``), or its sender
    where it names none.
    """
    conversations = list(conversations)
    if clusters and len(clusters) != len(conversations):
        raise ValueError(
            f"clusters must name some for each conversation, got {len(clusters)} for {len(conversations)}"
        )
    names = clusters or [
        found.clusters if any(found.clusters) else (found.sender,) for found in conversations
    ]
    return tuple(map(_stream, conversations, names))


def _stream(conversation: Conversation, clusters: tuple[str, ...]) -> Stream:
    messages = conversation.messages
    times = tuple(message.time for message in messages)
    return Stream(
        id=conversation.id,
        label=conversation.label,
        initiator=conversation.sender,
        authors=tuple(message.author for message in messages),
        hours=_hours_since_first(times),
        clusters=clusters,
        scene=conversation.scene,
        times=times,
        metadata=conversation.metadata,
        texts=tuple(message.text for message in messages),
        personal=tuple(message.personal for message in messages),
        labels=tuple(message.labels for message in messages),
    )


def _hours_since_first(times: Sequence[datetime]) -> tuple[float, ...]:
    return tuple((time - times[0]).total_seconds() / 3600 for time in times)


@dataclass(frozen=True)
class MessageScores:
    """Message scores that were made before the run.

    ``rows`` maps a conversation's id to an array of shape (messages, columns), in [0, 1]. ``columns`` are the
    labels of the taxonomy, for our own model its tactics too, or the one column "score" of an outside model.
    """

    rows: Mapping[str, Numbers]
    columns: tuple[str, ...] = LABELS


MessageScorer = Callable[[Sequence[str]], Numbers]
"""Maps texts to probabilities of shape (texts, labels)."""


def scored(streams: Sequence[Stream], scorer: MessageScorer) -> MessageScores:
    """The scores of every message, made in one call.

    Many policies share them. Which of them a policy may look at is decided during the run, message by
    message.

    Raises ``ValueError`` when the scorer's output has another shape than (texts, labels), and when a message
    that is scored alone gets another row (checked for about twenty messages): its row would then carry
    information about messages that the policy has not read.
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
                f"scorer gives message {position} another row when it is scored alone: "
                "each row must depend on its own text only"
            )
    ends = np.cumsum([len(stream) for stream in streams])[:-1]
    return MessageScores(
        {stream.id: part for stream, part in zip(streams, np.split(rows, ends), strict=True)}
    )


def streams_from_scores(table: pd.DataFrame) -> tuple[tuple[Stream, ...], MessageScores]:
    """Streams and scores from a table of an outside model.

    The table has one row for each message. Policies that need text or metadata cannot be run on them.
    Raises ``ValueError``, with the reason, for a table that cannot be used.

    Parameters
    ----------
    table
        Columns: ``conversation_id``; ``index``, the message's order in its conversation; ``author``;
        ``label`` of the conversation, "benign" or "grooming_pattern"; and either one probability column for
        each label of the taxonomy or one column ``score``, in [0, 1]. Optional: ``time``, ``cluster``
        (default: the conversation) and ``initiator`` (default: the first author).
    """
    if missing := [name for name in ("conversation_id", "index", "author", "label") if name not in table]:
        raise ValueError(
            "scores table needs the columns conversation_id, index, author and label, "
            f"got none named {', '.join(missing)}"
        )
    columns = LABELS if all(label in table for label in LABELS) else ("score",)
    if columns == ("score",) and "score" not in table:
        raise ValueError(f"scores table needs a column 'score' or all of {', '.join(LABELS)}")
    numbers = table[list(columns)].to_numpy(dtype=np.float64)
    if not ((numbers >= 0) & (numbers <= 1)).all():
        raise ValueError("scores and probabilities must be in [0, 1]")
    if unknown := sorted(set(table["label"]) - set(CONVERSATION_LABELS)):
        raise ValueError(f"label must be {BENIGN!r} or {PATTERN!r}, got {unknown[0]!r}")
    repeated = table[table.duplicated(["conversation_id", "index"])]
    if len(repeated):
        first = repeated.iloc[0]
        raise ValueError(
            f"message {first['index']} of conversation {first['conversation_id']!r} stands in the table twice"
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
            f"conversation {id_!r} has more than one label; expected one label for the whole conversation"
        )
    times = tuple(pd.to_datetime(part["time"]).dt.to_pydatetime()) if "time" in part else ()
    return Stream(
        id=id_,
        label=str(part["label"].iloc[0]),
        initiator=str(part["initiator"].iloc[0]) if "initiator" in part else authors[0],
        authors=authors,
        hours=_hours_since_first(times) if times else (math.nan,) * len(authors),
        clusters=(str(part["cluster"].iloc[0]) if "cluster" in part else id_,),
        times=times,
    )
