"""The passages of a message that are scored: the whole, its sentences and its longer clauses.

A message shows what one of its passages shows. So the highest score of its passages counts, and text
that a full stop or a comma joins to a found line does not hide it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from classifier.model.message.reading.disguises import readable
from classifier.model.message.reading.marks import may_quote

LEAST_WORDS_OF_CLAUSE = 5
"""Words of a clause that is scored by itself. Of 3 to 7, the number with the highest average precision on
validation and on the lines of version 1's second voice: .9250 and .8800, with 4 .9234 and .8756, with 6
.9205 and .8793."""

_END = re.compile(r"(?<=[.!?\u2026])[\"')\]]*\s+|[\n\r]\s*")
_BETWEEN_CLAUSES = re.compile(r"(?<=[,;])\s+|(?<=\s)[-\u2013\u2014]+\s+")
_MAY_HAVE_PARTS = re.compile(r"[-.!?,;\u2026\u2013\u2014\n\r](?:(?<=[\n\r])|[\"')\]]*\s)")
_MAY_HAVE_CLAUSES = re.compile(r"[-,;\u2013\u2014]\s")
_DEPENDENT = re.compile(
    r"(?:(?:and|but|so|or|oh|well|then)\s+)?(?:(?:even\s+)?(?:if|though)"
    r"|when(?!\s+(?:are|is|do|does|did|will|can|r|u)\b)|whenever|unless|until|before|after|as soon as|in case"
    r"|because|bc|cos|cuz|since|while|although|whoever|(?:any|some|every)(?:one|body)\s+who|people\s+who)\b",
    re.IGNORECASE,
)
_SAYS = re.compile(r"\b(?:sa(?:id|ys?)|wrote|goes|like|(?:tells?|told|asks?|asked)(?: \w+)?)$", re.IGNORECASE)
_WORD_CHARACTER = re.compile(r"\w")


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order.

    They end in a full stop, a mark or a line break. What holds neither letter nor digit is none.

    >>> sentences("ok. dont tell them!! :) where are you")
    ['ok.', 'dont tell them!!', ':) where are you']
    """
    return [piece for piece in map(str.strip, _END.split(text)) if _WORD_CHARACTER.search(piece)]


def clauses(sentence: str) -> list[str]:
    """The clauses of a sentence, in order.

    Commas and semicolons before a space, and dashes between spaces, part them. There are none in a sentence
    of one clause, and none in one with a quotation mark: what is quoted would stand without the words that
    say so.

    >>> clauses("dont tell them, ok - bye"), clauses("dont tell them"), clauses('he said, "come over"')
    (['dont tell them', 'ok', 'bye'], [], [])
    """
    if _MAY_HAVE_CLAUSES.search(sentence) is None or may_quote(sentence):
        return []
    pieces = [piece.strip(" \t,;") for piece in _BETWEEN_CLAUSES.split(sentence)]
    spoken = [piece for piece in pieces if _WORD_CHARACTER.search(piece)]
    return spoken if len(spoken) > 1 else []


def parts_of(text: str, chosen: Callable[[list[str]], list[str]]) -> list[str]:
    """The sentences of a text of several, and what is ``chosen`` of the clauses of each.

    >>> parts_of("hi. the bus is late, sorry", chosen=lambda clauses: clauses[:1])
    ['hi.', 'the bus is late, sorry', 'the bus is late']
    """
    whole = sentences(text)
    inside = [clause for sentence in whole for clause in chosen(clauses(sentence))]
    return [*(whole if len(set(whole)) > 1 else []), *inside]


def passages_of(text: str) -> list[str]:
    """The text as a person reads it and, of several, each different sentence and longer clause.

    A clause that begins with "if", "when" or the like says little without its main clause ("if anyone asks
    for your address, tell me" asks for none), and one after "he said," without these words.

    >>> passages_of("ok."), passages_of("ok. really? ok.")
    (['ok.'], ['ok. really? ok.', 'ok.', 'really?'])
    >>> passages_of("my bus is here, dont tell them about us")[1:]
    ['dont tell them about us']
    """
    text = readable(text)
    if _MAY_HAVE_PARTS.search(text) is None:
        return [text]
    return list(dict.fromkeys([text, *parts_of(text, _that_stand_alone)]))


def _that_stand_alone(pieces: list[str]) -> list[str]:
    return [
        clause
        for before, clause in zip(["", *pieces], pieces, strict=False)
        if len(clause.split()) >= LEAST_WORDS_OF_CLAUSE
        and _DEPENDENT.match(clause) is None
        and _SAYS.search(before) is None
    ]


def split_into_passages(texts: Iterable[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The passages of all texts end to end, and where each text's passages begin."""
    passages: list[str] = []
    starts = []
    for text in texts:
        starts.append(len(passages))
        passages += passages_of(text)
    return passages, np.array(starts, dtype=np.int64)


def highest_of_passages(scores: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The highest score of each text over its passages, column by column.

    >>> scores = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.3]])
    >>> highest_of_passages(scores, np.array([0, 2])).tolist()
    [[0.8, 0.9], [0.3, 0.3]]
    """
    if len(starts) == len(scores):
        return scores
    return np.asarray(np.maximum.reduceat(scores, starts, axis=0))
