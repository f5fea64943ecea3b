"""Corpus files: what is refused, and what the refusal says."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from classifier.readers.corpus_jsonl import CorpusError, read_conversations, to_json
from classifier.readers.file_opening import MAX_LINE_BYTES

PIZZA = json.loads((Path(__file__).parent / "fixtures" / "corpus_record.json").read_text(encoding="utf-8"))


@pytest.fixture
def write(tmp_path):
    def write(*lines):
        path = tmp_path / "chat.jsonl"
        path.write_text(
            "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines),
            encoding="utf-8",
        )
        return path

    return write


def changed(**fields):
    return PIZZA | fields


def test_a_record_comes_back_equal_from_its_own_line(write):
    [conversation] = read_conversations(write(PIZZA))
    assert json.loads(to_json(conversation)) == PIZZA


def test_a_gzipped_file_reads_as_the_plain_one(write, tmp_path):
    plain = write(PIZZA)
    zipped = tmp_path / "chat.jsonl.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_conversations(zipped) == read_conversations(plain)


def test_a_personal_span_marks_the_name_in_the_text(write):
    message = read_conversations(write(PIZZA))[0].messages[0]
    [span] = message.personal
    assert (message.text[span.start : span.end], span.kind) == ("Zola", "name")


@pytest.mark.parametrize("mark", [False, "true", 1, None])
def test_only_a_true_synthetic_mark_is_accepted(write, mark):
    with pytest.raises(CorpusError, match=r"chat.jsonl:1: synthetic: expected \"synthetic\": true"):
        read_conversations(write(changed(synthetic=mark)))


def test_a_record_without_the_mark_is_refused_with_its_line(write):
    unmarked = {key: value for key, value in PIZZA.items() if key != "synthetic"}
    with pytest.raises(CorpusError, match=r"chat.jsonl:2: synthetic: Field required"):
        read_conversations(write(PIZZA, unmarked | {"id": "a2"}))


def test_a_cut_off_line_says_so(write):
    with pytest.raises(CorpusError, match=r"chat.jsonl:2: not a whole JSON object .* may be cut off"):
        read_conversations(write(PIZZA, json.dumps(changed(id="a2"))[:100]))


def test_an_unknown_label_is_named_with_its_field(write):
    message = PIZZA["messages"][0] | {"labels": ["meating"]}
    with pytest.raises(
        CorpusError,
        match=r"chat.jsonl:1: messages.0.labels.0: unknown label 'meating', expected one of flattery, isolation",
    ):
        read_conversations(write(changed(messages=[message])))


def test_every_fault_of_a_record_is_told_at_once(write):
    with pytest.raises(CorpusError, match=r"split: .*; label: "):
        read_conversations(write(changed(split="holdout", label="bad")))


def test_a_name_from_the_file_with_a_line_break_or_of_any_length_is_told_in_one_short_line(write):
    for name, shown in (
        ("pizza\nmenu", r"'pizza\\nmenu': Extra inputs"),
        ("p" * 5000, f"'{'p' * 60}': Extra inputs"),
    ):
        with pytest.raises(CorpusError, match=shown) as raised:
            read_conversations(write(changed(**{name: 1})))
        assert "\n" not in str(raised.value)
        assert len(str(raised.value)) < 400


def test_an_id_used_twice_names_both_lines(write):
    with pytest.raises(CorpusError, match=r"chat.jsonl:2: id: 'a1' was already used on line 1"):
        read_conversations(write(PIZZA, PIZZA))


def test_a_file_that_is_not_utf8_names_the_line(tmp_path):
    path = tmp_path / "chat.jsonl"
    path.write_bytes(json.dumps(PIZZA).encode() + b"\n" + b'{"id": "caf\xe9"}\n')
    with pytest.raises(CorpusError, match=r"chat.jsonl:2: not UTF-8"):
        read_conversations(path)


def test_a_cut_off_gzip_file_is_one_clear_error(write, tmp_path):
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(write(PIZZA).read_bytes())[:-20])
    with pytest.raises(CorpusError, match=r"cut.jsonl.gz: cannot be read"):
        read_conversations(cut)


def test_a_line_that_never_ends_and_a_file_that_expands_without_measure_are_refused(tmp_path):
    endless, bomb = tmp_path / "endless.jsonl", tmp_path / "bomb.jsonl.gz"
    endless.write_bytes(b"x" * (MAX_LINE_BYTES + 1))
    bomb.write_bytes(gzip.compress((b" " * 99 + b"\n") * 400_000))
    with pytest.raises(CorpusError, match=r"endless.jsonl:1: a line of more than 16 MiB"):
        read_conversations(endless)
    with pytest.raises(CorpusError, match=r"bomb.jsonl.gz: expands to more than 100 times its size"):
        read_conversations(bomb)
