"""How much of what identifies a person is masked before a human sees it, and how much of the evidence is masked with it?

Two plain redactors, both measured on the generator's gold spans: patterns for what has a form (numbers, addresses, handles), and a lexicon for names besides.
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
from classifier.privacy.policies.given_names import given_names
from classifier.privacy.stream import Stream

Span = tuple[int, int]
Redactor = Callable[[str], list[Span]]
"""The characters of a text to mask, as (start, end)."""

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
    r"\b[A-Z][\w'’]+(?:\s+[A-Z][\w'’]+)*\s+(?:High|Academy|College|Primary|(?:Middle |High |Primary )?School)\b"
)
_AGE = re.compile(
    r"\b(?:eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen)\b|\b1[0-9]\s*(?:yo|years?\s+old)\b",
    re.IGNORECASE,
)


def patterns(text: str) -> list[Span]:
    """What has a form of its own: e-mail, phone, link, handle, house number with street.

    >>> patterns("ring 555-0117 or write to zola@example.org")
    [(5, 13), (26, 42)]
    """
    return [match.span() for match in _PATTERNS.finditer(text)]


def lexicon(text: str) -> list[Span]:
    """``patterns``, and the given names of ``given_names.txt`` in any case, schools written with capitals, and words for ages from eleven to nineteen."""
    return sorted(
        {
            *patterns(text),
            *(match.span() for form in (_names(), _SCHOOL, _AGE) for match in form.finditer(text)),
        }
    )


@cache
def _names() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, given_names()))})(?:'s|’s)?\b", re.IGNORECASE)


def presidio(text: str) -> list[Span]:
    """What Microsoft Presidio finds, when ``presidio-analyzer`` is installed; it is no dependency of this project and never needed by a shipped policy."""
    return [(found.start, found.end) for found in _presidio_analyzer().analyze(text=text, language="en")]


@cache
def _presidio_analyzer() -> Any:
    try:
        return importlib.import_module("presidio_analyzer").AnalyzerEngine()
    except ImportError:
        raise InputError(
            "redactor 'presidio' needs the package presidio-analyzer and its language model, which are not installed; choose patterns or lexicon"
        ) from None


def nothing(text: str) -> list[Span]:
    """No character."""
    return []


REDACTORS: dict[str, Redactor] = {
    "none": nothing,
    "patterns": patterns,
    "lexicon": lexicon,
    "presidio": presidio,
}


@lru_cache(maxsize=200_000)
def masked_spans(text: str, redactor: str) -> tuple[Span, ...]:
    """The characters a redactor masks, in order, overlapping spans joined."""
    joined: list[Span] = []
    for start, end in sorted(REDACTORS[redactor](text)):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def redacted(text: str, redactor: str) -> str:
    """``text`` with each masked span replaced by ``MASK``.

    >>> redacted("Ring Emma on 555-0117", "lexicon")
    'Ring […] on […]'
    """
    parts, at = [], 0
    for start, end in masked_spans(text, redactor):
        parts += [text[at:start], MASK]
        at = end
    return "".join([*parts, text[at:]]) if parts else text


def is_masked(start: int, end: int, spans: Sequence[Span]) -> bool:
    """Whether every character of a mention is masked; a part left standing leaves it readable.

    >>> is_masked(3, 9, [(0, 5)]), is_masked(3, 9, [(3, 9)])
    (False, True)
    """
    return any(low <= start and end <= high for low, high in spans)


def _entities(stream: Stream) -> dict[tuple[str, str], list[tuple[int, int, int]]]:
    """Each piece of personal information of a conversation, by kind and wording without case, and where it is mentioned: message, start, end."""
    found: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
    for index, spans in enumerate(stream.personal):
        for span in spans:
            found.setdefault((span.kind, stream.texts[index][span.start : span.end].casefold()), []).append(
                (index, span.start, span.end)
            )
    return found


def redaction_table(streams: Sequence[Stream], redactor: str) -> pd.DataFrame:
    """What a redactor masks of the gold spans, by kind, and of the evidence.

    An entity (a kind and wording within one conversation) is masked only if every mention of it is, the rule of the Text Anonymization Benchmark (Pilán et al.
    2022, Computational Linguistics 48); unlike theirs, all kinds count the same. Columns: ``measure`` ("entities masked", "mentions masked", "cue tokens masked"),
    ``kind``, ``rate``, ``rate_low``, ``rate_high``, ``hits``, ``n``, ``unit``; bounds are two-sided Clopper-Pearson over units, and too narrow where words repeat. The last row
    is over-redaction: words of messages that show a behaviour, outside gold spans, that are masked all the same.
    """
    counts: dict[tuple[str, str], list[int]] = {
        (measure, "all"): [0, 0] for measure in ("entities masked", "mentions masked", "cue tokens masked")
    }
    for stream in streams:
        for (kind, _), mentions in _entities(stream).items():
            hidden = [
                is_masked(start, end, masked_spans(stream.texts[index], redactor))
                for index, start, end in mentions
            ]
            for name in (kind, "all"):
                _count(counts, ("entities masked", name), all(hidden), 1)
                _count(counts, ("mentions masked", name), sum(hidden), len(hidden))
        for index, labels in enumerate(stream.labels):
            if labels:
                tokens = list(_cue_tokens(stream, index))
                spans = masked_spans(stream.texts[index], redactor)
                _count(
                    counts,
                    ("cue tokens masked", "all"),
                    sum(any(low < end and start < high for low, high in spans) for start, end in tokens),
                    len(tokens),
                )
    rows = []
    for measure, unit in (
        ("entities masked", "entity"),
        ("mentions masked", "mention"),
        ("cue tokens masked", "word"),
    ):
        for kind in sorted(
            (kind for name, kind in counts if name == measure), key=lambda kind: (kind == "all", kind)
        ):
            rate = Rate(*counts[measure, kind])
            low, high = rate.interval()
            rows.append(
                {
                    "measure": measure,
                    "kind": kind,
                    "rate": rate.value,
                    "rate_low": low,
                    "rate_high": high,
                    "hits": rate.hits,
                    "n": rate.n,
                    "unit": unit,
                }
            )
    return pd.DataFrame(
        rows, columns=["measure", "kind", "rate", "rate_low", "rate_high", "hits", "n", "unit"]
    )


def _count(counts: dict[tuple[str, str], list[int]], key: tuple[str, str], hits: int, n: int) -> None:
    total = counts.setdefault(key, [0, 0])
    total[0] += int(hits)
    total[1] += n


def _cue_tokens(stream: Stream, index: int) -> Iterator[Span]:
    """The words of a message outside its gold spans."""
    for match in re.finditer(r"\w+", stream.texts[index]):
        if not any(span.start < match.end() and match.start() < span.end for span in stream.personal[index]):
            yield match.span()


def readable_entities(stream: Stream, shown: Sequence[str]) -> list[set[tuple[str, str]]]:
    """For each shown text, the pieces of personal information of its conversation that can still be read in it, inside a gold span or out.

    A word that a mask left standing counts wherever it stands: a name is a name also where the generator used it as a word of its own.
    """
    forms = _entity_forms(stream)
    return [{entity for entity, form in forms if form.search(text)} for text in shown]


def _entity_forms(stream: Stream) -> list[tuple[tuple[str, str], re.Pattern[str]]]:
    return [(entity, _whole_word(entity[1])) for entity in _entities(stream)]


@lru_cache(maxsize=50_000)
def _whole_word(wording: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(wording)}(?!\w)", re.IGNORECASE)
