"""Sixty common warning signs, as leaflets quote them, and an innocent counterpart of each.

Two voices wrote them without sight of the corpus, before the second model was made: they measure it.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from classifier.corpus.checks.content_policy import policy_problems
from classifier.taxonomy import STAGES

with (Path(__file__).parent / "common_lines.csv").open(newline="", encoding="utf-8") as stream:
    LINES = list(csv.DictReader(stream))


def test_there_are_twelve_of_each_stage():
    assert Counter(line["label"] for line in LINES) == dict.fromkeys(STAGES, 12)


def test_a_line_and_its_counterpart_share_a_word():
    for line in LINES:
        words, others = (set(line[kind].lower().split()) for kind in ("line", "counterpart"))
        assert words & others, line


def test_each_can_be_read_aloud_in_a_classroom():
    for line in LINES:
        assert policy_problems(line["line"]) == policy_problems(line["counterpart"]) == []
