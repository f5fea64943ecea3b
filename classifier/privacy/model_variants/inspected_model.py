"""What the holder of a model file can read in it.

That is its features and terms, the scores it gives, and every string in it. Searching the bytes of a
compressed file finds none of the names in it, so the file is unpacked and the object is walked.
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
from numpy.typing import NDArray

from classifier.privacy.model_variants.dp_statement import DPStatement

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class InspectedModel:
    """A model as the holder of its file sees it.

    Parameters
    ----------
    features
        Maps a text to what the holder can compare with the file: terms, or the cells they hash to.
    trained_features
        The features that the file shows to have been in training: the vocabulary, or the cells with a weight.
    probabilities
        Maps texts to shape (texts, labels). Available to everybody who can run the model, even where the
        features take a salt that the holder does not know.
    content
        Everything in the file, as loaded, for ``strings_in``.
    statement
        The differential privacy claimed for the model.
    """

    features: Callable[[str], Collection[Hashable]]
    trained_features: AbstractSet[Hashable]
    probabilities: Callable[[Sequence[str]], Numbers]
    content: object
    statement: DPStatement


def strings_in(content: object) -> Iterator[str]:
    """Every string reachable in ``content``, keys and attributes included.

    The order is undefined, and a string may come more than once. The walk covers mappings, sequences, sets,
    arrays, tables, the attributes of objects, and what functions close over. Bytes are unpacked (gzip,
    zlib, bz2, xz, zip, safetensors) and then decoded; they are never unpickled. Arrays ``<feature
    group>.terms`` and ``<feature group>.ends``, the layout of our model files, are cut into terms.

    >>> sorted(strings_in({"words.terms": np.frombuffer(b"zolapizza", dtype=np.uint8),
    ...                    "words.ends": np.array([4, 9])}))
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
    """The objects that an object other than a string holds."""
    if isinstance(value, np.ndarray):
        return _array_parts(value)
    if isinstance(value, types.MethodType):
        return [value.__self__]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, types.FunctionType):
        cells = [cell for cell in value.__closure__ or () if cell != types.CellType()]
        return [value.__defaults__, value.__kwdefaults__, *(cell.cell_contents for cell in cells)]
    if hasattr(value, "to_numpy"):
        names = [name for name in ("index", "columns", "name") if hasattr(value, name)]
        return [value.to_numpy(), *(getattr(value, name) for name in names)]
    attributes = _attributes(value)
    if isinstance(value, Mapping):
        return [*attributes, *value.keys(), *(_cut(value, name) for name in value)]
    return [*attributes, *value] if isinstance(value, (list, tuple, AbstractSet, deque)) else attributes


def _attributes(value: object) -> list[object]:
    slots = [name for class_ in type(value).__mro__ for name in _slot_names(class_)]
    return [
        *getattr(value, "__dict__", {}).items(),
        *(getattr(value, name) for name in slots if hasattr(value, name)),
    ]


def _slot_names(class_: type) -> tuple[str, ...]:
    slots = class_.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _array_parts(array: NDArray[Any]) -> Iterable[object]:
    if array.dtype.names:
        return [*array.dtype.names, *(array[name] for name in array.dtype.names)]
    if array.dtype.kind in "USOT":
        return list(array.ravel().tolist())
    return [array.tobytes()] if array.dtype.itemsize == 1 and array.dtype.kind in "ui" else []


def _cut(mapping: Mapping[Any, Any], name: Any) -> object:
    """The value under a name, with byte arrays of terms cut.

    These are named ``<feature group>.terms``. Uncut, the end of one term and the start of the next would
    read as a third.
    """
    ends = f"{name.removesuffix('.terms')}.ends" if isinstance(name, str) and name.endswith(".terms") else ""
    if ends not in mapping or not isinstance(mapping[name], np.ndarray):
        return mapping[name]
    content, stops = mapping[name].tobytes(), np.asarray(mapping[ends], dtype=np.int64).tolist()
    return [
        content[start:stop].decode("utf-8", errors="replace")
        for start, stop in zip([0, *stops], stops, strict=False)
    ]


def _unpacked(content: bytes) -> list[object]:
    """The content of packed bytes, else their text.

    The text is decoded in two ways. The second decoding is for pickles: with stray bytes left out, their
    words would run into each other.
    """
    for magic, unpack in _PACKINGS:
        if content.startswith(magic):
            try:
                return unpack(content)
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile):
                pass
    return _safetensors(content) or [content.decode("utf-8", errors="replace"), content.decode("latin-1")]


def _unzipped(content: bytes) -> list[object]:
    """The members of a zip archive by name, of an .npz as arrays."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return [
        {
            name.removesuffix(".npy"): _array(member)[0] if member.startswith(_NPY) else member
            for name, member in members.items()
        }
    ]


def _array(content: bytes) -> list[object]:
    """The array of an .npy file; ``ValueError`` for a pickled one."""
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
    """Arrays and metadata of a .safetensors file; [] for other bytes."""
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
