"""Values of the page that explains the scores of a message."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from classifier.app.axis_scale import Scale
from classifier.app.demo_data import Demo
from classifier.app.example_texts import example_texts
from classifier.app.form_fields import FormFields, choice_field
from classifier.model.message.explain import KIND, Explanation, terms_in_place
from classifier.model.message.scorer import MessageModel
from classifier.report.printed_tables import PrintedTable
from classifier.text import printable

MAX_CHARACTERS = 2000
"""Longest message. The time of an explanation grows with the square of the length."""
STRENGTHS = (0.2, 0.4, 0.7)
"""From these shares of the strongest word on, a word is marked once, twice and three times."""
MARK_TOWARDS = '<mark class="s{}">{}<sup>{}</sup></mark>'
MARK_AWAY = '<span class="away s{}">{}<sup>{}</sup></span>'
N_TERMS = 12


def message_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """The form; with ``text`` or the number of an ``example``, its explanation too."""
    examples = example_texts()["example"]
    text = fields.get("text", "")
    if "example" in fields:
        numbers = [str(number) for number in range(len(examples))]
        text = examples[int(choice_field(fields, "example", numbers, default="0"))]["text"]
    errors = {}
    if len(text) > MAX_CHARACTERS:
        errors["text"] = (
            f"expected at most {MAX_CHARACTERS:,} characters, got {len(text):,}. "
            "Type one message, not a whole conversation."
        )
    return {
        "errors": errors,
        "examples": examples,
        "text": printable(text),
        "max_characters": MAX_CHARACTERS,
        "explanation": message_explanation(demo.typed_model, text) if text.strip() and not errors else None,
    }


def message_explanation(model: MessageModel, text: str) -> dict[str, Any]:
    """The scores of all labels, and explanations of the flagged ones.

    Where no label is flagged, the one nearest its threshold is explained.
    """
    [probabilities] = model.probabilities([text])
    flagged = model.flagged(probabilities)
    scores = list(zip(model.labels, probabilities.tolist(), model.thresholds.tolist(), strict=True))
    scale = Scale(0, 1, 0, 300)
    bars = [
        {
            "label": label,
            "width": scale.at(score),
            "threshold": scale.at(threshold),
            "flagged": label in flagged,
        }
        for label, score, threshold in scores
    ]
    rows = [
        [label, f"{score:.3f}", f"{threshold:.3f}", "flagged" if label in flagged else ""]
        for label, score, threshold in scores
    ]
    explained = flagged or [model.labels[int((probabilities / model.thresholds).argmax())]]
    labels = [label_explanation(model, text, label) for label in explained]
    return {
        "flagged": flagged,
        "prepared": printable(model.spelled(text)),
        "bars": bars,
        "table": PrintedTable(
            ["what the words show", "score", "threshold", "flagged"], rows, [False, True, True, False]
        ),
        "labels": labels,
        "unknown": [printable(word) for word in labels[0]["unknown"]],
    }


def label_explanation(model: MessageModel, text: str, label: str) -> dict[str, Any]:
    """The explanation of one label: marked words, and tables of parts.

    The parts of the words sum to the log-odds.
    """
    placed = terms_in_place(model, text, label)
    terms = placed.terms
    return {
        "label": label,
        "probability": terms.probability,
        "threshold": terms.threshold,
        "flagged": terms.flagged,
        "logit": terms.logit,
        "what_counts": printable(terms.passage) if terms.is_part else "",
        "marked": marked_text(placed.pieces),
        "unknown": terms.unknown_words,
        "words": _word_table(terms),
        "n_terms": len(terms.contributions),
        "terms": _term_table(terms),
    }


def _word_table(terms: Explanation) -> PrintedTable:
    words = sorted(terms.words().items(), key=lambda item: (-abs(item[1]), item[0]))
    rows = [["where every message starts", f"{terms.intercept:+.3f}", ""]]
    for word, value in words:
        rows.append([printable(word) or "between words", f"{value:+.3f}", _direction(value, terms.label)])
    rows.append(["sum: the log-odds", f"{terms.logit:+.3f}", f"a score of {terms.probability:.3f}"])
    return PrintedTable(["part", "adds to the log-odds", "direction"], rows, [False, True, False])


def _term_table(terms: Explanation) -> PrintedTable:
    rows = [
        [printable(part.term), KIND[part.group], f"{part.value:+.3f}"]
        for part in terms.contributions[:N_TERMS]
    ]
    return PrintedTable(["term", "kind", "adds to the log-odds"], rows, [False, False, True])


def _direction(value: float, label: str) -> str:
    if value == 0:
        return ""
    return f"towards {label}" if value > 0 else f"away from {label}"


def marked_text(pieces: tuple[tuple[str, float], ...]) -> Markup:
    """The text of ``pieces``, escaped and printable, with influential words marked.

    Words that push towards the label stand in ``<mark>`` with up to three plus signs, those that push away
    are underlined with up to three minus signs. The signs say how strong a word is beside the strongest.

    >>> marked_text((("our", 1.0), (" ", 0.0), ("<b>", -0.5)))
    Markup('<mark class="s3">our<sup>+++</sup></mark> <span class="away s2">&lt;b&gt;<sup>−−</sup></span>')
    """
    strongest = max((abs(value) for _, value in pieces), default=0.0)
    return Markup("").join(_marked_piece(printable(piece), value, strongest) for piece, value in pieces)


def _marked_piece(piece: str, value: float, strongest: float) -> Markup:
    share = abs(value) / strongest if strongest else 0.0
    strength = sum(share >= least for least in STRENGTHS)
    if not strength:
        return Markup("{}").format(piece)
    form = MARK_TOWARDS if value > 0 else MARK_AWAY
    return Markup(form).format(strength, piece, ("+" if value > 0 else "−") * strength)
