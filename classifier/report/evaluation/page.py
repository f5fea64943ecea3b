"""An ``Evaluation`` as one self-contained HTML page: what was run and its limits first, then each figure with its numbers as a table."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from classifier.evaluation.results import Evaluation
from classifier.report.evaluation.conversations import CONVERSATION_SECTIONS
from classifier.report.page import render
from classifier.report.sections import Item, Section, dots
from classifier.report.tables import Column, printed

LIMITS = (
    "All conversations are synthetic, non-sexual and written for this project. Nothing here measures real prevalence, real language or a real adversary.",
    "Intervals are 95 % percentile intervals over resampled phrase families (messages) or sending accounts (conversations). They tell how far figures may move with other families of the same authors, not with other authors.",
    "On real chat this family of models does worse: TF-IDF with logistic regression reached F0.5 of about 0.78 on PAN 2012 authors "
    "(words 0.779, characters 0.788 in one public replication), and off-domain its AUC fell to 0.44–0.51. A bag-of-words support vector machine reached F1 0.77 (Morris and Hirst 2012).",
    "A score is for a person to review. It is not a verdict on anybody, and not a substitute for a safeguarding process.",
)

FACT_NAMES = {
    "corpus": "Corpus",
    "corpus_sha256": "Corpus sha256",
    "split": "Reported on",
    "n_messages": "Messages",
    "n_families": "Phrase families",
    "n_conversations": "Conversations",
    "model_sha256": "Model sha256",
    "threshold_rule": "Thresholds",
    "alert_rule": "Alert threshold",
    "alert_threshold": "Alert threshold, value",
    "seed": "Seed",
    "n_resamples": "Bootstrap resamples",
}


def evaluation_page(evaluation: Evaluation) -> str:
    """The whole report. Same evaluation, same bytes."""
    facts = [
        (title, evaluation.facts[name]) for name, title in FACT_NAMES.items() if name in evaluation.facts
    ]
    sections = [section(evaluation.tables) for needed, section in SECTIONS if needed in evaluation.tables]
    return render(
        "evaluation.html.j2",
        title="Warning signs in synthetic conversations: evaluation",
        subtitle="Stages in single messages, patterns in conversations and accounts, on phrase families the model has never seen.",
        limits=LIMITS,
        facts=facts,
        sections=sections,
    )


MESSAGE_COLUMNS = (
    Column("label", "label"),
    Column("precision", "precision", interval=True),
    Column("recall", "recall", interval=True),
    Column("f1", "F1", interval=True),
    Column("average_precision", "average precision", interval=True),
    Column("support", "shown in", 0),
    Column("n", "of messages", 0),
)


def _messages(tables: dict[str, pd.DataFrame]) -> Section:
    table = tables["messages"]
    return Section(
        "Stages in single messages",
        [
            "Each label marks a behaviour shown by the words of one message, whoever writes it. 'macro' is the mean of the five stages; the cues false_affinity and pressure stand apart.",
        ],
        [
            Item(
                printed(table, MESSAGE_COLUMNS),
                "Per label, with 95 % intervals by phrase family",
                dots(table, "label", "f1", "F1", "F1 per label with intervals"),
                "F1 per label; the bar is the 95 % interval.",
            )
        ],
    )


def _transfer(tables: dict[str, pd.DataFrame]) -> Section:
    return Section(
        "The same model on a second voice",
        [
            "v1-alt was written by other writers, in other scenes, without sight of the first voice. Thresholds as above.",
            "Nothing is fitted on it, but which features to count was decided with its figures in view, so they flatter a little.",
        ],
        [
            Item(
                printed(tables["transfer"], MESSAGE_COLUMNS),
                "Per label on v1-alt, with 95 % intervals by phrase family",
            )
        ],
    )


def _systems(tables: dict[str, pd.DataFrame]) -> Section:
    table = tables["systems"]
    columns = [
        Column("system", "system"),
        Column("f1", "macro F1", interval=True),
        Column("average_precision", "macro average precision", interval=True),
    ]
    return Section(
        "Beside simpler models",
        [
            "Every system is fitted on the same train messages, its thresholds chosen for F1 on the same validation messages, and measured on the same test messages. The keyword list is fixed and learns nothing."
        ],
        [
            Item(
                printed(table, columns),
                "Mean over the five stages",
                dots(table, "system", "f1", "macro F1", "Macro F1 per system with intervals"),
                "Macro F1 per system.",
            )
        ],
    )


def _controls(tables: dict[str, pd.DataFrame]) -> Section:
    table = tables["controls"]
    columns = [
        Column("control", "what the control sees"),
        Column("auc", "AUC", interval=True),
        Column("positives", "positives", 0),
        Column("n", "of", 0),
        Column("cause", "read as"),
    ]
    return Section(
        "Leak controls",
        [
            "A corpus can give its script away by things that should say nothing: length, counts, names, punctuation, the contact's own turns. Each row is a model that sees only that, predicting the script of test conversations; "
            "0.5 is chance. For shuffled labels, the stage model is fitted on labels dealt out anew among phrase families.",
        ],
        [
            Item(
                printed(table, columns),
                "Area under the ROC curve, with 95 % intervals",
                dots(table, "control", "auc", "AUC", "AUC per leak control with intervals", 0.5),
                "The dashed line is chance.",
            )
        ],
    )


def _scenes(tables: dict[str, pd.DataFrame]) -> Section:
    columns = [
        Column("slice", "benign scene"),
        Column("rate", "share flagged", interval=True),
        Column("false_alarms", "false alarms", 0),
        Column("n", "of messages", 0),
    ]
    table = tables["scenes"]
    return Section(
        "Where false alarms come from",
        [
            "Messages of benign conversations whose words show none of the five stages, flagged for at least one all the same; worst scene first, the mean beside.",
            "Intervals are Clopper-Pearson over messages and too narrow where a scene has few families.",
        ],
        [
            Item(
                printed(table, columns),
                "False alarms by scene",
                dots(table, "slice", "rate", "share flagged", "False alarm share per scene"),
                "Share of messages wrongly flagged, by benign scene.",
            )
        ],
    )


def _manners(tables: dict[str, pd.DataFrame]) -> Section:
    columns = [
        Column("slice", "manner"),
        Column("rate", "share flagged", interval=True),
        Column("false_alarms", "false alarms", 0),
        Column("n", "of messages", 0),
    ]
    return Section(
        "Speaking of it is not doing it",
        [
            "Negated, quoted, advised and reported behaviour carries no label. A model of words and letters knows little of negation: this table shows how much."
        ],
        [Item(printed(tables["manners"], columns), "False alarms by manner of speaking")],
    )


def _tactics(tables: dict[str, pd.DataFrame]) -> Section:
    columns = [
        Column("tactic", "tactic"),
        Column("label", "label"),
        Column("recall", "recall", interval=True),
        Column("hits", "found", 0),
        Column("n", "of messages", 0),
    ]
    return Section(
        "What is missed",
        ["Recall of each tactic's own label, lowest first. Intervals are Clopper-Pearson over messages."],
        [Item(printed(tables["tactics"], columns), "Recall by tactic")],
    )


def _copies(tables: dict[str, pd.DataFrame]) -> Section:
    columns = [Column("check", "check"), Column("count", "count", 0), Column("of", "of", 0)]
    return Section(
        "Do the splits leak?",
        [
            "Families and accounts are proven disjoint before anything is fitted.",
            "Near-copies are test texts of at least 12 characters with a character 5-gram cosine of .8 or more to a train text.",
        ],
        [Item(printed(tables["leaks"], columns), "Overlap of train and test")],
    )


def _capabilities(tables: dict[str, pd.DataFrame]) -> Section:
    columns = [
        Column("kind", "kind"),
        Column("slice", "capability"),
        Column("rate", "share failed", interval=True),
        Column("failures", "failures", 0),
        Column("n", "of cases", 0),
    ]
    return Section(
        "Capabilities",
        [
            "Tried in the manner of CheckList (Ribeiro et al. 2020): plain leaflet lines must be flagged; a change that says nothing new must change no flag; a line that shows a behaviour must raise its probability.",
        ],
        [
            Item(
                printed(tables["capabilities"], columns),
                "Failure rates, with Clopper-Pearson intervals over cases",
            )
        ],
    )


SECTIONS: tuple[tuple[str, Callable[[dict[str, pd.DataFrame]], Section]], ...] = (
    ("messages", _messages),
    ("transfer", _transfer),
    ("systems", _systems),
    ("controls", _controls),
    ("scenes", _scenes),
    ("manners", _manners),
    ("tactics", _tactics),
    ("capabilities", _capabilities),
    ("leaks", _copies),
    *CONVERSATION_SECTIONS,
)
"""The sections in their order, each with the table it cannot do without."""
