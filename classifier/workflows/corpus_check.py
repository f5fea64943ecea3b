"""What ``corpus check`` looks at: a corpus, phrases, dialogues, or a whole voice."""

from __future__ import annotations

from pathlib import Path

from classifier.corpus.checks.content_policy import policy_problems
from classifier.corpus.checks.corpus_audit import corpus_problems
from classifier.corpus.checks.dialogue_check import dialogue_problems, voice_problems
from classifier.corpus.checks.near_copies import distinct_phrasings
from classifier.corpus.checks.phrase_check import phrase_problems, shared_lines
from classifier.corpus.corpus_folder import (
    PHRASE_VOICE,
    content_hash,
    corpus_files,
    read_corpus,
    read_manifest,
    read_message_tables,
)
from classifier.corpus.dialogues import (
    Dialogue,
    holds_dialogues,
    load_dialogues,
    read_dialogue_file,
    read_dialogue_folder,
)
from classifier.corpus.families import load_families, read_phrase_file
from classifier.progress import progress_bar, say
from classifier.readers.corpus_jsonl import CorpusError

Checked = tuple[str, list[str]]
"""What was looked at, in words, and what is wrong with it."""


def check_voice(voice: str) -> Checked:
    """All dialogues of a voice and, if it has them, its phrases."""
    dialogues = load_dialogues(voice)
    checked, problems = _counted(dialogues), voice_problems(dialogues)
    if voice == PHRASE_VOICE:
        families = load_families()
        checked += f" and {sum(len(family.phrasings) for family in families)} phrasings"
        problems += [*phrase_problems(families), *shared_lines(families, dialogues)]
    return checked, problems


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
        expected, got = read_manifest(path)["corpus_sha256"], content_hash(path)
        if expected != got:
            raise CorpusError(
                f"{path}: content has sha256 {got}, its manifest says {expected}; "
                "generate it again or restore the files"
            )
    messages = read_message_tables(path, parts)
    conversations = [conversation for part in parts.values() for conversation in part]
    problems = corpus_problems(progress_bar(conversations, label="checking"))
    phrases = sum((table["conversation"] == "").sum() for table in messages.values())
    problems += [
        f"{row['family']}: {problem}"
        for table in messages.values()
        for row in table[table["conversation"] == ""].to_dict("records")
        for problem in policy_problems(row["text"])
    ]
    beside = f" and {phrases} phrases" if phrases else ""
    return f"{len(conversations)} conversations{beside} in {len(corpus_files(path))} files", problems
