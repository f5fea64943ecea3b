"""The evaluation: where a corpus, models and metrics meet. Each function makes one table; what they hold is said in ``classifier.evaluation``."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pandas as pd

from classifier.corpus.audit import near_copies_across_splits
from classifier.evaluation.curves import auc
from classifier.evaluation.messages import message_metrics
from classifier.evaluation.ranking import auc_with_interval
from classifier.evaluation.results import Evaluation
from classifier.evaluation.slices import false_alarms_by, recall_by
from classifier.evaluation.thresholds import message_threshold
from classifier.experiments import conversation_tables
from classifier.experiments.baselines import BASELINES
from classifier.experiments.capability import capability_cases
from classifier.experiments.controls import CAUSES, CONTROLS, control_scores, shuffled_scores
from classifier.experiments.conversation_scores import (
    ALERT_RULE,
    Probabilities,
    ScoredConversations,
    message_probabilities,
    oracle_probabilities,
    scored,
)
from classifier.experiments.noise import STRENGTHS, add_noise
from classifier.model.conversation.model import ConversationModel, fit_conversation_model
from classifier.model.message.file import pipeline_options
from classifier.model.message.pipeline import fit_message_model, stage_probabilities
from classifier.model.message.scorer import MessageModel
from classifier.model.shipped import MAX_FALSE_ALARMS
from classifier.progress import progress_bar, say
from classifier.readers.messages import messages_table
from classifier.records import Conversation
from classifier.taxonomy import LABELS, PATTERN, STAGES, TACTICS

Parts = dict[str, list[Conversation]]
N_SHUFFLES = 20
NEAR_CHANCE = 0.6
N_NOISY = 5_000


def evaluate_everything(
    parts: Parts,
    alt: list[Conversation],
    model: MessageModel,
    pipeline: Any,
    heads: dict[str, ConversationModel],
    *,
    corpus_sha256: str,
    seed: int,
    n_resamples: int,
) -> Evaluation:
    """Every table of the report, on the test split of ``parts`` and on ``alt``, the second voice; ``pipeline`` is ``model`` as scikit-learn scores it."""
    first = parts["test"][0]
    say("scoring")
    sets = {"validation": parts["validation"], "test": parts["test"]} | ({"second voice": alt} if alt else {})
    found = {name: message_probabilities(pipeline, members) for name, members in sets.items()}
    messages = _message_tables(parts, alt, found, model, pipeline, n_resamples=n_resamples, seed=seed)
    facts = {
        "corpus": f"{first.corpus}, version {first.version}",
        "corpus_sha256": corpus_sha256,
        "split": "test: phrase families and accounts that stand in neither train nor validation",
        "n_messages": int(messages["messages"]["n"].iloc[0]),
        "n_families": int(messages["messages"]["n_families"].iloc[0]),
        "n_conversations": len(parts["test"]),
        "model_sha256": model.header["sha256"],
        "threshold_rule": f"per label, the best F1 on validation families among those that flag at most {MAX_FALSE_ALARMS:.1%} of messages without the label; a tie is flagged",
        "alert_rule": ALERT_RULE,
        "alert_threshold": heads["text"].alert_threshold,
        "seed": seed,
        "n_resamples": n_resamples,
    }
    return Evaluation(
        facts,
        messages
        | _conversation_tables(parts["train"], sets, found, heads, n_resamples=n_resamples, seed=seed),
    )


def _message_tables(
    parts: Parts,
    alt: list[Conversation],
    found: dict[str, Probabilities],
    model: MessageModel,
    pipeline: Any,
    *,
    n_resamples: int,
    seed: int,
) -> dict[str, pd.DataFrame]:
    table = {split: messages_table(conversations) for split, conversations in parts.items()}
    test = table["test"]
    probabilities = pd.DataFrame(np.concatenate(found["test"]), columns=list(LABELS))
    thresholds = dict(zip(model.labels, model.thresholds.tolist(), strict=True))
    own = message_metrics(
        test[list(LABELS)], probabilities, thresholds, test["family"], n_resamples=n_resamples, seed=seed
    )
    flagged = probabilities >= pd.Series(thresholds)
    transfer = (
        {}
        if not alt
        else {
            "transfer": _transfer(
                messages_table(alt), found["second voice"], thresholds, n_resamples=n_resamples, seed=seed
            )
        }
    )
    return transfer | {
        "messages": own,
        "systems": _systems(table, own, n_resamples=n_resamples, seed=seed),
        "controls": _controls(parts, table, n_resamples=n_resamples, seed=seed),
        "scenes": _false_alarms(test, flagged, test["conversation_label"] != PATTERN, "scene"),
        "manners": _false_alarms(test, flagged, test["manner"] != "plain", "manner"),
        "tactics": _recall_by_tactic(test, flagged),
        "leaks": _leaks(test, table["train"]),
        "capabilities": _capabilities(parts["test"], model, pipeline, seed=seed),
        "noise": _noise(test, table["train"], pipeline, pipeline_options(model), seed=seed),
    }


def _transfer(
    messages: pd.DataFrame, found: Probabilities, thresholds: dict[str, float], *, n_resamples: int, seed: int
) -> pd.DataFrame:
    """The message table on the second voice, at the same thresholds."""
    probabilities = pd.DataFrame(np.concatenate(found), columns=list(LABELS))
    return message_metrics(
        messages[list(LABELS)],
        probabilities,
        thresholds,
        messages["family"],
        n_resamples=n_resamples,
        seed=seed,
    )


def _noise(
    test: pd.DataFrame, train: pd.DataFrame, pipeline: Any, options: dict[str, Any], *, seed: int
) -> pd.DataFrame:
    """Macro average precision under generic typing noise, with the normaliser and for the same model fitted without it."""
    from sklearn.metrics import average_precision_score

    say("adding noise")
    distinct = test.drop_duplicates(["text", "family"])
    distinct = distinct.sample(min(N_NOISY, len(distinct)), random_state=seed)
    models = {
        "with normaliser": pipeline,
        "without": fit_message_model(train, **options | {"normaliser": False}),
    }
    rows = []
    for strength in ("none", *STRENGTHS):
        rng = Random(seed)
        texts = (
            distinct["text"].tolist()
            if strength == "none"
            else [add_noise(text, strength, rng) for text in distinct["text"]]
        )
        for name, fitted in models.items():
            probabilities = stage_probabilities(fitted, texts)
            precision = np.mean(
                [average_precision_score(distinct[stage], probabilities[stage]) for stage in STAGES]
            )
            rows.append(
                {"noise": strength, "model": name, "average_precision": float(precision), "n": len(distinct)}
            )
    return pd.DataFrame(rows)


def _conversation_tables(
    train: list[Conversation],
    sets: dict[str, list[Conversation]],
    found: dict[str, Probabilities],
    heads: dict[str, ConversationModel],
    *,
    n_resamples: int,
    seed: int,
) -> dict[str, pd.DataFrame]:
    say("scoring conversations")
    by_head = {
        name: {head: scored(fitted, members, found[name]) for head, fitted in heads.items()}
        for name, members in sets.items()
    }
    told = _oracle(train, sets, seed=seed)
    reported = {name: by_head[name] for name in sets if name != "validation"}
    text = {name: heads_here["text"] for name, heads_here in reported.items()}
    threshold = heads["text"].alert_threshold
    return {
        "separation": conversation_tables.separation(reported, told, n_resamples=n_resamples, seed=seed),
        "rates": conversation_tables.rates_at_fpr(by_head["validation"]["text"], text),
        "told_rates": conversation_tables.rates_at_fpr(
            told["validation"], {name: told[name] for name in reported}
        ),
        "early": conversation_tables.early_warning(
            text, threshold=threshold, n_resamples=n_resamples, seed=seed
        ),
        "recall_by_k": conversation_tables.recall_by_k(text, threshold=threshold),
        "conversation_scenes": conversation_tables.benign_scenes(text["test"], threshold=threshold),
        "conversation_slices": conversation_tables.slices(text["test"], threshold=threshold),
        "senders": conversation_tables.senders(text["test"], threshold=threshold),
        "sender_auc": conversation_tables.sender_separation(text["test"], n_resamples=n_resamples, seed=seed),
        "base_rates": conversation_tables.base_rates(text["test"], threshold=threshold),
        **conversation_tables.calibration(by_head["validation"]["text"], text["test"]),
    }


def _oracle(
    train: list[Conversation], sets: dict[str, list[Conversation]], *, seed: int
) -> dict[str, ScoredConversations]:
    """Each set scored by a text head that was fitted on the true labels of messages and is given them: how far the conversations can be told apart at all."""
    labels = {name: oracle_probabilities(members) for name, members in sets.items()}
    fitted = fit_conversation_model(
        train,
        oracle_probabilities(train),
        sets["validation"],
        labels["validation"],
        head="text",
        thresholds=np.full(len(LABELS), 0.5),
        seed=seed,
    )
    return {name: scored(fitted, members, labels[name]) for name, members in sets.items()}


def _systems(
    table: dict[str, pd.DataFrame], own: pd.DataFrame, *, n_resamples: int, seed: int
) -> pd.DataFrame:
    """Macro rows of our model and of each baseline."""
    rows = [
        own[own["label"] == "macro"].assign(
            system="this model: words, pairs and characters, logistic regression"
        )
    ]
    test, validation = table["test"], table["validation"]
    for name, fit in progress_bar(BASELINES.items(), label="fitting baselines", length=len(BASELINES)):
        scorer = fit(table["train"])
        chosen = pd.DataFrame(scorer(validation["text"].tolist()), columns=list(LABELS))
        thresholds = {
            label: message_threshold(
                validation[label].to_numpy(), chosen[label].to_numpy(), max_false_alarms=MAX_FALSE_ALARMS
            )
            for label in LABELS
        }
        scores = pd.DataFrame(scorer(test["text"].tolist()), columns=list(LABELS))
        metrics = message_metrics(
            test[list(LABELS)], scores, thresholds, test["family"], n_resamples=n_resamples, seed=seed
        )
        rows.append(metrics[metrics["label"] == "macro"].assign(system=name))
    return pd.concat(rows, ignore_index=True)


def _controls(parts: Parts, table: dict[str, pd.DataFrame], *, n_resamples: int, seed: int) -> pd.DataFrame:
    """AUC of each leak control over conversations, and of the stage model fitted on shuffled labels over messages."""
    label = np.array([conversation.label == PATTERN for conversation in parts["test"]])
    senders = np.array([conversation.sender for conversation in parts["test"]])
    rows = []
    for name, seen in progress_bar(CONTROLS.items(), label="leak controls", length=len(CONTROLS)):
        scores = control_scores(seen, parts["train"], parts["test"])
        rows.append(
            {"control": name} | auc_with_interval(label, scores, senders, n_resamples=n_resamples, seed=seed)
        )
    rows.append({"control": "shuffled labels"} | _shuffled(table, seed=seed))
    controls = pd.DataFrame(rows)
    controls["cause"] = [_reading(row) for row in rows]
    return controls


def _reading(row: dict[str, Any]) -> str:
    if row["auc_low"] <= 0.5 <= row["auc_high"]:
        return "chance within its interval"
    return f"{'near chance' if row['auc'] <= NEAR_CHANCE else 'a leak'}: {CAUSES.get(row['control'], 'cause not known')}"


def _shuffled(table: dict[str, pd.DataFrame], *, seed: int) -> dict[str, Any]:
    """A model of "shows any stage" fitted after every family's label was dealt to another family, many times over: the mean AUC and the middle 95 % of them."""
    test = table["test"].drop_duplicates(["text", "family"])
    shown = (test[list(STAGES)].sum(axis=1) > 0).to_numpy()
    deals = shuffled_scores(table["train"], test["text"].tolist(), n_shuffles=N_SHUFFLES, seed=seed)
    aucs = [auc(shown, scores) for scores in deals]
    low, high = np.percentile(aucs, [2.5, 97.5])
    return {
        "auc": float(np.mean(aucs)),
        "auc_low": float(low),
        "auc_high": float(high),
        "positives": int(shown.sum()),
        "n": len(test),
    }


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
    return recalls.assign(label=recalls["tactic"].map(TACTICS).fillna("all"))


def _leaks(test: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    say("looking for near-copies")
    families, accounts = set(test["family"]), set(test["author"])
    copies = near_copies_across_splits(pd.concat([train, test]))
    return pd.DataFrame(
        {
            "check": [
                "test families also in train",
                "test accounts also in train",
                "distinct test texts nearly equal to a train text",
            ],
            "count": [
                len(families & set(train["family"])),
                len(accounts & set(train["author"])),
                len(copies),
            ],
            "of": [len(families), len(accounts), test.loc[test["text"].str.len() >= 12, "text"].nunique()],
        }
    )


def _capabilities(test: list[Conversation], model: MessageModel, pipeline: Any, *, seed: int) -> pd.DataFrame:
    """Failure rate of each capability, by kind in the order they were tried, worst first within a kind."""
    say("trying capabilities")
    messages = [message for conversation in test for message in conversation.messages]
    cases = capability_cases(
        lambda texts: np.asarray(pipeline.predict_proba(list(texts))), model.thresholds, messages, seed=seed
    )
    tables = [
        false_alarms_by(group["capability"], group["failed"]).iloc[:-1].assign(kind=kind)
        for kind, group in cases.groupby("kind", sort=False)
    ]
    return pd.concat(tables, ignore_index=True).rename(columns={"false_alarms": "failures"})
