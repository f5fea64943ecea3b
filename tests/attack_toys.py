"""Toy documents with members and non-members, and the AUC of an attack on them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from classifier.evaluation.curves import auc
from classifier.privacy.attacks.membership_inference import (
    loss_scores,
    vocabulary_scores,
)

MARKS = ("raid", "party")
POOL = [f"topping{number}" for number in range(400)]
PUBLIC = tuple(sorted(POOL[:60]))
NAMES = [f"zola{number}" for number in range(40)]
DECOYS = [f"mei{number}" for number in range(40)]


def toy_documents(n=160, *, seed=0):
    """One document per sender: thirty toppings from one pool, and a name.

    Labels are random, so that a model can only learn them by heart.
    """
    rng = np.random.default_rng(seed)
    words = [rng.choice(POOL, size=30, replace=False) for _ in range(n)]
    names = [NAMES[k] for k in rng.integers(0, len(NAMES), size=n)]
    frame = pd.DataFrame(
        {
            "text": [" ".join([*own, name]) for own, name in zip(words, names, strict=True)],
            "sender": [f"p{k}" for k in range(n)],
        }
    )
    frame["member"] = rng.permutation(n) < n // 2
    frame["families"] = [(f"family{k}",) for k in rng.integers(0, 5, size=n)]
    frame["names"] = [(name,) for name in names]
    for mark in MARKS:
        frame[mark] = rng.integers(0, 2, size=n)
    return frame


def attacked(documents, fit, attack):
    opened = fit(documents[documents["member"]], 0)
    if attack == "vocabulary":
        return vocabulary_scores(opened, documents["text"].tolist())
    return loss_scores(opened.probabilities(documents["text"].tolist()), documents[list(MARKS)].to_numpy())


def area(documents, scores):
    return auc(documents["member"].to_numpy(), scores)
