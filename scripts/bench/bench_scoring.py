#!/usr/bin/env python
"""How many messages a second are scored, and at what accuracy: the scikit-learn Pipeline, the batch scorer, and peers where they are installed.

Runs are interleaved, on one core; a rate is the median over runs, a ratio is to the Pipeline's median. Text is real chat (package chitchat-dataset) or, without it,
the corpus with light typing noise. Peers: fasttext-wheel or fasttext, vowpalwabbit.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

os.environ |= dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)  # before numpy is imported

import numpy as np
from bench_peers import FASTTEXT_OPTIONS, fasttext_scorer, write_for_fasttext
from sklearn.metrics import average_precision_score

from classifier.corpus.corpus_folder import read_corpus
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_classifier, load_model
from classifier.model.message.reading.normalise import normalise
from classifier.model.shipped_models import train_split_model
from classifier.readers.messages_table import messages_table
from classifier.taxonomy import LABELS
from classifier.workflows.message_evaluation.typing_noise import add_noise

BATCH, ONE, COMMAND = "batch", "one at a time", "whole command"
MESSAGE = "dont tell your mum about this, its our secret"


@dataclass
class Contestant:
    """``score`` is timed on ``texts``, after ``prepare``, which is not. ``rates`` has messages a second, by the clock and by the processor, for each run."""

    group: str
    name: str
    texts: list[str]
    score: Callable[[list[str]], object]
    prepare: Callable[[], object] = lambda: None
    rates: list[tuple[float, float]] = field(default_factory=list)

    def run(self) -> None:
        """Time once more."""
        self.prepare()
        wall, processor = perf_counter(), process_time()
        self.score(self.texts)
        self.rates.append(
            (
                len(self.texts) / (perf_counter() - wall),
                len(self.texts) / max(process_time() - processor, 1e-9),
            )
        )


def chat(n: int, corpus: dict[str, list], *, seed: int) -> tuple[str, list[str]]:
    """Where they are from, and ``n`` distinct messages in a drawn order."""
    rng = random.Random(seed)
    if importlib.util.find_spec("chitchat_dataset") is not None:
        from classifier.readers.other_formats.chitchat import read_chitchat

        source, texts = "chitchat-dataset", list(dict.fromkeys(read_chitchat()["text"].tolist()))
    else:
        source, plain = (
            "the corpus with light noise",
            [
                message.text
                for part in corpus.values()
                for conversation in part
                for message in conversation.messages
            ],
        )
        distinct: dict[str, None] = {}
        while len(distinct) < n:
            distinct |= dict.fromkeys(add_noise(text, "light", rng) for text in plain)
        texts = list(distinct)
    if len(texts) < n:
        raise SystemExit(
            f"bench_scoring: {source} has {len(texts)} distinct messages, {n} are needed; lower --texts"
        )
    rng.shuffle(texts)
    return source, texts[:n]


def batch_contestants(model_path: Path, texts: list[str], others: list[str]) -> Iterator[Contestant]:
    """The batch scorer with a memo that knows the texts (warm), other texts (unseen), nothing (cold)."""
    model = load_model(model_path)
    warm = BatchScorer(model)
    fresh: list[BatchScorer] = []

    def renewed(known: list[str]) -> None:
        fresh[:] = [BatchScorer(model)]
        fresh[0].probabilities(known)

    yield Contestant(
        BATCH,
        "BatchScorer, warm",
        texts,
        warm.probabilities,
        lambda: None if warm.n_tokens else warm.probabilities(texts),
    )
    yield Contestant(
        BATCH,
        "BatchScorer, unseen",
        texts,
        lambda some: fresh[0].probabilities(some),
        lambda: renewed(others),
    )
    yield Contestant(
        BATCH, "BatchScorer, cold", texts, lambda some: fresh[0].probabilities(some), lambda: renewed([])
    )


def fasttext_peer(train, texts: list[str], test: list[str]) -> Iterator[tuple[Contestant, np.ndarray]]:
    """fastText with the same n-grams: words 1-2, characters 3-5, one binary loss a label."""
    import fasttext

    def spelled(text: str) -> str:
        return normalise(text).encode("utf-8", "replace").decode()

    def line(text: str) -> str:
        return spelled(text) + "\n"

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as stream:
        write_for_fasttext(stream, train, line)
        model = fasttext.train_supervised(stream.name, epoch=15, lr=0.2, seed=0, **FASTTEXT_OPTIONS)
    score = fasttext_scorer(model, line)
    yield Contestant(BATCH, "fastText, with normalise", texts, score), score(test)
    bare = [spelled(text) for text in texts]
    yield (
        Contestant(
            BATCH, "fastText, bare predict", bare, lambda some: model.predict(some, k=len(LABELS) + 1)
        ),
        score(test),
    )


def vowpal_peer(train, texts: list[str], test: list[str]) -> Iterator[tuple[Contestant, np.ndarray]]:
    """Vowpal Wabbit, words 1-2 of the normalised text (it has no character n-grams of its own), one regression a label."""
    from vowpalwabbit import Workspace

    models = [
        Workspace("--quiet --loss_function logistic --link logistic -b 20 --ngram 2 --random_seed 0")
        for _ in LABELS
    ]

    def features(text: str) -> str:
        return "|w " + normalise(text).replace(":", " ").replace("|", " ")

    lines = [features(text) for text in train["text"]]
    for model, label in zip(models, LABELS, strict=True):
        for _ in range(3):
            for line, marked in zip(lines, train[label], strict=True):
                model.learn(f"{1 if marked else -1} {line}")

    def score(some: list[str]) -> np.ndarray:
        return np.array([[model.predict(line) for model in models] for line in map(features, some)])

    yield Contestant(BATCH, "Vowpal Wabbit, words", texts, score), score(test)


PEERS = {"fasttext": fasttext_peer, "vowpalwabbit": vowpal_peer}


def command_cost(model_path: Path) -> tuple[float, float]:
    """Seconds and peak MB of the whole process that scores one message, as a small process of its own sees them: a child counts its parent's peak as its own."""
    command = [sys.executable, "-m", "classifier.cli.main", "score", MESSAGE, "--model", str(model_path)]
    code = "import os,sys,time; t=time.perf_counter(); _,s,u=os.wait4(os.posix_spawn(sys.argv[1],sys.argv[1:],os.environ),0); print(s,time.perf_counter()-t,u.ru_maxrss/1024,file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    status, seconds, megabytes = done.stderr.split()[-3:]
    if status != "0":
        raise SystemExit(f"bench_scoring: the score command failed: {done.stderr}")
    return float(seconds), float(megabytes)


def table(results: list[dict]) -> str:
    """The results as lines of text."""
    lines = [
        f"{'':14} {'':28} {'messages':>9} {'median/s':>12} {'ratio':>8} {'by CPU':>8} {'AP, unseen families':>20}"
    ]
    for result in results:
        precision = result["average_precision"]
        lines.append(
            f"{result['group']:14} {result['name']:28} {result['n']:9,} {result['median_per_s']:12,.0f} {result['ratio']:7.1f}x {result['ratio_by_processor']:7.1f}x "
            f"{'' if precision is None else format(precision, '.3f'):>20}"
        )
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Run the bench, print the table, write the JSON."""
    example = "example:\n  python scripts/bench/bench_scoring.py --texts 100000 --runs 5 --out results/bench_scoring.json"
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=example, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="model file (default: the one scripts/run made)")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("data/synthetic/v2"),
        help="corpus that peers are trained and all are compared on (default: %(default)s)",
    )
    parser.add_argument(
        "--texts", type=int, default=100_000, help="messages of a batch (default: %(default)s)"
    )
    parser.add_argument(
        "--slow-texts",
        type=int,
        default=10_000,
        help="messages of a batch for what scores under 50,000 a second (default: %(default)s)",
    )
    parser.add_argument(
        "--one-texts", type=int, default=200, help="messages scored one at a time (default: %(default)s)"
    )
    parser.add_argument("--runs", type=int, default=5, help="interleaved runs (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="order of the messages, noise (default: %(default)s)"
    )
    parser.add_argument(
        "--equality",
        action="store_true",
        help="hold the batch scorer against the Pipeline on all messages of the batch and the corpus, not only on some",
    )
    parser.add_argument("--no-peers", action="store_true", help="leave peers out")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args(argv)
    if min(options.texts, options.slow_texts, options.one_texts, options.runs) < 1:
        parser.error("--texts, --slow-texts, --one-texts and --runs must be at least 1")

    path = options.model or train_split_model()
    corpus = read_corpus(options.data)
    source, drawn = chat(2 * options.texts, corpus, seed=options.seed)
    texts, others = drawn[: options.texts], drawn[options.texts :]
    slow, few = texts[: options.slow_texts], texts[: options.one_texts]
    pipeline, message_model = load_classifier(path), load_model(path)
    test = messages_table(corpus["test"]).drop_duplicates(subset=["text", *LABELS])
    test_texts = test["text"].tolist()

    contestants = [
        Contestant(BATCH, "scikit-learn Pipeline", slow, pipeline.predict_proba),
        Contestant(BATCH, "MessageModel", slow, message_model.probabilities),
        Contestant(
            ONE, "scikit-learn Pipeline", few, lambda some: [pipeline.predict_proba([text]) for text in some]
        ),
        Contestant(
            ONE, "MessageModel", few, lambda some: [message_model.probabilities([text]) for text in some]
        ),
        *batch_contestants(path, texts, others),
    ]
    held = slow
    if options.equality:
        held = list(
            dict.fromkeys(
                [
                    *texts,
                    *(
                        message.text
                        for part in corpus.values()
                        for conversation in part
                        for message in conversation.messages
                    ),
                ]
            )
        )
    expected = np.concatenate(
        [
            pipeline.predict_proba(held[start : start + options.slow_texts])
            for start in range(0, len(held), options.slow_texts)
        ]
    )
    difference = float(np.abs(BatchScorer(message_model).probabilities(held) - expected).max())
    precisions = dict.fromkeys(
        (c.name for c in contestants if c.group == BATCH),
        average_precision_score(test[list(LABELS)], pipeline.predict_proba(test_texts), average="macro"),
    )
    skipped = []
    for package, peer in {} if options.no_peers else PEERS.items():
        if importlib.util.find_spec(package) is None:
            skipped.append(f"{package} (not installed)")
            continue
        train = messages_table(corpus["train"]).drop_duplicates(subset=["text", *LABELS])
        for contestant, scores in peer(train, texts if package == "fasttext" else slow, test_texts):
            contestants.append(contestant)
            precisions[contestant.name] = average_precision_score(test[list(LABELS)], scores, average="macro")

    commands = []
    for run in range(options.runs):
        for contestant in contestants:
            contestant.run()
        commands.append(command_cost(path))
        print(f"run {run + 1} of {options.runs}", file=sys.stderr)

    base = {
        c.group: [median(column) for column in zip(*c.rates, strict=True)]
        for c in contestants
        if c.name == "scikit-learn Pipeline"
    }
    results = []
    for contestant in contestants:
        wall, processor = (median(column) for column in zip(*contestant.rates, strict=True))
        results.append(
            {
                "group": contestant.group,
                "name": contestant.name,
                "n": len(contestant.texts),
                "per_s": [rate for rate, _ in contestant.rates],
                "per_s_by_processor": [rate for _, rate in contestant.rates],
                "median_per_s": wall,
                "ratio": wall / base[contestant.group][0],
                "ratio_by_processor": processor / base[contestant.group][1],
                "average_precision": precisions.get(contestant.name) if contestant.group == BATCH else None,
            }
        )
    seconds, megabytes = (median(column) for column in zip(*commands, strict=True))
    print(
        f"{options.texts:,} distinct messages of {source}; seed {options.seed}; {options.runs} interleaved runs, one core"
    )
    print(table(results))
    print(f"{COMMAND}: {1000 * seconds:.0f} ms, {megabytes:.0f} MB peak")
    print(f"largest difference from the Pipeline's probabilities on {len(held):,} messages: {difference:.1e}")
    for name in skipped:
        print(f"skipped: {name}")
    if options.out is not None:
        versions = {
            name: metadata.version(name)
            for name in ("numpy", "scipy", "scikit-learn", "fasttext-wheel", "vowpalwabbit")
            if _installed(name)
        }
        about = {
            "texts": source,
            "seed": options.seed,
            "runs": options.runs,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "packages": versions,
        }
        command = {
            "seconds": [s for s, _ in commands],
            "peak_mb": [m for _, m in commands],
            "median_seconds": seconds,
            "median_peak_mb": megabytes,
        }
        record = {
            "about": about,
            "results": results,
            "command": command,
            "largest_difference": difference,
            "skipped": skipped,
        }
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0 if difference <= 1e-9 else 1


def _installed(name: str) -> bool:
    return any(True for _ in metadata.distributions(name=name))


if __name__ == "__main__":
    sys.exit(main())
