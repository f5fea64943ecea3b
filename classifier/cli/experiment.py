"""The message evaluation: where a corpus, models and metrics meet. Each function makes one table; what they hold is said in ``classifier.evaluation``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from classifier.cli.progress import say, watched
from classifier.corpus.audit import near_copies_across_splits
from classifier.evaluation.curves import auc
from classifier.evaluation.messages import message_metrics
from classifier.evaluation.record import Evaluation
from classifier.evaluation.slices import false_alarms_by, recall_by
from classifier.evaluation.thresholds import best_f1_threshold
from classifier.evaluation.units import auc_with_interval
from classifier.model.baselines import BASELINES
from classifier.model.controls import CONTROLS, control_scores, shuffled_scores
from classifier.model.pipeline import stage_probabilities
from classifier.model.stages import StageModel
from classifier.readers.messages import messages_table
from classifier.records import Conversation
from classifier.taxonomy import LABELS, PATTERN, STAGES, TACTICS

Parts = dict[str, list[Conversation]]
N_SHUFFLES = 20


def evaluate_messages(parts: Parts, model: StageModel, pipeline: Any, *, corpus_sha256: str, seed: int, n_resamples: int) -> Evaluation:
    """Every message table of the report, on the test split of ``parts``; ``pipeline`` is ``model`` as scikit-learn scores it."""
    table = {split: messages_table(conversations) for split, conversations in parts.items()}
    test = table["test"]
    say("scoring")
    probabilities = stage_probabilities(pipeline, test["text"].tolist())
    thresholds = dict(zip(model.labels, model.thresholds.tolist(), strict=True))
    own = message_metrics(test[list(LABELS)], probabilities, thresholds, test["family"], n_resamples=n_resamples, seed=seed)
    flagged = probabilities >= pd.Series(thresholds)
    first = parts["test"][0]
    facts = {
        "corpus": f"{first.corpus}, version {first.version}",
        "corpus_sha256": corpus_sha256,
        "split": "test: phrase families and accounts that stand in neither train nor validation",
        "n_messages": len(test),
        "n_families": int(test["family"].nunique()),
        "n_conversations": len(parts["test"]),
        "model_sha256": model.header["sha256"],
        "threshold_rule": "per label, the one with the best F1 on validation families; a score at the threshold is flagged",
        "seed": seed,
        "n_resamples": n_resamples,
    }
    return Evaluation(
        facts,
        {
            "messages": own,
            "systems": _systems(table, own, n_resamples=n_resamples, seed=seed),
            "controls": _controls(parts, table, n_resamples=n_resamples, seed=seed),
            "scenes": _false_alarms(test, flagged, test["conversation_label"] != PATTERN, "scene"),
            "manners": _false_alarms(test, flagged, test["manner"] != "plain", "manner"),
            "tactics": _recall_by_tactic(test, flagged),
            "leaks": _leaks(test, table["train"]),
        },
    )


def _systems(table: dict[str, pd.DataFrame], own: pd.DataFrame, *, n_resamples: int, seed: int) -> pd.DataFrame:
    """Macro rows of our model and of each baseline."""
    rows = [own[own["label"] == "macro"].assign(system="this model: words and characters, logistic regression")]
    test, validation = table["test"], table["validation"]
    for name, fit in watched(BASELINES.items(), label="fitting baselines", length=len(BASELINES)):
        scorer = fit(table["train"])
        chosen = pd.DataFrame(scorer(validation["text"].tolist()), columns=list(LABELS))
        thresholds = {label: best_f1_threshold(validation[label].to_numpy(), chosen[label].to_numpy()) for label in LABELS}
        scores = pd.DataFrame(scorer(test["text"].tolist()), columns=list(LABELS))
        metrics = message_metrics(test[list(LABELS)], scores, thresholds, test["family"], n_resamples=n_resamples, seed=seed)
        rows.append(metrics[metrics["label"] == "macro"].assign(system=name))
    return pd.concat(rows, ignore_index=True)


def _controls(parts: Parts, table: dict[str, pd.DataFrame], *, n_resamples: int, seed: int) -> pd.DataFrame:
    """AUC of each leak control over conversations, and of the stage model fitted on shuffled labels over messages."""
    label = np.array([conversation.label == PATTERN for conversation in parts["test"]])
    senders = np.array([conversation.sender for conversation in parts["test"]])
    rows = []
    for name, seen in watched(CONTROLS.items(), label="leak controls", length=len(CONTROLS)):
        scores = control_scores(seen, parts["train"], parts["test"])
        rows.append({"control": name} | auc_with_interval(label, scores, senders, n_resamples=n_resamples, seed=seed))
    rows.append({"control": "shuffled labels"} | _shuffled(table, seed=seed))
    controls = pd.DataFrame(rows)
    controls["cause"] = [_reading(row) for row in rows]
    return controls


def _reading(row: dict[str, Any]) -> str:
    if row["auc_low"] <= 0.5 <= row["auc_high"]:
        return "chance within its interval"
    return "near chance (≤ .60)" if row["auc"] <= 0.6 else "leaks"


def _shuffled(table: dict[str, pd.DataFrame], *, seed: int) -> dict[str, Any]:
    """A model of "shows any stage" fitted after every family's label was dealt to another family, many times over: the mean AUC and the middle 95 % of them."""
    test = table["test"].drop_duplicates(["text", "family"])
    shown = (test[list(STAGES)].sum(axis=1) > 0).to_numpy()
    deals = shuffled_scores(table["train"], test["text"].tolist(), n_shuffles=N_SHUFFLES, seed=seed)
    aucs = [auc(shown, scores) for scores in deals]
    low, high = np.percentile(aucs, [2.5, 97.5])
    return {"auc": float(np.mean(aucs)), "auc_low": float(low), "auc_high": float(high), "positives": int(shown.sum()), "n": len(test)}


def _false_alarms(test: pd.DataFrame, flagged: pd.DataFrame, kept: pd.Series, by: str) -> pd.DataFrame:
    """Among the kept messages that show no stage, how many are flagged for one."""
    ordinary = kept & (test[list(STAGES)].sum(axis=1) == 0)
    any_stage = flagged[list(STAGES)].any(axis=1)
    return false_alarms_by(test.loc[ordinary, by], any_stage[ordinary])


def _recall_by_tactic(test: pd.DataFrame, flagged: pd.DataFrame) -> pd.DataFrame:
    shown = test[test["tactic"] != ""]
    label = shown["tactic"].map(TACTICS)
    hit = pd.Series([bool(flagged.at[row, name]) for row, name in label.items()], index=shown.index)
    recalls = recall_by(shown["tactic"], hit).rename(columns={"slice": "tactic"})
    return recalls.assign(label=recalls["tactic"].map(TACTICS).fillna(""))


def _leaks(test: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    say("looking for near-copies")
    families, accounts = set(test["family"]), set(test["author"])
    copies = near_copies_across_splits(pd.concat([train, test]))
    return pd.DataFrame(
        {
            "check": ["test families also in train", "test accounts also in train", "distinct test texts nearly equal to a train text"],
            "count": [len(families & set(train["family"])), len(accounts & set(train["author"])), len(copies)],
            "of": [len(families), len(accounts), test.loc[test["text"].str.len() >= 12, "text"].nunique()],
        }
    )
