"""A corpus on disk: one JSONL file per split, a readable sample, and a manifest with the sha256 of every file's content."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from classifier.atomic import write_bytes
from classifier.corpus.generate import generate
from classifier.corpus.spec import CorpusSpec
from classifier.corpus.split import split_conversations
from classifier.readers.jsonl import CorpusError, compressed, read_conversations, to_jsonl
from classifier.records import SPLITS, Conversation

MANIFEST = "manifest.json"
SAMPLE = "sample.jsonl"
SAMPLE_SIZE = 40


def write_corpus(folder: Path, spec: CorpusSpec, *, progress: Callable[[int], None] = lambda done: None) -> dict[str, Any]:
    """Generate ``spec`` into ``folder`` and return its manifest. The same spec gives the same content.

    The sha256 are of the uncompressed content: what gzip makes of it depends on the machine's zlib.
    """
    parts = split_conversations(generate(spec, progress=progress))
    contents = {f"{split}.jsonl.gz": to_jsonl(parts[split]) for split in SPLITS if parts[split]}
    everything = [conversation for split in SPLITS for conversation in parts[split]]
    sample = to_jsonl(everything[:: max(1, len(everything) // SAMPLE_SIZE)])
    manifest: dict[str, Any] = {
        "synthetic": True,
        "spec": spec.to_json(),
        "corpus_sha256": corpus_sha256(contents.values()),
        "files": {name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)} for name, content in (contents | {SAMPLE: sample}).items()},
        "counts": {split: _counts(parts[split]) for split in SPLITS if parts[split]},
    }
    for name, content in contents.items():
        write_bytes(folder / name, compressed(content))
    write_bytes(folder / SAMPLE, sample)
    write_bytes(folder / MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())
    return manifest


def corpus_sha256(contents: Iterable[bytes]) -> str:
    """One hash for a corpus: of its split files' contents, end to end."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    return digest.hexdigest()


def _counts(conversations: list[Conversation]) -> dict[str, int]:
    labels = Counter(conversation.label for conversation in conversations)
    return {
        "conversations": len(conversations),
        "messages": sum(len(conversation.messages) for conversation in conversations),
        "senders": len({conversation.sender for conversation in conversations}),
        "families": len({family for conversation in conversations for family in conversation.families}),
        **dict(sorted(labels.items())),
    }


def corpus_files(path: Path) -> list[Path]:
    """The split files of a corpus folder, or the one file ``path`` is. Raises ``CorpusError`` when there is none."""
    if path.is_dir():
        found = [path / f"{split}{ending}" for split in SPLITS for ending in (".jsonl.gz", ".jsonl") if (path / f"{split}{ending}").is_file()]
        if not found:
            raise CorpusError(f"{path}: holds no train, validation or test .jsonl.gz; make one with 'grooming-classifier corpus generate --out {path}'")
        return found
    if not path.is_file():
        raise CorpusError(f"{path}: no such corpus; make one with 'grooming-classifier corpus generate --out FOLDER'")
    return [path]


def read_corpus(path: Path) -> dict[str, list[Conversation]]:
    """The conversations of each split of a corpus folder or file, proven free of families and accounts that stand in two splits."""
    conversations = [conversation for file in corpus_files(path) for conversation in read_conversations(file)]
    try:
        return split_conversations(conversations)
    except ValueError as error:
        raise CorpusError(f"{path}: {error}") from None


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a corpus folder. Raises ``CorpusError`` when there is none."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError as error:
        raise CorpusError(f"{folder / MANIFEST}: cannot be read: {error.strerror}; a corpus folder needs its manifest") from None
    except ValueError as error:
        raise CorpusError(f"{folder / MANIFEST}: not JSON ({error}); generate the corpus again") from None
    return manifest


def content_hash(parts: dict[str, list[Conversation]]) -> str:
    """The ``corpus_sha256`` of conversations as they were read, split after split."""
    return corpus_sha256(to_jsonl(parts[split]) for split in SPLITS if parts[split])
