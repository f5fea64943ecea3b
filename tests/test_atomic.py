"""Files are written whole or not at all, and a killed run leaves nothing for good."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from classifier.atomic import replacing, write_bytes

WRITER = """
import sys, time
from pathlib import Path
from classifier.atomic import replacing
with replacing(Path(sys.argv[1])) as stream:
    stream.write(b"half")
    stream.flush()
    print("writing", flush=True)
    time.sleep(60)
"""


def names(folder):
    return sorted(os.listdir(folder))


def killed_writer(path):
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as run:
        assert run.stdout.readline() == b"writing\n"
        assert len(names(path.parent)) >= 1
        run.send_signal(signal.SIGKILL)


def test_a_file_is_replaced_at_the_end_only(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"old")
    with replacing(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_bytes() == b"old"
    assert (path.read_bytes(), names(tmp_path)) == (b"new", ["rows.csv"])


def test_after_an_error_the_file_is_as_it_was(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"old")

    def fail():
        with replacing(path) as stream:
            stream.write(b"new")
            raise KeyError("pizza")

    with pytest.raises(KeyError, match="pizza"):
        fail()
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["rows.csv"])


@pytest.mark.parametrize("name", ["rows.csv", "a b.jsonl", "[x].parquet", "?.csv", "naïve.csv"])
def test_what_a_killed_run_left_goes_with_the_next_write(name, tmp_path):
    path = tmp_path / name
    killed_writer(path)
    assert len(names(tmp_path)) == 1
    assert not path.exists()
    write_bytes(path, b"whole")
    assert (path.read_bytes(), names(tmp_path)) == (b"whole", [name])


def test_two_writers_of_one_file_leave_each_other_alone(tmp_path):
    path = tmp_path / "rows.csv"
    with replacing(path) as first:
        first.write(b"first")
        write_bytes(path, b"second")
        assert path.read_bytes() == b"second"
    assert (path.read_bytes(), names(tmp_path)) == (b"first", ["rows.csv"])


def test_hidden_files_of_others_stay(tmp_path):
    others = [".rows.csv.swp", ".rows.csv.half", ".rows.jsonl.abcdefgh.half", ".rows.csv.abcdefgh"]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    write_bytes(tmp_path / "rows.csv", b"whole")
    assert names(tmp_path) == sorted([*others, "rows.csv"])
