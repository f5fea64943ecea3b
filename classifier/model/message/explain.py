"""Exact explanations of a message's score, term by term.

They give what each term adds to the log-odds of a label: intercept and contributions sum to the logit,
because the model is linear in its features.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from classifier.model.message.scorer import MessageModel, sigmoid

_WORD = re.compile(r"\w+")
KIND = {"words": "word", "characters": "letters", "pairs": "pair"}
"""The printed name of a term of each feature group."""


@dataclass(frozen=True)
class Contribution:
    """One term's part of the log-odds of a label; a positive value pushes towards it."""

    group: str
    term: str
    value: float


@dataclass(frozen=True)
class Explanation:
    """The score of one label for one message: ``intercept`` plus ``contributions`` is ``logit``.

    Contributions are ordered by size, largest first. ``text`` is the normalised text.
    """

    label: str
    text: str
    probability: float
    threshold: float
    logit: float
    intercept: float
    contributions: tuple[Contribution, ...]
    unknown_words: tuple[str, ...]

    @property
    def flagged(self) -> bool:
        """Whether the probability is at or over the threshold."""
        return self.probability >= self.threshold

    def words(self) -> dict[str, float]:
        """The part of the log-odds of each word of the message, by the word's spelling.

        A word's part comes from whole-word terms, pairs with other words and character runs inside it.
        A term that could stand in several words, as a pair does, is shared equally among them, so the
        parts sum to logit minus intercept. A term in no word (its edge lies in punctuation) goes to the
        empty string.
        """
        words_of = {token: set(_WORD.findall(token)) for token in sorted(set(self.text.split()))}
        parts = dict.fromkeys(words_of, 0.0)
        for contribution in self.contributions:
            tokens = _tokens_with(contribution, words_of) or [""]
            for token in tokens:
                parts[token] = parts.get(token, 0.0) + contribution.value / len(tokens)
        return parts


def _tokens_with(contribution: Contribution, words_of: dict[str, set[str]]) -> list[str]:
    """The tokens that a term stands in, a pair in those of either of its words.

    ``words_of`` has the words of each token.
    """
    if contribution.group == "characters":
        return [token for token in words_of if contribution.term in f" {token} "]
    term_words = set(contribution.term.split())
    return [token for token, words in words_of.items() if not term_words.isdisjoint(words)]


def explain(model: MessageModel, text: str, label: str) -> Explanation:
    """The exact explanation of the score of ``label`` for ``text``.

    Raises ``ValueError`` for a label that the model does not have.
    """
    if label not in model.labels:
        raise ValueError(f"label must be one of {', '.join(model.labels)}, got {label!r}")
    row = model.labels.index(label)
    columns, values = model.features(text)
    parts = model.coef[row, columns] * values
    logit = float(parts.sum() + model.intercept[row])
    order = np.argsort(-np.abs(parts), kind="stable")
    return Explanation(
        label=label,
        text=model.prepared(text),
        probability=float(sigmoid(np.array(logit))),
        threshold=float(model.thresholds[row]),
        logit=logit,
        intercept=float(model.intercept[row]),
        contributions=tuple(
            Contribution(*model.term(columns[position]), float(parts[position])) for position in order
        ),
        unknown_words=_unknown_words(model, text),
    )


def _unknown_words(model: MessageModel, text: str) -> tuple[str, ...]:
    """Words of the message that are no term; () for a model without word features."""
    known = [group.position for group in model.feature_groups if group.analyser == "words"]
    if not known:
        return ()
    return tuple(word for word in dict.fromkeys(_WORD.findall(model.prepared(text))) if word not in known[0])


@dataclass(frozen=True)
class TermsInPlace:
    """An explanation with each word's part where it stands.

    ``pieces`` are the words and gaps of the text. The parts of all pieces and ``elsewhere``, for terms
    that lie in no single word, sum to logit minus intercept.
    """

    terms: Explanation
    pieces: tuple[tuple[str, float], ...]
    elsewhere: float


def terms_in_place(model: MessageModel, text: str, label: str) -> TermsInPlace:
    """``explain`` with each word's part where it stands in ``text``.

    A word that stands in the text twice has half of its spelling's part at each place.
    """
    terms = explain(model, text, label)
    words = terms.words()
    pieces = _words_and_gaps(text)
    spelled = [model.prepared(piece).split() for piece in pieces]
    places = Counter(token for tokens in spelled for token in tokens)
    values = [float(sum(words.get(token, 0.0) / places[token] for token in tokens)) for tokens in spelled]
    elsewhere = float(sum(value for token, value in words.items() if not places[token]))
    return TermsInPlace(terms, tuple(zip(pieces, values, strict=True)), elsewhere)


def _words_and_gaps(text: str) -> list[str]:
    """Words and the gaps between them, in order; joined they are the text.

    >>> _words_and_gaps(" keep  it ")
    [' ', 'keep', '  ', 'it', ' ']
    """
    return ["".join(run) for _, run in groupby(text, key=str.isspace)]


def in_words(explanation: Explanation, *, n_words: int = 10, n_terms: int = 6) -> str:
    """The explanation as lines of plain text: parts of words, then the largest terms.

    A word's line has all that its whole-word, pair and letter terms add. The printed parts sum to the
    logit: what has no line of its own stands in one line together.
    """
    label = explanation.label
    verdict = "at or over" if explanation.flagged else "under"
    lines = [
        f"{label}: {explanation.probability:.3f}, {verdict} its threshold {explanation.threshold:.3f} "
        f"(log-odds {explanation.logit:+.3f})",
        f"  {explanation.intercept:+8.3f}  where every message starts",
    ]
    if not explanation.contributions:
        lines.append("  no known words: the score is only where every message starts")
    words = sorted(explanation.words().items(), key=lambda item: (-abs(item[1]), item[0]))
    for word, value in words[:n_words]:
        direction = "towards" if value > 0 else "away from"
        lines.append(f"  {value:+8.3f}  {word or 'between words'}, {direction} {label}")
    if words[n_words:]:
        rest = sum(value for _, value in words[n_words:])
        lines.append(f"  {rest:+8.3f}  {len(words) - n_words} more words together")
    if explanation.contributions:
        largest = ", ".join(
            f"{KIND[part.group]} {part.term!r} {part.value:+.3f}"
            for part in explanation.contributions[:n_terms]
        )
        lines.append(f"  largest of {len(explanation.contributions)} terms: {largest}")
    if explanation.unknown_words:
        lines.append(f"  not known to the model: {', '.join(explanation.unknown_words[:12])}")
    return "\n".join(lines)


def scores_as_text(model: MessageModel, text: str, *, explained: bool) -> str:
    """The scores of one text as lines of plain text, with explanations when ``explained``."""
    [probabilities] = model.probabilities([text])
    flagged = model.flagged(probabilities)
    lines = [_printable(text)]
    for label, probability, threshold in zip(model.labels, probabilities, model.thresholds, strict=True):
        mark = "  flagged" if label in flagged else ""
        lines.append(f"  {label:<15} {probability:.3f}  threshold {threshold:.3f}{mark}")
    if explained:
        shown = flagged or [model.labels[int(probabilities.argmax())]]
        lines += [_printable(in_words(explain(model, text, label))) for label in shown]
    return "\n".join(lines)


def _printable(text: str) -> str:
    """``text`` with a visible sign for each control character and lone surrogate.

    They would reach the terminal as commands, or fail to print. Stricter than
    ``classifier.text.printable``, which keeps a tab and a carriage return.
    """
    return "".join(ch if ch == "\n" or ch.isprintable() else "\N{REPLACEMENT CHARACTER}" for ch in text)
