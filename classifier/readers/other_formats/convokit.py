"""A ConvoKit corpus folder, of which only the utterances are opened.

Ids, speakers, order and texts stand there. Metadata that ConvoKit keeps in binary files (``*-bin.p``)
are pickles, which run code when opened: they are never opened, nor is any file but utterances.jsonl or
utterances.json. The older names of fields are read as well: ``user`` for ``speaker``, ``root`` for
``conversation_id``, ``reply-to`` for ``reply_to``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from classifier.errors import InputError
from classifier.readers.checked_values import MAX_MESSAGES, NO_TIME, checked_name, checked_text, parsed_time
from classifier.readers.external_conversations import external_conversation
from classifier.readers.fault_handling import OnFault, stop
from classifier.readers.file_opening import whole_json
from classifier.readers.rows.strict_parser import json_objects
from classifier.records import Conversation, Message

UTTERANCES = ("utterances.jsonl", "utterances.json")
"""The file that is read, the newer name first."""
NO_TEXT = "utterances without a text were left out"
NO_CLOCK = "utterances with a time that cannot be read have none"
OLD_NAMES = {"speaker": "user", "conversation_id": "root", "reply_to": "reply-to"}


class _Utterance(NamedTuple):
    id: str
    conversation: str
    reply_to: str
    message: Message


def utterances_file(folder: Path) -> Path:
    """The file of utterances in ``folder``.

    Raises ``InputError`` when there is none, and when it is a symbolic link: a corpus folder holds its
    own files.
    """
    for name in UTTERANCES:
        path = folder / name
        if path.is_symlink():
            raise InputError(f"{path}: a symbolic link; put the file itself into the corpus folder")
        if path.exists():
            return path
    raise InputError(
        f"{folder}: a folder without {' or '.join(UTTERANCES)}; of folders only ConvoKit corpora are read"
    )


def read_convokit(
    folder: Path, *, on_fault: OnFault = stop, on_note: Callable[[str], None] = lambda note: None
) -> Iterator[Conversation]:
    """The conversations, each yielded when its last utterance has been read.

    The file is read twice, first to count. Utterances are put in order of time where all of a
    conversation have one, else each after the one it replies to. One without a conversation belongs to that
    of the root it replies to; one without a text is left out, and one whose time cannot be read has none,
    which ``on_note`` is told. A fault is an utterance without an id or with one used before, a text that is
    none, and replies that go round in a circle. A reply to an utterance that is not there, or to itself,
    begins anew.
    """
    path = utterances_file(folder)
    left: Counter[str] = Counter()
    replied: dict[str, str] = {}
    for _, entry in _entries(path, lambda fault: None):
        if _field(entry, "conversation_id") in (None, ""):
            replied[str(entry.get("id"))] = str(_field(entry, "reply_to") or "")
    for _, entry in _entries(path, lambda fault: None):
        left[_conversation_of(entry, replied)] += 1
    used: dict[str, int] = {}
    waiting: dict[str, list[_Utterance]] = {}
    for number, entry in _entries(path, on_fault):
        conversation = _conversation_of(entry, replied)
        found = waiting.setdefault(conversation, [])
        if entry.get("text") is None:
            on_note(NO_TEXT)
        else:
            try:
                utterance = _utterance(entry, conversation, on_note)
                if utterance.id in used:
                    raise ValueError(f"utterance {utterance.id!r} was already on line {used[utterance.id]}")
                if len(found) >= MAX_MESSAGES:
                    raise ValueError(
                        f"conversation {utterance.conversation!r} has more than {MAX_MESSAGES:,} utterances"
                    )
                used[utterance.id] = number
                found.append(utterance)
            except ValueError as error:
                on_fault(f"{path}:{number}: {error}")
        left[conversation] -= 1
        if not left[conversation] and (utterances := waiting.pop(conversation)):
            try:
                ordered = _in_order(utterances)
            except ValueError as error:
                on_fault(f"{path}:{number}: {error}")
                continue
            messages = [
                replace(utterance.message, line=line) for line, utterance in enumerate(ordered, start=1)
            ]
            yield external_conversation(ordered[0].conversation, messages, corpus="convokit")


def _entries(path: Path, on_fault: OnFault) -> Iterator[tuple[int, dict[str, Any]]]:
    """The utterances with their line numbers, or places in a .json list."""
    if path.suffix == ".jsonl":
        yield from json_objects(path, on_fault=on_fault)
        return
    listed = whole_json(path)
    if not isinstance(listed, list):
        raise InputError(f"{path}: expected a list of utterances, got {type(listed).__name__}")
    for number, entry in enumerate(listed, start=1):
        if isinstance(entry, dict):
            yield number, entry
        else:
            on_fault(f"{path}:{number}: expected a JSON object, got {type(entry).__name__}")


def _field(entry: dict[str, Any], name: str) -> Any:
    value = entry.get(name)
    return entry.get(OLD_NAMES[name]) if value is None and name in OLD_NAMES else value


def _conversation_of(entry: dict[str, Any], replied: Mapping[str, str]) -> str:
    """The conversation of an utterance: the one it names, else the root that it replies to."""
    given = _field(entry, "conversation_id")
    if given not in (None, ""):
        return str(given)[:2000]
    root, seen = str(entry.get("id"))[:2000], set()
    while root not in seen and (earlier := replied.get(root)) in replied:
        seen.add(root)
        root = str(earlier)
    return root


def _utterance(entry: dict[str, Any], conversation: str, on_note: Callable[[str], None]) -> _Utterance:
    reply, speaker = _field(entry, "reply_to"), _field(entry, "speaker")
    if isinstance(speaker, dict):
        speaker = speaker.get("id")
    try:
        time = parsed_time(entry.get("timestamp"))
    except ValueError:
        time = NO_TIME
        on_note(NO_CLOCK)
    return _Utterance(
        id=checked_name(entry.get("id"), noun="id"),
        conversation=checked_name(_field(entry, "conversation_id") or conversation, noun="conversation_id"),
        reply_to="" if reply in (None, "") else checked_name(reply, noun="reply_to"),
        message=Message(
            author="" if speaker in (None, "") else checked_name(speaker, noun="speaker"),
            time=time,
            text=checked_text(entry.get("text")),
        ),
    )


def _in_order(utterances: list[_Utterance]) -> list[_Utterance]:
    if all(utterance.message.time != NO_TIME for utterance in utterances):
        return sorted(utterances, key=lambda utterance: utterance.message.time)
    known = {utterance.id for utterance in utterances}
    replies: dict[str, list[_Utterance]] = {}
    for utterance in utterances:
        is_root = utterance.reply_to not in known or utterance.reply_to == utterance.id
        replies.setdefault("" if is_root else utterance.reply_to, []).append(utterance)
    ordered: list[_Utterance] = []
    left = replies.pop("", [])[::-1]
    while left:
        ordered.append(left.pop())
        left += replies.pop(ordered[-1].id, [])[::-1]
    if len(ordered) < len(utterances):
        raise ValueError(f"in conversation {utterances[0].conversation!r} replies go round in a circle")
    return ordered
