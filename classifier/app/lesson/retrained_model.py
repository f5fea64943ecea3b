"""A small message model fitted again with lines of a class, in memory.

The class vouches that its lines are invented; they are fitted on as synthetic, shown back, and not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classifier.taxonomy import LABELS

if TYPE_CHECKING:
    import pandas as pd

    from classifier.model.message.stage_classifier import StageClassifier

N_PHRASES = 1500
"""Phrases of the train split that the small model is fitted on: a second of work."""
TIMES = 3
"""A line of the class counts as so many phrases, since its lines are few."""
EVERY_FAMILY = 12
"""Where there is no corpus, phrases of every so manieth family are expanded."""

# liblinear draws from one stream of numbers per process.
_ONE_FIT = Lock()


@dataclass(frozen=True)
class TaughtLine:
    """A line of the class and the labels that it says the line shows."""

    text: str
    labels: tuple[str, ...]


@cache
def sample_of_phrases(corpus: Path | None) -> tuple[tuple[str, ...], NDArray[np.int8]]:
    """``N_PHRASES`` texts of the train split, and their marks of shape (texts, labels).

    They are of the corpus folder's phrases, else of the package's. The same corpus gives the same sample.
    """
    table = _phrases(corpus)
    sample = table.sample(min(N_PHRASES, len(table)), random_state=0)
    return tuple(sample["text"]), sample[list(LABELS)].to_numpy(dtype=np.int8)


def _phrases(corpus: Path | None) -> pd.DataFrame:
    from classifier.corpus.corpus_folder import MESSAGES
    from classifier.readers.phrases_jsonl import read_phrase_messages

    if corpus is not None and (corpus / MESSAGES).is_file():
        table = read_phrase_messages(corpus / MESSAGES)
        return table[table["split"] == "train"]
    return _phrases_of_package()


def _phrases_of_package() -> pd.DataFrame:
    import json

    import pandas as pd

    from classifier.corpus.families import load_families
    from classifier.corpus.generator.corpus_spec import CorpusSpec
    from classifier.corpus.generator.phrase_messages import phrase_messages

    lines = map(json.loads, phrase_messages(CorpusSpec(), load_families()[::EVERY_FAMILY]))
    rows = [(line["text"], *(label in line["labels"] for label in LABELS)) for line in lines]
    return pd.DataFrame(rows, columns=["text", *LABELS])


@cache
def untaught_model(corpus: Path | None) -> StageClassifier:
    """The small model before the class has taught it anything."""
    texts, marks = sample_of_phrases(corpus)
    return _fitted(texts, marks)


def taught_model(corpus: Path | None, lines: Sequence[TaughtLine]) -> StageClassifier:
    """The small model fitted on its phrases and, ``TIMES`` times each, on ``lines``."""
    texts, marks = sample_of_phrases(corpus)
    own = np.array([[label in line.labels for label in LABELS] for line in lines], dtype=np.int8)
    return _fitted([*texts, *([line.text for line in lines] * TIMES)], np.vstack([marks, *([own] * TIMES)]))


def _fitted(texts: Sequence[str], marks: NDArray[np.int8]) -> StageClassifier:
    from joblib import parallel_config

    from classifier.model.message.stage_classifier import StageClassifier

    # Starting other processes takes longer than this fit.
    with _ONE_FIT, parallel_config(backend="sequential"):
        return StageClassifier(min_df=2).fit(texts, marks, synthetic=True)
