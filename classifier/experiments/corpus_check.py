"""What ``corpus check`` looks at: a corpus, phrases, dialogues, or a whole voice."""

from __future__ import annotations

from pathlib import Path

from classifier.corpus.audit import corpus_problems, phrase_problems
from classifier.corpus.dialogue_check import dialogue_problems, voice_problems
from classifier.corpus.dialogues import (
    Dialogue,
    holds_dialogues,
    load_dialogues,
    read_dialogue_file,
    read_dialogue_folder,
)
from classifier.corpus.families import read_phrase_file
from classifier.corpus.near_copies import distinct_phrasings
from classifier.corpus.release import content_hash, corpus_files, read_corpus, read_manifest
from classifier.progress import progress_bar, say
from classifier.readers.corpus import CorpusError

Checked = tuple[str, list[str]]
"""What was looked at, in words, and what is wrong with it."""


def check_voice(voice: str) -> Checked:
    """All dialogues of a voice."""
    dialogues = load_dialogues(voice)
    return _counted(dialogues), voice_problems(dialogues)


def check_path(path: Path) -> Checked:
    """A .toml file of dialogues or phrases, a folder of dialogues, or a corpus."""
    if path.suffix == ".toml" and holds_dialogues(path):
        return _check_dialogues(read_dialogue_file(path))
    if path.suffix == ".toml":
        return _check_phrases(path)
    if path.is_dir() and any(path.rglob("*.toml")):
        return _check_dialogues(read_dialogue_folder(path))
    return _check_corpus(path)


def _check_dialogues(dialogues: list[Dialogue]) -> Checked:
    return _counted(dialogues), dialogue_problems(dialogues)


def _counted(dialogues: list[Dialogue]) -> str:
    return f"{len(dialogues)} dialogues of {sum(len(dialogue.lines) for dialogue in dialogues)} lines"


def _check_phrases(path: Path) -> Checked:
    families = read_phrase_file(path)
    n_phrasings = sum(len(family.phrasings) for family in families)
    n_copies = n_phrasings - len(distinct_phrasings(families))
    return f"{n_phrasings} phrasings, {n_copies} near copies", phrase_problems(families)


def _check_corpus(path: Path) -> Checked:
    say("reading")
    parts = read_corpus(path)
    if path.is_dir():
        expected, got = read_manifest(path)["corpus_sha256"], content_hash(parts)
        if expected != got:
            raise CorpusError(
                f"{path}: content has sha256 {got}, its manifest says {expected}; "
                "generate it again or restore the files"
            )
    conversations = [conversation for part in parts.values() for conversation in part]
    problems = corpus_problems(progress_bar(conversations, label="checking"))
    return f"{len(conversations)} conversations in {len(corpus_files(path))} files", problems
