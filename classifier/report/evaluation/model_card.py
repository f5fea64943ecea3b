"""The model card, in Markdown, from results and file headers that are passed in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from classifier.evaluation.saved_results import Evaluation
from classifier.report.evaluation.page_opening import opening
from classifier.report.evaluation.printed_columns import (
    CAP_COLUMNS,
    DISGUISE_COLUMNS,
    MESSAGE_COLUMNS,
    SYSTEM_COLUMNS,
    macro_by_cap,
)
from classifier.report.evaluation.readme_tables import alert_rates, coverage_spans, leak_aucs
from classifier.report.evaluation.summary_tables import (
    corpus_counts,
    main_results,
    rate_with_interval,
    rows_by,
    with_interval,
    worst_false_alarms,
    worst_recalls,
)
from classifier.report.html_rendering import INTENDED_USE, report_templates
from classifier.report.markdown import markdown_table
from classifier.report.printed_tables import format_number, format_percent, printed_table
from classifier.report.sections import Tables
from classifier.taxonomy import STAGES

MODEL_NAME = "grooming-pattern-classifier-train-split"
N_WORST = 5
"""Rows of each table of worst slices."""
ATTACKED_VARIANTS = {
    "no model": "a control that sees no model",
    "private/plain": "every term kept",
    "private-10/plain": "terms in conversations of at least ten senders",
    "train_split.safetensors": "the file itself",
}
"""Variants of ``privacy.model_variants.fit_variants`` that are built as the shipped model is, in words.

Their terms are TF-IDF terms of private text, without noise.
"""


def model_card(
    evaluation: Evaluation,
    header: Mapping[str, Any],
    manifests: Mapping[str, Mapping[str, Any]],
    attack: pd.DataFrame,
    names: pd.DataFrame,
    coverage: pd.DataFrame,
    phrases: pd.DataFrame,
    *,
    final: Mapping[str, Any],
    n_terms: int,
    n_bytes: int,
) -> str:
    """The card under a YAML header as Hugging Face reads it.

    The same numbers give the same bytes. Raises ``ValueError`` when evaluation, models and corpus do not
    belong together.

    Parameters
    ----------
    evaluation
        Evaluation of the model that ``header`` is of.
    header
        Header of the file of the evaluated model.
    manifests
        Manifests of the corpora by release; the corpus of training comes first.
    attack
        Table of ``attack_table``.
    names
        Table of ``names_table``.
    coverage
        What ``scripts/release/simulate_coverage`` wrote.
    phrases
        The phrases that stand in no conversation, as ``read_phrase_messages`` has them.
    final
        Header of the file of the model for use.
    n_terms, n_bytes
        Terms and file size of the evaluated model.
    """
    release, manifest = next(iter(manifests.items()))
    for what, got, expected in (
        ("evaluation is of model", evaluation.facts["model_sha256"], header["sha256"]),
        ("evaluation is of corpus", evaluation.facts["corpus_sha256"], manifest["corpus_sha256"]),
        ("model was fitted on corpus", header["corpus_sha256"], manifest["corpus_sha256"]),
        ("model for use was fitted on corpus", final["corpus_sha256"], manifest["corpus_sha256"]),
    ):
        if got != expected:
            raise ValueError(f"the {what} {got}, expected {expected}")
    card = (
        report_templates()
        .overlay(autoescape=False)
        .get_template("card.md.j2")
        .render(
            name=MODEL_NAME,
            intended_use=INTENDED_USE,
            facts=evaluation.facts,
            header=header,
            final=final,
            options=json.dumps(header["options"], sort_keys=True),
            n_terms=format_number(n_terms),
            megabytes=f"{n_bytes / 1e6:.1f}",
            release=release,
            version=manifest["spec"]["version"],
            train=manifest["counts"]["train"],
            index=_model_index(evaluation.tables),
            opening=opening(evaluation.tables),
            tables=_card_tables(evaluation.tables) | {"corpora": markdown_table(corpus_counts(manifests))},
            phrases=_phrase_counts(phrases, evaluation.facts["n_messages"]),
            support=_supports(evaluation.tables),
            alerts=alert_rates(evaluation.tables),
            leak=leak_aucs(evaluation.tables),
            coverage=coverage_spans(coverage),
            memberships=list(_memberships(attack)),
            names=list(_recovered_names(names)),
            number=format_number,
        )
    )
    return f"{card}\n"


def _card_tables(tables: Tables) -> dict[str, str]:
    """The tables of the evaluation that the card shows, in Markdown."""
    printed = {
        "main": main_results(tables),
        "messages": printed_table(tables["messages"], MESSAGE_COLUMNS),
        "systems": printed_table(tables["systems"], SYSTEM_COLUMNS),
        "scenes": worst_false_alarms(tables["scenes"], "benign scene", n=N_WORST),
        "manners": worst_false_alarms(tables["manners"], "manner of speaking", n=N_WORST),
        "tactics": worst_recalls(tables["tactics"], n=N_WORST),
    }
    if "f1_by_cap" in tables:
        printed["f1_by_cap"] = printed_table(macro_by_cap(tables["f1_by_cap"]), CAP_COLUMNS)
    if "disguises" in tables:
        printed["disguises"] = printed_table(tables["disguises"], DISGUISE_COLUMNS)
    return {name: markdown_table(table) for name, table in printed.items()}


def _model_index(tables: Tables) -> list[dict[str, str]]:
    """The metrics of the YAML header: data set, type, name and value with four decimals."""
    separation = rows_by(tables["separation"], "set", "scorer")
    metrics = []
    for where, table, set_ in (("test", "messages", "test"), ("v2-alt", "transfer", "second voice")):
        macro = rows_by(tables[table], "label")["macro"]
        auc = separation[set_, "text head"]["auc"]
        values = [
            ("f1", "macro F1, five stages", macro["f1"]),
            ("average_precision", "macro average precision, five stages", macro["average_precision"]),
            ("roc_auc", "AUC of conversations, words alone", auc),
        ]
        metrics += [
            {"where": where, "type": kind, "name": name, "value": f"{value:.4f}"}
            for kind, name, value in values
        ]
    return metrics


def _phrase_counts(phrases: pd.DataFrame, n_messages: int) -> dict[str, str]:
    """How many of the distinct test texts are phrases, and how many stand in conversations."""
    of_test = phrases[phrases["split"] == "test"].drop_duplicates(["text", "family"])
    return {
        "train_families": format_number(phrases.loc[phrases["split"] == "train", "family"].nunique()),
        "spoken": format_number(n_messages - len(of_test)),
        "n": format_number(len(of_test)),
        "families": format_number(of_test["family"].nunique()),
        "share": format_percent(float(of_test[list(STAGES)].any(axis=1).mean())),
    }


def _supports(tables: Tables) -> dict[str, str]:
    """Signs among the messages of each set."""
    macros = {name: rows_by(tables[name], "label")["macro"] for name in ("messages", "transfer")}
    return {name: f"{row['support']:,} among {row['n']:,}" for name, row in macros.items()}


def _memberships(attack: pd.DataFrame) -> Iterator[dict[str, str]]:
    """AUC of each membership attack on the variants that are built as the shipped model is."""
    rows = attack[(attack["figure"] == "auc") & attack["variant"].isin(list(ATTACKED_VARIANTS))]
    for (variant, name), row in rows_by(rows, "variant", "attack").items():
        auc = {"auc": row["value"], "auc_low": row["low"], "auc_high": row["high"]}
        yield {
            "variant": ATTACKED_VARIANTS[variant],
            "attack": name,
            "auc": with_interval(auc, "auc"),
            "counts": f"{row['n']} members, {row['n_other']} others",
        }


def _recovered_names(names: pd.DataFrame) -> Iterator[dict[str, str]]:
    """Share of names that each attack recovers, and the count of decoys that it names."""
    for attack, row in rows_by(names, "attack").items():
        yield {
            "attack": attack,
            "share": rate_with_interval(row, "share", hits="found", n="n"),
            "decoys": f"{row['decoys_found']}/{row['n_decoys']}",
        }
