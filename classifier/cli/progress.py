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


@contextmanager
def shared(*, label: str) -> Iterator[Callable[[float, str], None]]:
    """A function to call with how much is done, in [0, 1], and a few words on it, for work whose number of items is not known."""
    if not sys.stderr.isatty():
        yield lambda share, words: None
        return
    with click.progressbar(length=1000, label=label, file=sys.stderr, show_eta=True, item_show_func=lambda words: words) as bar:
        yield lambda share, words: bar.update(int(1000 * share) - bar.pos, words)


def say(text: str) -> None:
    """One line of what is going on, on standard error of a terminal."""
    if sys.stderr.isatty():
        click.echo(text, err=True)
