"""The PAN 2012 corpus: conversations in XML, author ids and lines as text.

A message has a line number and a clock time without a date. Lines are put in order; where the clock
falls back by more than half a day midnight has passed, and the next day begins. Texts were escaped
twice and are unescaped twice. An empty text keeps its line.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Set
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from classifier.errors import InputError
from classifier.readers.checked_values import (
    MAX_CHARACTERS,
    MAX_MESSAGES,
    NO_TIME,
    checked_line,
    checked_name,
    checked_text,
    shown,
)
from classifier.readers.external_conversations import external_conversation
from classifier.readers.fault_handling import OnFault, stop
from classifier.readers.file_opening import opened, text_lines
from classifier.records import Conversation, Message
from classifier.taxonomy import BENIGN, PATTERN

PARENTS = {
    "conversations": "",
    "conversation": "conversations",
    "message": "conversation",
    "author": "message",
    "time": "message",
    "text": "message",
}
"""The elements of the format, each with the one it stands in."""
CHUNK = 1 << 16
_CLOCK = re.compile("([01]?[0-9]|2[0-3]):([0-5][0-9])")
_FIRST_DAY = datetime(1970, 1, 1)
_HALF_A_DAY = timedelta(hours=12)


def read_pan12(
    path: Path, *, pattern_authors: Set[str] | None = None, on_fault: OnFault = stop
) -> Iterator[Conversation]:
    """The conversations in file order, each yielded when its end has been read.

    With ``pattern_authors`` (see ``read_authors``) a conversation with one of them among its authors is
    labelled a pattern and that author is its sender, all others are labelled benign; without, none is
    labelled. A fault is a message without a line number or an author, with a time that is no clock
    time, or too long; a line number used twice; a conversation without an id, with an id used before,
    or without messages. Raises ``InputError`` for anything that is not XML of this format, for a
    document type and for entities.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    target = _Target(path, pattern_authors, on_fault)
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    target.expat = parser.parser
    with opened(path) as stream:
        try:
            while chunk := stream.read(CHUNK):
                parser.feed(chunk)
                yield from target.taken()
            parser.close()
        except DefusedXmlException as error:
            raise InputError(
                f"{path}:{target.number}: {type(error).__name__}: a document type or entities are "
                "refused; the corpus has none"
            ) from None
        except (ParseError, ValueError, LookupError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{path}:{target.number}: not whole XML ({error}); it may be cut off") from None
    yield from target.taken()


class _Target:
    """Makes messages and conversations of the parser's events, with their lines."""

    def __init__(self, path: Path, pattern_authors: Set[str] | None, on_fault: OnFault) -> None:
        self.expat: Any = None
        self._path = path
        self._pattern_authors = pattern_authors
        self._on_fault = on_fault
        self._open: list[str] = [""]
        self._used: dict[str, int] = {}
        self._done: list[Conversation] = []
        self._id: str | None = None
        self._began = self._message_began = 0
        self._lines: dict[int, tuple[str, str, str]] = {}
        self._line: str | None = None
        self._parts: dict[str, list[str]] = {}
        self._length = 0

    @property
    def number(self) -> int:
        """The line that the parser is at."""
        return int(self.expat.CurrentLineNumber)

    def taken(self) -> list[Conversation]:
        """The conversations that have ended since the last call."""
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if PARENTS.get(tag) != self._open[-1]:
            raise InputError(
                f"{self._path}:{self.number}: <{shown(tag, most=60)}> in <{self._open[-1]}> is not in "
                "the format of PAN 2012: conversations, conversation, message, author, time, text"
            )
        self._open.append(tag)
        if tag == "conversation":
            self._id, self._began, self._lines = attributes.get("id"), self.number, {}
        elif tag == "message":
            self._line, self._message_began, self._parts, self._length = (
                attributes.get("line"),
                self.number,
                {},
                0,
            )
        elif tag in ("author", "time", "text"):
            self._parts.setdefault(tag, [])

    def data(self, content: str) -> None:
        if self._open[-1] in self._parts:
            self._length += len(content)
            # A text is held until its end; one that is too long is found out soon enough by
            # this, without being held.
            if self._length <= 8 * MAX_CHARACTERS:
                self._parts[self._open[-1]].append(content)

    def end(self, tag: str) -> None:
        self._open.pop()
        if tag == "message":
            self._end_message()
            self._parts = {}
        elif tag == "conversation":
            self._end_conversation()

    def close(self) -> None:
        """Nothing: an element that is still open is the parser's error."""

    def _end_message(self) -> None:
        try:
            line = checked_line(self._line)
            if line in self._lines:
                raise ValueError(f"line {line} stands twice in conversation {self._id!r}")
            if len(self._lines) >= MAX_MESSAGES:
                raise ValueError(f"conversation {self._id!r} has more than {MAX_MESSAGES:,} messages")
            author, clock, text = ("".join(self._parts.get(tag, [])) for tag in ("author", "time", "text"))
            if clock.strip() and not _CLOCK.fullmatch(clock.strip()):
                raise ValueError(f"time {clock.strip()[:40]!r}: expected a clock time like 17:05")
            if self._length > 8 * MAX_CHARACTERS:
                raise ValueError(
                    f"a message of {self._length:,} characters, where one may have at most {MAX_CHARACTERS:,}"
                )
            self._lines[line] = (
                checked_name(author, noun="author"),
                clock.strip(),
                checked_text(html.unescape(text)),
            )
        except ValueError as error:
            self._on_fault(f"{self._path}:{self._message_began}: {error}")

    def _end_conversation(self) -> None:
        try:
            id_ = checked_name(self._id, noun="conversation id")
            if id_ in self._used:
                raise ValueError(f"conversation {id_!r} was already on line {self._used[id_]}")
            if not self._lines:
                raise ValueError(f"conversation {id_!r} has no messages")
        except ValueError as error:
            self._on_fault(f"{self._path}:{self._began}: {error}")
            return
        self._used[id_] = self._began
        messages = list(_dated(self._lines))
        label = sender = ""
        if self._pattern_authors is not None:
            sender = next(
                (message.author for message in messages if message.author in self._pattern_authors), ""
            )
            label = PATTERN if sender else BENIGN
        self._done.append(external_conversation(id_, messages, corpus="pan12", label=label, sender=sender))


def _dated(lines: dict[int, tuple[str, str, str]]) -> Iterator[Message]:
    """The messages by line number, from the first of January 1970 on."""
    day, last = _FIRST_DAY, _FIRST_DAY
    for line in sorted(lines):
        author, clock, text = lines[line]
        time = NO_TIME
        if clock:
            hours, minutes = clock.split(":")
            time = day + timedelta(hours=int(hours), minutes=int(minutes))
            if last - time > _HALF_A_DAY:
                day += timedelta(days=1)
                time += timedelta(days=1)
            last = time
        yield Message(author=author, time=time, text=text, line=line)


def read_authors(path: Path) -> set[str]:
    """The author ids of a file with one id a line.

    The corpus lists its predators so, and its first task is answered so. Raises ``InputError`` for
    another shape.
    """
    found = set()
    for number, line in _side_lines(path):
        if len(line.split()) != 1:
            raise InputError(f"{path}:{number}: expected one author id a line, got {line.strip()[:60]!r}")
        found.add(line.strip())
    return found


def read_lines(path: Path) -> set[tuple[str, int]]:
    """The (conversation, line) pairs of a file: one pair a line, tab-separated.

    The corpus's second task is answered so.
    """
    found = set()
    for number, line in _side_lines(path):
        try:
            id_, line_number = line.rstrip("\r\n").split("\t")
            found.add((checked_name(id_, noun="conversation id"), checked_line(line_number.strip())))
        except ValueError as error:
            raise InputError(
                f"{path}:{number}: expected a conversation id, a tab and a line number, got "
                f"{line.strip()[:60]!r} ({error})"
            ) from None
    return found


def _side_lines(path: Path) -> Iterator[tuple[int, str]]:
    if path.stem.endswith("diff"):
        raise InputError(
            f"{path}: the diff file of PAN 2012 holds no labels: it lists where two releases of the "
            "corpus differ; "
            "labels are in the list of predators and in groundtruth-problem1 and -problem2"
        )
    for number, line in text_lines(path):
        if line.strip():
            yield number, line


def authors_file(authors: Iterable[str]) -> bytes:
    r"""The answer file of the first task: one author id a line, sorted.

    Raises ``InputError`` for an id that no line can hold.

    >>> authors_file({"b2", "a1"})
    b'a1\nb2\n'
    """
    found = sorted(authors)
    if unfit := next((author for author in found if len(author.split()) != 1), None):
        raise InputError(f"author {shown(repr(unfit))}: the answers of PAN 2012 hold ids without spaces only")
    return "".join(f"{author}\n" for author in found).encode("utf-8")


def lines_file(lines: Iterable[tuple[str, int]]) -> bytes:
    r"""The answer file of the second task: conversation id, tab, line number.

    Raises ``InputError`` for an id that no line can hold.

    >>> lines_file({("c1", 12), ("c1", 3)})
    b'c1\t3\nc1\t12\n'
    """
    found = sorted(lines)
    if unfit := next((id_ for id_, _ in found if set(id_) & set("\t\n\r")), None):
        raise InputError(
            f"conversation {shown(repr(unfit))}: PAN 2012's answers hold ids "
            "without tabs and line breaks only"
        )
    return "".join(f"{id_}\t{line}\n" for id_, line in found).encode("utf-8")
