#!/usr/bin/env python
"""Would the tests notice? Small changes to modules, one at a time, each with the module's own tests run on a copy of the checkout: killed, or survived.

A change turns an operator, a comparison, a number, a truth value or a condition round. What survives is shown with its line: a test is missing, or the change makes no difference.
A module's tests are its doctests and those of its room that reach it, by importing it or what imports it. ``--tests`` names others.
The sample follows from the seed. Nothing is changed in the checkout itself. Each run is a fork of this process, which has the large libraries loaded already.

    scripts/mutate.py classifier/evaluation/baserates.py --n 20 --seed 0
    scripts/mutate.py classifier/evaluation/*.py classifier/privacy/*.py --n 12
"""

from __future__ import annotations

import argparse
import ast
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}

ROOM_TESTS = {"evaluation": ("test_evaluation_*.py", "test_card.py"), "privacy": ("test_privacy_*.py", "test_tradeoff_resume.py")}
"""The test files of the rooms whose figures others rely on."""


@dataclass(frozen=True)
class Mutant:
    """A module's ``source`` with one change, at ``line``."""

    line: int
    change: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every change of the module, in the order of the tree. Annotations, docstrings and words are left alone."""
    for number in range(len(list(_changes(ast.parse(source))))):
        tree = ast.parse(source)
        node, (field, value) = list(_changes(tree))[number]
        before = ast.unparse(node)
        setattr(node, field, value)
        ast.fix_missing_locations(node)
        yield Mutant(node.lineno, f"{before}  ->  {ast.unparse(node)}", ast.unparse(tree))


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr, tuple[str, object]]]:
    """Each expression that can be changed, with the field and the value to put there."""
    skipped = {id(inside) for node in ast.walk(tree) for annotation in _annotations(node) for inside in ast.walk(annotation)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in OPERATORS:
            yield node, ("op", OPERATORS[type(node.op)]())
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
            yield node, ("ops", [OPERATORS[type(node.ops[0])](), *node.ops[1:]])
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield node, ("value", not node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            yield node, ("value", node.value + 1)
        elif isinstance(node, ast.IfExp):
            yield node, ("test", ast.UnaryOp(ast.Not(), node.test))


def _annotations(node: ast.AST) -> list[ast.AST]:
    return [found for name in ("annotation", "returns") if (found := getattr(node, name, None)) is not None]


def survives(mutant: Mutant, module: Path, tests: list[str], checkout: Path, *, seconds: int) -> bool:
    """Whether the tests pass on ``checkout`` with the module changed. A run that takes too long has noticed."""
    place = checkout / module
    whole = place.read_text(encoding="utf-8")
    place.write_text(mutant.source, encoding="utf-8")
    try:
        return passes(tests, checkout, seconds=seconds)
    finally:
        place.write_text(whole, encoding="utf-8")


def passes(tests: list[str], checkout: Path, *, seconds: int) -> bool:
    """Whether the tests pass on ``checkout`` within the time, in a process of their own group, stopped at the first that fails."""
    run = multiprocessing.get_context("fork").Process(target=_pytest, args=(tests, checkout))
    run.start()
    run.join(seconds)
    if run.is_alive() and run.pid is not None:
        os.killpg(run.pid, 9)
        run.join()
    return run.exitcode == 0


def _pytest(tests: list[str], checkout: Path) -> None:
    os.setpgid(0, 0)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.chdir(checkout)
    # The copy's own package before the installed one, here and in processes the tests start, and no bytecode of another mutant.
    sys.path.insert(0, str(checkout))
    os.environ.update(PYTHONPATH=str(checkout), PYTHONDONTWRITEBYTECODE="1")
    sys.dont_write_bytecode = True
    import pytest

    os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])))


def tests_of(module: Path) -> list[str]:
    """The module, for its doctests, and the test files of its room that reach it, the directest first.

    >>> tests_of(Path("classifier/evaluation/units.py"))[:2]
    ['classifier/evaluation/units.py', 'tests/test_evaluation_ranking.py']
    """
    room = module.parent
    sources = {path: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob(f"{room}/*.py"))}
    test_sources = {path: path.read_text(encoding="utf-8") for pattern in ROOM_TESTS[room.name] for path in sorted(ROOT.glob(f"tests/{pattern}"))}
    reached, tests = [ROOT / module], [str(module)]
    for found in reached:
        imported = re.compile(rf"from classifier\.{room.name}\.{found.stem} import|from classifier\.{room.name} import [^\n]*\b{found.stem}\b")
        tests += [str(path.relative_to(ROOT)) for path, source in test_sources.items() if imported.search(source) and str(path.relative_to(ROOT)) not in tests]
        reached += [path for path, source in sources.items() if imported.search(source) and path not in reached]
    return tests


def main() -> int:
    """Print each survivor and the counts; 1 when there is one, 2 when the tests fail on what is unchanged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="+", type=Path, help="modules, from the checkout's top")
    parser.add_argument("--tests", nargs="+", help="the tests to run instead of those that reach the module")
    parser.add_argument("--n", type=int, default=20, help="how many changes of each module to try, drawn by lot")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=180, help="a run longer than that has noticed the change")
    arguments = parser.parse_args()
    # Loaded before the forks, so that no run pays for it. Nothing of ours, which a fork must read from its copy, and no plugin of pytest, which pytest must load itself.
    import pytest  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.linear_model  # noqa: F401

    tried, survived = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".git", ".venv", "results", "__pycache__", ".*_cache", "node_modules"))
        for module in arguments.modules:
            tests = [str(module), *arguments.tests] if arguments.tests else tests_of(module)
            found = list(mutants((ROOT / module).read_text(encoding="utf-8")))
            drawn = sorted(random.Random(arguments.seed).sample(found, min(arguments.n, len(found))), key=lambda mutant: mutant.line)
            if drawn and not passes(tests, checkout, seconds=10 * arguments.seconds):
                print(f"{module}: the tests fail without any change: {' '.join(tests)}", file=sys.stderr)
                return 2
            alive = 0
            for mutant in drawn:
                if survives(mutant, module, tests, checkout, seconds=arguments.seconds):
                    alive += 1
                    print(f"SURVIVED  {module}:{mutant.line}  {mutant.change}", flush=True)
            print(f"{len(drawn) - alive} of {len(drawn)} killed  {module} ({len(found)} possible)", flush=True)
            tried, survived = tried + len(drawn), survived + alive
    print(f"{tried - survived} of {tried} killed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
