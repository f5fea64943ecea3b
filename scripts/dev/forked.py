"""How do tests run on a copy of the checkout, again and again, without loading the large libraries each time? In forks of a process that has loaded them."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Loaded before the forks, so that no run pays for it. Nothing of ours, which a fork must read from its copy.
import hypothesis.extra.numpy  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import pandas  # noqa: F401
import pyarrow.parquet  # noqa: F401
import pydantic  # noqa: F401
import pytest
import scipy.stats  # noqa: F401
import sklearn.linear_model  # noqa: F401


def in_fork(run: Callable[[], int]) -> int | None:
    """What ``run`` gives in a process of its own group, of which nothing is left afterwards."""
    process = multiprocessing.get_context("fork").Process(target=lambda: os._exit(run()))
    process.start()
    process.join()
    assert process.pid is not None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.exitcode


def run_pytest(tests: list[str], checkout: Path, plugin: object, *, keep_bytecode: bool = False) -> int:
    """The exit code of the tests, stopped at the first that fails, with a ``plugin``. To be called in a fork: it changes folder and says nothing."""
    os.setpgid(0, 0)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.chdir(checkout)
    # The copy's own package before the installed one, here and in processes the tests start. CI: hypothesis draws the same examples each time.
    sys.path.insert(0, str(checkout))
    os.environ.update(
        PYTHONPATH=str(checkout), PYTHONDONTWRITEBYTECODE="1", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", CI="1"
    )
    sys.dont_write_bytecode = not keep_bytecode  # never that of a changed module
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests], plugins=[plugin]))


@dataclass(frozen=True, eq=False)
class Chosen:
    """A plugin of pytest that runs these ``tests`` alone, in their order, and what has no ``seconds``: a test whose name has the changed constant in it.

    One that takes far longer than it did has noticed the change: the alarm ends the process.
    """

    tests: list[str]
    seconds: dict[str, float]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort, and leave out."""
        place = {test: number for number, test in enumerate(self.tests)}
        kept = [item for item in items if item.nodeid in place or item.nodeid not in self.seconds]
        items[:] = sorted(kept, key=lambda item: place.get(item.nodeid, len(place)))

    def pytest_collection(self) -> None:
        """Set the alarm for what runs at import."""
        signal.alarm(120)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Set the alarm for a test."""
        signal.alarm(15 + math.ceil(10 * self.seconds.get(item.nodeid, 0.0)))
