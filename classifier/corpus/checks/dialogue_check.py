"""Everything a check can say against dialogues, each in one sentence that names them.

What breaks the format is refused when a file is read (``classifier.corpus.dialogues``); what is wrong with
the content is told here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from classifier.corpus import grammar
from classifier.corpus.checks.content_policy import policy_problems
from classifier.corpus.checks.near_copies import near_pairs
from classifier.corpus.dialogues import Dialogue, Line, pairs, same_opening, tactic_counts
from classifier.taxonomy import TACTICS

LONG_LINE = 5
"""From this many words on, a line may stand in one family only; a marked line at any length."""

_RESPELLINGS = (
    "mek dey wan gonnae cannae dinnae innit abeg ting dem dat yuh wah gwan lah leh mi wi yinz oot aboot oya"
)
_RESPELLING = re.compile(rf"\b(?:{'|'.join(_RESPELLINGS.split())}|na so)\b", re.IGNORECASE)
_CHARACTERS = re.compile(r"[\x20-\x7eéèïñöü\u2764\ufe0f\U0001f300-\U0001faff]*")


def dialogue_problems(dialogues: Sequence[Dialogue]) -> list[str]:
    """What is wrong with the dialogues of one file, or of several that belong together."""
    return [problem for check in CHECKS for problem in check(dialogues)]


def voice_problems(dialogues: Sequence[Dialogue]) -> list[str]:
    """What is wrong with all the dialogues of a voice."""
    return [*dialogue_problems(dialogues), *pattern_only_tactics(dialogues)]


def policy_breaches(dialogues: Iterable[Dialogue]) -> list[str]:
    """Every way a line breaks the data policy; each option of each choice is looked at."""
    return [
        f"{dialogue.id}: {problem}"
        for dialogue, line in _lines(dialogues)
        for problem in dict.fromkeys(
            problem for text in grammar.every_option(line.text) for problem in policy_problems(text)
        )
    ]


def respellings(dialogues: Iterable[Dialogue]) -> list[str]:
    """Words that imitate a dialect or an accent by their spelling."""
    return [
        f"{dialogue.id}: {word!r} in {line.text!r}: write it in ordinary spelling"
        for dialogue, line in _lines(dialogues)
        for word in respelled_words(line.text)
    ]


def odd_characters(dialogues: Iterable[Dialogue]) -> list[str]:
    """Characters that no keyboard has: curly quotes, long dashes, invisible ones."""
    return [
        f"{dialogue.id}: an odd character in {line.text!r}; use plain quotes and dashes"
        for dialogue, line in _lines(dialogues)
        if not _CHARACTERS.fullmatch(line.text)
    ]


def repeated_lines(dialogues: Iterable[Dialogue]) -> list[str]:
    """Marked lines, and lines of five or more words, that stand in two families."""
    return standing_twice(
        (dialogue.family, dialogue.id, line.text)
        for dialogue, line in _lines(dialogues)
        if is_distinctive(line)
    )


def standing_twice(lines: Iterable[tuple[str, str, str]]) -> list[str]:
    """Lines that stand in two families.

    Each line comes as family, id and text.
    """
    families: dict[str, dict[str, str]] = defaultdict(dict)
    for family, id_, text in lines:
        families[levelled(text)].setdefault(family, id_)
    return [
        f"{', '.join(ids.values())}: {text!r} stands in each of them; reword all but one"
        for text, ids in families.items()
        if len(ids) > 1
    ]


def near_copies(dialogues: Iterable[Dialogue]) -> list[str]:
    """Marked or long lines that nearly equal a line of another family."""
    first: dict[str, tuple[Dialogue, str]] = {}
    for dialogue, line in _lines(dialogues):
        if is_distinctive(line):
            first.setdefault(levelled(line.text), (dialogue, grammar.skeleton(line.text)))
    kept = list(first.values())
    return [
        f"{kept[later][0].id}: {kept[later][1]!r} is nearly {kept[earlier][1]!r} of {kept[earlier][0].id}; "
        "reword it"
        for earlier, later in near_pairs([text for _, text in kept])
        if kept[earlier][0].family != kept[later][0].family
    ]


def uneven_pairs(dialogues: Iterable[Dialogue]) -> list[str]:
    """Pairs that are not a pattern and an ordinary dialogue with the same opening."""
    problems = []
    for name, members in pairs(dialogues).items():
        ids = ", ".join(member.id for member in members)
        if sorted(member.use for member in members) != ["ordinary", "pattern"]:
            problems.append(f"{ids}: pair {name!r} must be one pattern and one ordinary dialogue")
        elif len({member.relation for member in members}) > 1:
            problems.append(f"{ids}: the dialogues of pair {name!r} must be of one relation")
        elif same_opening(*members) < 2:
            problems.append(f"{ids}: the dialogues of pair {name!r} must share their first two lines or more")
    return problems


def soft_hard_dialogues(dialogues: Iterable[Dialogue]) -> list[str]:
    """Dialogues called hard that are not ordinary, or show fewer than two behaviours."""
    problems = []
    for dialogue in dialogues:
        n_marked = sum(bool(line.tactics) for line in dialogue.lines)
        if dialogue.hard and dialogue.use != "ordinary":
            problems.append(f"{dialogue.id}: hard goes with use = 'ordinary', got {dialogue.use!r}")
        elif dialogue.hard and n_marked < 2:
            problems.append(f"{dialogue.id}: hard needs at least two marked lines, got {n_marked}")
    return problems


def unmarked_patterns(dialogues: Iterable[Dialogue]) -> list[str]:
    """Patterns without a marked line of A, or in which B goes along."""
    problems = []
    for dialogue in dialogues:
        if dialogue.use != "pattern":
            continue
        if not any(line.speaker == "A" and line.tactics for line in dialogue.lines):
            problems.append(f"{dialogue.id}: a pattern needs at least one marked line of A")
        problems += [
            f"{dialogue.id}: B shows {', '.join(line.labels)} in {line.text!r}; "
            "the young person meets no request"
            for line in dialogue.lines
            if line.speaker == "B" and {"secrecy", "meeting", "isolation", "pressure"} & set(line.labels)
        ]
    return problems


def pattern_only_tactics(dialogues: Sequence[Dialogue]) -> list[str]:
    """Tactics that only patterns show: each would give a pattern away by rule."""
    in_patterns = tactic_counts(dialogue for dialogue in dialogues if dialogue.use == "pattern")
    elsewhere = tactic_counts(dialogue for dialogue in dialogues if dialogue.use != "pattern")
    return [
        f"{TACTICS[tactic]}.{tactic}: shown in {in_patterns[tactic]} patterns and in no ordinary dialogue; "
        "write everyday uses of it"
        for tactic in TACTICS
        if in_patterns[tactic] and not elsewhere[tactic]
    ]


CHECKS: tuple[Callable[[Sequence[Dialogue]], list[str]], ...] = (
    policy_breaches,
    respellings,
    odd_characters,
    repeated_lines,
    near_copies,
    uneven_pairs,
    soft_hard_dialogues,
    unmarked_patterns,
)
"""What every file of dialogues must pass."""


def _lines(dialogues: Iterable[Dialogue]) -> list[tuple[Dialogue, Line]]:
    return [(dialogue, line) for dialogue in dialogues for line in dialogue.lines]


def respelled_words(text: str) -> list[str]:
    """The words of a line that are spelled as a dialect sounds.

    >>> respelled_words("dem say [the|a] bus is late")
    ['dem']
    """
    return _RESPELLING.findall(grammar.skeleton(text))


@cache
def levelled(text: str) -> str:
    """The words of a line without case and punctuation, first options taken.

    >>> levelled("OK, [see|meet] you at 5!")
    'ok see you at 5'
    """
    return " ".join(re.findall(r"[a-z0-9']+", grammar.skeleton(text).lower()))


def is_distinctive(line: Line) -> bool:
    """Whether a line may stand in one family only: it is marked, or long."""
    return bool(line.tactics) or len(grammar.skeleton(line.text).split()) >= LONG_LINE
