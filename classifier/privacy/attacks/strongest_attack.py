"""The strongest membership attack on each model: what its file gives away.

A protection is worth what the best attack leaves of it, so attacks are not averaged and none is chosen
beforehand.
"""

from __future__ import annotations

import pandas as pd

from classifier.privacy.attacks.attack_table import TPR

STRONGEST_COLUMNS = ("variant", "strongest_attack", "tpr", "tpr_low", "tpr_high", "fpr", "n", "n_other")


def strongest_attacks(table: pd.DataFrame) -> pd.DataFrame:
    """One row per attacked model: its strongest membership attack, most given away first.

    The strongest is the one that finds the largest share of members at the false positive rate of the table;
    of equal ones, the first. Columns: ``variant``, ``strongest_attack``, ``tpr`` with its Clopper-Pearson
    bounds (95 %, of that attack alone: the best of three is a little above the false positive rate where
    nothing leaks), ``fpr``, ``n`` members and ``n_other`` non-members.

    >>> row = {"variant": "private/plain", "figure": "tpr_at_low_fpr", "low": 0.1, "high": 0.4}
    >>> rows = [row | {"attack": "loss", "value": 0.2}, row | {"attack": "lira", "value": 0.3}]
    >>> table = pd.DataFrame(rows).assign(by_chance=0.01, n=50, n_other=3000)
    >>> strongest_attacks(table)[["strongest_attack", "tpr"]].values.tolist()
    [['lira', 0.3]]

    Parameters
    ----------
    table
        That of ``attack_table``.
    """
    rows = table[(table["figure"] == TPR) & (table["attack"] != "blind")]
    order = rows.sort_values("value", ascending=False, kind="stable")
    strongest = order.drop_duplicates("variant").rename(
        columns={
            "attack": "strongest_attack",
            "value": "tpr",
            "low": "tpr_low",
            "high": "tpr_high",
            "by_chance": "fpr",
        }
    )
    return strongest[list(STRONGEST_COLUMNS)].reset_index(drop=True)


def model_leaks(table: pd.DataFrame) -> dict[str, float]:
    """What each model's file gives away, in [0, 1], by model key.

    The share of members that the strongest attack finds at the false positive rate of the table: 1 %, or
    the lowest that its non-members support. ``tradeoff.frontier.compare_policies`` takes it as
    ``model_leak``. All figures are of models fitted on the same documents, so they can stand on one axis;
    a figure of a model file has the name of the file and stands for no policy.

    >>> row = {"variant": "public/plain", "attack": "lira", "figure": "tpr_at_low_fpr", "value": 0.25}
    >>> table = pd.DataFrame([row]).assign(low=0.2, high=0.3, by_chance=0.01, n=50, n_other=3000)
    >>> model_leaks(table)
    {'public/plain': 0.25}
    """
    strongest = strongest_attacks(table)
    return dict(zip(strongest["variant"], strongest["tpr"].astype(float), strict=True))
