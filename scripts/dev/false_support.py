#!/usr/bin/env python
"""How often is some point called supported that breaks the limit? Simulated with and without the correction for how many were looked at.

Every point has a true rate just above the limit, the case in which a wrong answer is likeliest; points err independently of each other, as the worst case is, and so do
conversations (scripts/release/simulate_coverage has those that share dialogues). A simulation is wrong when at least one of its points is supported. The verdicts are those of ``claims.feasibility.feasible_points``; one row a setting goes to the CSV file.

    scripts/dev/false_support.py --out data/results/v2/false_support.csv
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from classifier.evaluation.rates import Rate, upper_bound
from classifier.privacy.constraints.feasibility import feasible_points
from classifier.privacy.tradeoff.frontier import Frontier

POINTS = (1, 10, 40, 80)
CONVERSATIONS = (3_000, 10_000, 30_000)
LIMITS = (0.001, 0.01)

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--simulations", type=int, default=20_000)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--out", type=Path, required=True)


def bounds_of_the_harness(hits: list[int], n: int, limit: float) -> list[float]:
    """The bounds that ``feasible_points`` gives points with so many false alarms."""
    points = pd.DataFrame(
        [
            {
                "point": f"p{number}",
                "policy": "toy",
                "false_positive_rate": count / n,
                "false_alarms": count,
                "n_benign": n,
            }
            for number, count in enumerate(hits)
        ]
    )
    intervals = points[["point"]].assign(metric="false_positive_rate", design_effect=1.0, df=np.inf)
    frontier = Frontier({}, points, intervals, *[pd.DataFrame()] * 6)
    return feasible_points(frontier, [f"false_positive_rate<={limit}"])["bound"].tolist()


def main() -> None:
    """Simulate every setting and write the table."""
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    rows = []
    for n_points, n, limit in product(POINTS, CONVERSATIONS, LIMITS):
        hits = rng.binomial(n, limit * 1.000001, size=(arguments.simulations, n_points))
        by_hits = np.arange(hits.max() + 1)
        plain = upper_bound(by_hits, n) <= limit
        corrected = upper_bound(by_hits, n, confidence=1.0 - 0.05 / n_points) <= limit
        # The table of bounds is the harness's own.
        harness = bounds_of_the_harness(hits[0].tolist(), n, limit)
        own = upper_bound(hits[0], n, confidence=1.0 - 0.05 / n_points)
        assert np.allclose(harness, own), "feasible_points gives other bounds than are simulated"
        wrong = {
            name: rule[hits].any(axis=1) for name, rule in (("uncorrected", plain), ("corrected", corrected))
        }
        for name, marks in wrong.items():
            rate = Rate(int(marks.sum()), len(marks))
            low, high = rate.interval()
            rows.append((n_points, n, limit, name, rate.hits, rate.n, rate.value, low, high))
    columns = [
        "n_points",
        "n_conversations",
        "limit",
        "bounds",
        "wrong",
        "n_simulations",
        "share",
        "low",
        "high",
    ]
    pd.DataFrame(rows, columns=columns).to_csv(
        arguments.out, index=False, float_format="%.6g", lineterminator="\n"
    )


if __name__ == "__main__":
    main()
