"""The message evaluation: where a corpus, models and metrics meet. Each function makes one table; what they hold is said in ``classifier.evaluation``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.cli.progress import say, watched
from classifier.corpus.audit import near_copies_across_splits
from classifier.evaluation.messages import message_metrics
from classifier.evaluation.record import Evaluation
from classifier.evaluation.slices import false_alarms_by, recall_by
from classifier.evaluation.thresholds import best_f1_threshold
from classifier.evaluation.units import auc_with_interval
from classifier.model.baselines import BASELINES
from classifier.model.controls import CONTROLS, control_scores
from classifier.model.pipeline import fit_stage_model, stage_probabilities
from classifier.model.stages import StageModel
from classifier.readers.messages import messages_table
from classifier.records import Conversation
from classifier.taxonomy import LABELS, PATTERN, STAGES, TACTICS

Parts = dict[str, list[Conversation]]


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
    rows.append({"control": "shuffled labels"} | _shuffled(table, n_resamples=n_resamples, seed=seed))
    controls = pd.DataFrame(rows)
    controls["cause"] = [_reading(row) for row in rows]
    return controls


def _reading(row: dict[str, Any]) -> str:
    if row["auc_low"] <= 0.5 <= row["auc_high"]:
        return "chance within its interval"
    return "near chance (≤ .60)" if row["auc"] <= 0.6 else "leaks"


def _shuffled(table: dict[str, pd.DataFrame], *, n_resamples: int, seed: int) -> dict[str, Any]:
    """The stage model fitted after every family's labels were dealt to another family; mean AUC over labels would be .5 by chance."""
    shuffled = shuffle_labels(table["train"], seed=seed)
    test = table["test"].drop_duplicates(["text", "family"])
    probabilities = stage_probabilities(fit_stage_model(shuffled), test["text"].tolist())
    any_stage = (test[list(STAGES)].sum(axis=1) > 0).to_numpy()
    scores: NDArray[np.float64] = 1.0 - np.prod(1.0 - probabilities[list(STAGES)].to_numpy(), axis=1)
    return auc_with_interval(any_stage, scores, test["family"].to_numpy(), n_resamples=n_resamples, seed=seed)


def shuffle_labels(train: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """The table with the families' label rows permuted: a family keeps one set of labels, but another family's."""
    by_family = train.groupby("family", sort=True)[list(LABELS)].first()
    dealt = pd.DataFrame(np.random.default_rng(seed).permutation(by_family.to_numpy()), index=by_family.index, columns=list(LABELS))
    shuffled = train.copy()
    shuffled[list(LABELS)] = dealt.loc[train["family"]].to_numpy()
    return shuffled


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
