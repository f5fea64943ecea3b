"""What of a long comparison is done already? Finished parts in a folder, each under the digest of all that it depends on.

A run that was killed goes on from them, and a part made of anything else is never taken: another corpus, model, policy, seed or version has another digest.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.atomic import write_bytes
from classifier.privacy.compare.costs import COSTS, described
from classifier.privacy.compare.operating_points import Measured, Point
from classifier.privacy.policies.policy import READS_TO_DECIDE, Policy
from classifier.privacy.stream import MessageScores, Stream

COUNTED = (
    dict.fromkeys(COSTS[4:], np.float64)
    | dict.fromkeys(("n_read", "n_shown", "peak_kept", "output"), np.int64)
    | {"flagged": np.bool_}
)
"""The columns of costs that come of a policy, and what kind of number each holds; those before them are of the conversation."""


@dataclass(frozen=True)
class Parts:
    """Finished parts of one comparison in ``folder``.

    ``basis`` is what every part depends on (corpus, seed, rates asked for, the program), ``models`` what the scores of each model do, by ``Policy.model_key``.
    """

    folder: Path
    basis: Mapping[str, Any]
    models: Mapping[str, Any]

    def measured(self, policy: Policy, test: Sequence[Stream], work: Callable[[], Measured]) -> Measured:
        """What ``policy`` came to on the ``test`` streams: as it was kept, else by ``work``, which is then kept. See ``measured.Keep``."""
        # A policy that decides without text depends on no model.
        model = self.models.get(policy.model_key, "") if policy.evidence == READS_TO_DECIDE else ""
        path = self._path(policy.name, policy=asdict(policy), model=model)
        if kept := _read(path):
            return _measured_from(kept, policy, test)
        done = work()
        _write(path, _as_arrays(done))
        return done

    def scores(self, key: str, streams: Sequence[Stream], work: Callable[[], MessageScores]) -> MessageScores:
        """The message scores of the model of that key, in the same way. ``streams`` are those scored."""
        path = self._path(f"scores-{key.replace('/', '-')}", model=self.models[key])
        if kept := _read(path):
            ends = np.cumsum([len(stream) for stream in streams])[:-1]
            return MessageScores(
                {stream.id: rows for stream, rows in zip(streams, np.split(kept["rows"], ends), strict=True)},
                tuple(json.loads(str(kept["about"]))),
            )
        done = work()
        _write(
            path,
            {
                "rows": np.concatenate([done.rows[stream.id] for stream in streams]),
                "about": np.array(json.dumps(done.columns)),
            },
        )
        return done

    def count(self) -> int:
        """How many parts there are."""
        return len(list(self.folder.glob("*.npz")))

    def _path(self, name: str, **on: Any) -> Path:
        content = json.dumps({"basis": dict(self.basis), "on": on}, sort_keys=True)
        return self.folder / f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.npz"


def _as_arrays(measured: Measured) -> dict[str, NDArray[Any]]:
    points = measured.points
    about = {
        "points": [
            {
                "name": point.name,
                "asked_rate": point.asked_rate,
                "partial_auc": point.partial_auc,
                "threshold": point.policy.threshold,
            }
            for point in points
        ],
        "skipped": measured.skipped,
    }
    numbers = {name: np.array([point.costs[name].to_numpy() for point in points]) for name in COUNTED}
    return numbers | {"about": np.array(json.dumps(about))}


def _measured_from(arrays: Mapping[str, NDArray[Any]], policy: Policy, test: Sequence[Stream]) -> Measured:
    about = json.loads(str(arrays["about"]))
    points = []
    for number, point in enumerate(about["points"]):
        costs = described(test).assign(
            **{name: arrays[name][number].astype(kind) for name, kind in COUNTED.items()}
        )
        points.append(
            Point(
                point["name"],
                replace(policy, threshold=point["threshold"]),
                point["asked_rate"],
                point["partial_auc"],
                pd.DataFrame(costs[list(COSTS)]),
            )
        )
    return Measured(policy, tuple(points), tuple((rate, reason) for rate, reason in about["skipped"]))


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a part; none when it is not there or damaged, which makes it again."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error):
        return {}


def _write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_bytes(path, buffer.getvalue())
