"""Corpora described for machines: Croissant JSON-LD (MLCommons, version 1.0).

The description is made from the files, so that it cannot fall behind them. How a field is named and typed
follows what ``mlcroissant`` loads: it unpacks gzip by itself when ``encodingFormat`` is that of the content,
finds a field of JSON Lines by ``column``, and a field of a nested message by ``transform``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from classifier.corpus.corpus_folder import MANIFEST, read_manifest
from classifier.readers.corpus_jsonl import CorpusError
from classifier.readers.file_opening import parsed_json, text_lines
from classifier.records import SPLITS
from classifier.taxonomy import BENIGN, LABELS, PATTERN

PUBLISHED = "2026-11-29"
CREATOR = "The grooming-pattern-classifier contributors"
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"
PACKED = ".jsonl.gz"

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The standard context; readers warn of any other."""

ORIGIN = {
    "synthetic": (
        "sc:Boolean",
        "always true: nothing was collected, every text was written for this project",
    ),
    "corpus": ("sc:Text", "name of the corpus"),
    "version": ("sc:Text", "version of the corpus"),
    "seed": ("sc:Integer", "seed of the generator"),
    "split": ("sc:Text", f"{', '.join(SPLITS)}: splits share no phrase family and no account"),
}
REGISTER = ("sc:Text", "way of writing: careful, casual, regional, second_language, voice or young")
LABEL_LIST = ("sc:Text", f"warning signs that the words show, none or more of {', '.join(LABELS)}")
TACTIC_LIST = ("sc:Text", "finer tags of the labels")
MANNER = "plain, negated, quoted, advised or reported; only a plain text can show a label"

CONVERSATION_FIELDS = {
    "id": ("sc:Text", "unique id of the conversation"),
    **ORIGIN,
    "label": ("sc:Text", f"what the conversation was scripted to be: {BENIGN} or {PATTERN}"),
    "relation": ("sc:Text", "how sender and contact stand to each other"),
    "overtness": ("sc:Text", f"overt, mixed or faint; only where the label is {PATTERN}"),
    "dialogues": ("sc:Text", "ids of the dialogues that the conversation is a chain of, in order"),
    "pair": (
        "sc:Text",
        "name of the pair of look-alike dialogues that one of its own belongs to, if any does",
    ),
    "register": REGISTER,
    "sender": ("sc:Text", "account that opened the contact, the scripted one of a pattern; fictional"),
    "contact": ("sc:Text", "account that it is in contact with; fictional"),
    "known_from": ("sc:Text", "online or in_person"),
    "sender_age_band": ("sc:Text", "age band that the sender states, or unstated"),
    "contact_age_band": ("sc:Text", "age band that the contact states, or unstated"),
    "young_contacts": ("sc:Integer", "how many young accounts the sender writes to"),
    "families": ("sc:Text", "its dialogues, each by its pair where it has one; no two splits share one"),
    "messages": ("cr:Field", "the messages, in the order in which they were written"),
}
MESSAGE_FIELDS = {
    "author": ("sc:Text", "account that wrote it: the sender or the contact"),
    "time": ("sc:DateTime", "when it was written, fictional"),
    "text": ("sc:Text", "what it says"),
    "labels": LABEL_LIST,
    "tactics": TACTIC_LIST,
    "manner": ("sc:Text", f"{MANNER}; plain where it is left out"),
    "family": ("sc:Text", "the dialogue that it stands in, or the pair of that dialogue"),
    "personal": ("sc:Text", "spans of fictional personal information: first character, end, kind"),
}
PHRASE_FIELDS = {
    **ORIGIN,
    "family": ("sc:Text", "id of the phrase family that the text was drawn from"),
    "source": ("sc:Text", "the file of phrases that the family stands in"),
    "register": REGISTER,
    "text": ("sc:Text", "what it says"),
    "labels": LABEL_LIST,
    "tactics": TACTIC_LIST,
    "manner": ("sc:Text", MANNER),
}
LISTS = frozenset({"dialogues", "families", "labels", "messages", "personal", "tactics"})
"""Fields that hold a list of values."""
OPTIONAL = frozenset({"overtness", "pair"})
"""Fields of a conversation that not every record has."""


class PackedFile(NamedTuple):
    """A file to describe.

    ``fields`` are those its records have, by name; ``content_sha256`` is that of its unpacked content, where
    a manifest tells it.
    """

    id: str
    path: Path
    version: str
    fields: dict[str, tuple[str, str]]
    content_sha256: str


def croissant(paths: Sequence[Path], folder: Path) -> str:
    """The JSON-LD text, for a file in ``folder``, of corpus folders and single packed files.

    The version is that of the first. Raises ``InputError`` for a path that is neither, a file that is
    described twice, and records that are no conversations (schema 2) or phrase messages of a corpus.
    """
    files = [file for path in paths for file in _packed_files(path)]
    ids = [file.id for file in files]
    if twice := next((id_ for id_ in ids if ids.count(id_) > 1), None):
        raise CorpusError(f"{twice}: described twice; name every file once, and no two folders alike")
    version = files[0].version
    description: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "grooming-pattern-classifier-synthetic",
        "description": (
            "Synthetic, non-sexual, clearly labelled conversations and single messages that show warning "
            "signs of online grooming, with hard negatives: benign texts that look alike. Nothing was "
            "collected; every person and account is fictional. For research, prototyping and teaching."
        ),
        "license": LICENCE,
        "version": version,
        "datePublished": PUBLISHED,
        "creator": {"@type": "sc:Organization", "name": CREATOR},
        "citeAs": _citation(version),
        "inLanguage": "en",
        "keywords": ["child safety", "synthetic data", "text classification", "hard negatives"],
        "distribution": [_file_object(file, folder) for file in files],
        "recordSet": [_record_set(file) for file in files],
    }
    return json.dumps(description, indent=1, ensure_ascii=False) + "\n"


def _citation(version: str) -> str:
    """An entry of BibTeX."""
    entry = {
        "title": "grooming-pattern-classifier: synthetic conversations with warning signs of online grooming",
        "author": f"{{{CREATOR}}}",  # in braces it is one name
        "year": PUBLISHED[:4],
        "note": f"Version {version}",
    }
    parts = ", ".join(f"{name} = {{{value}}}" for name, value in entry.items())
    return f"@misc{{grooming_pattern_classifier_synthetic, {parts}}}"


def _packed_files(path: Path) -> list[PackedFile]:
    """The packed files of a corpus folder, or the one that ``path`` is. Raises ``InputError``."""
    if path.is_dir():
        try:
            hashes = {
                name: str(about["sha256"])
                for name, about in read_manifest(path)["files"].items()
                if name.endswith(PACKED)
            }
        except (AttributeError, KeyError, TypeError):
            hashes = {}
        if not hashes:
            raise CorpusError(
                f"{path / MANIFEST}: names no {PACKED} with its sha256; generate the corpus again"
            )
        name = Path(os.path.abspath(path)).name
        return [_packed_file(f"{name}/{file}", path / file, content) for file, content in hashes.items()]
    if not (path.is_file() and path.name.endswith(PACKED)):
        raise CorpusError(f"{path}: neither a corpus folder with its {MANIFEST} nor a {PACKED} of a corpus")
    return [_packed_file(path.name, path)]


def _packed_file(id_: str, path: Path, content_sha256: str = "") -> PackedFile:
    """What there is to say of a file, read until every field was seen.

    Raises ``InputError`` for a file that cannot be read and a record that is not described here.
    """
    fields: dict[str, tuple[str, str]] = {}
    version = ""
    seen: set[str] = set()
    for number, line in text_lines(path):
        where = f"{path}:{number}"
        record = parsed_json(line, where)
        if not isinstance(record, dict) or record.get("synthetic") is not True:
            raise CorpusError(f'{where}: expected an object with "synthetic": true')
        if number == 1:
            fields = CONVERSATION_FIELDS if "messages" in record else PHRASE_FIELDS
            version = str(record.get("version"))
        if faults := sorted((fields.keys() ^ record.keys()) - OPTIONAL):
            raise CorpusError(
                f"{where}: field {faults[0]!r} is {'missing' if faults[0] in fields else 'not known'}; only "
                "conversations of schema 2 and phrase messages are described"
            )
        seen.update(record)
        if seen >= fields.keys():
            break
    if not seen:
        raise CorpusError(f"{path}: holds no records")
    # A reader stops at a field that no record of the file has.
    present = {field: meaning for field, meaning in fields.items() if field in seen}
    return PackedFile(id_, path, version, present, content_sha256)


def _file_object(file: PackedFile, folder: Path) -> dict[str, Any]:
    content = f"; sha256 of the unpacked content: {file.content_sha256}" if file.content_sha256 else ""
    with file.path.open("rb") as stream:
        packed_sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return {
        "@type": "cr:FileObject",
        "@id": file.id,
        "name": file.id,
        "description": f"JSON Lines, packed with gzip, {_a_line(file)}; version {file.version}{content}.",
        "contentUrl": Path(os.path.relpath(file.path, folder)).as_posix(),
        "contentSize": f"{file.path.stat().st_size} B",
        "encodingFormat": "application/jsonlines",
        "sha256": packed_sha256,
    }


def _record_set(file: PackedFile) -> dict[str, Any]:
    id_ = file.id.removesuffix(PACKED)
    key = {"key": {"@id": f"{id_}/id"}} if "id" in file.fields else {}
    return {
        "@type": "cr:RecordSet",
        "@id": id_,
        "name": id_,
        "description": f"The records of {file.id}, {_a_line(file)}.",
        **key,
        "field": [_field(f"{id_}/{name}", name, about, file.id) for name, about in file.fields.items()],
    }


def _a_line(file: PackedFile) -> str:
    return "one conversation a line" if "messages" in file.fields else "one phrase as a single message a line"


def _field(id_: str, name: str, about: tuple[str, str], file_id: str, *, of: str = "") -> dict[str, Any]:
    """One field, with its sub-fields. ``of`` is the field that it is nested in."""
    kind, meaning = about
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": id_,
        "name": name,
        "description": meaning,
        "dataType": kind,
    }
    if name in LISTS:
        field["repeated"] = True
    if name == "messages":
        field["subField"] = [
            _field(f"{id_}/{part}", part, of_part, file_id, of=name)
            for part, of_part in MESSAGE_FIELDS.items()
        ]
        return field
    field["source"] = {"fileObject": {"@id": file_id}, "extract": {"column": of or name}}
    if of:
        field["source"]["transform"] = {"jsonPath": f"$.{name}"}
    return field
