"""Documents to attack: texts of members and of non-members.

Members were in training. Both must come from the same phrase families. Otherwise an attack would tell topics
apart, and call it membership.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from classifier.privacy.model_variants.vocabulary import plain_spelling, words_and_pairs
from classifier.records import Conversation, Message
from classifier.taxonomy import LABELS


def membership_documents(
    conversations: Iterable[Conversation],
    *,
    unit: Literal["conversation", "message"] = "conversation",
    seed: int,
) -> pd.DataFrame:
    """Documents of which a random half of the senders are members.

    A sender is a member with all their conversations. One row per ``unit``. Columns: ``text``, ``sender`` and
    ``contact`` (of the conversation), ``member``, ``families`` and ``names`` (tuples; names as the
    generator's own spans give them), and one 0/1 column per label.
    """
    if unit not in ("conversation", "message"):
        raise ValueError(f"unit must be conversation or message, got {unit!r}")
    rows = []
    for conversation in conversations:
        texts = [conversation.messages] if unit == "conversation" else [(m,) for m in conversation.messages]
        rows += [_document(messages, conversation.sender, conversation.contact) for messages in texts]
    documents = pd.DataFrame(rows, columns=["text", "sender", "contact", "families", "names", *LABELS])
    documents.insert(3, "member", random_membership(documents["sender"].tolist(), seed=seed))
    return documents


def _document(messages: Sequence[Message], sender: str, contact: str) -> tuple[object, ...]:
    names = tuple(
        message.text[span.start : span.end]
        for message in messages
        for span in message.personal
        if span.kind == "name"
    )
    carried = {label for message in messages for label in message.labels}
    text = "\n".join(message.text for message in messages)
    families = tuple(message.family for message in messages)
    return (text, sender, contact, families, names, *(int(label in carried) for label in LABELS))


def random_membership(senders: Sequence[str], *, seed: int) -> NDArray[np.bool_]:
    """Which documents are of a random half of the senders.

    A sender is drawn with all their documents.

    >>> random_membership(["ayo", "mei", "ayo", "mei"], seed=0).tolist()
    [True, False, True, False]
    """
    distinct = np.array(sorted(set(senders)), dtype=object)
    members = set(np.random.default_rng(seed).permutation(distinct)[: len(distinct) // 2].tolist())
    return np.array([sender in members for sender in senders], dtype=bool)


def check_documents(documents: pd.DataFrame, decoys: Collection[str], *, seed: int) -> None:
    """Raise ``ValueError`` for documents whose attack figures would mean nothing.

    That is when a sender is both member and non-member, when the families of members and non-members differ
    by more than chance makes them, or when a decoy name stands in some document.
    """
    member, senders = documents["member"].to_numpy(dtype=bool), documents["sender"]
    if both := sorted(set(senders[member]) & set(senders[~member])):
        raise ValueError(
            f"a sender is either in training or not, got {len(both)} on both sides, among them {both[0]!r}"
        )
    gap, by_chance = family_gap(documents["families"].tolist(), member, senders.tolist(), seed=seed)
    if gap > 1.1 * by_chance:
        raise ValueError(
            "members and non-members must come from the same phrase families: their shares differ by"
            f" {gap:.2f}, at random by at most {by_chance:.2f}; an attack would tell topics apart"
        )
    written = {gram for text in documents["text"] for gram in words_and_pairs(plain_spelling(text))}
    if in_a_document := sorted(decoy for decoy in decoys if plain_spelling(decoy) in written):
        raise ValueError(f"decoys must stand in no document, got {in_a_document[:5]!r}")


def family_gap(
    families: Sequence[Sequence[str]],
    member: ArrayLike,
    senders: Sequence[str],
    *,
    n_shuffles: int = 100,
    seed: int,
) -> tuple[float, float]:
    """How differently members and non-members are spread over phrase families.

    The first number is the total variation distance, in [0, 1]: 0 for equal shares, 1 for no family in
    common. The second is what chance makes of it: the largest of ``n_shuffles`` such distances with
    membership dealt to senders at random.

    >>> families = [("raid",), ("raid",), ("pizza",), ("pizza",)]
    >>> family_gap(families, [1, 1, 0, 0], ["a", "b", "c", "d"], n_shuffles=20, seed=0)[0]
    1.0
    """
    marks = np.asarray(member).astype(bool)
    sender_codes, distinct = pd.factorize(np.asarray(senders, dtype=object))
    names = sorted({name for of_document in families for name in of_document})
    column_of = {name: column for column, name in enumerate(names)}
    counts = np.zeros((len(distinct), len(column_of)))
    for code, of_document in zip(sender_codes, families, strict=True):
        for name, count in Counter(of_document).items():
            counts[code, column_of[name]] += count
    is_member = np.bincount(sender_codes, weights=marks, minlength=len(distinct)) > 0
    rng = np.random.default_rng(seed)
    by_chance = max(_distance(counts, rng.permutation(is_member)) for _ in range(n_shuffles))
    return _distance(counts, is_member), by_chance


def _distance(counts: NDArray[np.float64], is_member: NDArray[np.bool_]) -> float:
    members, others = counts[is_member].sum(axis=0), counts[~is_member].sum(axis=0)
    shares = members / max(1.0, members.sum()) - others / max(1.0, others.sum())
    return float(np.abs(shares).sum() / 2.0)
