"""What the strongest attack found of each model."""

from __future__ import annotations

import pandas as pd

LEAK_FIGURE = "tpr_at_1_percent_fpr"


def strongest_leaks(attacks: pd.DataFrame) -> dict[str, float]:
    """The largest share of members found where 1 % of others are, by model key.

    ``attacks`` is a table of ``attacks.attack.attack_table``. It is the largest of all attacks on a model, as
    whoever holds the file may choose among them. A model that was not attacked is not there.

    >>> table = pd.DataFrame({"variant": ["a", "a"], "attack": ["loss", "lira"], "value": [0.02, 0.4]})
    >>> strongest_leaks(table.assign(figure=LEAK_FIGURE))
    {'a': 0.4}
    """
    shares = attacks[(attacks["figure"] == LEAK_FIGURE) & attacks["value"].notna()]
    return {str(key): float(value) for key, value in shares.groupby("variant")["value"].max().items()}
