"""Phrasings and the sentences they give: ``[a|b]`` and ``{slot}``.

``[a|b]`` picks one, ``{slot}`` is filled from the fictional lists. A sentence is kept as segments until
the end, so that the place of every piece of personal information stays known, whatever typing habits do
to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from random import Random

from classifier.corpus.slot_fillers import PERSONAL, SLOTS, fill

_PART = re.compile(r"\[([^\[\]]*)\]|\{([a-z_]+)\}")


@dataclass(frozen=True)
class Segment:
    """A run of text.

    ``kind`` names the personal information it is, or is empty.
    """

    text: str
    kind: str = ""


def expand(phrasing: str, rng: Random, *, fixed: dict[str, str] | None = None) -> list[Segment]:
    """The segments of one sentence of ``phrasing``.

    ``fixed`` gives the filler of a slot instead of drawing it.

    >>> [segment.text for segment in expand("[hi|hi] {name}!", Random(1), fixed={"name": "Zola"})]
    ['hi', ' ', 'Zola', '!']
    """
    fixed = fixed or {}
    segments: list[Segment] = []
    end = 0
    for match in _PART.finditer(phrasing):
        segments.append(Segment(phrasing[end : match.start()]))
        end = match.end()
        options, slot = match.groups()
        if slot is None:
            segments.extend(expand(rng.choice(options.split("|")), rng, fixed=fixed))
        else:
            text = fixed[slot] if slot in fixed else fill(slot, rng)
            segments.append(Segment(text, slot if slot in PERSONAL else ""))
    segments.append(Segment(phrasing[end:]))
    return _tidied([segment for segment in segments if segment.text])


def _tidied(segments: list[Segment]) -> list[Segment]:
    """Without the double and leading spaces an empty option leaves behind."""
    kept: list[Segment] = []
    for segment in segments:
        text = re.sub(" +", " ", segment.text)
        if text.startswith(" ") and (not kept or kept[-1].text.endswith(" ")):
            text = text[1:]
        if text:
            kept.append(Segment(text, segment.kind))
    if kept and kept[-1].text.endswith(" "):
        last = kept.pop()
        if last.text.rstrip():
            kept.append(Segment(last.text.rstrip(), last.kind))
    return kept


def problems(phrasing: str) -> list[str]:
    """Faults in the grammar of ``phrasing``, in words; empty when there is none.

    >>> problems("hello {planet}")
    ["unknown slot '{planet}'"]
    """
    found = [
        f"unknown slot '{{{slot}}}'" for slot in re.findall(r"\{([^{}]*)\}", phrasing) if slot not in SLOTS
    ]
    bare = _PART.sub("", phrasing)
    if re.search(r"[\[\]{}]", bare):
        found.append("unbalanced or nested [ ] or { }")
    if not re.search(r"\S", re.sub(r"\[[^\[\]]*\]", "", phrasing)) and "||" in phrasing:
        found.append("can be empty")
    return found


def skeleton(phrasing: str) -> str:
    """The sentence with first options taken and slots shown by name.

    Near copies are found on it.

    >>> skeleton("[really|so] nice to see you, {name}")
    'really nice to see you, name'
    """
    return " ".join(
        _PART.sub(
            lambda match: match.group(1).split("|")[0] if match.group(2) is None else match.group(2), phrasing
        ).split()
    )


def every_option(phrasing: str) -> list[str]:
    """Sentences in which every option stands at least once, for a term check.

    >>> every_option("who [upset|bothered] you")
    ['who upset you', 'who bothered you']
    """
    n_options = max(
        (match.group(1).count("|") + 1 for match in _PART.finditer(phrasing) if match.group(1) is not None),
        default=1,
    )
    return [" ".join(_PART.sub(partial(_option, number), phrasing).split()) for number in range(n_options)]


def _option(number: int, match: re.Match[str]) -> str:
    """The choice's option of that number, or its last; a slot as it stands."""
    if match.group(1) is None:
        return match.group()
    options = match.group(1).split("|")
    return options[min(number, len(options) - 1)]
