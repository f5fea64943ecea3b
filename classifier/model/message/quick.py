"""Scores a message straight from the bytes of a model file, for a command that answers at once: no numpy, no table of terms, only what the message needs is read.

The terms of a file stand in ascending order of their UTF-8 bytes, so each is found by halving. The content's sha256 is checked all the same.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.model.message.features import GRAMS, RANGE_OPTIONS
from classifier.model.message.normalise import normalise
from classifier.model.message.spelling import words_sha256
from classifier.taxonomy import LABELS

FORMAT_VERSION = 3
OPTIONS = frozenset({*RANGE_OPTIONS.values(), "min_df", "sublinear_tf", "C", "class_weight", "normaliser"})
"""The options this reader knows the meaning of; a test holds them against those of ``build_pipeline``."""
_MAX_FILE_BYTES = 1 << 30
_TYPES: dict[str, tuple[Any, str]] = {"U8": ("B", "|u1"), "I64": ("q", "<i8"), "F64": ("d", "<f8")}
"""How an array of the file is read here, and numpy's name of its type, which is part of what is hashed."""


@dataclass(frozen=True)
class QuickHalf:
    """One half of the features, its terms still bytes end to end; ``offset`` is the column of its first term."""

    analyser: str
    low: int
    high: int
    terms: memoryview
    ends: memoryview
    idf: memoryview[float]
    offset: int

    def find(self, gram: str) -> int:
        """Where ``gram`` stands among the terms, or -1."""
        wanted = gram.encode("utf-8", "surrogatepass")
        terms, ends = self.terms, self.ends
        low, high = 0, len(ends)
        while low < high:
            middle = (low + high) // 2
            term = bytes(terms[ends[middle - 1] if middle else 0 : ends[middle]])
            if term == wanted:
                return middle
            if term < wanted:
                low = middle + 1
            else:
                high = middle
        return -1

    def counts(self, text: str) -> dict[int, int]:
        """How often a normalised text holds each known term."""
        grams = GRAMS[self.analyser](text, self.low, self.high)
        found = ((self.find(gram), count) for gram, count in Counter(grams).items())
        return {position: count for position, count in found if position >= 0}


@dataclass(frozen=True)
class QuickModel:
    """A stage model for a few messages. ``coef`` has a row of columns per label, end to end."""

    labels: tuple[str, ...]
    halves: tuple[QuickHalf, ...]
    coef: memoryview[float]
    intercept: memoryview[float]
    thresholds: tuple[float, ...]
    sublinear_tf: bool
    normaliser: bool

    def one(self, text: str) -> list[float]:
        """The probability of each label, equal to ``StageModel.probabilities`` within 1e-9. Raises ``ValueError`` where a weight it needs is not finite."""
        prepared = normalise(text) if self.normaliser else text.lower()
        logits: list[float] = list(self.intercept)
        n_terms = len(self.coef) // len(logits)
        for half in self.halves:
            values = {position: (1.0 + math.log(count) if self.sublinear_tf else count) * half.idf[position] for position, count in half.counts(prepared).items()}
            length = math.sqrt(sum(value * value for value in values.values())) or 1.0
            for row in range(len(logits)):
                start = row * n_terms + half.offset
                logits[row] += sum(value * self.coef[start + position] for position, value in values.items()) / length
        if not all(map(math.isfinite, logits)):
            raise ValueError("the model file holds weights that are not finite")
        return [1.0 / (1.0 + math.exp(-z)) if z >= 0 else math.exp(z) / (1.0 + math.exp(z)) for z in logits]

    def flagged(self, probabilities: Iterable[float]) -> list[str]:
        """The labels at or over their thresholds, in order."""
        return [label for label, p, threshold in zip(self.labels, probabilities, self.thresholds, strict=True) if p >= threshold]


def quick_model(path: Path | str) -> QuickModel:
    """The model in ``path``, mapped into memory.

    Raises ``ModelFileError`` as ``load_model`` does: a file that cannot be used here is handed to it, and its message is the one that is seen. Not checked, unlike there:
    that the terms are in order and that weights which no message needs are finite.
    """
    path = Path(path)
    try:
        return _mapped(path)
    except (AttributeError, OSError, LookupError, TypeError, ValueError, RecursionError) as error:
        from classifier.model.container import ModelFileError
        from classifier.model.message.file import load_model

        load_model(path)
        raise ModelFileError(f"{path}: cannot be read without numpy ({error}); train it again") from None


def _mapped(path: Path) -> QuickModel:
    if sys.byteorder != "little" or path.stat().st_size > _MAX_FILE_BYTES:
        raise ValueError("a big-endian machine or too large a file")
    with path.open("rb") as stream:
        content = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    start = 8 + int.from_bytes(content[:8], "little")
    described = json.loads(bytes(content[8:start]))
    header = json.loads(described.pop("__metadata__")["header"])
    raw = {name: content[start + array["data_offsets"][0] : start + array["data_offsets"][1]] for name, array in described.items()}
    if header["format_version"] != FORMAT_VERSION or header["synthetic_only"] is not True or header["labels"] != list(LABELS) or set(header["options"]) != OPTIONS:
        raise ValueError("another format")
    if header["words_sha256"] != words_sha256():
        raise ValueError("another word list")
    if header["sha256"] != _content_sha256(described, raw, header):
        raise ValueError("another sha256")
    arrays = {name: raw[name].cast(_TYPES[array["dtype"]][0]) for name, array in described.items()}
    options = header["options"]
    halves: list[QuickHalf] = []
    offset = 0
    for name, option in RANGE_OPTIONS.items():
        if options[option] is not None:
            low, high = options[option]
            half = QuickHalf(name, low, high, arrays[f"{name}.terms"], arrays[f"{name}.ends"], arrays[f"{name}.idf"], offset)
            if not 1 <= low <= high <= 10 or (half.terms.format, half.ends.format, half.idf.format) != ("B", "q", "d") or len(half.idf) != len(half.ends):
                raise ValueError(f"{name} of another kind")
            halves.append(half)
            offset += len(half.ends)
    weights = [arrays[name] for name in ("coef", "intercept", "thresholds")]
    shapes = [described[name]["shape"] for name in ("coef", "intercept", "thresholds")]
    if shapes != [[len(LABELS), offset], [len(LABELS)], [len(LABELS)]] or [len(array) for array in weights] != [len(LABELS) * offset, len(LABELS), len(LABELS)]:
        raise ValueError("weights of another shape")
    return QuickModel(LABELS, tuple(halves), weights[0], weights[1], tuple(weights[2]), bool(options["sublinear_tf"]), bool(options["normaliser"]))


def _content_sha256(described: dict[str, Any], raw: dict[str, memoryview], header: dict[str, Any]) -> str:
    """As ``classifier.model.container`` computes it."""
    digest = hashlib.sha256(json.dumps({key: value for key, value in header.items() if key != "sha256"}, sort_keys=True).encode())
    for name in sorted(described):
        digest.update(f"{name}:{_TYPES[described[name]['dtype']][1]}:{tuple(described[name]['shape'])}".encode())
        digest.update(raw[name])
    return digest.hexdigest()
