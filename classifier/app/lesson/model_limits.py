"""Values of the page on limits: false alarms, misses, noise, base rates and names.

All are computed from the loaded model.
"""

from __future__ import annotations

from random import Random
from typing import Any

from classifier.app.demo_data import Demo, ScoredConversation
from classifier.app.example_texts import example_texts
from classifier.app.form_fields import FormFields, checked_field, integer_field, share_field, typed_text
from classifier.app.lesson.explained_message import marked_text
from classifier.app.number_formats import format_count, format_percent
from classifier.model.message.explain import terms_in_place
from classifier.model.message.scorer import MessageModel
from classifier.privacy.policies.given_names import given_names
from classifier.report.printed_tables import PrintedTable
from classifier.text import printable
from classifier.workflows.message_evaluation.typing_noise import STRENGTHS, add_noise

N_DRAWS = 20
"""Draws of noise for each text at each strength."""
N_SHOWN = 3
"""Benign conversations that are shown."""
HARMLESS_SCENES = ("coach", "surprise")
"""Scenes in which people arrange a meeting or keep a secret, and do nothing wrong."""
DEFAULT_TPR, DEFAULT_FPR, DEFAULT_ONE_IN = 0.9, 0.01, 10_000


def limits_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """All sections of the page.

    The fields ``tpr``, ``fpr`` and ``one_in`` are those of the arithmetic of base rates.
    """
    errors: dict[str, str] = {}
    return {
        "base_rate": base_rate(fields, errors),
        "errors": errors,
        "same_words": scored_examples(demo.model, "same_words", expected=True),
        "not_shown": scored_examples(demo.model, "not_shown", expected=False),
        "indirect": scored_examples(demo.model, "indirect", expected=True),
        "conversations": benign_conversations(demo),
        "noise": noise_table(demo.model),
        "n_draws": N_DRAWS,
        "names": names_in_model(demo.model),
        "source": demo.source,
    }


def scored_examples(model: MessageModel, name: str, *, expected: bool) -> dict[str, Any]:
    """The examples of one list, each with the score of its label.

    Parameters
    ----------
    name
        The list in ``example_texts()``.
    expected
        Whether a right answer is to flag the text. Wrong answers stand first.
    """
    rows = []
    for example in example_texts()[name]:
        text, label = example["text"], example["label"]
        [probabilities] = model.probabilities([text])
        column = model.labels.index(label)
        flagged = bool(probabilities[column] >= model.thresholds[column])
        rows.append(
            {
                "label": label,
                "speaker": example.get("speaker", ""),
                "marked": marked_text(terms_in_place(model, text, label).pieces),
                "probability": f"{probabilities[column]:.3f}",
                "threshold": f"{model.thresholds[column]:.3f}",
                "flagged": flagged,
                "wrong": flagged != expected,
            }
        )
    return {
        "rows": sorted(rows, key=lambda row: not row["wrong"]),
        "n": len(rows),
        "n_flagged": sum(row["flagged"] for row in rows),
        "n_wrong": sum(row["wrong"] for row in rows),
    }


def benign_conversations(demo: Demo) -> dict[str, Any]:
    """Counts of benign conversations that are flagged, and a few of them.

    Where none is flagged, those with the highest scores are shown.
    """
    benign = [scored for scored in demo.scored_conversations.values() if not scored.is_pattern]
    harmless = [scored for scored in benign if scored.conversation.scene in HARMLESS_SCENES]
    highest = sorted(harmless or benign, key=lambda scored: -scored.scores.max())
    flagged = sorted(
        (scored for scored in benign if scored.alert_at),
        key=lambda scored: scored.conversation.scene not in HARMLESS_SCENES,
    )
    return {
        "n_harmless": len(harmless),
        "n_harmless_flagged": sum(scored.alert_at > 0 for scored in harmless),
        "n_benign": len(benign),
        "n_flagged": len(flagged),
        "scenes": " or ".join(HARMLESS_SCENES),
        "threshold": f"{demo.conversation_model.alert_threshold:.3f}",
        "shown": [_decisive_message(demo, scored) for scored in (flagged or highest)[:N_SHOWN]],
    }


def _decisive_message(demo: Demo, scored: ScoredConversation) -> dict[str, Any]:
    """The message of the alert; without an alert, the one at the highest score."""
    step = scored.alert_at or int(scored.scores.argmax()) + 1
    flagged = demo.model.flagged(scored.probabilities[step - 1])
    return {
        "id": scored.conversation.id,
        "scene": scored.scene,
        "step": step,
        "text": printable(scored.conversation.messages[step - 1].text),
        "score": f"{scored.scores[step - 1]:.3f}",
        "flagged": ", ".join(flagged) or "no single stage",
    }


def noise_table(model: MessageModel) -> PrintedTable:
    """Each plain text as written, and with noise of each strength.

    A row shows the first draw, and how many of ``N_DRAWS`` are still flagged.
    """
    rows = []
    for example in example_texts()["noisy"]:
        text, label = example["text"], example["label"]
        column = model.labels.index(label)
        for strength in ("as written", *STRENGTHS):
            typed = [text]
            if strength in STRENGTHS:
                typed = [add_noise(text, strength, Random(f"{strength}:{draw}")) for draw in range(N_DRAWS)]
            scores = model.probabilities(typed)[:, column]
            n_flagged = int((scores >= model.thresholds[column]).sum())
            flagged = f"{n_flagged} of {len(typed)}"
            rows.append([printable(typed[0]), label, strength, f"{scores[0]:.3f}", flagged])
    headings = ["typed like this", "label", "noise", "its score", "flagged"]
    return PrintedTable(headings, rows, [False, False, False, True, True])


def base_rate(fields: FormFields, errors: dict[str, str]) -> dict[str, Any]:
    """What rates mean where one conversation in ``one_in`` is a pattern.

    The rates are ``tpr`` and ``fpr``, the shares of patterns and of benign conversations that are flagged.
    What cannot be used goes into ``errors``.
    """
    from classifier.evaluation.base_rates import ppv

    tpr = checked_field(share_field, fields, "tpr", default=DEFAULT_TPR, errors=errors)
    fpr = checked_field(share_field, fields, "fpr", default=DEFAULT_FPR, errors=errors)
    one_in = checked_field(
        integer_field, fields, "one_in", default=DEFAULT_ONE_IN, errors=errors, low=2, high=10**9
    )
    n_benign = one_in - 1
    true_finds, false_alarms, true_negatives = tpr, fpr * n_benign, (1 - fpr) * n_benign
    rows = [
        ["patterns", "1", f"{true_finds:.3g}", f"{1 - true_finds:.3g}"],
        ["benign", f"{n_benign:,}", f"{false_alarms:,.4g}", f"{true_negatives:,.6g}"],
    ]
    headings = ["of conversations", "how many", "flagged", "not flagged"]
    return {
        "tpr": typed_text(fields, "tpr", f"{DEFAULT_TPR:g}"),
        "fpr": typed_text(fields, "fpr", f"{DEFAULT_FPR:g}"),
        "one_in": typed_text(fields, "one_in", DEFAULT_ONE_IN),
        "used": {"tpr": f"{tpr:g}", "fpr": f"{fpr:g}", "one_in": f"{one_in:,}"},
        "accuracy": format_percent((true_finds + true_negatives) / one_in),
        "per_find": format_count(false_alarms / true_finds),
        "ppv": format_percent(ppv(tpr, fpr, 1 / one_in)),
        "table": PrintedTable(headings, rows, [False, True, True, True]),
    }


def names_in_model(model: MessageModel) -> dict[str, Any]:
    """The common given names among the whole words of the model file.

    A word inside a term of two counts too. Some of the names are everyday words.
    """
    terms = [term for group in model.feature_groups if group.analyser != "characters" for term in group.terms]
    words = {word for term in terms for word in term.split()}
    return {
        "found": [name for name in given_names() if name.lower() in words],
        "n": len(given_names()),
        "n_terms": f"{sum(len(group.terms) for group in model.feature_groups):,}",
    }
