"""Why a conversation got its score: what each stage added, through which messages, and which of their terms; every step sums exactly to the one above.

Two scales are kept apart. Stages and messages are parts of the *conversation's* log-odds of a pattern. The terms of a message are parts of that *message's* log-odds of
showing the stage, as ``explain`` gives them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from classifier.model.conversation.features import (
    COUNT,
    FEATURE_LABEL,
    N_AUTHORS,
    NONE,
    Units,
    added_sums,
    author_slots,
    running_features,
)
from classifier.model.conversation.model import ConversationModel
from classifier.model.message.explain import Explanation, explain, in_words
from classifier.model.message.scorer import MessageModel, sigmoid
from classifier.records import Metadata
from classifier.taxonomy import LABELS
from classifier.text import printable

LEAST_MARKED = 0.05
"""Share of a message's strongest word below which a word is not marked."""


@dataclass(frozen=True)
class MessagePart:
    """What one message adds to the conversation's log-odds through one stage.

    ``number`` is its place, from 1; ``probability`` is that it shows the stage, ``counted`` whether that is at or over the threshold. ``pieces`` are the text cut into
    words and gaps, each with what it adds to ``terms.logit``; with ``elsewhere``, for terms that lie in no single word, they sum to logit minus intercept.
    """

    number: int
    author: str
    text: str
    probability: float
    counted: bool
    value: float
    terms: Explanation
    pieces: tuple[tuple[str, float], ...]
    elsewhere: float


@dataclass(frozen=True)
class StagePart:
    """What one stage or cue adds: ``value`` is the sum of ``features`` (each feature's part by name), and also of its ``messages`` and the ``n_rest`` smaller ones."""

    label: str
    value: float
    features: tuple[tuple[str, float], ...]
    messages: tuple[MessagePart, ...]
    rest: float
    n_rest: int


@dataclass(frozen=True)
class ConversationExplanation:
    """The account of one score: ``start`` plus the values of ``stages`` and ``others`` is ``log_odds``. Parts are ordered by size, largest first.

    ``writer`` is the author from whose side the score is largest, "" for the ninth and later authors together.
    """

    score: float
    threshold: float
    log_odds: float
    start: float
    writer: str
    n_messages: int
    stages: tuple[StagePart, ...]
    others: tuple[tuple[str, float], ...]

    @property
    def flagged(self) -> bool:
        """Whether the score is at or over the alert threshold."""
        return self.score >= self.threshold


def side(value: float) -> str:
    """Which way a part pushed.

    >>> side(0.2), side(-0.2), side(0.0)
    ('towards', 'away from', 'neither way')
    """
    return "towards" if value > 0 else "away from" if value < 0 else "neither way"


def explain_conversation(
    model: ConversationModel,
    stage_model: MessageModel,
    texts: Sequence[str],
    authors: Sequence[str],
    *,
    times: Sequence[datetime] = (),
    metadata: Metadata | None = None,
    sender: str = "",
    n_messages: int = 3,
) -> ConversationExplanation:
    """The exact account of a conversation's score, with each stage's ``n_messages`` largest messages explained word by word.

    ``stage_model`` must be the one ``model`` was fitted on. The other arguments are ``score_conversation``'s. Head "metadata" has no stages to explain: ``texts`` are
    not read.
    """
    probabilities = None if model.head == "metadata" else stage_model.probabilities(texts)
    found, written = running_features(
        model.head, model.thresholds, probabilities, authors, times=times, metadata=metadata, sender=sender
    )
    log_odds = np.where(written[-1], model.log_odds(found[-1]), -np.inf)
    writer = int(log_odds.argmax())
    values = dict(zip(model.feature_names, model.parts(found[-1, writer]).tolist(), strict=True))
    stages = []
    if probabilities is not None:
        added = added_sums(model.head, model.thresholds, probabilities, len(authors))
        own = np.array(author_slots(authors)) == writer
        for column, label in enumerate(LABELS):
            shares = _shared(column, values, probabilities[:, column], added, own)
            largest = [
                int(at) for at in np.argsort(-np.abs(shares), kind="stable")[:n_messages] if shares[at]
            ]
            left = [float(share) for at, share in enumerate(shares) if share and at not in largest]
            features = tuple(
                (name.removeprefix(f"{label}: "), value)
                for name, value in values.items()
                if FEATURE_LABEL[name] == label
            )
            messages = tuple(
                MessagePart(
                    number=at + 1,
                    author=authors[at],
                    text=texts[at],
                    probability=float(probabilities[at, column]),
                    counted=bool(probabilities[at, column] >= model.thresholds[column]),
                    value=float(shares[at]),
                    **terms_in_place(stage_model, texts[at], label),
                )
                for at in largest
            )
            stages.append(
                StagePart(
                    label, sum(value for _, value in features), features, messages, sum(left), len(left)
                )
            )
    names = list(dict.fromkeys(authors))
    return ConversationExplanation(
        score=float(sigmoid(log_odds[writer])),
        threshold=model.alert_threshold,
        log_odds=float(log_odds[writer]),
        start=model.slope * model.intercept + model.offset,
        writer=names[writer] if writer < N_AUTHORS else "",
        n_messages=len(authors),
        stages=tuple(sorted(stages, key=lambda part: -abs(part.value))),
        others=tuple(
            sorted(
                ((name, value) for name, value in values.items() if not FEATURE_LABEL[name]),
                key=lambda part: -abs(part[1]),
            )
        ),
    )


def _shared(
    column: int,
    values: dict[str, float],
    probabilities: NDArray[np.float64],
    added: Units,
    own: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """A stage's part shared among the messages, so that the shares sum to it.

    A noisy-or is shared in proportion to log(1 - p), which is what each message adds to it; a maximum belongs to the first message that reaches it; a count is shared
    equally by the messages counted.
    """
    label = LABELS[column]
    logs = added[:, NONE][:, column].astype(np.float64)
    counted = own & (added[:, COUNT][:, column] > 0)
    strongest = np.arange(len(own)) == np.where(own, probabilities, -1.0).argmax()
    shares: NDArray[np.float64] = (
        values[f"{label}: noisy-or"] * _share(np.where(own, logs, 0.0))
        + values[f"{label}: noisy-or of other"] * _share(np.where(own, 0.0, logs))
        + values[f"{label}: log count"] * _share(counted.astype(np.float64))
        + values[f"{label}: maximum"] * strongest
    )
    return shares


def _share(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each amount's share of the whole; nothing of nothing is nothing, and then the part to be shared is 0 as well."""
    whole = amounts.sum()
    return amounts / whole if whole else amounts


def terms_in_place(stage_model: MessageModel, text: str, label: str) -> dict[str, Any]:
    """``terms``, ``pieces`` and ``elsewhere`` of a message, as ``MessagePart`` holds them. A word that stands in the text twice has half of its spelling's part at each place."""
    terms = explain(stage_model, text, label)
    words = terms.words()
    pieces = _cut(text)
    spelled = [stage_model.prepared(piece).split() for piece in pieces]
    places = Counter(token for tokens in spelled for token in tokens)
    values = [float(sum(words.get(token, 0.0) / places[token] for token in tokens)) for tokens in spelled]
    elsewhere = float(sum(value for token, value in words.items() if not places[token]))
    return {"terms": terms, "pieces": tuple(zip(pieces, values, strict=True)), "elsewhere": elsewhere}


def _cut(text: str) -> list[str]:
    """Words and the gaps between them, in order; joined they are the text.

    >>> _cut(" keep  it ")
    [' ', 'keep', '  ', 'it', ' ']
    """
    return ["".join(run) for _, run in groupby(text, key=str.isspace)]


def as_text(explanation: ConversationExplanation, *, n_words: int = 5) -> str:
    """The explanation as indented lines of plain text, each part with the side it pushed to, and each message with its ``n_words`` largest words."""
    verdict = "at or over" if explanation.flagged else "under"
    seen = _on_one_line(explanation.writer) or "the later authors together"
    lines = [
        f"score {explanation.score:.3f}, {verdict} the alert threshold {explanation.threshold:.3f} (log-odds {explanation.log_odds:+.3f})",
        f"largest from the side of {seen}; {explanation.n_messages} messages. For a person to review.",
        f"{explanation.start:+8.3f}  where every conversation starts",
    ]
    for stage in explanation.stages:
        lines.append(f"{stage.value:+8.3f}  {stage.label}, {_pushed(stage.value)}")
        for message in stage.messages:
            lines.append(f"    {message.value:+8.3f}  {_about(message)}: {_on_one_line(message.text)}")
            lines += [
                f"            {printable(line)}"
                for line in in_words(message.terms, n_words=n_words, n_terms=3).split("\n")
            ]
        if stage.n_rest:
            lines.append(f"    {stage.rest:+8.3f}  {_smaller(stage.n_rest)}")
    lines += [f"{value:+8.3f}  {name}, {_pushed(value)}" for name, value in explanation.others]
    if not explanation.stages:
        lines.append("no message text was read: this score is of metadata only")
    return "\n".join(lines)


def _pushed(value: float) -> str:
    return f"{side(value)} the pattern" if value else side(value)


def _about(message: MessagePart) -> str:
    counted = ", counted" if message.counted else ""
    return f"message {message.number} by {_on_one_line(message.author)} (probability {message.probability:.3f}{counted}), {_pushed(message.value)}"


def _on_one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _smaller(n: int) -> str:
    return f"{n} other message{'s' if n > 1 else ''} together"


def as_dict(explanation: ConversationExplanation) -> dict[str, Any]:
    """The explanation as plain JSON values, nothing rounded and nothing left out."""
    return {
        "score": explanation.score,
        "threshold": explanation.threshold,
        "flagged": explanation.flagged,
        "log_odds": explanation.log_odds,
        "start": explanation.start,
        "writer": explanation.writer,
        "n_messages": explanation.n_messages,
        "stages": [
            {
                "label": stage.label,
                "value": stage.value,
                "side": side(stage.value),
                "features": dict(stage.features),
                "messages": [_message_dict(message) for message in stage.messages],
                "rest": {"value": stage.rest, "n_messages": stage.n_rest},
            }
            for stage in explanation.stages
        ],
        "others": [
            {"feature": name, "value": value, "side": side(value)} for name, value in explanation.others
        ],
    }


def _message_dict(message: MessagePart) -> dict[str, Any]:
    return {
        "number": message.number,
        "author": message.author,
        "text": message.text,
        "probability": message.probability,
        "counted": message.counted,
        "value": message.value,
        "side": side(message.value),
        "logit": message.terms.logit,
        "intercept": message.terms.intercept,
        "terms": [
            {"group": term.group, "term": term.term, "value": term.value, "side": side(term.value)}
            for term in message.terms.contributions
        ],
        "known_words": bool(message.terms.contributions),
        "unknown_words": list(message.terms.unknown_words),
    }


def as_html(explanation: ConversationExplanation) -> Markup:
    """The explanation as an HTML fragment: words that pushed stand in ``<mark class="towards">`` or ``<mark class="away">`` with their number beside them.

    Whatever the messages hold is escaped, and characters that do not print are replaced.
    """
    verdict = "at or over" if explanation.flagged else "under"
    head = Markup(
        "<p>Score {:.3f}, {} the alert threshold {:.3f} (log-odds {:+.3f}), largest from the side of {}. For a person to review.</p>"
    ).format(
        explanation.score,
        verdict,
        explanation.threshold,
        explanation.log_odds,
        _on_one_line(explanation.writer) or "the later authors together",
    )
    items = [Markup("<li>{:+.3f} where every conversation starts</li>").format(explanation.start)]
    items += [_stage_html(stage) for stage in explanation.stages]
    items += [
        Markup("<li>{:+.3f} {}, {}</li>").format(value, name, _pushed(value))
        for name, value in explanation.others
    ]
    note = (
        Markup("")
        if explanation.stages
        else Markup("<p>No message text was read: this score is of metadata only.</p>")
    )
    return Markup('<section class="conversation-explanation">{}<ul>{}</ul>{}</section>').format(
        head, Markup("").join(items), note
    )


def _stage_html(stage: StagePart) -> Markup:
    messages = [
        Markup("<li>{:+.3f} {}: {}</li>").format(message.value, _about(message), _marked(message))
        for message in stage.messages
    ]
    if stage.n_rest:
        messages.append(Markup("<li>{:+.3f} {}</li>").format(stage.rest, _smaller(stage.n_rest)))
    return Markup("<li>{:+.3f} {}, {}<ul>{}</ul></li>").format(
        stage.value, stage.label, _pushed(stage.value), Markup("").join(messages)
    )


def _marked(message: MessagePart) -> Markup:
    strongest = max((abs(value) for _, value in message.pieces), default=0.0)
    pieces = [
        Markup('<mark class="{}">{} <small>{:+.2f}</small></mark>').format(
            "towards" if value > 0 else "away", printable(piece), value
        )
        if round(value, 2) and abs(value) >= LEAST_MARKED * strongest
        else Markup("{}").format(printable(piece))
        for piece, value in message.pieces
    ]
    unknown = Markup("") if message.terms.contributions else Markup(" <em>no known words</em>")
    return Markup("<q>{}</q>{}").format(Markup("").join(pieces), unknown)
