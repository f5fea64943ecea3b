"""Which tests run which line? Every test once, under ``coverage`` with the test's name as the context, and what each of them costs.

A test also runs what the fixtures it asks for run, whoever made them first, and what a cache answered: caches are emptied before each test.
What a process of its own runs is not seen, so a test that starts one is taken to run every line.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import coverage
import pytest
from joblib.externals.loky import get_reusable_executor

AT_IMPORT = ""
"""The context of what runs outside tests and fixtures, while modules are imported."""


@dataclass(frozen=True)
class Covered:
    """``tests`` by module and line; the line has ``AT_IMPORT`` among them when importing runs it. ``seconds`` of each test, in the order they ran, with its fixtures."""

    tests: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]


@dataclass(eq=False)
class Recorder:
    """A plugin of pytest that keeps what each test ran of ``modules``, named from the folder ``top``."""

    top: Path
    modules: list[str]
    seconds: dict[str, float] = field(default_factory=dict)
    fixtures_of: dict[str, list[str]] = field(default_factory=dict)
    with_processes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context = AT_IMPORT
        self.measured = coverage.Coverage(
            data_file=None, config_file=False, include=[str(self.top / module) for module in self.modules]
        )
        self.measured.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Everything until the test's end is the test's own, fixtures apart."""
        _empty_caches()
        self.fixtures_of[item.nodeid] = [
            _fixture(definition.baseid, name)
            for name, found in item._fixtureinfo.name2fixturedefs.items()
            for definition in found
        ]
        processes_before = _cpu_seconds_of_children()
        result = yield from self._timed(item.nodeid)
        if multiprocessing.active_children() or _cpu_seconds_of_children() > processes_before:
            self.with_processes.append(item.nodeid)
            get_reusable_executor().shutdown()  # or the next test would find its workers running
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
        """What a fixture runs belongs to all who ask for it."""
        _empty_caches()
        return (yield from self._timed(_fixture(fixturedef.baseid, fixturedef.argname)))

    def _timed(self, context: str) -> Iterator[None]:
        outer, self.context, begin = self.context, context, time.perf_counter()
        self.measured.switch_context(context)
        try:
            return (yield)
        finally:
            spent = time.perf_counter() - begin
            self.seconds[context] = self.seconds.get(context, 0.0) + spent
            self.seconds[outer] = self.seconds.get(outer, 0.0) - spent
            self.context = outer
            self.measured.switch_context(outer)

    def covered(self) -> Covered:
        """What was found, when all tests have run."""
        self.measured.stop()
        data = self.measured.get_data()
        users: dict[str, list[str]] = {AT_IMPORT: [AT_IMPORT]}
        for test, fixtures in self.fixtures_of.items():
            for context in {test, *fixtures}:
                users.setdefault(context, []).append(test)
        lines = {module: data.contexts_by_lineno(str(self.top / module)) for module in self.modules}
        tests = {
            module: {
                line: sorted(
                    {test for context in [*contexts, *self.with_processes] for test in users[context]}
                )
                for line, contexts in found.items()
            }
            for module, found in lines.items()
        }
        return Covered(
            tests,
            {
                test: sum(self.seconds.get(context, 0.0) for context in {test, *fixtures})
                for test, fixtures in self.fixtures_of.items()
            },
        )


def _fixture(place: str, name: str) -> str:
    return f"fixture {name} of {place}"


def _cpu_seconds_of_children() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def _empty_caches() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("classifier."):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
