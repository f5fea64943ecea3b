"""Where does it fail? The fourth view: false alarms, misses, careless typing, base rates and names in the model file, all computed from the loaded model."""

from __future__ import annotations

from random import Random
from typing import Any

from classifier.app.demo import Demo, Followed
from classifier.app.examples import lines
from classifier.app.form import FormFields, share, whole_number
from classifier.app.message import marked
from classifier.app.policies import count, per_cent
from classifier.experiments.noise import STRENGTHS, add_noise
from classifier.model.conversation.explain import terms_in_place
from classifier.model.message.scorer import MessageModel
from classifier.privacy.policies.given_names import given_names
from classifier.report.tables import PrintedTable
from classifier.text import printable

N_DRAWS = 20
"""How often each line is typed carelessly at each strength."""
N_SHOWN = 3
"""Conversations flagged for nothing that are shown."""
HARMLESS_SCENES = ("coach", "surprise")
"""Scenes in which people who do nothing wrong make arrangements or keep a secret."""
DEFAULT_TPR, DEFAULT_FPR, DEFAULT_ONE_IN = 0.9, 0.01, 10_000


def limits_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """All exhibits; the base-rate arithmetic is of the fields ``tpr``, ``fpr`` and ``one_in``."""
    return {
        "base_rate": base_rate(fields),
        "same_words": exhibit(demo.model, "same_words", expected=True),
        "not_shown": exhibit(demo.model, "not_shown", expected=False),
        "indirect": exhibit(demo.model, "indirect", expected=True),
        "conversations": flagged_for_nothing(demo),
        "noise": noise_table(demo.model),
        "n_draws": N_DRAWS,
        "names": names_known(demo.model),
        "source": demo.source,
    }


def exhibit(model: MessageModel, name: str, *, expected: bool) -> dict[str, Any]:
    """Every line of a list with the score of the label in question; ``n_flagged`` of ``n``. Lines that came out against ``expected`` stand first."""
    rows = []
    for line in lines()[name]:
        [probabilities] = model.probabilities([line["text"]])
        at = model.labels.index(line["label"])
        flagged = bool(probabilities[at] >= model.thresholds[at])
        rows.append(
            {
                **line,
                "speaker": line.get("speaker", ""),
                "marked": marked(terms_in_place(model, line["text"], line["label"])["pieces"]),
                "probability": f"{probabilities[at]:.3f}",
                "threshold": f"{model.thresholds[at]:.3f}",
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


def flagged_for_nothing(demo: Demo) -> dict[str, Any]:
    """Of the benign conversations, and of those in harmless scenes, how many are flagged; and ``N_SHOWN`` of them that are, or else that came nearest to it."""
    benign = [each for each in demo.followed.values() if not each.is_pattern]
    harmless = [each for each in benign if each.conversation.scene in HARMLESS_SCENES]
    nearest = sorted(harmless or benign, key=lambda each: -each.scores.max())
    flagged = sorted(
        (each for each in benign if each.alert_at),
        key=lambda each: each.conversation.scene not in HARMLESS_SCENES,
    )
    return {
        "n_harmless": len(harmless),
        "n_harmless_flagged": sum(each.alert_at > 0 for each in harmless),
        "n_benign": len(benign),
        "n_flagged": len(flagged),
        "scenes": " or ".join(HARMLESS_SCENES),
        "threshold": f"{demo.pattern.alert_threshold:.3f}",
        "shown": [_shown(demo, each) for each in (flagged or nearest)[:N_SHOWN]],
    }


def _shown(demo: Demo, followed: Followed) -> dict[str, Any]:
    """The message at which it was flagged, or else at which its score was highest."""
    step = followed.alert_at or int(followed.scores.argmax()) + 1
    return {
        "id": followed.conversation.id,
        "scene": followed.conversation.scene.replace("_", " "),
        "step": step,
        "text": printable(followed.conversation.messages[step - 1].text),
        "score": f"{followed.scores[step - 1]:.3f}",
        "flagged": ", ".join(demo.model.flagged(followed.probabilities[step - 1])) or "no single stage",
    }


def noise_table(model: MessageModel) -> PrintedTable:
    """Each plain line as written and as carelessly typed: one typing of each strength, and how many of ``N_DRAWS`` are still flagged."""
    rows = []
    for line in lines()["noisy"]:
        at = model.labels.index(line["label"])
        for strength in ("as written", *STRENGTHS):
            typed = (
                [line["text"]]
                if strength == "as written"
                else [
                    add_noise(line["text"], strength, Random(f"{strength}:{draw}")) for draw in range(N_DRAWS)
                ]
            )
            scores = model.probabilities(typed)[:, at]
            still = int((scores >= model.thresholds[at]).sum())
            rows.append(
                [printable(typed[0]), line["label"], strength, f"{scores[0]:.3f}", f"{still} of {len(typed)}"]
            )
    return PrintedTable(
        ["typed like this", "label", "noise", "its score", "flagged"], rows, [False, False, False, True, True]
    )


def base_rate(fields: FormFields) -> dict[str, Any]:
    """What rates ``tpr`` and ``fpr`` mean where one conversation in ``one_in`` is a pattern."""
    from classifier.evaluation.baserates import ppv

    tpr, fpr = share(fields, "tpr", default=DEFAULT_TPR), share(fields, "fpr", default=DEFAULT_FPR)
    one_in = whole_number(fields, "one_in", low=2, high=10**9, default=DEFAULT_ONE_IN)
    false_alarms, true_finds = fpr * (one_in - 1), tpr
    return {
        "tpr": f"{tpr:g}",
        "fpr": f"{fpr:g}",
        "one_in": one_in,
        "accuracy": per_cent((tpr + (1 - fpr) * (one_in - 1)) / one_in),
        "per_find": count(false_alarms / true_finds),
        "ppv": per_cent(ppv(tpr, fpr, 1 / one_in)),
        "table": PrintedTable(
            ["of conversations", "how many", "flagged", "not flagged"],
            [
                ["patterns", "1", f"{true_finds:.3g}", f"{1 - true_finds:.3g}"],
                ["benign", f"{one_in - 1:,}", f"{false_alarms:,.4g}", f"{(1 - fpr) * (one_in - 1):,.6g}"],
            ],
            [False, True, True, True],
        ),
    }


def names_known(model: MessageModel) -> dict[str, Any]:
    """Which common given names stand in the model file as whole words, also inside a term of two; some are everyday words too."""
    words = {
        word
        for half in model.feature_groups
        if half.analyser != "characters"
        for term in half.terms
        for word in term.split()
    }
    found = [name for name in given_names() if name.lower() in words]
    return {
        "found": found,
        "n": len(given_names()),
        "n_terms": f"{sum(len(half.terms) for half in model.feature_groups):,}",
    }
