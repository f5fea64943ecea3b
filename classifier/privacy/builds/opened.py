"""What does whoever holds a model file have in hand? Its features, its terms, the scores it gives, and every string that can be reached in it.

A search of the bytes of a compressed file finds no name although all are there, so the file is opened and the object walked.
"""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import json
import lzma
import types
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.privacy.builds.dp_statement import DPStatement

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class OpenedModel:
    """A model as its holder sees it.

    - ``features``: what the holder can compute of a text to compare with the file: its terms, or the cells they hash to.
    - ``known``: those of them that the file shows to have been in training: the vocabulary, or the cells with a weight.
    - ``probabilities``: texts to shape (texts, labels). Whoever can run the model has it, even where the features take a salt they do not know.
    - ``content``: everything in the file, as opened, for the walk. ``statement``: what is claimed of it.
    """

    features: Callable[[str], Collection[Hashable]]
    known: AbstractSet[Hashable]
    probabilities: Callable[[Sequence[str]], Numbers]
    content: object
    statement: DPStatement


def strings_in(content: object) -> Iterator[str]:
    """Every string reachable in ``content``, keys and attributes included; in no promised order, some more than once.

    Walks mappings, sequences, sets, arrays, tables and the attributes of objects. Bytes are unpacked (gzip, zlib, bz2, xz, zip, safetensors), then decoded; they
    are never unpickled. Arrays named ``<half>.terms`` and ``<half>.ends``, the model file's own layout, are cut at the ends. Of a function, what it closes over.

    >>> sorted(strings_in({"words.terms": np.frombuffer(b"zolapizza", dtype=np.uint8), "words.ends": np.array([4, 9])}))
    ['pizza', 'words.ends', 'words.terms', 'zola']
    """
    seen: set[int] = set()
    # Kept alive so that no id is given to a second object during the walk.
    alive: list[object] = []
    waiting: list[object] = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (bytes, bytearray, memoryview)):
            waiting += _unpacked(bytes(value))
        elif id(value) not in seen and not isinstance(value, _DEAD_ENDS):
            seen.add(id(value))
            alive.append(value)
            waiting += _parts(value)


_DEAD_ENDS = (bool, int, float, complex, type, types.ModuleType, types.BuiltinFunctionType, types.NoneType)


def _parts(value: object) -> Iterable[object]:
    """What an object that is no string holds."""
    if isinstance(value, np.ndarray):
        return _in_array(value)
    if isinstance(value, types.MethodType):
        return [value.__self__]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, types.FunctionType):
        return [
            value.__defaults__,
            value.__kwdefaults__,
            *(cell.cell_contents for cell in value.__closure__ or () if cell != types.CellType()),
        ]
    if hasattr(value, "to_numpy"):
        return [
            value.to_numpy(),
            *(getattr(value, name) for name in ("index", "columns", "name") if hasattr(value, name)),
        ]
    slots = [name for kind in type(value).__mro__ for name in _names_of_slots(kind)]
    attributes = [
        *getattr(value, "__dict__", {}).items(),
        *(getattr(value, name) for name in slots if hasattr(value, name)),
    ]
    if isinstance(value, Mapping):
        return [*attributes, *value.keys(), *(_cut(value, name) for name in value)]
    return [*attributes, *value] if isinstance(value, (list, tuple, AbstractSet, deque)) else attributes


def _names_of_slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _in_array(array: NDArray[Any]) -> Iterable[object]:
    if array.dtype.names:
        return [*array.dtype.names, *(array[name] for name in array.dtype.names)]
    if array.dtype.kind in "USOT":
        return list(array.ravel().tolist())
    return [array.tobytes()] if array.dtype.itemsize == 1 and array.dtype.kind in "ui" else []


def _cut(mapping: Mapping[Any, Any], name: Any) -> object:
    """The value under ``name``; of a ``<half>.terms`` array of bytes that has its ``<half>.ends``, the terms. Uncut, ends of two words would read as a third."""
    ends = f"{name.removesuffix('.terms')}.ends" if isinstance(name, str) and name.endswith(".terms") else ""
    if ends not in mapping or not isinstance(mapping[name], np.ndarray):
        return mapping[name]
    content, stops = mapping[name].tobytes(), np.asarray(mapping[ends], dtype=np.int64).tolist()
    return [
        content[start:stop].decode("utf-8", errors="replace")
        for start, stop in zip([0, *stops], stops, strict=False)
    ]


def _unpacked(content: bytes) -> list[object]:
    """What packed bytes hold; else the bytes as text, in two ways, since in a pickle stray bytes would glue words together when left out."""
    for magic, unpack in _PACKINGS:
        if content.startswith(magic):
            try:
                return unpack(content)
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile):
                pass
    return _safetensors(content) or [content.decode("utf-8", errors="replace"), content.decode("latin-1")]


def _unzipped(content: bytes) -> list[object]:
    """The parts of an archive by their names; of an .npz, the arrays, so that terms and ends meet."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return [
        {
            name.removesuffix(".npy"): _array(part)[0] if part.startswith(_NPY) else part
            for name, part in parts.items()
        }
    ]


def _array(content: bytes) -> list[object]:
    """The array of an .npy file. Raises ``ValueError`` where it would have to be unpickled."""
    return [np.load(io.BytesIO(content), allow_pickle=False)]


_NPY = b"\x93NUMPY"
_PACKINGS: tuple[tuple[bytes, Callable[[bytes], list[object]]], ...] = (
    (b"\x1f\x8b", lambda content: [gzip.decompress(content)]),
    (b"BZh", lambda content: [bz2.decompress(content)]),
    (b"\xfd7zXZ\x00", lambda content: [lzma.decompress(content)]),
    (b"PK\x03\x04", _unzipped),
    (_NPY, _array),
    (b"\x78", lambda content: [zlib.decompress(content)]),
)


def _safetensors(content: bytes) -> list[object]:
    """The arrays and the metadata of a .safetensors file; nothing when it is none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if content[8:9] != b"{":
        return []
    try:
        arrays = load(content)
    except SafetensorError:
        return []
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return [arrays, header.get("__metadata__", {})]


def document_counts(idf: ArrayLike, *, lowest: int) -> tuple[int, NDArray[np.int64]]:
    """How many documents a model was fitted on, and how many of them held each term, read off its idf alone.

    For scikit-learn's smoothed idf, ln((1 + n) / (1 + df)) + 1, given that the rarest term stands in ``lowest`` documents (the vectoriser's ``min_df``).

    >>> document_counts(np.log(11 / np.array([3.0, 6.0])) + 1, lowest=2)
    (10, array([2, 5]))
    """
    ratios = np.exp(np.asarray(idf, dtype=np.float64) - 1.0)
    n_plus_1 = ratios.max() * (1.0 + lowest)
    return round(n_plus_1) - 1, np.rint(n_plus_1 / ratios - 1.0).astype(np.int64)
