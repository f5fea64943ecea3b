"""Everything a check can say against phrases, each in one sentence that names the family."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from classifier.corpus import grammar
from classifier.corpus.checks.content_policy import policy_problems
from classifier.corpus.checks.dialogue_check import LONG_LINE, is_distinctive, respelled_words, standing_twice
from classifier.corpus.dialogues import Dialogue
from classifier.corpus.families import PhraseFamily


def phrase_problems(families: Iterable[PhraseFamily]) -> list[str]:
    """Breaches of the data policy, and words spelled as a dialect sounds.

    Every option of each choice is looked at.
    """
    return [
        f"{family.id}: {problem}"
        for family in families
        for phrasing in family.phrasings
        for problem in dict.fromkeys(
            [
                *(problem for text in grammar.every_option(phrasing) for problem in policy_problems(text)),
                *(
                    f"{word!r} in {phrasing!r}: write it in ordinary spelling"
                    for word in respelled_words(phrasing)
                ),
            ]
        )
    ]


def shared_lines(families: Iterable[PhraseFamily], dialogues: Iterable[Dialogue]) -> list[str]:
    """Lines that stand in two families, of phrases or dialogues.

    Only marked lines, and lines of five or more words, are looked at.
    """
    of_phrases = (
        (family.id, family.id, phrasing)
        for family in families
        for phrasing in family.phrasings
        if family.labels or len(grammar.skeleton(phrasing).split()) >= LONG_LINE
    )
    of_dialogues = (
        (dialogue.family, dialogue.id, line.text)
        for dialogue in dialogues
        for line in dialogue.lines
        if is_distinctive(line)
    )
    return standing_twice(chain(of_phrases, of_dialogues))
