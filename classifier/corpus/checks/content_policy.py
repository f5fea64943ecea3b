"""The data policy as code: lines that the corpus may not hold.

A check here cannot prove that a text is fit to be read aloud in a classroom; it catches what a list can
catch, and people read the rest.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

_PHONE = re.compile(r"\+?\d[\d\s().-]{6,}\d")
_FICTIONAL_PHONE = re.compile(r"(?:\D|^)555-01\d\d$")
_EMAIL_OR_LINK = re.compile(
    r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.[\w.]+|\b[\w-]+\.(?:com|net|io|gg|co|app|tv)\b", re.IGNORECASE
)
_FICTIONAL_DOMAIN = re.compile(r"(?:@|//|^)(?:[\w-]+\.)*example\.org\b", re.IGNORECASE)
_LOOKS = re.compile(
    r"\b(?:pretty|beautiful|gorgeous|handsome|cute|stunning|attractive|good[- ]looking)\b", re.IGNORECASE
)
_AGE = re.compile(
    r"\b(?:[1-9]\d?\s*(?:yo|y/o|years? old|yrs? "
    r"old)|\{age\}|(?:eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)\b)",
    re.IGNORECASE,
)


@cache
def refused_terms() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each group of refused terms as one pattern, with its reason."""
    groups = tomllib.loads(
        (files("classifier.corpus.checks") / "content_policy_terms.toml").read_text(encoding="utf-8")
    )
    return tuple((_one_pattern(group["terms"]), group["reason"]) for group in groups.values())


@cache
def _any_refused_term() -> re.Pattern[str]:
    """All groups as one pattern: most lines hold no refused term."""
    return re.compile("|".join(pattern.pattern for pattern, _ in refused_terms()), re.IGNORECASE)


def _one_pattern(terms: list[str]) -> re.Pattern[str]:
    words = [re.escape(term.rstrip("*")) + (r"\w*" if term.endswith("*") else "") for term in terms]
    return re.compile(r"(?<!\w)(?:" + "|".join(words) + r")(?!\w)", re.IGNORECASE)


def policy_problems(text: str) -> list[str]:
    """Reasons why ``text`` may not stand in the corpus; empty when it may.

    >>> policy_problems("call me on 555-0142")
    []
    >>> policy_problems("call me on 555-9142")
    ["'555-9142': a phone number outside 555-01xx"]
    """
    found = []
    if _any_refused_term().search(text):
        found += [
            f"'{match.group()}': {reason}"
            for pattern, reason in refused_terms()
            for match in pattern.finditer(text)
        ]
    found += [
        f"'{match.group()}': a phone number outside 555-01xx"
        for match in _PHONE.finditer(text)
        if not _FICTIONAL_PHONE.search(match.group())
    ]
    found += [
        f"'{match.group()}': an address outside example.org"
        for match in _EMAIL_OR_LINK.finditer(text)
        if not _FICTIONAL_DOMAIN.search(match.group())
    ]
    if (age := _AGE.search(text)) and (looks := _LOOKS.search(text)):
        found.append(f"'{age.group()}' beside '{looks.group()}': an age beside a compliment on looks")
    return found
