"""Progress bars on standard error, shown on a terminal and silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

import click

T = TypeVar("T")


class ProgressBar(Protocol):
    """A progress callback like tqdm's: it hands on every item, unchanged and in order."""

    def __call__(self, items: Iterable[T], *, label: str, length: int) -> Iterator[T]:
        """The same items."""


def no_progress_bar(items: Iterable[T], *, label: str, length: int) -> Iterator[T]:
    """The items, with nothing shown.

    >>> list(no_progress_bar(["pizza", "raid"], label="eating", length=2))
    ['pizza', 'raid']
    """
    return iter(items)


def progress_bar(items: Iterable[T], *, label: str, length: int | None = None) -> Iterator[T]:
    """The items, with a bar of done, rate and remaining time on a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(
        items, label=label, length=length, file=sys.stderr, show_pos=True, show_eta=True
    ) as bar:
        yield from bar


@contextmanager
def progress_counter(*, label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A function to call with the number of items done so far."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr, show_pos=True, show_eta=True) as bar:
        yield lambda done: bar.update(done - bar.pos)


@contextmanager
def progress_share(*, label: str) -> Iterator[Callable[[float, str], None]]:
    """A function to call with the share done, in [0, 1], and a word on it."""
    if not sys.stderr.isatty():
        yield lambda share, words: None
        return
    with click.progressbar(
        length=1000, label=label, file=sys.stderr, show_eta=True, item_show_func=lambda words: words
    ) as bar:
        yield lambda share, words: bar.update(int(1000 * share) - bar.pos, words)


def say(text: str) -> None:
    """Print one line on what is going on, to standard error of a terminal."""
    if sys.stderr.isatty():
        click.echo(text, err=True)
