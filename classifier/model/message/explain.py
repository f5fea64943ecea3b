"""Exact explanations of a message's score: its passage, its tactic, term by term.

They give what each term adds to the log-odds of a label: intercept and contributions sum to the logit,
because the winning passage's log-odds are linear in its features.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from classifier.model.message.reading.marks import NEGATED
from classifier.model.message.reading.normalise import levelled
from classifier.model.message.reading.passages import passages_of
from classifier.model.message.scorer import TACTIC_COLUMNS, MessageModel, sigmoid
from classifier.taxonomy import COLUMNS

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

    ``message`` is the message as a person reads it, and ``passage`` the part of it with the highest score:
    the whole or, if ``is_part``, a sentence or clause. ``text`` is the passage's normalised spelling, with
    the marks of negation and quotation. ``tactic`` is the one with the highest log-odds in it, "" for a
    model without tactics; each contribution is the mean of the label's and the tactic's. Contributions are
    ordered by size, largest first.
    """

    label: str
    tactic: str
    message: str
    passage: str
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

    @property
    def is_part(self) -> bool:
        """Whether a part of the message decides, not the whole."""
        return self.passage != self.message

    def words(self) -> dict[str, float]:
        """The part of the log-odds of each word of the message, by the word's spelling.

        A word's part comes from whole-word terms, pairs with other words and character runs inside it.
        A term that could stand in several words, as a pair does, is shared equally among them, so the
        parts sum to logit minus intercept. The mark of a negated word counts as the word. A term in no word
        (its edge lies in punctuation) goes to the empty string.
        """
        unmarked = {token for token in self.text.split() if not token.startswith(NEGATED)}
        words_of = {token: set(_WORD.findall(token)) for token in sorted(unmarked)}
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
        return [
            token
            for token, words in words_of.items()
            if any(contribution.term in f" {form} " for form in (token, *(NEGATED + word for word in words)))
        ]
    term_words = {word.removeprefix(NEGATED) for word in contribution.term.split()}
    return [token for token, words in words_of.items() if not term_words.isdisjoint(words)]


def explain(model: MessageModel, text: str, label: str) -> Explanation:
    """The exact explanation of the score of ``label`` for ``text``.

    Raises ``ValueError`` for a label that the model does not have.
    """
    if label not in model.labels:
        raise ValueError(f"label must be one of {', '.join(model.labels)}, got {label!r}")
    row = model.labels.index(label)
    passages = passages_of(text)
    passage = max(passages, key=lambda passage: model.logits(passage)[row])
    columns, values = model.features(passage)
    coef = model.coef(columns)
    tactic = max(TACTIC_COLUMNS[label], key=lambda at: coef[at] @ values + model.intercept[at])
    rows = [row, tactic] if np.isfinite(model.intercept[tactic]) else [row]
    parts = coef[rows].mean(axis=0) * values
    intercept = float(model.intercept[rows].mean())
    logit = float(parts.sum() + intercept)
    order = np.argsort(-np.abs(parts), kind="stable")
    return Explanation(
        label=label,
        tactic=COLUMNS[tactic].partition(".")[2] if len(rows) > 1 else "",
        message=passages[0],
        passage=passage,
        text=model.prepared(passage),
        probability=float(sigmoid(np.array(logit))),
        threshold=float(model.thresholds[row]),
        logit=logit,
        intercept=intercept,
        contributions=tuple(
            Contribution(*model.term(columns[position]), float(parts[position])) for position in order
        ),
        unknown_words=_unknown_words(model, text),
    )


def _unknown_words(model: MessageModel, text: str) -> tuple[str, ...]:
    """Words that are no term, even when read as others; () without word features."""
    known = _word_terms(model)
    if known is None:
        return ()
    return tuple(word for word in dict.fromkeys(_WORD.findall(model.spelled(text))) if word not in known)


def _word_terms(model: MessageModel) -> Mapping[str, int] | None:
    """The model's words and runs of words; None for a model without word features."""
    return next((group.position for group in model.feature_groups if group.analyser == "words"), None)


def known_shares(model: MessageModel, texts: Iterable[str]) -> NDArray[np.float64]:
    """The share of each text's words that the model has seen, in [0, 1].

    Words are counted as written, before one the model does not know is read as another. Nan for a text
    without a word, and for a model without word features.
    """
    known = _word_terms(model)
    shares = []
    for text in texts:
        words = _WORD.findall(levelled(text) if model.normaliser else text.lower())
        n_known = np.nan if known is None else sum(word in known for word in words)
        shares.append(n_known / len(words) if words else np.nan)
    return np.array(shares, dtype=np.float64)


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
    """``explain`` with each word's part where it stands in ``text`` as a person reads it.

    A word that stands in the text twice has half of its spelling's part at each place.
    """
    terms = explain(model, text, label)
    words = terms.words()
    before, after = _around(terms.message, terms.passage)
    pieces = _words_and_gaps(terms.passage)
    spelled = [model.spelled(piece).split() for piece in pieces]
    places = Counter(token for tokens in spelled for token in tokens)
    values = [float(sum(words.get(token, 0.0) / places[token] for token in tokens)) for tokens in spelled]
    elsewhere = float(sum(value for token, value in words.items() if not places[token]))
    around = [[(piece, 0.0) for piece in _words_and_gaps(outside)] for outside in (before, after)]
    return TermsInPlace(terms, (*around[0], *zip(pieces, values, strict=True), *around[1]), elsewhere)


def _around(text: str, passage: str) -> tuple[str, str]:
    """What stands in ``text`` before and after its part ``passage``, which cuts no word in two.

    >>> _around("i took a book. ok", "ok")
    ('i took a book. ', '')
    """
    at = next(re.finditer(rf"(?<!\w(?=\w)){re.escape(passage)}(?!(?<=\w)\w)", text)).start()
    return text[:at], text[at + len(passage) :]


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
        *([f"  what counts: {explanation.passage}"] if explanation.is_part else []),
        *([f"  read as {explanation.tactic}"] if explanation.tactic else []),
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


def scores_as_text(
    model: MessageModel, text: str, *, explained: bool, tactics: bool = False, known: bool = False
) -> str:
    """The scores of one text as lines of plain text.

    With ``tactics`` each label is followed by its tactics. ``known`` adds the share of words that the model
    has seen, ``explained`` an explanation of each label flagged, or of the highest.
    """
    [scores] = model.scores([text])
    probabilities = scores[: len(model.labels)]
    flagged = model.flagged(probabilities)
    lines = [_printable(text)]
    for label, probability, threshold in zip(model.labels, probabilities, model.thresholds, strict=True):
        mark = "  flagged" if label in flagged else ""
        lines.append(f"  {label:<15} {probability:.3f}  threshold {threshold:.3f}{mark}")
        if tactics:
            lines += [f"    {COLUMNS[at]:<33} {scores[at]:.3f}" for at in TACTIC_COLUMNS[label]]
    if known:
        lines.append(f"  {'known words':<15} {known_shares(model, [text])[0]:.3f}")
    if explained:
        shown = flagged or [model.labels[int(probabilities.argmax())]]
        lines += [_printable(in_words(explain(model, text, label))) for label in shown]
    return "\n".join(lines)


def scores_as_json(model: MessageModel, text: str, *, model_name: str) -> str:
    """The exact explanation of every label of one text, as one JSON object.

    Of each label it has probability, threshold, whether it is flagged, the passage and the tactic that
    decide, and the terms, whose values and the intercept sum to the log-odds. ``model_name`` is
    named in it.
    """
    labels = []
    for label in model.labels:
        found = explain(model, text, label)
        labels.append(
            {
                "label": label,
                "probability": found.probability,
                "threshold": found.threshold,
                "flagged": found.flagged,
                "log_odds": found.logit,
                "passage": found.passage,
                "tactic": found.tactic,
                "intercept": found.intercept,
                "terms": [asdict(part) for part in found.contributions],
            }
        )
    record = {
        "text": text,
        "model": model_name,
        "model_sha256": model.header.get("sha256", ""),
        "unknown_words": list(_unknown_words(model, text)),
        "labels": labels,
    }
    return json.dumps(record, allow_nan=False)


def _printable(text: str) -> str:
    """``text`` with a visible sign for each control character and lone surrogate.

    They would reach the terminal as commands, or fail to print. Stricter than
    ``classifier.text.printable``, which keeps a tab and a carriage return.
    """
    return "".join(ch if ch == "\n" or ch.isprintable() else "\N{REPLACEMENT CHARACTER}" for ch in text)
