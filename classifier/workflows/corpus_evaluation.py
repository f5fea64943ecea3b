"""Every table and fact of an evaluation report.

What each table holds is said in ``classifier.evaluation`` and by the functions that make them.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from classifier.corpus.checks.corpus_audit import near_copies_across_splits
from classifier.evaluation.curves import curve_points
from classifier.evaluation.message_metrics import f1_by_cap, message_metrics
from classifier.evaluation.saved_results import Evaluation
from classifier.evaluation.slice_rates import false_alarms_by, recall_by
from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.message.file import training_options
from classifier.model.message.operating_points import DEFAULT_POINT, MAX_FALSE_ALARMS
from classifier.model.message.scorer import MessageModel
from classifier.progress import say
from classifier.readers.messages_table import messages_table
from classifier.records import Conversation
from classifier.taxonomy import LABELS, PATTERN, STAGES, TACTICS
from classifier.workflows.conversation_evaluation import conversation_tables
from classifier.workflows.conversation_evaluation.breakdowns import (
    alerts_by_length,
    by_overtness,
    slices,
    two_way_pairs,
)
from classifier.workflows.conversation_evaluation.conversation_scores import (
    ALERT_RULE,
    ScoredConversations,
    oracle_scores,
    score_conversations,
)
from classifier.workflows.conversation_evaluation.conversation_tables import ORACLE_SCORER
from classifier.workflows.message_evaluation.baselines import baseline_table
from classifier.workflows.message_evaluation.capability_tests import capability_table
from classifier.workflows.message_evaluation.disguise_robustness import disguise_table
from classifier.workflows.message_evaluation.leak_controls import control_table
from classifier.workflows.message_evaluation.typing_noise import noise_table
from classifier.workflows.training.cross_fitting import of_conversations
from classifier.workflows.two_evaluations.score_tables import conversation_scores, message_scores

Splits = dict[str, list[Conversation]]
"""Conversations of a corpus by split: "train", "validation", "test"."""

SECOND_VOICE = "second voice"
MIN_COMPARED_LENGTH = 12
"""Characters; equality of shorter texts is no evidence of a copy."""

THRESHOLD_RULE = (
    f"per label, the lowest that flags at most {MAX_FALSE_ALARMS[DEFAULT_POINT]:.2%} of the lines of "
    f"validation dialogues without the label (operating point {DEFAULT_POINT}); a tie is flagged"
)


def evaluate_everything(
    splits: Splits,
    second_voice: list[Conversation],
    messages: dict[str, pd.DataFrame],
    model: MessageModel,
    pipeline: Any,
    heads: dict[str, ConversationModel],
    *,
    corpus_sha256: str,
    seed: int,
    n_resamples: int,
) -> Evaluation:
    """Evaluation of a model on the test split and the second voice.

    Its scores are "message_scores" and "conversation_scores" of these two sets.

    Parameters
    ----------
    splits
        The corpus. Thresholds of baselines and calibrators are fitted on "validation".
    second_voice
        Conversations by other writers, for testing only; may be empty.
    messages
        The messages of each split, as ``read_message_tables`` has them.
    model
        The message model under test.
    pipeline
        The same model as a fitted scikit-learn pipeline.
    heads
        The conversation models, by head.
    corpus_sha256
        Content hash of the corpus, for the facts.
    seed
        Of resamples, shuffles and noise.
    n_resamples
        Bootstrap resamples of clusters.
    """
    first = splits["test"][0]
    say("scoring")
    sets = {"validation": splits["validation"], "test": splits["test"]}
    if second_voice:
        sets[SECOND_VOICE] = second_voice
    measured = {"test": messages["test"]}
    if second_voice:
        measured[SECOND_VOICE] = messages_table(second_voice).drop_duplicates(
            ["text", "family"], ignore_index=True
        )
    of_messages = {name: pipeline.scores(of_set["text"]) for name, of_set in measured.items()}
    scores = {
        name: pd.DataFrame(of_set[:, : len(LABELS)], columns=list(LABELS))
        for name, of_set in of_messages.items()
    }
    spoken = messages["validation"].loc[lambda table: table["conversation"] != ""]
    of_spoken = pipeline.scores(spoken["text"])
    probabilities = {"validation": of_conversations(of_spoken, spoken, splits["validation"])} | {
        name: of_conversations(of_messages[name], measured[name], sets[name]) for name in measured
    }
    thresholds = dict(zip(model.labels, model.thresholds.tolist(), strict=True))
    chosen_by = (
        spoken[list(LABELS)],
        pd.DataFrame(of_spoken[:, : len(LABELS)], spoken.index, columns=list(LABELS)),
    )
    tables = _message_tables(
        splits,
        measured,
        messages,
        scores,
        model,
        pipeline,
        thresholds=thresholds,
        chosen_by=chosen_by,
        n_resamples=n_resamples,
        seed=seed,
    )
    facts = {
        "corpus": f"{first.corpus}, version {first.version}",
        "corpus_sha256": corpus_sha256,
        "split": "test: phrase families and accounts that stand in neither train nor validation",
        "n_messages": int(tables["messages"]["n"].iloc[0]),
        "n_families": int(tables["messages"]["n_families"].iloc[0]),
        "n_conversations": len(splits["test"]),
        "model_sha256": model.header["sha256"],
        "threshold_rule": THRESHOLD_RULE,
        "message_thresholds": thresholds,
        "alert_rule": ALERT_RULE,
        "alert_threshold": heads["text"].alert_threshold,
        "seed": seed,
        "n_resamples": n_resamples,
    }
    say("scoring conversations")
    by_head = {
        name: {
            head: score_conversations(head_model, members, probabilities[name])
            for head, head_model in heads.items()
        }
        for name, members in sets.items()
    }
    tables |= _conversation_tables(splits["train"], sets, by_head, heads, n_resamples=n_resamples, seed=seed)
    by_text = {name: by_head[name]["text"] for name in measured}
    return Evaluation(
        facts,
        tables,
        {
            "message_scores": message_scores(measured, scores),
            "conversation_scores": conversation_scores(by_text),
        },
    )


def _message_tables(
    splits: Splits,
    measured: dict[str, pd.DataFrame],
    messages: dict[str, pd.DataFrame],
    scores: dict[str, pd.DataFrame],
    model: MessageModel,
    pipeline: Any,
    *,
    thresholds: dict[str, float],
    chosen_by: tuple[pd.DataFrame, pd.DataFrame],
    n_resamples: int,
    seed: int,
) -> dict[str, pd.DataFrame]:
    test = measured["test"]
    flagged = scores["test"] >= pd.Series(thresholds)
    of_sets = {
        name: message_metrics(
            of_set[list(LABELS)],
            scores[name],
            thresholds,
            of_set["family"],
            n_resamples=n_resamples,
            seed=seed,
        )
        for name, of_set in measured.items()
    }
    metrics = of_sets["test"]
    tables = {"transfer": of_sets[SECOND_VOICE]} if SECOND_VOICE in of_sets else {}
    by_cap = [
        f1_by_cap(
            *chosen_by,
            of_set[list(LABELS)],
            scores[name],
            of_set["family"],
            n_resamples=n_resamples,
            seed=seed,
        ).assign(set=name)
        for name, of_set in measured.items()
    ]
    return tables | {
        "messages": metrics,
        "f1_by_cap": pd.concat(by_cap, ignore_index=True),
        "message_curves": _message_curves(measured, scores),
        "systems": baseline_table(messages, metrics, n_resamples=n_resamples, seed=seed),
        "controls": control_table(splits, messages, seed=seed),
        "scenes": _false_alarms(test, flagged, test["conversation_label"] != PATTERN, "scene"),
        "manners": _false_alarms(test, flagged, test["manner"] != "plain", "manner"),
        "tactics": _recall_by_tactic(test, flagged),
        "leaks": _overlap_of_splits(test, messages["train"]),
        "capabilities": capability_table(splits["test"], pipeline, model.thresholds, seed=seed),
        "disguises": disguise_table(test, scores["test"], pipeline, thresholds, seed=seed),
        "noise": noise_table(test, messages["train"], pipeline, training_options(model), seed=seed),
    }


def _message_curves(measured: dict[str, pd.DataFrame], scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """``curve_points`` of each label in each set, with the columns ``set`` and ``label``."""
    return pd.concat(
        [
            curve_points(of_set[label], scores[name][label]).assign(set=name, label=label)
            for name, of_set in measured.items()
            for label in LABELS
        ],
        ignore_index=True,
    )


def _conversation_curves(
    text: dict[str, ScoredConversations], oracle: dict[str, ScoredConversations]
) -> pd.DataFrame:
    """``curve_points`` of the text head, and told every label, with the columns ``set`` and ``scorer``."""
    return pd.concat(
        [
            curve_points(scored.label, scored.score).assign(set=name, scorer=scorer)
            for name in text
            for scorer, scored in (("text head", text[name]), (ORACLE_SCORER, oracle[name]))
        ],
        ignore_index=True,
    )


def _false_alarms(test: pd.DataFrame, flagged: pd.DataFrame, kept: pd.Series, by: str) -> pd.DataFrame:
    """False alarms among the kept messages without a stage, per value of ``by``."""
    ordinary = kept & (test[list(STAGES)].sum(axis=1) == 0)
    any_stage = flagged[list(STAGES)].any(axis=1)
    return false_alarms_by(test.loc[ordinary, by], any_stage[ordinary], clusters=test.loc[ordinary, "family"])


def _recall_by_tactic(test: pd.DataFrame, flagged: pd.DataFrame) -> pd.DataFrame:
    """Recall of each tactic's label on the messages that show the tactic."""
    shown = test[test["tactic"] != ""]
    label = shown["tactic"].map(TACTICS)
    hit = pd.Series([bool(flagged.at[row, name]) for row, name in label.items()], index=shown.index)
    recalls = recall_by(shown["tactic"], hit, clusters=shown["family"]).rename(columns={"slice": "tactic"})
    return recalls.assign(label=recalls["tactic"].map(TACTICS).fillna("all"))


def _overlap_of_splits(test: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """Families, accounts and near-copies that train and test share.

    Columns: ``check``, ``count``, ``of``.
    """
    say("looking for near-copies")
    families, accounts = set(test["family"]), set(test["author"]) - {""}
    copies = near_copies_across_splits(pd.concat([train, test]), min_characters=MIN_COMPARED_LENGTH)
    compared = test.loc[test["text"].str.len() >= MIN_COMPARED_LENGTH, "text"]
    rows = [
        ("test families also in train", len(families & set(train["family"])), len(families)),
        ("test accounts also in train", len(accounts & set(train["author"])), len(accounts)),
        ("distinct test texts nearly equal to a train text", len(copies), compared.nunique()),
    ]
    return pd.DataFrame(rows, columns=["check", "count", "of"])


def _conversation_tables(
    train: list[Conversation],
    sets: dict[str, list[Conversation]],
    by_head: dict[str, dict[str, ScoredConversations]],
    heads: dict[str, ConversationModel],
    *,
    n_resamples: int,
    seed: int,
) -> dict[str, pd.DataFrame]:
    oracle = oracle_scores(train, {"train": train} | sets, seed=seed)
    reported = {name: by_head[name] for name in sets if name != "validation"}
    text = {name: of_set["text"] for name, of_set in reported.items()}
    oracle_text = {name: oracle[name] for name in reported}
    validation, test = by_head["validation"]["text"], text["test"]
    threshold = heads["text"].alert_threshold
    resampling = {"n_resamples": n_resamples, "seed": seed}
    return {
        "separation": conversation_tables.separation(reported, oracle),
        "conversation_curves": _conversation_curves(text, oracle_text),
        "rates": conversation_tables.rates_at_fpr(validation, text),
        "told_rates": conversation_tables.rates_at_fpr(oracle["validation"], oracle_text),
        "overtness": by_overtness(text, oracle, threshold=threshold),
        "alerts_by_length": alerts_by_length(test, heads["text"], seed=seed),
        "pairs": two_way_pairs(text, heads["text"]),
        "early": conversation_tables.early_warning(text, threshold=threshold, **resampling),
        "recall_by_k": conversation_tables.recall_by_k(text, threshold=threshold),
        "conversation_scenes": conversation_tables.benign_scenes(test, threshold=threshold),
        "conversation_slices": slices(test, threshold=threshold),
        "senders": conversation_tables.senders(test, threshold=threshold),
        "sender_auc": conversation_tables.sender_separation(test),
        "base_rates": conversation_tables.base_rates(test, threshold=threshold),
        **conversation_tables.calibration(validation, test),
    }
