"""Why a message got its score: the terms it holds, what each adds to the log-odds, and what the model does not know of it.

The account is exact: intercept and contributions sum to the logit, because the model is linear in its features.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from classifier.model.message.scorer import MessageModel, sigmoid

_WORD = re.compile(r"\w+")
KIND = {"words": "word", "characters": "letters", "pairs": "pair"}
"""What a term of each group is called."""


@dataclass(frozen=True)
class Contribution:
    """What one term adds to the log-odds of a label; a positive value pushes towards it."""

    group: str
    term: str
    value: float


@dataclass(frozen=True)
class Explanation:
    """One label's account of one message: ``intercept`` plus all ``contributions`` is ``logit``. Contributions are ordered by size, largest first."""

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
        """What each word of the message adds through whole-word terms, through pairs with other words and through the character runs inside it, summed by the word's spelling.

        A term that could stand in several words, as a pair does, is shared equally among them, so the parts still sum to logit minus intercept. A term in no word (its
        edge lies in punctuation) goes to the empty string.
        """
        words = {token: set(_WORD.findall(token)) for token in sorted(set(self.text.split()))}
        parts = dict.fromkeys(words, 0.0)
        for contribution in self.contributions:
            homes = _homes(contribution, words) or [""]
            for home in homes:
                parts[home] = parts.get(home, 0.0) + contribution.value / len(homes)
        return parts


def _homes(contribution: Contribution, words: dict[str, set[str]]) -> list[str]:
    """The tokens that a term stands in, a pair in those of either of its words. ``words`` has the words of each token."""
    if contribution.group == "characters":
        return [token for token in words if contribution.term in f" {token} "]
    own = set(contribution.term.split())
    return [token for token, held in words.items() if not own.isdisjoint(held)]


def explain(model: MessageModel, text: str, label: str) -> Explanation:
    """The exact account of ``label``'s score for ``text``. Raises ``ValueError`` for a label the model does not have."""
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
    """Words of the message that the model has never seen as a whole word; () for a model without word features."""
    known = [group.position for group in model.feature_groups if group.analyser == "words"]
    if not known:
        return ()
    return tuple(word for word in dict.fromkeys(_WORD.findall(model.prepared(text))) if word not in known[0])


def in_words(explanation: Explanation, *, n_words: int = 10, n_terms: int = 6) -> str:
    """The explanation as a few lines of plain text: first each word with all that its whole-word, pair and letter terms add, then the largest single terms.

    The printed parts sum to the logit: whatever is not shown by itself stands in one line together.
    """
    label = explanation.label
    verdict = "at or over" if explanation.flagged else "under"
    lines = [
        f"{label}: {explanation.probability:.3f}, {verdict} its threshold {explanation.threshold:.3f} (log-odds {explanation.logit:+.3f})"
    ]
    lines.append(f"  {explanation.intercept:+8.3f}  where every message starts")
    if not explanation.contributions:
        lines.append("  no known words: the score is only where every message starts")
    words = sorted(explanation.words().items(), key=lambda item: (-abs(item[1]), item[0]))
    for word, value in words[:n_words]:
        lines.append(
            f"  {value:+8.3f}  {word or 'between words'}, {'towards' if value > 0 else 'away from'} {label}"
        )
    if words[n_words:]:
        lines.append(
            f"  {sum(value for _, value in words[n_words:]):+8.3f}  {len(words) - n_words} more words together"
        )
    if explanation.contributions:
        largest = ", ".join(
            f"{KIND[part.group]} {part.term!r} {part.value:+.3f}"
            for part in explanation.contributions[:n_terms]
        )
        lines.append(f"  largest of {len(explanation.contributions)} terms: {largest}")
    if explanation.unknown_words:
        lines.append(f"  not known to the model: {', '.join(explanation.unknown_words[:12])}")
    return "\n".join(lines)


def account(model: MessageModel, text: str, *, explained: bool) -> str:
    """What is printed for one text, on request with the terms that made its scores."""
    [probabilities] = model.probabilities([text])
    flagged = model.flagged(probabilities)
    lines = [_printable(text)]
    for label, probability, threshold in zip(model.labels, probabilities, model.thresholds, strict=True):
        lines.append(
            f"  {label:<15} {probability:.3f}  threshold {threshold:.3f}  {'flagged' if label in flagged else ''}".rstrip()
        )
    if explained:
        shown = flagged or [model.labels[int(probabilities.argmax())]]
        lines += [_printable(in_words(explain(model, text, label))) for label in shown]
    return "\n".join(lines)


def _printable(text: str) -> str:
    """``text`` without control characters and lone surrogates, which would reach the terminal as commands or fail to print."""
    return "".join(ch if ch == "\n" or ch.isprintable() else "\N{REPLACEMENT CHARACTER}" for ch in text)
