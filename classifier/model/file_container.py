"""The container of model files: arrays and a JSON header in .safetensors.

Opening a file runs no code, and its content is checked before use. The header stands in the file's
metadata, says that the model is of synthetic conversations only, and carries the sha256 of the arrays
and of itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.atomic import write_bytes
from classifier.errors import InputError

Arrays = dict[str, NDArray[Any]]


class ModelFileError(InputError):
    """A model file that cannot be used; its message names file and fault."""


class OtherVersionError(ValueError):
    """A whole file that another version of this program wrote."""


def write_container(path: Path, arrays: Arrays, header: Mapping[str, Any]) -> None:
    """Write ``arrays`` and ``header`` to ``path``, whole or not at all.

    The header gets what every model file says: its use, the versions of packages and the sha256.
    """
    from safetensors.numpy import save

    whole = {
        **header,
        "synthetic_only": True,
        "use": "research, prototyping and teaching; scores are for a person to review, "
        "never for automated action against a person",
        "packages": {name: metadata.version(name) for name in ("numpy", "scikit-learn", "scipy")},
    }
    whole["sha256"] = content_sha256(arrays, whole)
    write_bytes(path, save(arrays, metadata={"header": json.dumps(whole, sort_keys=True)}))


def content_sha256(arrays: Arrays, header: Mapping[str, Any]) -> str:
    """The sha256 of a header and its arrays, as hexadecimal digits.

    Hashed are the header without its own hash, then every array's name, type, shape and bytes in the
    order of their names.
    """
    hashed = {key: value for key, value in header.items() if key != "sha256"}
    digest = hashlib.sha256(json.dumps(hashed, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}:{array.dtype.str}:{array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()


def stored_sha256(path: Path) -> str:
    """The sha256 that a model file says it has, empty where it is none.

    Reading the model checks it.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as opened:
            return str(json.loads((opened.metadata() or {})["header"])["sha256"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError):
        return ""


def check_format_version(header: Mapping[str, Any], expected: int) -> None:
    """Raise ``OtherVersionError`` when the header has another format version than ``expected``."""
    if header.get("format_version") != expected:
        raise OtherVersionError(f"format version {header.get('format_version')!r}, this one reads {expected}")


@contextmanager
def read_container(
    path: Path, *, noun: str, missing: str, max_bytes: int
) -> Iterator[tuple[Arrays, dict[str, Any]]]:
    """Context manager of the arrays and the header of ``path``, checked.

    An error of the block, which checks them further, becomes a ``ModelFileError`` that names the file.
    Raises ``ModelFileError`` when the file is missing, too large, no such file, not marked synthetic,
    of another version, damaged or altered.

    Parameters
    ----------
    noun
        What the file should hold, for messages: "model".
    missing
        What to do when there is no such file, for its message.
    max_bytes
        Size above which a file is not opened.
    """
    from safetensors import SafetensorError, safe_open

    try:
        if path.stat().st_size > max_bytes:
            raise ModelFileError(
                f"{path}: larger than {max_bytes} bytes; this is not a {noun} of this project"
            )
        with safe_open(path, framework="numpy") as opened:
            raw_header = (opened.metadata() or {}).get("header")
            # An opened file is no dict, and is iterated over by its keys alone.
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise ModelFileError(f"{path}: no such {noun} file; {missing}") from None
    except (OSError, SafetensorError) as error:
        remedy = "name a model file" if path.suffix != ".safetensors" else "train it again"
        what = "a folder" if path.is_dir() else f"not a readable .safetensors {noun} file ({error})"
        raise ModelFileError(f"{path}: {what}; {remedy}") from None
    if raw_header is None:
        raise ModelFileError(f"{path}: has no header; this is not a {noun} of this project")
    if noun == "model" and '"kind": "' in raw_header:
        raise ModelFileError(
            f"{path}: is a conversation model, which stands beside a message model; name that one instead"
        )
    try:
        header = json.loads(raw_header)
        if not isinstance(header, dict):
            raise ValueError(f"the header must be a JSON object, got {type(header).__name__}")
        if header.get("synthetic_only") is not True:
            raise ValueError("not marked synthetic_only")
        if header.get("sha256") != content_sha256(arrays, header):
            raise ValueError("the content does not match its sha256")
        yield arrays, header
    except OtherVersionError as error:
        raise ModelFileError(
            f"{path}: written by another version of this program ({error}); train it again with this one"
        ) from None
    except (AttributeError, KeyError, TypeError, IndexError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: damaged or altered: {error}; train it again") from None
