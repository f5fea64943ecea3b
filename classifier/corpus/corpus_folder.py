"""A corpus on disk: a JSONL file a split, its phrases, a sample, and a manifest.

The phrases stand there as messages. The manifest has the sha256 of every file's content.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from classifier.atomic import replacing, synced_folder, write_bytes
from classifier.corpus.dialogues import Dialogue, load_dialogues
from classifier.corpus.families import PhraseFamily, load_families
from classifier.corpus.generator.chains import dialogue_books, generate_chain_senders
from classifier.corpus.generator.corpus_spec import CorpusSpec, split_sizes
from classifier.corpus.generator.phrase_messages import phrase_messages
from classifier.corpus.split import apart, split_conversations
from classifier.errors import InputError
from classifier.readers.corpus_jsonl import (
    CorpusError,
    compressing,
    iterate_conversations,
    read_conversations,
    to_jsonl,
)
from classifier.readers.messages_table import messages_table
from classifier.readers.phrases_jsonl import read_phrase_messages
from classifier.records import SPLITS, Conversation
from classifier.resume import FinishedPieces, program_sha256
from classifier.taxonomy import BENIGN, PATTERN

MANIFEST = "manifest.json"
MESSAGES = "messages.jsonl.gz"
SAMPLE = "sample.jsonl"
SAMPLE_SIZE = 20
SENDERS_A_PIECE = 2_000
"""A piece takes a minute to make and holds some 7,000 conversations; smaller ones pack less well."""

PHRASE_VOICE = "v2"
"""The voice that has phrases beside its dialogues."""


def write_corpus(
    folder: Path,
    spec: CorpusSpec,
    *,
    dialogues: Sequence[Dialogue] | None = None,
    families: Sequence[PhraseFamily] | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Generate ``spec`` into ``folder`` and return its manifest.

    The same spec gives the same content; memory does not grow with its size. ``dialogues`` and
    ``families`` replace the voice's own.

    Until all is there, pieces wait in a folder beside it (``FOLDER.parts``); a run that was stopped goes
    on from those that are of the same spec and program. The files are then moved in, the manifest last
    and an old one away first, so a folder that has one is whole. The sha256 are of the uncompressed
    content: what gzip makes of it depends on the machine's zlib.
    """
    parts = parts_folder(folder)
    if dialogues is None:
        dialogues = load_dialogues(spec.voice)
    if families is None:
        families = load_families() if spec.voice == PHRASE_VOICE else []
    finished = FinishedPieces(parts, _basis(spec, dialogues))
    pieces = _pieces(finished, spec, dialogues, progress)
    everything = hashlib.sha256()
    files = {
        f"{split}.jsonl.gz": _write_lines(parts / f"{split}.jsonl.gz", _contents(finished, names), everything)
        for split, names in pieces.items()
    }
    counts, sample = _counts_and_sample(spec, [parts / name for name in files])
    write_bytes(parts / SAMPLE, sample)
    if families:
        lines = (line.encode() + b"\n" for line in phrase_messages(spec, families))
        files[MESSAGES] = _write_lines(parts / MESSAGES, lines, everything)
    manifest: dict[str, Any] = {
        "synthetic": True,
        "spec": spec.to_json(),
        "corpus_sha256": everything.hexdigest(),
        "files": files | {SAMPLE: {"sha256": hashlib.sha256(sample).hexdigest(), "bytes": len(sample)}},
        "counts": counts,
    }
    write_bytes(parts / MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    for name in [*manifest["files"], MANIFEST]:
        os.replace(parts / name, folder / name)
    synced_folder(folder)
    shutil.rmtree(parts)
    return manifest


def parts_folder(folder: Path) -> Path:
    """Where the pieces of a corpus wait until it is whole."""
    folder = folder.resolve()
    return folder.with_name(folder.name + ".parts")


def _basis(spec: CorpusSpec, dialogues: Sequence[Dialogue]) -> dict[str, Any]:
    """What every piece of a corpus depends on."""
    return {
        "spec": spec.to_json(),
        "program": program_sha256(["corpus", "readers"]),
        "dialogues": hashlib.sha256(repr(dialogues).encode()).hexdigest(),
    }


def _contents(finished: FinishedPieces, names: Iterable[str]) -> Iterator[bytes]:
    for name in names:
        content = finished.get(name)
        if content is None:
            raise CorpusError(f"{finished.path(name)}: was damaged or removed; run the command again")
        yield content


def _pieces(
    finished: FinishedPieces,
    spec: CorpusSpec,
    dialogues: Sequence[Dialogue],
    progress: Callable[[int], None],
) -> dict[str, list[str]]:
    """The names of the pieces of each split, ``SENDERS_A_PIECE`` senders each.

    Those that an earlier run left are kept; the rest are made now.
    """
    sizes, done = split_sizes(spec), 0
    pieces: dict[str, list[str]] = {}
    books = dialogue_books(spec, dialogues)
    for split, book in books.items():
        names: list[str] = []
        made = 0
        while made < sizes[split]:
            name = f"{split}-{len(names):06d}"
            lines = finished.get(name)
            if lines is None:
                first = len(names) * SENDERS_A_PIECE
                new_ones = generate_chain_senders(
                    spec, split, book, first=first, senders=SENDERS_A_PIECE, made=made
                )
                # Conversations that begin alike stand together: packed, the file is a third smaller.
                lines = to_jsonl(sorted(new_ones, key=lambda conversation: conversation.dialogues))
                finished.put(name, lines)
            new = lines.count(b"\n")
            made, done = made + new, done + new
            progress(done)
            names.append(name)
        if names:
            pieces[split] = names
    return pieces


def _write_lines(path: Path, pieces: Iterable[bytes], everything: hashlib._Hash) -> dict[str, Any]:
    """Write one file and return its hash and size.

    ``everything`` is updated with its content.
    """
    content, size = hashlib.sha256(), 0
    with replacing(path) as file, compressing(file) as stream:
        for piece in pieces:
            content.update(piece)
            everything.update(piece)
            size += stream.write(piece)
    return {"sha256": content.hexdigest(), "bytes": size}


def _counts_and_sample(spec: CorpusSpec, files: Sequence[Path]) -> tuple[dict[str, dict[str, int]], bytes]:
    """The counts of each split, and a sample at equal steps.

    The files are read again and checked to be apart.
    """
    conversations = apart(chain.from_iterable(map(iterate_conversations, files)))
    step = max(1, sum(split_sizes(spec).values()) // SAMPLE_SIZE)
    splits = [path.name.partition(".")[0] for path in files]
    tallies = {split: Counter[str]() for split in splits}
    distinct: dict[str, dict[str, set[str]]] = {
        split: {"senders": set(), "families": set()} for split in splits
    }
    sample = []
    for number, conversation in enumerate(conversations):
        tallies[conversation.split].update(
            {"conversations": 1, "messages": len(conversation.messages), conversation.label: 1}
        )
        distinct[conversation.split]["senders"].add(conversation.sender)
        distinct[conversation.split]["families"].update(conversation.families)
        if number % step == 0:
            sample.append(conversation)
    order = ("conversations", "messages", "senders", "families", BENIGN, PATTERN)
    totals = {
        split: tallies[split] | Counter({noun: len(ids) for noun, ids in distinct[split].items()})
        for split in splits
    }
    return {
        split: {noun: total[noun] for noun in order if total[noun]} for split, total in totals.items()
    }, to_jsonl(sample)


def corpus_files(path: Path) -> list[Path]:
    """The split files of a corpus folder, or the one file ``path`` is.

    Raises ``CorpusError`` when there is none.
    """
    if path.is_dir():
        found = [
            path / f"{split}{ending}"
            for split in SPLITS
            for ending in (".jsonl.gz", ".jsonl")
            if (path / f"{split}{ending}").is_file()
        ]
        if not found:
            raise CorpusError(
                f"{path}: holds no train, validation or test .jsonl.gz; make one with "
                f"'grooming-classifier corpus generate --out {path}'"
            )
        return found
    if not path.is_file():
        raise CorpusError(
            f"{path}: no such corpus; make one with 'grooming-classifier corpus generate --out FOLDER'"
        )
    return [path]


def read_corpus(path: Path | str) -> dict[str, list[Conversation]]:
    """The conversations of each split of a corpus folder or file.

    Raises ``CorpusError`` when a phrase family or an account stands in two splits.
    """
    return read_splits(Path(path), *SPLITS)


def read_splits(path: Path, *splits: str) -> dict[str, list[Conversation]]:
    """The conversations of some splits of a corpus folder or file.

    Files of other splits are not read.

    Raises ``CorpusError`` when a phrase family or an account stands in two of them.
    """
    files = [
        file for file in corpus_files(path) if not path.is_dir() or file.name.partition(".")[0] in splits
    ]
    conversations = [conversation for file in files for conversation in read_conversations(file)]
    try:
        parts = split_conversations(conversations)
    except ValueError as error:
        raise CorpusError(f"{path}: {error}") from None
    return {split: parts[split] for split in splits}


def require_splits(
    path: Path, parts: Mapping[str, Sequence[Conversation]], *splits: str, reason: str
) -> None:
    """Raise ``InputError``, with the ``reason``, where a corpus has no conversations of a split."""
    for split in splits:
        if not parts[split]:
            raise InputError(f"{path}: has no {split} conversations; {reason}")


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a corpus folder. Raises ``CorpusError`` without one."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError as error:
        raise CorpusError(
            f"{folder / MANIFEST}: cannot be read: {error.strerror}; a corpus folder needs its manifest"
        ) from None
    except ValueError as error:
        raise CorpusError(f"{folder / MANIFEST}: not JSON ({error}); generate the corpus again") from None
    return manifest


def content_hash(path: Path) -> str:
    """The ``corpus_sha256`` of a corpus folder or file.

    It is one hash of its files' contents, end to end.
    """
    digest = hashlib.sha256()
    messages = path / MESSAGES
    for file in [*corpus_files(path), *([messages] if messages.is_file() else [])]:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def read_message_tables(path: Path, parts: Mapping[str, Sequence[Conversation]]) -> dict[str, pd.DataFrame]:
    """The messages that models are fitted on and measured on, by split.

    Each is a messages table. The messages are those of the conversations ``parts`` and, beside them in
    the folder ``path``, the phrases; each text of a family once, however often it is said. Raises
    ``CorpusError`` when a family stands in two splits.
    """
    phrases = path / MESSAGES
    rows = [messages_table(conversation for part in parts.values() for conversation in part)]
    if phrases.is_file():
        rows.append(read_phrase_messages(phrases))
    messages = pd.concat(rows, ignore_index=True).drop_duplicates(["text", "family", "split"])
    homes = messages.drop_duplicates(["family", "split"])
    twice = homes.loc[homes["family"].duplicated(), "family"]
    if len(twice):
        raise CorpusError(f"{path}: family {twice.iloc[0]!r} stands in two splits")
    return {split: messages[messages["split"] == split].reset_index(drop=True) for split in parts}
