"""Scoring on a cluster: the numbers of one process."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_score import read, rows, score, write

from classifier.cli.main import main
from classifier.errors import InputError
from classifier.model.conversation.file import load_conversation_model
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_model
from classifier.model.shipped_models import conversation_model_path
from classifier.workflows.scoring.dask_cluster import Models, score_files

pytestmark = pytest.mark.filterwarnings("ignore")  # of Dask's and Spark's own code


@pytest.fixture
def chats(tmp_path):
    """Five files, conversations spread over all of them."""
    folder = tmp_path / "chats"
    folder.mkdir()
    some = rows(100)
    for number in range(5):
        write(folder / f"day{number}.parquet", some[20 * number : 20 * (number + 1)])
    return folder


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def scored(client, files, out, small_model, level="message"):
    """The steps' counts, and the rows of all files."""
    conversation_model = load_conversation_model(conversation_model_path(small_model))
    models = Models(BatchScorer(load_model(small_model)), conversation_model)
    counts = list(score_files(client, files, out, models, level=level))
    return counts, [row for path in sorted(out.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_messages_are_scored_as_by_one_process(client, chats, small_model, tmp_path):
    counts, table = scored(client, sorted(chats.iterdir()), tmp_path / "out", small_model)
    score(write(tmp_path / "all.parquet", rows(100)), tmp_path / "one.parquet", small_model)
    assert table == read(tmp_path / "one.parquet")
    assert counts == [(done, 5) for done in range(6)]


@pytest.mark.parametrize("level", ["conversation", "sender"])
def test_conversations_and_senders_are_scored_as_by_one_process(level, client, chats, small_model, tmp_path):
    _, table = scored(client, sorted(chats.iterdir()), tmp_path / "out", small_model, level)
    score(write(tmp_path / "all.parquet", rows(100)), tmp_path / "one.parquet", small_model, "--level", level)
    by_id = itemgetter("conversation_id" if level == "conversation" else "author")
    assert sorted(table, key=by_id) == sorted(read(tmp_path / "one.parquet"), key=by_id)


def test_a_folder_that_holds_results_is_refused_before_anything_is_done(client, chats, small_model):
    with pytest.raises(InputError, match=r"holds day0.parquet already; give another folder"):
        scored(client, sorted(chats.iterdir()), chats, small_model)


def test_a_partition_that_fails_is_named_and_the_others_are_done(client, chats, small_model, tmp_path):
    pq.write_table(
        pa.table({"conversation_id": ["c"], "author": ["a"], "text": [1]}),
        chats / "day3.parquet",
    )
    with pytest.raises(
        InputError, match=r"1 of 5 partitions failed 3 times \(.*day3.parquet: .*column 'text' holds int64"
    ):
        scored(client, sorted(chats.iterdir()), tmp_path / "out", small_model)
    assert len(list((tmp_path / "out").glob("*.parquet"))) == 4


def test_two_files_of_one_name_are_refused(client, chats, small_model, tmp_path):
    with pytest.raises(InputError, match="two files of one name would be scored to one"):
        scored(client, [chats / "day1.parquet", tmp_path / "day1.parquet"], tmp_path / "out", small_model)


def test_a_worker_that_is_killed_loses_nothing(client, small_model, tmp_path):
    chats = tmp_path / "chats"
    chats.mkdir()
    for number in range(12):
        write(
            chats / f"day{number:02}.parquet",
            [row | {"text": f"{row['text']} {at}"} for at, row in enumerate(rows(3000))],
        )
    pid = next(iter(client.run(os.getpid).values()))
    models = Models(BatchScorer(load_model(small_model)), None)
    steps = score_files(client, sorted(chats.iterdir()), tmp_path / "out", models, level="message")
    assert [next(steps), next(steps)] == [(0, 12), (1, 12)]
    os.kill(pid, signal.SIGKILL)
    assert list(steps)[-1] == (12, 12)
    whole = [pq.read_table(path).num_rows for path in sorted((tmp_path / "out").glob("*.parquet"))]
    assert whole == [3000] * 12


def test_the_command_scores_on_processes_of_its_own(chats, small_model, tmp_path, capsys):
    pytest.importorskip("distributed")
    arguments = [
        "score",
        str(chats / "*.parquet"),
        "--engine",
        "dask",
        "--jobs",
        "2",
        "--model",
        str(small_model),
    ]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"day{number}.parquet" for number in range(5)
    ]
    sha256 = load_model(small_model).header["sha256"].encode()
    about = {b"model": b"model.safetensors", b"model_sha256": sha256}
    assert all(pq.read_schema(path).metadata == about for path in (tmp_path / "out").iterdir())
    assert (
        main(["score", str(tmp_path / "none*.parquet"), "--engine", "dask", "--out", str(tmp_path / "out")])
        == 2
    )
    assert "expected Parquet files" in capsys.readouterr().err


@contextmanager
def scripts_on_path():
    folder = str(Path(__file__).parent.parent / "scripts")
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_spark_gives_the_same_numbers(chats, small_model, tmp_path):
    pytest.importorskip("pyspark")
    with scripts_on_path():
        import score_spark
    assert (
        score_spark.main(
            [
                str(chats),
                "--model",
                str(small_model),
                "--out",
                str(tmp_path / "spark"),
                "--master",
                "local[1]",
            ]
        )
        == 0
    )
    table = pq.read_table(tmp_path / "spark").to_pylist()
    score(write(tmp_path / "all.parquet", rows(100)), tmp_path / "one.parquet", small_model)

    def by_text(row):
        return row["conversation_id"], row["time"], row["text"]

    assert sorted(table, key=by_text) == sorted(read(tmp_path / "one.parquet"), key=by_text)
