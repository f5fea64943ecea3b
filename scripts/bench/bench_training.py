#!/usr/bin/env python
"""What does training cost, from ten thousand messages on, and would another solver do better?

The command ``train`` runs on generated corpora of growing size, timed from outside; a slope is that of log cost on log training messages. Solvers are compared on one matrix of
features, by seconds and by average precision on the frozen test split, whose phrase families none of the corpora trains on.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ |= dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)  # before numpy is imported

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from bench_scale import cost, slope
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import average_precision_score
from sklearn.multiclass import OneVsRestClassifier

from classifier.corpus.corpus_folder import read_corpus, write_corpus
from classifier.corpus.dialogues import load_dialogues
from classifier.corpus.generator.chains import generate_chains
from classifier.corpus.generator.corpus_spec import RELEASES, CorpusSpec
from classifier.corpus.split import SHARES
from classifier.model.message.features import DEFAULT_OPTIONS
from classifier.model.message.stage_classifier import build_features
from classifier.readers.messages_table import messages_table
from classifier.taxonomy import LABELS

PROBE = 300
"""Conversations looked at to tell how many messages one has."""
ALERT_FPR = "0.05"
"""Asked of every run, since the smallest corpora cannot show less; it costs nothing."""


def spec_of(n_messages: int, probe: CorpusSpec) -> CorpusSpec:
    """A corpus whose train split has about ``n_messages``."""
    train = [
        conversation
        for conversation in generate_chains(
            replace(probe, n_conversations=PROBE), load_dialogues(probe.voice)
        )
        if conversation.split == "train"
    ]
    per_conversation = sum(len(conversation.messages) for conversation in train) / len(train)
    return replace(probe, n_conversations=round(n_messages / per_conversation / SHARES["train"]))


def training_costs(sizes: list[int], spec: CorpusSpec, work: Path | None) -> Iterator[dict[str, Any]]:
    """The cost of ``train`` for each size, its corpus made first."""
    for size in sizes:
        with tempfile.TemporaryDirectory(dir=work) as name:
            corpus = Path(name) / "corpus"
            write_corpus(corpus, spec_of(size, spec))
            train = messages_table(read_corpus(corpus)["train"])
            distinct = len(train.drop_duplicates(subset=["text", *LABELS]))
            found = cost(
                [
                    "train",
                    str(corpus),
                    "--out",
                    str(Path(name) / "model.safetensors"),
                    "--alert-fpr",
                    ALERT_FPR,
                ]
            )
        yield {"n": len(train), "distinct": distinct} | found


def solvers(n: int) -> dict[str, Any]:
    """The regressions compared, for ``n`` training rows. SGD minimises the mean loss plus alpha/2 |w|², which is L2 logistic regression where alpha = 1/(C n)."""
    C = DEFAULT_OPTIONS["C"]
    return {
        "liblinear, dual": LogisticRegression(
            C=C, solver="liblinear", dual=True, tol=0.3, max_iter=1000, random_state=0
        ),
        "L-BFGS": LogisticRegression(C=C, max_iter=1000),
        "SGD, averaged": SGDClassifier(
            loss="log_loss", alpha=1 / (C * n), average=True, max_iter=50, tol=1e-4, random_state=0
        ),
    }


def solver_costs(n_messages: int, spec: CorpusSpec, data: Path) -> Iterator[dict[str, Any]]:
    """Seconds of counting n-grams and of each solver, and the average precision that its model has on the test split of ``data``."""
    made = (
        conversation
        for conversation in generate_chains(spec_of(n_messages, spec), load_dialogues(spec.voice))
        if conversation.split == "train"
    )
    train = messages_table(made).drop_duplicates(subset=["text", *LABELS])
    test = messages_table(read_corpus(data)["test"]).drop_duplicates(subset=["text", *LABELS])
    features = build_features()
    X, counting = timed(lambda: features.fit_transform(train["text"].tolist()))
    Y = train[list(LABELS)].to_numpy()
    unseen = features.transform(test["text"].tolist())
    for name, solver in solvers(len(train)).items():
        fitted, seconds = timed(lambda solver=solver: OneVsRestClassifier(solver).fit(X, Y))
        precision = average_precision_score(test[list(LABELS)], fitted.predict_proba(unseen), average="macro")
        yield {
            "solver": name,
            "distinct": len(train),
            "terms": X.shape[1],
            "counting_seconds": counting,
            "seconds": seconds,
            "average_precision": float(precision),
        }


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What ``work`` gives, and its seconds."""
    begun = perf_counter()
    found = work()
    return found, perf_counter() - begun


def plot(training: list[dict], path: Path) -> None:
    """Seconds and peak memory over training messages, both axes logarithmic."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    n = [row["n"] for row in training]
    for ax, column, unit in ((axes[0], "seconds", "seconds"), (axes[1], "peak_mb_all", "peak memory, MB")):
        values = [row[column] for row in training]
        ax.plot(n, values, marker="o", label=f"train, slope {slope(n, values):.2f}")
        ax.set(xscale="log", yscale="log", xlabel="training messages", ylabel=unit)
        ax.legend(fontsize="small")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(argv: list[str] | None = None) -> int:
    """Run the bench, print the tables, write JSON and plot."""
    example = "example:\n  python scripts/bench/bench_training.py --largest 1000000 --out results/bench_training.json"
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=example, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("data/synthetic/v2"),
        help="frozen corpus whose test split solvers are compared on (default: %(default)s)",
    )
    parser.add_argument(
        "--smallest",
        type=int,
        default=10_000,
        help="training messages of the smallest corpus (default: %(default)s)",
    )
    parser.add_argument(
        "--largest",
        type=int,
        default=1_000_000,
        help="training messages of the largest, each ten times the one before (default: %(default)s)",
    )
    parser.add_argument(
        "--solver-messages",
        type=int,
        default=100_000,
        help="training messages that solvers are compared on; 0 leaves this out (default: %(default)s)",
    )
    parser.add_argument("--work", type=Path, help="folder for the corpora (default: a temporary one)")
    parser.add_argument("--out", type=Path, help="JSON file to write; the plot goes beside it")
    options = parser.parse_args(argv)
    if not 0 < options.smallest <= options.largest or options.solver_messages < 0:
        parser.error("--smallest must be from 1 to --largest, --solver-messages at least 0")

    spec = RELEASES["v2"]  # with its seed, so that families are split as in the frozen corpus
    training = []
    for row in training_costs(
        [size for power in range(20) if (size := options.smallest * 10**power) <= options.largest],
        spec,
        options.work,
    ):
        training.append(row)
        print(f"{row['n']:,} messages: {row['seconds']:.1f} s", file=sys.stderr)
    compared = (
        list(solver_costs(options.solver_messages, spec, options.data)) if options.solver_messages else []
    )
    n = [row["n"] for row in training]
    slopes = {column: slope(n, [row[column] for row in training]) for column in ("seconds", "peak_mb_all")}
    print(
        f"{'messages':>10} {'distinct':>9} {'seconds':>9} {'CPU seconds':>12} {'peak, MB':>9} {'of all':>8}"
    )
    for row in training:
        print(
            f"{row['n']:10,} {row['distinct']:9,} {row['seconds']:9.1f} {row['cpu_seconds']:12.1f} {row['peak_mb']:9.0f} {row['peak_mb_all']:8.0f}"
        )
    print(f"slope of train: time {slopes['seconds']:.2f}, memory {slopes['peak_mb_all']:.2f}")
    if compared:
        print(
            f"\n{'solver':16} {'distinct':>9} {'seconds':>9} {'AP, unseen families':>20}    (counting n-grams: {compared[0]['counting_seconds']:.1f} s)"
        )
    for row in compared:
        print(
            f"{row['solver']:16} {row['distinct']:9,} {row['seconds']:9.1f} {row['average_precision']:20.4f}"
        )
    if options.out is not None:
        about: dict[str, Any] = {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "processors": os.cpu_count(),
            "spec": spec.to_json(),
        }
        about["packages"] = {
            package: metadata.version(package) for package in ("numpy", "scipy", "scikit-learn")
        }
        options.out.parent.mkdir(parents=True, exist_ok=True)
        record = {"about": about, "training": training, "slopes": slopes, "solvers": compared}
        options.out.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        plot(training, options.out.with_suffix(".png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
