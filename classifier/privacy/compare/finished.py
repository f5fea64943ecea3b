"""Finished pieces of a comparison, kept on disk.

A run that was killed goes on from them. Each lies under the digest of all that it depends on, so a piece made
of anything else is never used: another corpus, model, policy, seed or program has another digest.
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
from numpy.typing import NDArray

from classifier.atomic import write_bytes
from classifier.privacy.compare.costs import COUNTS, conversation_descriptions
from classifier.privacy.compare.operating_points import OperatingPoint, PolicyOperatingPoints
from classifier.privacy.policies.policy import Policy
from classifier.privacy.stream import MessageScores, Stream


@dataclass(frozen=True)
class FinishedPolicies:
    """The finished operating points and message scores of one comparison.

    Parameters
    ----------
    folder
        Where they lie, a .npz file each.
    basis
        What every piece depends on: corpus, program, seed, asked rates.
    models
        What the scores of each model depend on, by ``Policy.model_key``.
    """

    folder: Path
    basis: Mapping[str, Any]
    models: Mapping[str, Any]

    def operating_points(
        self, policy: Policy, test: Sequence[Stream], compute: Callable[[], PolicyOperatingPoints]
    ) -> PolicyOperatingPoints:
        """The points of ``policy`` on ``test``, from disk or else computed and written.

        It is an ``operating_points.PointsCache``.
        """
        # A policy that decides without text depends on no model.
        model = self.models.get(policy.model_key, "") if policy.reads_to_decide else ""
        path = self._path(policy.name, policy=asdict(policy), model=model)
        if arrays := _read(path):
            return _points_of_arrays(arrays, policy, test)
        computed = compute()
        _write(path, _arrays_of_points(computed))
        return computed

    def message_scores(
        self, key: str, streams: Sequence[Stream], compute: Callable[[], MessageScores]
    ) -> MessageScores:
        """The message scores of a model on ``streams``, found or computed alike."""
        path = self._path(f"scores-{key.replace('/', '-')}", model=self.models[key])
        if arrays := _read(path):
            ends = np.cumsum([len(stream) for stream in streams])[:-1]
            rows = np.split(arrays["rows"], ends)
            columns = tuple(json.loads(str(arrays["about"])))
            return MessageScores(
                {stream.id: of_stream for stream, of_stream in zip(streams, rows, strict=True)}, columns
            )
        scores = compute()
        all_rows = np.concatenate([scores.rows[stream.id] for stream in streams])
        _write(path, {"rows": all_rows, "about": np.array(json.dumps(scores.columns))})
        return scores

    def count(self) -> int:
        """How many pieces there are."""
        return len(list(self.folder.glob("*.npz")))

    def _path(self, name: str, **depends_on: Any) -> Path:
        content = json.dumps({"basis": dict(self.basis), "on": depends_on}, sort_keys=True)
        return self.folder / f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.npz"


def _arrays_of_points(computed: PolicyOperatingPoints) -> dict[str, NDArray[Any]]:
    about = {
        "points": [
            {
                "name": point.name,
                "asked_rate": point.asked_rate,
                "partial_auc": point.partial_auc,
                "threshold": point.policy.threshold,
            }
            for point in computed.points
        ],
        "skipped": computed.skipped,
    }
    numbers = {name: np.array([point.costs[name].to_numpy() for point in computed.points]) for name in COUNTS}
    return numbers | {"about": np.array(json.dumps(about))}


def _points_of_arrays(
    arrays: Mapping[str, NDArray[Any]], policy: Policy, test: Sequence[Stream]
) -> PolicyOperatingPoints:
    about = json.loads(str(arrays["about"]))
    points = tuple(
        OperatingPoint(
            point["name"],
            replace(policy, threshold=point["threshold"]),
            point["asked_rate"],
            point["partial_auc"],
            conversation_descriptions(test).assign(**{name: arrays[name][number] for name in COUNTS}),
        )
        for number, point in enumerate(about["points"])
    )
    return PolicyOperatingPoints(policy, points, tuple((rate, reason) for rate, reason in about["skipped"]))


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a piece; empty when missing or damaged."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error):
        return {}


def _write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_bytes(path, buffer.getvalue())
