"""170 minimal pairs: a line that shows a behaviour scores over one that speaks of it.

They were written apart from the corpus. A bag of words and letters knows little of negation, so not
every pair can be right; a share below the required one means that something broke.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from classifier.model.message.file import load_model
from classifier.model.shipped_models import train_split_model
from classifier.taxonomy import LABELS

with (Path(__file__).parent / "minimal_pairs.csv").open(newline="", encoding="utf-8") as stream:
    PAIRS = list(csv.DictReader(stream))


def test_there_are_at_least_150_pairs_over_all_labels_and_manners():
    assert len(PAIRS) >= 150
    assert set(Counter(pair["label"] for pair in PAIRS)) == set(LABELS)
    assert set(Counter(pair["manner"] for pair in PAIRS)) == {
        "negated",
        "quoted",
        "advised",
        "reported",
        "other",
    }


@pytest.fixture(scope="module")
def probabilities():
    model = load_model(train_split_model())
    return {
        kind: model.probabilities(pair[kind] for pair in PAIRS)[
            range(len(PAIRS)), [LABELS.index(pair["label"]) for pair in PAIRS]
        ]
        for kind in ("shown", "not_shown")
    }


def test_the_line_that_shows_it_scores_higher_in_at_least_85_percent_of_pairs(probabilities):
    higher = probabilities["shown"] > probabilities["not_shown"]
    assert higher.mean() >= 0.85
