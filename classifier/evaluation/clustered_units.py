"""Units in phrase families, dialogues or accounts, and rates adjusted for this clustering."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from classifier.evaluation.rates import Rate


@dataclass(frozen=True)
class Clusters:
    """Which unit is in which cluster: 0/1, of shape (units, clusters)."""

    membership: csr_array

    @classmethod
    def of(cls, names: Iterable[Hashable] | Clusters) -> Clusters:
        """The clusters of each unit: one name, or a tuple of several.

        Clusters stand in order of their names. A conversation is made of several dialogues, and shares each
        of them with others. Clusters that are made already come back as they are. Raises ``ValueError`` for
        a missing name.

        >>> Clusters.of(["raid", "pizza", ("pizza", "raid")]).membership.toarray().astype(int).tolist()
        [[0, 1], [1, 0], [1, 1]]
        """
        if isinstance(names, Clusters):
            return names
        held = [list(dict.fromkeys(each)) if isinstance(each, tuple) else [each] for each in names]
        flat = np.array([name for of_unit in held for name in of_unit], dtype=object)
        codes, distinct = pd.factorize(flat, sort=True)
        if missing := int((codes < 0).sum()) + held.count([]):
            raise ValueError(f"clusters must all be named, got {missing} missing of {len(held)}")
        units = np.repeat(np.arange(len(held)), [len(of_unit) for of_unit in held])
        return cls(csr_array((np.ones(len(codes)), (units, codes)), shape=(len(held), len(distinct))))

    @property
    def n(self) -> int:
        """The number of clusters."""
        return int(self.membership.shape[1])

    @property
    def _all_alone(self) -> bool:
        """Whether each unit is a cluster of its own."""
        return self.membership.nnz == self.membership.shape[0] == self.n

    @cached_property
    def _sharing(self) -> csr_array | None:
        """Which units share a cluster: 0/1, of shape (units, units).

        None where each has one cluster alone.
        """
        if self.membership.nnz == self.membership.shape[0]:
            return None
        shared = csr_array(self.membership @ self.membership.T)
        shared.data[:] = 1.0
        return shared

    def rate(self, hit: ArrayLike, of: ArrayLike) -> Rate:
        """The share of the units in ``of`` that are hit, adjusted for clustering.

        With r the difference of each unit from the rate, the design effect is the ``variance`` of Σ r over
        Σ r². Where no unit is hit, or all are, nothing shows how alike the units of a cluster are, and they
        count as independent. On the released corpus such an interval still covers, see
        ``scripts/release/simulate_coverage``; of few clusters it is too narrow.

        >>> Clusters.of(["raid", "raid", "pizza", "pizza"]).rate([1, 1, 0, 0], [1, 1, 1, 1])
        Rate(hits=2, n=4, design_effect=2.0, df=2.0)
        """
        marked = np.asarray(of, dtype=bool)
        hits = np.asarray(hit, dtype=bool) & marked
        alone = Rate(int(hits.sum()), int(marked.sum()))
        if alone.hits in (0, alone.n) or self._all_alone:
            return alone
        difference = np.where(marked, hits - alone.value, 0.0)
        variance, df = self.variance(difference)
        return Rate(alone.hits, alone.n, variance / float(difference @ difference), df)

    def variance(self, influence: NDArray[np.float64]) -> tuple[float, float]:
        """The variance of a statistic, and its degrees of freedom.

        With u the ``influence`` of each unit on it: Σ u u' over pairs of units that share a cluster, each
        with itself among them; at least Σ u², as if all were independent. Degrees of freedom are those of
        Satterthwaite (1946), Biometrics 2, from the sums of u by cluster, (Σ s²)² / Σ s⁴; at least 2.
        """
        by_cluster = self.membership.T @ influence
        together = self._sharing
        shared = by_cluster @ by_cluster if together is None else influence @ (together @ influence)
        fourth = float((by_cluster**4).sum())
        df = max(2.0, float(by_cluster @ by_cluster) ** 2 / fourth) if fourth > 0 else math.inf
        return max(float(shared), float(influence @ influence)), df

    def rate_columns(self, name: str, hit: ArrayLike, of: ArrayLike) -> dict[str, float]:
        """``rate`` as columns of a table: value, ``_low``, ``_high`` (95 %), ``_hits`` and ``_n``."""
        rate = self.rate(hit, of)
        return rate.columns(name) | {f"{name}_hits": rate.hits, f"{name}_n": rate.n}
