"""A corpus on disk: a JSONL file a split, a sample, and a manifest.

The manifest has the sha256 of every file's content.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from classifier.atomic import replacing, synced_folder, write_bytes
from classifier.corpus.dialogues import VOICES as DIALOGUE_VOICES
from classifier.corpus.dialogues import Dialogue, load_dialogues
from classifier.corpus.generator.chains import dialogue_books, generate_chain_senders
from classifier.corpus.generator.conversations import generate_senders, phrasebooks, split_sizes
from classifier.corpus.generator.spec import CorpusSpec
from classifier.corpus.split import apart, split_conversations
from classifier.readers.corpus import (
    CorpusError,
    compressing,
    iterate_conversations,
    read_conversations,
    to_jsonl,
)
from classifier.records import SPLITS, Conversation
from classifier.resume import FinishedPieces, program_sha256
from classifier.taxonomy import BENIGN, PATTERN

MANIFEST = "manifest.json"
SAMPLE = "sample.jsonl"
SAMPLE_SIZE = 40
SENDERS_A_PIECE = 500
"""A piece takes some seconds to make and some megabytes on the disk."""

Maker = Callable[..., Iterator[Conversation]]
"""Makes the conversations of ``senders`` senders from number ``first`` on, when ``made`` stand before."""


def write_corpus(
    folder: Path,
    spec: CorpusSpec,
    *,
    dialogues: Sequence[Dialogue] | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Generate ``spec`` into ``folder`` and return its manifest.

    The same spec gives the same content; memory does not grow with its size. A spec whose voice has
    dialogues makes chains of them; ``dialogues`` replaces the voice's own files.

    Until all is there, pieces wait in a folder beside it (``FOLDER.parts``); a run that was stopped goes
    on from those that are of the same spec and program. The files are then moved in, the manifest last
    and an old one away first, so a folder that has one is whole. The sha256 are of the uncompressed
    content: what gzip makes of it depends on the machine's zlib.
    """
    parts = parts_folder(folder)
    finished = FinishedPieces(parts, _basis(spec, dialogues))
    pieces = _pieces(finished, spec, dialogues, progress)
    everything = hashlib.sha256()
    files = {
        f"{split}.jsonl.gz": _write_split(parts / f"{split}.jsonl.gz", _contents(finished, names), everything)
        for split, names in pieces.items()
    }
    counts, sample = _counts_and_sample(spec, [parts / name for name in files])
    write_bytes(parts / SAMPLE, sample)
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


def _makers(spec: CorpusSpec, dialogues: Sequence[Dialogue] | None) -> dict[str, Maker]:
    """What makes each split's conversations: from dialogues, or from phrases."""
    if dialogues is None and spec.voice not in DIALOGUE_VOICES:
        return {
            split: partial(generate_senders, spec, split, book) for split, book in phrasebooks(spec).items()
        }
    books = dialogue_books(spec, load_dialogues(spec.voice) if dialogues is None else dialogues)
    return {split: partial(generate_chain_senders, spec, split, book) for split, book in books.items()}


def _basis(spec: CorpusSpec, dialogues: Sequence[Dialogue] | None) -> dict[str, Any]:
    """What every piece of a corpus depends on."""
    basis = {"spec": spec.to_json(), "program": program_sha256(["corpus", "readers"])}
    if dialogues is not None:
        basis["dialogues"] = hashlib.sha256(repr(dialogues).encode()).hexdigest()
    return basis


def _contents(finished: FinishedPieces, names: Iterable[str]) -> Iterator[bytes]:
    for name in names:
        content = finished.get(name)
        if content is None:
            raise CorpusError(f"{finished.path(name)}: was damaged or removed; run the command again")
        yield content


def _pieces(
    finished: FinishedPieces,
    spec: CorpusSpec,
    dialogues: Sequence[Dialogue] | None,
    progress: Callable[[int], None],
) -> dict[str, list[str]]:
    """The names of the pieces of each split, ``SENDERS_A_PIECE`` senders each.

    Those that an earlier run left are kept; the rest are made now.
    """
    sizes, done = split_sizes(spec), 0
    pieces: dict[str, list[str]] = {}
    for split, make in _makers(spec, dialogues).items():
        names: list[str] = []
        made = 0
        while made < sizes[split]:
            name = f"{split}-{len(names):06d}"
            lines = finished.get(name)
            if lines is None:
                first = len(names) * SENDERS_A_PIECE
                lines = to_jsonl(make(first=first, senders=SENDERS_A_PIECE, made=made))
                finished.put(name, lines)
            new = lines.count(b"\n")
            made, done = made + new, done + new
            progress(done)
            names.append(name)
        if names:
            pieces[split] = names
    return pieces


def _write_split(path: Path, pieces: Iterable[bytes], everything: hashlib._Hash) -> dict[str, Any]:
    """Write one split's file and return its hash and size.

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


def corpus_sha256(contents: Iterable[bytes]) -> str:
    """One hash of a corpus: of its split files' contents, end to end."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    return digest.hexdigest()


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


def read_corpus(path: Path) -> dict[str, list[Conversation]]:
    """The conversations of each split of a corpus folder or file.

    Raises ``CorpusError`` when a phrase family or an account stands in two splits.
    """
    conversations = [conversation for file in corpus_files(path) for conversation in read_conversations(file)]
    try:
        return split_conversations(conversations)
    except ValueError as error:
        raise CorpusError(f"{path}: {error}") from None


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


def content_hash(parts: dict[str, list[Conversation]]) -> str:
    """The ``corpus_sha256`` of conversations as they were read, split after split."""
    return corpus_sha256(to_jsonl(parts[split]) for split in SPLITS if parts[split])
