"""Readers hold for inputs nobody thought of: a short run of scripts/dev/fuzz.py, and properties over drawn values."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.readers.any_format import read
from classifier.readers.checked_values import NO_TIME, parsed_time, written_time

FUZZ = Path(__file__).parent.parent / "scripts" / "dev" / "fuzz.py"
GUIDED = FUZZ.with_name("fuzz_guided.py")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def outcome(work):
    """What ``work`` returns, or the message of its refusal."""
    try:
        return work()
    except ValueError as error:
        return str(error)


def test_a_short_run_finds_nothing():
    run = subprocess.run(
        [sys.executable, str(FUZZ), "--n", "1500", "--seed", "7"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines()[-1].split()[:1] == ["all"]


def test_the_same_seed_fuzzes_the_same_inputs():
    runs = [
        subprocess.run(
            [sys.executable, str(FUZZ), "--n", "50", "--only", "lines"],
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        for _ in range(2)
    ]
    first, second = ([line.split()[:4] for line in run.stdout.splitlines()] for run in runs)
    assert first == second


def test_the_guided_fuzzer_finds_nothing_or_says_how_to_install_what_it_needs():
    run = subprocess.run(
        [sys.executable, str(GUIDED), "--seconds", "1", "--only", "policy"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if importlib.util.find_spec("atheris") is None:
        assert (run.returncode, run.stderr) == (
            2,
            "fuzz_guided: atheris is not installed; it is the extra 'fuzz': pip install -e '.[dev,fuzz]'\n",
        )
    else:
        assert (run.returncode, run.stderr) == (0, "")
        assert int(run.stdout.splitlines()[-1].split()[1]) > 100


@settings(max_examples=100)
@given(st.fixed_dictionaries({"conversation_id": VALUES, "author": VALUES, "text": VALUES, "time": VALUES}))
def test_any_row_is_a_message_or_one_line(row):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chat.jsonl"
        path.write_text(json.dumps(row), encoding="utf-8")
        ends = outcome(
            lambda: [
                message.text.isprintable()
                for conversation in read(path, format="jsonl")
                for message in conversation.messages
            ]
        )
    assert isinstance(ends, list) or (ends.startswith(f"{path}:1: ") and "\n" not in ends)


@settings(max_examples=100)
@given(st.datetimes(min_value=datetime(1970, 1, 1)))
def test_a_written_time_reads_back_to_the_millisecond(time):
    back = parsed_time(written_time(time))
    assert abs(back - time).total_seconds() < 0.001


@settings(max_examples=100)
@given(VALUES)
def test_a_time_is_read_or_refused(value):
    ends = outcome(lambda: parsed_time(value))
    assert "\n" not in ends if isinstance(ends, str) else ends.tzinfo is None


def test_no_time_is_written_as_nothing():
    assert written_time(NO_TIME) == ""
    assert parsed_time("") == NO_TIME


@pytest.mark.parametrize("seconds", [0, 253_402_300_799])
def test_the_first_and_the_last_second_are_read(seconds):
    assert parsed_time(seconds).year in (1970, 9999)
