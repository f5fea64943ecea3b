"""Why did a message get its scores? The first view: stages, marked terms, exact contributions, and what the model does not know."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from classifier.app.demo import Demo
from classifier.app.examples import lines
from classifier.app.form import FormFields, RequestError, chosen
from classifier.app.scale import Scale
from classifier.model.conversation.explain import terms_in_place
from classifier.model.message.explain import KIND
from classifier.model.message.scorer import MessageModel
from classifier.report.tables import PrintedTable
from classifier.text import printable

MAX_CHARACTERS = 2000
"""A long message. Explaining takes time that grows with its square."""
LEAST_MARKED = 0.1
"""Share of a message's strongest word below which a word is not marked."""
N_TERMS = 12


def message_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """The form, and once ``text`` or the number of an ``example`` was sent, the account of it."""
    examples = lines()["example"]
    text = fields.get("text", "")
    if "example" in fields:
        text = examples[
            int(chosen(fields, "example", [str(number) for number in range(len(examples))], default="0"))
        ]["text"]
    if len(text) > MAX_CHARACTERS:
        raise RequestError(
            413,
            f"text: expected at most {MAX_CHARACTERS:,} characters, got {len(text):,}. Type one message, not a whole conversation.",
        )
    return {
        "examples": examples,
        "text": printable(text),
        "max_characters": MAX_CHARACTERS,
        "account": message_account(demo.model, text) if text.strip() else None,
    }


def message_account(model: MessageModel, text: str) -> dict[str, Any]:
    """Probabilities of all labels, and for each flagged label, or else the one nearest its threshold, which words and terms made its score."""
    [probabilities] = model.probabilities([text])
    flagged = model.flagged(probabilities)
    nearest = max(
        model.labels,
        key=lambda label: (
            probabilities[model.labels.index(label)] / model.thresholds[model.labels.index(label)]
        ),
    )
    rows = list(zip(model.labels, probabilities.tolist(), model.thresholds.tolist(), strict=True))
    bars = Scale(0, 1, 0, 300)
    explained = [label_account(model, text, label) for label in flagged or [nearest]]
    return {
        "flagged": flagged,
        "prepared": printable(model.prepared(text)),
        "bars": [
            {"label": label, "width": bars.at(p), "threshold": bars.at(limit), "flagged": label in flagged}
            for label, p, limit in rows
        ],
        "table": PrintedTable(
            ["what the words show", "score", "threshold", "flagged"],
            [
                [label, f"{p:.3f}", f"{limit:.3f}", "flagged" if label in flagged else ""]
                for label, p, limit in rows
            ],
            [False, True, True, False],
        ),
        "explained": explained,
        "unknown": [printable(word) for word in explained[0]["unknown"]],
    }


def label_account(model: MessageModel, text: str, label: str) -> dict[str, Any]:
    """One label's account of ``text``: the words marked where they stand, and tables whose numbers sum to the log-odds."""
    found = terms_in_place(model, text, label)
    terms = found["terms"]
    words = sorted(terms.words().items(), key=lambda item: (-abs(item[1]), item[0]))
    return {
        "label": label,
        "probability": terms.probability,
        "threshold": terms.threshold,
        "flagged": terms.flagged,
        "logit": terms.logit,
        "marked": marked(found["pieces"]),
        "unknown": terms.unknown_words,
        "words": PrintedTable(
            ["part", "adds to the log-odds", "direction"],
            [
                ["where every message starts", f"{terms.intercept:+.3f}", ""],
                *(
                    [printable(word) or "between words", f"{value:+.3f}", _towards(value, label)]
                    for word, value in words
                ),
                ["sum: the log-odds", f"{terms.logit:+.3f}", f"a score of {terms.probability:.3f}"],
            ],
            [False, True, False],
        ),
        "n_terms": len(terms.contributions),
        "terms": PrintedTable(
            ["term", "kind", "adds to the log-odds"],
            [
                [printable(part.term), KIND[part.group], f"{part.value:+.3f}"]
                for part in terms.contributions[:N_TERMS]
            ],
            [False, False, True],
        ),
    }


def marked(pieces: tuple[tuple[str, float], ...]) -> Markup:
    """The text with the words that pushed towards the label in ``<mark>``, and those that pushed away underlined; escaped and printable.

    >>> marked((("our", 1.0), (" ", 0.0), ("<b>", -1.0)))
    Markup('<mark>our</mark> <span class="away">&lt;b&gt;</span>')
    """
    strongest = max((abs(value) for _, value in pieces), default=0.0)
    return Markup("").join(
        _piece(printable(piece), value, least=LEAST_MARKED * strongest) for piece, value in pieces
    )


def _piece(piece: str, value: float, *, least: float) -> Markup:
    form = (
        "{}"
        if value == 0 or abs(value) < least
        else "<mark>{}</mark>"
        if value > 0
        else '<span class="away">{}</span>'
    )
    return Markup(form).format(piece)


def _towards(value: float, label: str) -> str:
    return f"towards {label}" if value > 0 else f"away from {label}" if value < 0 else ""
