"""The model card: what the shipped model is, what it was fitted on, what it reached, where it fails and what its file gives away; every figure is handed in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from classifier.evaluation.results import Evaluation
from classifier.report.evaluation.page import LIMITS, MESSAGE_COLUMNS
from classifier.report.evaluation.summary import (
    corpus_counts,
    main_results,
    rate_with_interval,
    rows_by,
    with_interval,
    worst_false_alarms,
    worst_recalls,
)
from classifier.report.markdown import in_markdown
from classifier.report.page import USE, templates
from classifier.report.tables import Column, number, printed

NAME = "grooming-pattern-classifier-small"
WORST = 5
ATTACKED = {
    "no model": "a control that sees no model",
    "private/plain": "every term kept",
    "private-10/plain": "terms that at least ten people used",
}
"""The variants of ``classifier.privacy.builds.variants`` that are built as the shipped model is, of TF-IDF terms of private text without noise, in words."""


def model_card(
    evaluation: Evaluation,
    header: Mapping[str, Any],
    manifests: Mapping[str, Mapping[str, Any]],
    attack: pd.DataFrame,
    names: pd.DataFrame,
    *,
    final: Mapping[str, Any],
    n_terms: int,
    n_bytes: int,
) -> str:
    """The card in Markdown under a YAML header as Hugging Face reads it. Same numbers, same bytes.

    ``evaluation`` is of the model with this ``header`` and file size; ``manifests`` are those of the corpora by release, the one trained on first; ``attack`` is the
    table of ``attack_table`` and ``names`` that of ``names_table``; ``final`` is the header of the model for use. Raises ``ValueError`` when evaluation, models and corpus are
    not of one another.
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
    tables = evaluation.tables
    return (
        templates()
        .overlay(autoescape=False)
        .get_template("card.md.j2")
        .render(
            name=NAME,
            use=USE,
            limits=LIMITS,
            facts=evaluation.facts,
            header=header,
            final=final,
            options=json.dumps(header["options"], sort_keys=True),
            n_terms=number(n_terms),
            megabytes=f"{n_bytes / 1e6:.1f}",
            release=release,
            version=manifest["spec"]["version"],
            train=manifest["counts"]["train"],
            index=_index(tables),
            main=in_markdown(main_results(tables)),
            counts=in_markdown(corpus_counts(manifests)),
            messages=in_markdown(printed(tables["messages"], MESSAGE_COLUMNS)),
            systems=in_markdown(
                printed(
                    tables["systems"],
                    [
                        Column("system", "system"),
                        Column("f1", "macro F1", interval=True),
                        Column("average_precision", "macro average precision", interval=True),
                    ],
                )
            ),
            scenes=in_markdown(worst_false_alarms(tables["scenes"], "benign scene", n=WORST)),
            manners=in_markdown(worst_false_alarms(tables["manners"], "manner of speaking", n=WORST)),
            tactics=in_markdown(worst_recalls(tables["tactics"], n=WORST)),
            memberships=_memberships(attack),
            names=[
                (
                    attack,
                    rate_with_interval(row, "share", hits="found", n="n"),
                    f"{row['decoys_found']}/{row['n_decoys']}",
                )
                for attack, row in rows_by(names, "attack").items()
            ],
            number=number,
        )
        + "\n"
    )


def _index(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, str]]:
    """The figures of the YAML header: what they are of, their type and name, and their value to four decimals."""
    separation = rows_by(tables["separation"], "set", "scorer")
    found = []
    for where, table, voice in (("test", "messages", "test"), ("v1-alt", "transfer", "second voice")):
        macro = rows_by(tables[table], "label")["macro"]
        values = [
            ("f1", "macro F1, five stages", macro["f1"]),
            ("average_precision", "macro average precision, five stages", macro["average_precision"]),
        ]
        values.append(("roc_auc", "AUC of conversations, words alone", separation[voice, "text head"]["auc"]))
        found += [
            {"where": where, "type": kind, "name": name, "value": f"{value:.4f}"}
            for kind, name, value in values
        ]
    return found


def _memberships(attack: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """AUC of each membership attack on the variants that are built like the shipped model."""
    rows = attack[(attack["figure"] == "auc") & attack["variant"].isin(list(ATTACKED))]
    return [
        (
            ATTACKED[variant],
            name,
            with_interval({"auc": row["value"], "auc_low": row["low"], "auc_high": row["high"]}, "auc"),
            f"{row['n']} members, {row['n_other']} others",
        )
        for (variant, name), row in rows_by(rows, "variant", "attack").items()
    ]
