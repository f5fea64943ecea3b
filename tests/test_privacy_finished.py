"""Finished pieces are used again when they depend on the same, and computed again otherwise."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from privacy_toys import SCORER, chat, policy, town

from classifier.privacy.message_streams import MessageScores, scored, streams_from_conversations
from classifier.privacy.tradeoff.finished_policies import FinishedPolicies
from classifier.privacy.tradeoff.policy_operating_points import policy_operating_points
from classifier.resume import FinishedPieces

VALIDATION, TEST = town(60, seed=2, split="v"), town(24, seed=3, split="t")
WATCH = policy("watch", where="device", release="alert_bit")
CHANCE = policy("chance", where="device", evidence="chance", release="alert_bit")
BASIS, MODELS = {"corpus": "toy", "seed": 5}, {"private/plain": "words"}
TALK = streams_from_conversations(
    [
        chat("noon", "s: pizza", "c: ok"),
        chat("night", "s: raid"),
        chat("rain", "s: rain", "c: toast", "s: ok"),
    ]
)


class Computed:
    """A computation that counts how often it was done."""

    def __init__(self, result):
        self.result, self.times = result, 0

    def __call__(self):
        self.times += 1
        return self.result


@pytest.fixture(scope="module")
def watched():
    # The rate of 1 in 1,000 takes more than 45 benign conversations, so it is skipped.
    return policy_operating_points(WATCH, VALIDATION, TEST, SCORER, asked_rates=(0.001, 0.2), seed=5)


def test_a_piece_is_computed_once_and_comes_back_as_it_was(tmp_path, watched):
    finished, compute = FinishedPolicies(FinishedPieces(tmp_path, BASIS), MODELS), Computed(watched)
    first, again = (finished.operating_points(WATCH, TEST, compute) for _ in range(2))
    assert compute.times == 1
    assert first is watched
    assert (again.policy, again.skipped) == (watched.policy, watched.skipped)
    [kept], [own] = again.points, watched.points
    assert (kept.name, kept.asked_rate, kept.partial_auc, kept.policy) == (
        "watch@0.2",
        0.2,
        own.partial_auc,
        own.policy,
    )
    pd.testing.assert_frame_equal(kept.costs, own.costs)


def test_a_piece_lies_under_its_policy_s_name_and_sixteen_digits_of_what_it_depends_on(tmp_path, watched):
    FinishedPolicies(FinishedPieces(tmp_path, BASIS), MODELS).operating_points(WATCH, TEST, Computed(watched))
    [piece] = tmp_path.iterdir()
    assert re.fullmatch(r"watch-[0-9a-f]{16}\.piece", piece.name)


def test_descriptions_that_a_piece_does_not_hold_are_taken_from_the_streams(tmp_path, watched):
    finished = FinishedPolicies(FinishedPieces(tmp_path, BASIS), MODELS)
    finished.operating_points(WATCH, TEST, Computed(watched))
    renamed = [replace(stream, clusters=("another",)) for stream in TEST]
    costs = finished.operating_points(WATCH, renamed, Computed(None)).points[0].costs
    assert set(costs["clusters"]) == {("another",)}
    assert costs["n_read"].tolist() == watched.points[0].costs["n_read"].tolist()


def test_the_order_of_the_basis_does_not_matter(tmp_path, watched):
    FinishedPolicies(FinishedPieces(tmp_path, {"corpus": "toy", "seed": 5}), MODELS).operating_points(
        WATCH, TEST, Computed(watched)
    )
    compute = Computed(watched)
    FinishedPolicies(FinishedPieces(tmp_path, {"seed": 5, "corpus": "toy"}), MODELS).operating_points(
        WATCH, TEST, compute
    )
    assert compute.times == 0


@pytest.mark.parametrize(("asked", "times"), [(WATCH, 1), (CHANCE, 0)], ids=["by the text", "by chance"])
def test_another_model_makes_another_piece_only_where_text_decides(tmp_path, watched, asked, times):
    FinishedPolicies(FinishedPieces(tmp_path, BASIS), MODELS).operating_points(asked, TEST, Computed(watched))
    compute = Computed(watched)
    FinishedPolicies(FinishedPieces(tmp_path, BASIS), {"private/plain": "letters"}).operating_points(
        asked, TEST, compute
    )
    assert compute.times == times


def test_pieces_are_distinguished_by_policy_and_counted(tmp_path, watched):
    finished = FinishedPolicies(FinishedPieces(tmp_path, BASIS), MODELS)
    assert finished.pieces.count() == 0
    finished.operating_points(WATCH, TEST, Computed(watched))
    finished.operating_points(replace(WATCH, sampling_rate=0.5), TEST, Computed(watched))
    (tmp_path / "notes.txt").write_text("no piece", encoding="utf-8")
    assert finished.pieces.count() == 2
    assert {path.name[:6] for path in tmp_path.glob("*.piece")} == {"watch-"}


def test_scores_of_conversations_of_different_lengths_are_kept_apart(tmp_path):
    finished, compute = (
        FinishedPolicies(FinishedPieces(tmp_path, BASIS), MODELS),
        Computed(scored(TALK, SCORER.messages)),
    )
    first, again = (finished.message_scores("private/plain", TALK, compute) for _ in range(2))
    assert compute.times == 1
    assert first.columns == again.columns
    assert {id_: len(rows) for id_, rows in again.rows.items()} == {"noon": 2, "night": 1, "rain": 3}
    assert all(np.array_equal(again.rows[id_], first.rows[id_]) for id_ in ("noon", "night", "rain"))
    [path] = tmp_path.iterdir()
    assert path.name.startswith("scores-private-plain-")


def test_scores_of_an_outside_model_keep_their_one_column(tmp_path):
    own = MessageScores(
        {
            "noon": np.array([[0.1], [0.2]]),
            "night": np.array([[0.3]]),
            "rain": np.array([[0.4], [0.5], [0.6]]),
        },
        ("score",),
    )
    finished = FinishedPolicies(FinishedPieces(tmp_path, BASIS), {"outside": "theirs"})
    finished.message_scores("outside", TALK, Computed(own))
    kept = finished.message_scores("outside", TALK, Computed(None))
    assert kept.columns == ("score",)
    assert {id_: rows.ravel().tolist() for id_, rows in kept.rows.items()} == {
        "noon": [0.1, 0.2],
        "night": [0.3],
        "rain": [0.4, 0.5, 0.6],
    }


def test_scores_of_another_model_are_computed_again(tmp_path):
    FinishedPolicies(FinishedPieces(tmp_path, BASIS), MODELS).message_scores(
        "private/plain", TALK, Computed(scored(TALK, SCORER.messages))
    )
    compute = Computed(scored(TALK, SCORER.messages))
    FinishedPolicies(FinishedPieces(tmp_path, BASIS), {"private/plain": "letters"}).message_scores(
        "private/plain", TALK, compute
    )
    assert compute.times == 1
