"""An interrupted comparison goes on from finished pieces, to the same bytes."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from privacy_toys import SCORER, policy, town

from classifier.cli.main import main
from classifier.cli.tradeoff import resumable
from classifier.model.shipped_models import train_split_model
from classifier.privacy.message_streams import scored
from classifier.privacy.tradeoff.finished_policies import FinishedPolicies
from classifier.privacy.tradeoff.frontier import compare_policies
from classifier.privacy.tradeoff.policy_operating_points import policy_operating_points
from classifier.resume import FinishedPieces

VALIDATION, TEST = town(60, seed=2, split="v"), town(60, seed=3, split="t")
WATCH = policy("watch", where="device", release="alert_bit")
BASIS, MODELS = {"corpus": "toy", "seed": 5}, {"private/plain": "words"}


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def work(policy=WATCH):
    return policy_operating_points(policy, VALIDATION, TEST, SCORER, asked_rates=(0.01, 0.2), seed=5)


def no_work():
    raise AssertionError("worked although it was kept")


def arguments(corpus, policies, out):
    return [
        "tradeoff",
        str(corpus),
        "--resamples",
        "20",
        "--model",
        str(train_split_model()),
        "--no-variants",
        "--policies",
        str(policies),
        "--out",
        str(out),
    ]


@pytest.fixture(scope="module")
def policies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("policies")
    (folder / "bit.toml").write_text(
        'description = "A bit from the device."\nwhere = "device"\nrelease = "alert_bit"\n', encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, small_corpus, policies):
    out = tmp_path_factory.mktemp("unbroken")
    assert main(arguments(small_corpus, policies, out)) == 0
    return out


def killed_at(n_parts, command, folder):
    """Run ``command`` and kill it at ``n_parts`` pieces; whether it was killed before its end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and len(list(folder.glob("parts/*.piece"))) < n_parts:
        time.sleep(0.005)
    time.sleep(random.Random(n_parts).random() / 50)
    process.kill()
    _, error = process.communicate()
    assert process.returncode in (0, -9), error
    return process.returncode == -9


def test_a_run_killed_again_and_again_comes_to_the_bytes_of_an_unbroken_one(
    unbroken, small_corpus, policies, tmp_path
):
    command = [sys.executable, "-m", "classifier.cli.main", *arguments(small_corpus, policies, tmp_path)]
    assert [killed_at(n_parts, command, tmp_path) for n_parts in (1, 3, 6)] == [True] * 3
    assert contents(tmp_path) == {}, "something was written before the end"
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "parts").glob("*.piece")}
    assert len(before) >= 6
    assert main(arguments(small_corpus, policies, tmp_path)) == 0
    assert contents(tmp_path) == contents(unbroken)
    assert all(path.stat().st_mtime_ns == at for path, at in before.items()), "what was done was done again"


def test_a_second_run_uses_every_piece_and_gives_the_same_bytes(unbroken, small_corpus, policies, tmp_path):
    first = contents(unbroken)
    before = {path: path.stat().st_mtime_ns for path in (unbroken / "parts").iterdir()}
    assert main(arguments(small_corpus, policies, unbroken)) == 0
    assert {path: path.stat().st_mtime_ns for path in (unbroken / "parts").iterdir()} == before
    assert contents(unbroken) == first


def test_an_interruption_says_how_to_go_on(tmp_path, capsys):
    parts = FinishedPolicies(FinishedPieces(tmp_path / "parts", BASIS), MODELS)
    parts.operating_points(WATCH, TEST, work)
    with pytest.raises(KeyboardInterrupt), resumable(parts):
        raise KeyboardInterrupt
    assert (
        capsys.readouterr().err.strip()
        == f"1 parts are kept in {tmp_path / 'parts'}; the same command goes on from there"
    )


def test_a_finished_piece_is_what_was_computed(tmp_path):
    parts, done = FinishedPolicies(FinishedPieces(tmp_path, BASIS), MODELS), work()
    for found in (parts.operating_points(WATCH, TEST, work), parts.operating_points(WATCH, TEST, no_work)):
        assert (found.policy, found.skipped) == (done.policy, done.skipped)
        for kept, own in zip(found.points, done.points, strict=True):
            assert replace(kept, costs=own.costs) == own
            pd.testing.assert_frame_equal(kept.costs, own.costs)


def test_scores_are_finished_pieces_too(tmp_path):
    parts, own = FinishedPolicies(FinishedPieces(tmp_path, BASIS), MODELS), scored(TEST, SCORER.messages)
    parts.message_scores("private/plain", TEST, lambda: own)
    kept = parts.message_scores("private/plain", TEST, no_work)
    assert kept.columns == own.columns
    assert list(kept.rows) == list(own.rows)
    assert all(np.array_equal(kept.rows[id_], own.rows[id_]) for id_ in own.rows)


@pytest.mark.parametrize(
    ("basis", "models", "other"),
    [
        (BASIS | {"corpus": "another"}, MODELS, WATCH),
        (BASIS | {"seed": 6}, MODELS, WATCH),
        (BASIS | {"program": "another"}, MODELS, WATCH),
        (BASIS, {"private/plain": "letters"}, WATCH),
        (BASIS, MODELS, replace(WATCH, sampling_rate=0.5)),
    ],
)
def test_a_piece_of_anything_else_is_not_used(tmp_path, basis, models, other):
    FinishedPolicies(FinishedPieces(tmp_path, BASIS), MODELS).operating_points(WATCH, TEST, work)
    with pytest.raises(AssertionError, match="worked although"):
        FinishedPolicies(FinishedPieces(tmp_path, basis), models).operating_points(other, TEST, no_work)


def test_what_reads_no_text_does_not_depend_on_a_model(tmp_path):
    everything = policy("all", where="server", evidence="nothing", release="alert_bit")
    FinishedPolicies(FinishedPieces(tmp_path, BASIS), MODELS).operating_points(
        everything, TEST, lambda: work(everything)
    )
    of_other_model = FinishedPolicies(FinishedPieces(tmp_path, BASIS), {"private/plain": "letters"})
    of_other_model.operating_points(everything, TEST, no_work)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: content[:200] + bytes(50) + content[250:],
    ],
)
def test_a_damaged_piece_is_computed_again(tmp_path, damage):
    parts = FinishedPolicies(FinishedPieces(tmp_path, BASIS), MODELS)
    whole = parts.operating_points(WATCH, TEST, work)
    [path] = tmp_path.glob("*.piece")
    path.write_bytes(damage(path.read_bytes()))
    again = parts.operating_points(WATCH, TEST, work)
    pd.testing.assert_frame_equal(again.points[0].costs, whole.points[0].costs)
    parts.operating_points(WATCH, TEST, no_work)


def test_every_step_is_watched():
    seen = {}

    def watch(items, *, label, length):
        passed = list(items)
        seen[label] = (len(passed), length)
        return iter(passed)

    compare_policies(
        [WATCH],
        VALIDATION,
        TEST,
        {"private/plain": SCORER},
        asked_rates=(0.2,),
        n_resamples=120,
        progress=watch,
    )
    assert seen == {"running policies": (8, 8), "resampling": (8, 8), "comparing points": (1, 1)}


def test_what_a_kill_left_while_the_result_was_written_is_gone_after_the_next_run(
    unbroken, small_corpus, policies, tmp_path
):
    out = tmp_path / "killed"
    shutil.copytree(unbroken / "parts", out / "parts")
    (out / "parts" / "written").mkdir()
    (out / "parts" / "written" / "half.csv").write_text("policy,threshold\n", encoding="utf-8")
    assert main(arguments(small_corpus, policies, out)) == 0
    assert contents(out) == contents(unbroken)
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == ["parts"]
    assert not (out / "parts" / "written").exists()
