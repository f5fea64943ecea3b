"""Redactors, and how much personal information and evidence they mask.

There are two plain redactors: patterns for what has a fixed form (numbers, addresses, handles), and a lexicon
that masks names as well. Both are measured on the generator's gold spans.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

import pandas as pd

from classifier.errors import InputError
from classifier.evaluation.rates import Rate
from classifier.privacy.message_streams import Stream
from classifier.privacy.policies.given_names import given_names

Span = tuple[int, int]
Redactor = Callable[[str], list[Span]]
"""Maps a text to the spans of characters to mask, as (start, end)."""

MASK = "[…]"

_STREET_ENDINGS = (
    "street|road|lane|close|avenue|drive|way|court|place|crescent|terrace|gardens|square|grove|boulevard"
)
_PATTERNS = re.compile(
    "|".join(
        (
            r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",  # an e-mail address
            r"(?:https?://|www\.)\S+",
            r"\+?\d[\d ()./-]{5,}\d",  # seven digits or more: a phone number
            r"@\w{3,}",  # a handle that says so
            r"\b\w*[a-z]_[a-z]\w*\b",  # a handle in two parts
            r"\b[a-z]{3,}\d{2,}\b",  # a handle with a number at its end
            rf"\b\d{{1,4}}[a-z]?\s+[a-z'’]+(?:\s+[a-z'’]+)?\s+(?:{_STREET_ENDINGS})\b",
        )
    ),
    re.IGNORECASE,
)
_SCHOOL = re.compile(
    r"\b[A-Z][\w'’]+(?:\s+[A-Z][\w'’]+)*"
    r"\s+(?:High|Academy|College|Primary|(?:Middle |High |Primary )?School)\b"
)
_AGE = re.compile(
    r"\b(?:eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen)\b|\b1[0-9]\s*(?:yo|years?\s+old)\b",
    re.IGNORECASE,
)


def patterns(text: str) -> list[Span]:
    """Spans with a fixed form.

    They are e-mail addresses, phone numbers, links, handles, and house numbers with a street.

    >>> patterns("ring 555-0117 or write to zola@example.org")
    [(5, 13), (26, 42)]
    """
    return [match.span() for match in _PATTERNS.finditer(text)]


def lexicon(text: str) -> list[Span]:
    """Spans of ``patterns``, given names, schools and ages, in order.

    Given names are those of ``given_names.txt``, in any case; schools count when written with capitals; ages
    are eleven to nineteen in words or 10 to 19 in digits.
    """
    forms = (_given_name_pattern(), _SCHOOL, _AGE)
    spans = {match.span() for form in forms for match in form.finditer(text)}
    return sorted({*patterns(text), *spans})


@cache
def _given_name_pattern() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, given_names()))})(?:'s|’s)?\b", re.IGNORECASE)


def presidio(text: str) -> list[Span]:
    """Spans that Microsoft Presidio finds, if ``presidio-analyzer`` is installed.

    The package is not a dependency of this project, and no shipped policy needs it. Raises ``InputError``
    when it is missing.
    """
    return [(found.start, found.end) for found in _presidio_analyzer().analyze(text=text, language="en")]


@cache
def _presidio_analyzer() -> Any:
    try:
        return importlib.import_module("presidio_analyzer").AnalyzerEngine()
    except ImportError:
        raise InputError(
            "redactor 'presidio' needs the package presidio-analyzer and its language model, "
            "which are not installed; choose patterns or lexicon"
        ) from None


def no_spans(text: str) -> list[Span]:
    """No span: the redactor that masks nothing."""
    return []


REDACTORS: dict[str, Redactor] = {
    "none": no_spans,
    "patterns": patterns,
    "lexicon": lexicon,
    "presidio": presidio,
}


@lru_cache(maxsize=200_000)
def masked_spans(text: str, redactor: str) -> tuple[Span, ...]:
    """The masked spans, in order; overlapping and touching ones are joined."""
    joined: list[Span] = []
    for start, end in sorted(REDACTORS[redactor](text)):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def redacted(text: str, redactor: str) -> str:
    """``text`` with ``MASK`` in place of each masked span.

    >>> redacted("Ring Emma on 555-0117", "lexicon")
    'Ring […] on […]'
    """
    parts, at = [], 0
    for start, end in masked_spans(text, redactor):
        parts += [text[at:start], MASK]
        at = end
    return "".join([*parts, text[at:]]) if parts else text


def is_masked(start: int, end: int, spans: Sequence[Span]) -> bool:
    """Whether every character of a mention lies within one masked span.

    A mention that is masked in part counts as readable.

    >>> is_masked(3, 9, [(0, 5)]), is_masked(3, 9, [(3, 9)])
    (False, True)
    """
    return any(low <= start and end <= high for low, high in spans)


def _entities(stream: Stream) -> dict[tuple[str, str], list[tuple[int, int, int]]]:
    """Mentions of each entity, as (message index, start, end).

    An entity is a kind and a case-folded wording.
    """
    entities: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
    for index, spans in enumerate(stream.personal):
        for span in spans:
            wording = stream.texts[index][span.start : span.end].casefold()
            entities.setdefault((span.kind, wording), []).append((index, span.start, span.end))
    return entities


_UNITS = {"entities masked": "entity", "mentions masked": "mention", "cue tokens masked": "word"}


def redaction_table(streams: Sequence[Stream], redactor: str) -> pd.DataFrame:
    """How much personal information and evidence a redactor masks.

    An entity is a kind and wording within one conversation. It is masked only if every mention of it is,
    which is the rule of the Text Anonymization Benchmark (Pilán et al. 2022, Computational Linguistics 48);
    unlike theirs, all kinds count the same. The last row is over-redaction: masked words of messages that
    show a behaviour, outside gold spans.

    Columns: ``measure`` ("entities masked", "mentions masked", "cue tokens masked"), ``kind`` (or "all"),
    ``rate`` (nan for none), ``rate_low``, ``rate_high``, ``hits``, ``n``, ``unit``. The bounds are two-sided
    95 % Clopper-Pearson over units, and too narrow where words repeat.
    """
    marks = pd.DataFrame(
        [mark for stream in streams for mark in _marks(stream, redactor)],
        columns=["measure", "kind", "masked"],
    )
    rows = []
    for measure, unit in _UNITS.items():
        of_measure = marks[marks["measure"] == measure]
        for kind, units in [*of_measure[of_measure["kind"] != ""].groupby("kind"), ("all", of_measure)]:
            rate = Rate(int(units["masked"].sum()), len(units))
            rows.append((measure, kind, rate.value, *rate.interval(), rate.hits, rate.n, unit))
    return pd.DataFrame(
        rows, columns=["measure", "kind", "rate", "rate_low", "rate_high", "hits", "n", "unit"]
    )


def _marks(stream: Stream, redactor: str) -> Iterator[tuple[str, str, bool]]:
    """Measure, kind and whether it is masked, of each thing counted; tokens have no kind."""
    for (kind, _), mentions in _entities(stream).items():
        masked = [
            is_masked(start, end, masked_spans(stream.texts[index], redactor))
            for index, start, end in mentions
        ]
        yield "entities masked", kind, all(masked)
        yield from (("mentions masked", kind, each) for each in masked)
    for index, labels in enumerate(stream.labels):
        if labels:
            spans = masked_spans(stream.texts[index], redactor)
            for start, end in _cue_tokens(stream, index):
                yield "cue tokens masked", "", any(low < end and start < high for low, high in spans)


def _cue_tokens(stream: Stream, index: int) -> Iterator[Span]:
    """Spans of the words of a message outside its gold spans."""
    for match in re.finditer(r"\w+", stream.texts[index]):
        if not any(span.start < match.end() and match.start() < span.end for span in stream.personal[index]):
            yield match.span()


def readable_entities(stream: Stream, shown: Sequence[str]) -> list[set[tuple[str, str]]]:
    """The entities that can still be read in each shown text.

    An entity of the conversation is (kind, case-folded wording). It counts wherever it is readable, inside
    a gold span or outside: a name is a name also where the generator used it as an ordinary word.
    """
    forms = [(entity, _whole_word(entity[1])) for entity in _entities(stream)]
    return [{entity for entity, form in forms if form.search(text)} for text in shown]


@lru_cache(maxsize=50_000)
def _whole_word(wording: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(wording)}(?!\w)", re.IGNORECASE)
