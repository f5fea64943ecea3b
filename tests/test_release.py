"""What ships is what the generator makes; its descriptions are made from it."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from classifier.cli.main import main
from classifier.corpus.corpus_folder import (
    MESSAGES,
    content_hash,
    parts_folder,
    read_corpus,
    read_manifest,
    read_message_tables,
    write_corpus,
)
from classifier.corpus.generator.chains import dialogue_books, generate_chain_senders
from classifier.corpus.generator.corpus_spec import RELEASES
from classifier.corpus.generator.phrase_messages import phrase_messages
from classifier.errors import InputError
from classifier.model.message.file import load_model
from classifier.model.shipped_models import shipped_model, train_split_model
from classifier.readers.other_formats.label_studio import read_annotations, to_tasks

DATA = Path(__file__).parent.parent / "data" / "synthetic"


def sha256(lines):
    return hashlib.sha256(b"".join(lines)).hexdigest()


@pytest.mark.parametrize("release", list(RELEASES))
def test_the_frozen_corpus_begins_as_its_spec_generates_it(release, dialogues_of):
    spec = RELEASES[release]
    assert read_manifest(DATA / release)["spec"] == spec.to_json()
    frozen = {conversation.id: conversation for conversation in read_corpus(str(DATA / release))["test"]}
    book = dialogue_books(spec, dialogues_of[spec.voice])["test"]
    made = list(generate_chain_senders(spec, "test", book, senders=100))
    assert len(made) > 200
    assert [conversation == frozen[conversation.id] for conversation in made] == [True] * len(made)


def test_the_frozen_phrases_are_what_the_generator_makes_of_the_phrase_files(all_families):
    lines = phrase_messages(RELEASES["v2"], all_families)
    expected = read_manifest(DATA / "v2")["files"][MESSAGES]["sha256"]
    assert sha256(line.encode() + b"\n" for line in lines) == expected


def test_no_family_has_more_than_ten_texts_and_none_twice():
    messages = pd.concat(
        read_message_tables(DATA / "v2", {"train": [], "validation": [], "test": []}).values()
    )
    assert messages.groupby("family")["text"].agg(["size", "nunique"]).max().tolist() == [10, 10]


@pytest.mark.parametrize("release", list(RELEASES))
def test_the_frozen_files_hold_what_their_manifest_says(release):
    assert content_hash(DATA / release) == read_manifest(DATA / release)["corpus_sha256"]


def test_the_lines_of_the_first_second_voice_are_the_ones_that_recipes_were_chosen_on():
    content = gzip.decompress((DATA / "v1-alt-lines.jsonl.gz").read_bytes())
    assert sha256([content]).startswith("561ead0e35529d8c")


def test_the_release_is_as_large_as_promised_and_fits_in_git():
    counts = read_manifest(DATA / "v2")["counts"].values()
    assert sum(split["conversations"] for split in counts) >= 20_000
    assert sum(path.stat().st_size for path in (DATA / "v2").iterdir()) <= 25_000_000


def test_the_two_voices_share_no_family(dialogues_of):
    first, second = ({dialogue.family for dialogue in dialogues_of[voice]} for voice in RELEASES)
    assert first & second == set()


def test_the_shipped_models_were_trained_on_the_frozen_corpus():
    evaluated, final = load_model(train_split_model()), load_model(shipped_model())
    assert (
        evaluated.header["corpus_sha256"]
        == final.header["corpus_sha256"]
        == read_manifest(DATA / "v2")["corpus_sha256"]
    )
    assert (evaluated.header["fitted_on"], final.header["fitted_on"]) == (
        ["train"],
        ["train", "validation", "test"],
    )
    # The shipped one's thresholds rest on the lines of all splits, the other's on those of validation.
    of_final, of_evaluated = (
        model.operating_points["balanced"].false_alarms[0][1] for model in (final, evaluated)
    )
    assert of_final > 5 * of_evaluated


@pytest.mark.parametrize("command", ["evaluate", "tradeoff"])
def test_a_model_that_saw_the_test_families_is_not_measured_on_them(command, tmp_path, capsys):
    assert (
        main([command, str(DATA / "v2"), "--model", str(shipped_model()), "--out", str(tmp_path / "out")])
        == 2
    )
    assert "was fitted on test families too" in capsys.readouterr().err


def test_nor_on_another_corpus_since_generated_ones_share_families(small_corpus, tmp_path, capsys):
    out = ["--model", str(shipped_model()), "--out", str(tmp_path / "out")]
    assert main(["evaluate", str(small_corpus), *out]) == 2
    assert "was fitted on test families too" in capsys.readouterr().err


def test_annotations_come_back_beside_the_generator_s_labels(small_corpus, tmp_path):
    conversations = [
        c for c in read_corpus(small_corpus)["test"] if c.messages[0].labels == ("secrecy",)
    ] or read_corpus(small_corpus)["test"]
    [first, *_] = to_tasks(conversations[:1])
    assert first["data"]["context"] == ""
    first["annotations"] = [
        {"completed_by": 7, "result": [{"from_name": "labels", "value": {"choices": ["meeting"]}}]}
    ]
    export = tmp_path / "export.json"
    export.write_text(json.dumps([first]), encoding="utf-8")
    [row] = read_annotations(export).to_dict("records")
    assert (row["annotator"], row["meeting"], row["secrecy"]) == ("7", 1, 0)
    assert row["generator_secrecy"] == int("secrecy" in first["data"]["generator_labels"])


CHOICE = {"from_name": "labels", "type": "choices", "value": {"choices": ["secrecy"]}}
PIZZA = {"conversation": "c1", "index": 1, "text": "A: pizza", "generator_labels": ["secrecy"]}


def task(*results, data=PIZZA, **about):
    return {"data": data, "annotations": [{"completed_by": 7, "result": list(results)} | about]}


def exported(path, *tasks, encoding="utf-8"):
    path.write_text(json.dumps(list(tasks)), encoding=encoding)
    return path


@pytest.mark.parametrize(
    ("tasks", "fault"),
    [
        ([{"data": {}}], "task 1: expected 'data' and a list of 'annotations'"),
        ([task(CHOICE), 5], "task 2: expected an object, got int"),
        ([task(CHOICE | {"value": {"choices": ["Secrecy "]}})], "task 1: choice 'Secrecy ' is no label"),
        ([task(CHOICE | {"from_name": "tags"})], "task 1: choices named 'tags': expected 'labels'"),
        ([task(result=5)], "task 1: expected a list 'result' of an annotation, got int"),
        ([task(CHOICE | {"value": 3})], "task 1: expected a list of choices, got NoneType"),
        ([task(CHOICE, data={"conversation": "c1", "index": 1})], "task 1: has no list 'generator_labels'"),
        ([{"data": PIZZA, "annotations": [], "predictions": [{"result": [CHOICE]}]}], "holds no annotations"),
        ([task(CHOICE, was_cancelled=True)], "holds no annotations"),
        ([], "holds no annotations"),
    ],
)
def test_an_export_that_cannot_be_used_names_its_task_or_what_is_missing(tmp_path, tasks, fault):
    with pytest.raises(InputError, match=re.escape(fault)):
        read_annotations(exported(tmp_path / "export.json", *tasks))


@pytest.mark.parametrize(
    "one",
    [
        task(CHOICE),
        task(CHOICE, {"type": "relation", "from_id": "a", "to_id": "b"}),
        task(CHOICE, completed_by={"id": 7, "email": "a.person@example.org"}),
        PIZZA | {"labels": "secrecy", "annotator": 7},
        PIZZA | {"labels": {"choices": ["secrecy"]}, "annotator": 7},
    ],
)
def test_every_form_of_an_annotation_gives_the_same_row(tmp_path, one):
    [row] = read_annotations(exported(tmp_path / "export.json", one)).to_dict("records")
    assert (row["conversation"], row["index"], row["annotator"]) == ("c1", 1, "7")
    assert (row["secrecy"], row["generator_secrecy"], row["meeting"]) == (1, 1, 0)


def test_a_skipped_task_is_no_annotation(tmp_path):
    skipped = task(data=PIZZA | {"index": 2}, was_cancelled=True)
    rows = read_annotations(exported(tmp_path / "export.json", task(CHOICE), skipped, encoding="utf-8-sig"))
    assert rows["index"].tolist() == [1]


def test_tasks_are_written_with_the_interface_beside_them(small_corpus, tmp_path):
    assert (
        main(["corpus", "annotate", str(small_corpus), "--out", str(tmp_path / "tasks.json"), "--n", "3"])
        == 0
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tasks.json", "tasks.xml"]


def folder_contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def stopping(after):
    """A progress that interrupts the work at its ``after``-th call."""
    calls = []

    def progress(done):
        calls.append(done)
        if len(calls) == after:
            raise KeyboardInterrupt

    return progress


@pytest.fixture
def tiny(small_spec):
    return replace(small_spec, n_conversations=60)


def test_a_generation_that_was_stopped_goes_on_from_its_pieces_to_the_same_bytes(
    tiny, small_material, tmp_path
):
    write_corpus(tmp_path / "unbroken", tiny, **small_material)
    with pytest.raises(KeyboardInterrupt):
        write_corpus(tmp_path / "stopped", tiny, **small_material, progress=stopping(1))
    (piece,) = parts_folder(tmp_path / "stopped").iterdir()
    written = piece.stat().st_mtime_ns
    seen = []
    write_corpus(
        tmp_path / "stopped",
        tiny,
        **small_material,
        progress=lambda done: seen.append(piece.stat().st_mtime_ns),
    )
    assert set(seen) == {written}
    assert folder_contents(tmp_path / "stopped") == folder_contents(tmp_path / "unbroken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stopped", "unbroken"]


def test_pieces_of_another_seed_are_not_taken(tiny, small_material, tmp_path):
    other = replace(tiny, seed=tiny.seed + 1)
    with pytest.raises(KeyboardInterrupt):
        write_corpus(tmp_path / "other", other, **small_material, progress=stopping(1))
    write_corpus(tmp_path / "other", tiny, **small_material)
    write_corpus(tmp_path / "own", tiny, **small_material)
    assert folder_contents(tmp_path / "other") == folder_contents(tmp_path / "own")


def test_a_corpus_that_is_stopped_while_it_is_made_anew_stays_as_it_was(tiny, small_material, tmp_path):
    write_corpus(tmp_path / "corpus", tiny, **small_material)
    before = folder_contents(tmp_path / "corpus")
    with pytest.raises(KeyboardInterrupt):
        write_corpus(
            tmp_path / "corpus", replace(tiny, seed=tiny.seed + 1), progress=stopping(3), **small_material
        )
    assert folder_contents(tmp_path / "corpus") == before
