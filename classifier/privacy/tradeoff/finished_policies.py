"""Finished pieces of a comparison: a policy's points, a model's scores."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.privacy.message_streams import MessageScores, Stream
from classifier.privacy.policies.policy import Policy
from classifier.privacy.tradeoff.conversation_costs import COUNTS, conversation_descriptions
from classifier.privacy.tradeoff.policy_operating_points import OperatingPoint, PolicyOperatingPoints
from classifier.resume import FinishedPieces


@dataclass(frozen=True)
class FinishedPolicies:
    """The finished operating points and message scores of one comparison.

    Parameters
    ----------
    pieces
        Where they lie; their basis is corpus, program, seed and asked rates.
    models
        What the scores of each model depend on, by ``Policy.model_key``.
    """

    pieces: FinishedPieces
    models: Mapping[str, Any]

    def operating_points(
        self, policy: Policy, test: Sequence[Stream], compute: Callable[[], PolicyOperatingPoints]
    ) -> PolicyOperatingPoints:
        """The points of ``policy`` on ``test``, from disk or else computed and written.

        It is a ``policy_operating_points.PointsCache``.
        """
        # A policy that decides without text depends on no model.
        model = self.models.get(policy.model_key, "") if policy.reads_to_decide else ""
        depends_on = {"policy": asdict(policy), "model": model}
        if stored := self.pieces.get(policy.name, **depends_on):
            return _points_of_arrays(_unpacked(stored), policy, test)
        computed = compute()
        self.pieces.put(policy.name, _packed(_arrays_of_points(computed)), **depends_on)
        return computed

    def message_scores(
        self, key: str, streams: Sequence[Stream], compute: Callable[[], MessageScores]
    ) -> MessageScores:
        """The message scores of a model on ``streams``, found or computed alike."""
        name = f"scores-{key.replace('/', '-')}"
        if stored := self.pieces.get(name, model=self.models[key]):
            arrays = _unpacked(stored)
            ends = np.cumsum([len(stream) for stream in streams])[:-1]
            rows = np.split(arrays["rows"], ends)
            columns = tuple(json.loads(str(arrays["about"])))
            return MessageScores(
                {stream.id: of_stream for stream, of_stream in zip(streams, rows, strict=True)}, columns
            )
        scores = compute()
        all_rows = np.concatenate([scores.rows[stream.id] for stream in streams])
        arrays = {"rows": all_rows, "about": np.array(json.dumps(scores.columns))}
        self.pieces.put(name, _packed(arrays), model=self.models[key])
        return scores


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


def _unpacked(content: bytes) -> dict[str, NDArray[Any]]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def _packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
