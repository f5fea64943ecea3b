"""The Croissant file describes what lies on the disk, and its records can be loaded."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from itertools import islice
from pathlib import Path

import pytest

from classifier.cli.main import main
from classifier.corpus.croissant import MESSAGE_FIELDS, croissant
from classifier.readers.file_opening import text_lines

DATA = Path(__file__).parent.parent / "data" / "synthetic"
RELEASED = [DATA / "v2", DATA / "v2-alt", DATA / "v1-alt-lines.jsonl.gz"]
PACKED = {path.relative_to(DATA).as_posix(): path for path in sorted(DATA.rglob("*.jsonl.gz"))}


@pytest.fixture(scope="module")
def described():
    return json.loads((DATA / "croissant.json").read_text(encoding="utf-8"))


def first_records(path, n=1):
    return [json.loads(line) for _, line in islice(text_lines(path), n)]


def packed(path, *records):
    path.write_bytes(gzip.compress("".join(json.dumps(record) + "\n" for record in records).encode()))
    return path


def test_the_committed_file_is_what_the_command_writes(tmp_path):
    out = tmp_path / "data" / "croissant.json"
    for path in RELEASED:
        link = out.parent / path.name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(path)
    paths = [str(out.parent / path.name) for path in RELEASED]
    assert main(["corpus", "croissant", *paths, "--out", str(out)]) == 0
    assert out.read_bytes() == (DATA / "croissant.json").read_bytes()


def test_every_packed_file_is_described_with_its_sha256_and_size(described):
    assert {
        file["contentUrl"]: (file["sha256"], file["contentSize"]) for file in described["distribution"]
    } == {
        name: (hashlib.sha256(path.read_bytes()).hexdigest(), f"{path.stat().st_size} B")
        for name, path in PACKED.items()
    }


@pytest.mark.parametrize("name", PACKED)
def test_every_field_of_the_first_records_is_described(described, name):
    [fields] = [
        record_set["field"]
        for record_set in described["recordSet"]
        if record_set["field"][0]["source"]["fileObject"]["@id"] == name
    ]
    keys = set().union(*first_records(PACKED[name], 50))
    assert keys <= {field["name"] for field in fields}
    nested = {part["name"] for field in fields for part in field.get("subField", [])}
    assert nested == (set(MESSAGE_FIELDS) if "messages" in keys else set())
    messages = [
        message for record in first_records(PACKED[name], 50) for message in record.get("messages", [])
    ]
    assert {key for message in messages for key in message} <= nested


def test_nothing_in_it_is_an_address_on_the_web_but_licence_and_vocabulary(described):
    rest = {
        key: value for key, value in described.items() if key not in ("@context", "conformsTo", "license")
    }
    assert "://" not in json.dumps(rest)


def test_the_version_is_that_of_the_first_path_and_places_are_relative_to_the_file(tmp_path):
    path = packed(tmp_path / "pizza.jsonl.gz", first_records(DATA / "v1-alt-lines.jsonl.gz")[0])
    made = json.loads(croissant([path], tmp_path / "deeper"))
    assert (made["version"], made["distribution"][0]["contentUrl"]) == ("1.0.0", "../pizza.jsonl.gz")


def test_a_field_that_no_record_of_a_file_has_is_left_out(tmp_path):
    [record] = first_records(DATA / "v2-alt" / "test.jsonl.gz")
    bare = {key: value for key, value in record.items() if key not in ("overtness", "pair")}
    made = json.loads(croissant([packed(tmp_path / "bare.jsonl.gz", bare)], tmp_path))
    assert {field["name"] for field in made["recordSet"][0]["field"]} == set(bare)


def test_what_cannot_be_described_is_named_in_one_line(tmp_path, capsys):
    [phrase] = first_records(DATA / "v1-alt-lines.jsonl.gz")
    (tmp_path / "empty").mkdir()
    for name, manifest in {
        "broken": [],
        "nameless": {"files": {}},
        "gone": {"files": {"test.jsonl.gz": {"sha256": ""}}},
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (tmp_path / "plain.jsonl").write_text(json.dumps(phrase), encoding="utf-8")
    packed(tmp_path / "nothing.jsonl.gz")
    packed(tmp_path / "real.jsonl.gz", phrase | {"synthetic": False})
    packed(tmp_path / "more.jsonl.gz", phrase | {"scene": "pizza"})
    packed(tmp_path / "twice.jsonl.gz", phrase)
    faults = {
        "missing": "missing: neither a corpus folder with its manifest.json nor a .jsonl.gz of a corpus",
        "plain.jsonl": "plain.jsonl: neither a corpus folder with its manifest.json nor a .jsonl.gz of a corpus",
        "empty": "manifest.json: cannot be read: No such file or directory",
        "broken": "manifest.json: names no .jsonl.gz with its sha256",
        "nameless": "manifest.json: names no .jsonl.gz with its sha256",
        "gone": "test.jsonl.gz: cannot be read: No such file or directory",
        "nothing.jsonl.gz": "nothing.jsonl.gz: holds no records",
        "real.jsonl.gz": 'real.jsonl.gz:1: expected an object with "synthetic": true',
        "more.jsonl.gz": "more.jsonl.gz:1: field 'scene' is not known",
        "twice.jsonl.gz": "twice.jsonl.gz: described twice",
    }
    for name, fault in faults.items():
        paths = [str(tmp_path / name)] * (2 if name.startswith("twice") else 1)
        assert main(["corpus", "croissant", *paths, "--out", str(tmp_path / "out.json")]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert fault in line
    assert not (tmp_path / "out.json").exists()


def plain(value):
    """A loaded or stored value, with bytes and numbers as text, the last part of each id, and no empty field."""
    if isinstance(value, dict):
        return {key.rpartition("/")[2]: plain(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, bytes):
        return value.decode()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_mlcroissant_finds_nothing_to_complain_of():
    mlcroissant = pytest.importorskip("mlcroissant")
    issues = mlcroissant.Dataset(jsonld=DATA / "croissant.json").metadata.ctx.issues
    assert (set(issues.errors), set(issues.warnings)) == (set(), set())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_mlcroissant_loads_the_records_of_every_record_set_as_they_stand_in_the_files(tmp_path):
    """The files are cut to a few lines here: mlcroissant reads a file whole before its first record."""
    mlcroissant = pytest.importorskip("mlcroissant")
    for name, path in PACKED.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        packed(tmp_path / name, *first_records(path, 3))
    for manifest in DATA.glob("*/manifest.json"):
        shutil.copy(manifest, tmp_path / manifest.relative_to(DATA))
    (tmp_path / "croissant.json").write_text(
        croissant([tmp_path / path.name for path in RELEASED], tmp_path), encoding="utf-8"
    )
    dataset = mlcroissant.Dataset(jsonld=tmp_path / "croissant.json")
    for name, path in PACKED.items():
        loaded = list(dataset.records(name.removesuffix(".jsonl.gz")))
        assert [plain(record) for record in loaded] == [plain(record) for record in first_records(path, 3)]
