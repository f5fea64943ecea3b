"""Progress on standard error, only when a person is watching."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

T = TypeVar("T")


def watched(items: Iterable[T], *, label: str, length: int | None = None) -> Iterator[T]:
    """``items``, with a bar of done, rate and remaining time on a terminal, and silence otherwise."""
    if not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, label=label, length=length, file=sys.stderr, show_pos=True, show_eta=True) as bar:
        yield from bar


@contextmanager
def counted(*, label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A function to call with the number of items done, for work that reports its own progress."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr, show_pos=True, show_eta=True) as bar:
        yield lambda done: bar.update(done - bar.pos)


def say(text: str) -> None:
    """One line of what is going on, on standard error of a terminal."""
    if sys.stderr.isatty():
        click.echo(text, err=True)
