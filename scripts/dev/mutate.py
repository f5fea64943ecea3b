#!/usr/bin/env python
"""Would the tests notice? Small changes to modules, one at a time, each with the tests that run the changed line, quickest first, on a copy of the checkout: killed, or survived.

A change turns an operator, a comparison, a number, a truth value or a condition round. What survives is shown with its line: a test is missing, or the change makes no difference.
A module's tests are its doctests and those of its room that reach it, by importing it or what imports it. ``--tests`` names others. All run once with nothing changed, to learn which
run which line. What is run at import, as a constant or a default, may matter to any of them, so all of them are asked. A line that none runs survives at once.
It stands beside mutmut, which changes what is inside functions alone: here much of what matters is literals and decorators of a module.
The sample follows from the seed. Nothing is changed in the checkout itself.

    scripts/dev/mutate.py classifier/evaluation/base_rates.py --n 20 --seed 0
    scripts/dev/mutate.py classifier/evaluation/*.py classifier/privacy/*.py --n 12
"""

from __future__ import annotations

import argparse
import ast
import pickle
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from covered import AT_IMPORT, Covered, Recorder
from forked import Chosen, in_fork, run_pytest

ROOT = Path(__file__).resolve().parent.parent.parent

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

ROOM_TESTS = {
    "evaluation": ("test_evaluation_*.py", "test_card.py"),
    "privacy": ("test_privacy_*.py", "test_tradeoff_resume.py"),
}
"""The test files of the rooms whose figures others rely on."""


@dataclass(frozen=True)
class Mutant:
    """A module's ``source`` with one change, at ``line``, in the statement of ``lines``, which runs ``at_import`` or when a function is called."""

    line: int
    change: str
    source: str
    lines: range
    at_import: bool


def mutants(source: str) -> Iterator[Mutant]:
    """Every change of the module, in the order of the tree. Annotations, docstrings and words are left alone."""
    for number in range(len(list(_changes(ast.parse(source))))):
        tree = ast.parse(source)
        node, (field, value) = list(_changes(tree))[number]
        before, (lines, at_import) = ast.unparse(node), _statement(tree, node)
        setattr(node, field, value)
        ast.fix_missing_locations(node)
        yield Mutant(node.lineno, f"{before}  ->  {ast.unparse(node)}", ast.unparse(tree), lines, at_import)


def _statement(tree: ast.Module, node: ast.expr) -> tuple[range, bool]:
    """The lines of the statement that ``node`` is part of, of a compound one those before its body, and whether no function must be called to run it."""
    line = node.lineno
    [*functions, statement] = [
        found
        for found in ast.walk(tree)
        if isinstance(found, ast.stmt) and any(inside is node for inside in ast.walk(found))
    ]
    first = min(
        [statement.lineno, *(decorator.lineno for decorator in getattr(statement, "decorator_list", []))]
    )
    body = getattr(statement, "body", [])
    last = max(first, line, body[0].lineno - 1) if body else statement.end_lineno or line
    return range(first, last + 1), not any(
        isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)) for found in functions
    )


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr, tuple[str, object]]]:
    """Each expression that can be changed, with the field and the value to put there."""
    skipped = {
        id(inside)
        for node in ast.walk(tree)
        for annotation in _annotations(node)
        for inside in ast.walk(annotation)
    }
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


def those_who_could_notice(
    mutant: Mutant, lines: dict[int, list[str]], covered: Covered, files: list[str]
) -> list[str]:
    """The tests of the files that run the changed line, quickest first; if importing runs it, then all the others too."""
    running = {test for line in mutant.lines for test in lines.get(line, [])}
    at_import = mutant.at_import or AT_IMPORT in running
    asked = [test for test in covered.seconds if (at_import or test in running) and file_of(test) in files]
    return sorted(asked, key=lambda test: (test not in running, covered.seconds[test]))


def file_of(test: str) -> str:
    """Where a test of pytest stands.

    >>> file_of("tests/test_pizza.py::test_is_hot")
    'tests/test_pizza.py'
    """
    return test.split("::")[0]


def survives(mutant: Mutant, module: str, tests: list[str], covered: Covered, checkout: Path) -> bool:
    """Whether the tests pass on ``checkout`` with the module changed."""
    place = checkout / module
    whole = place.read_text(encoding="utf-8")
    place.write_text(mutant.source, encoding="utf-8")
    try:
        return (
            in_fork(
                lambda: run_pytest(
                    sorted({file_of(test) for test in tests}), checkout, Chosen(tests, covered.seconds)
                )
            )
            == 0
        )
    finally:
        place.write_text(whole, encoding="utf-8")


def record(modules: list[str], tests: list[str], checkout: Path) -> Covered | None:
    """What each of the tests runs of the modules; None when one fails."""
    found = checkout.parent / "covered.pickle"

    def run() -> int:
        recorder = Recorder(checkout, modules)
        result = run_pytest(tests, checkout, recorder, keep_bytecode=True)
        found.write_bytes(pickle.dumps(recorder.covered()))
        return result

    return pickle.loads(found.read_bytes()) if in_fork(run) == 0 else None


def tests_of(module: Path) -> list[str]:
    """The module, for its doctests, and the test files of its room that reach it, the directest first.

    >>> tests_of(Path("classifier/evaluation/ranking.py"))[:2]
    ['classifier/evaluation/ranking.py', 'tests/test_evaluation_ranking.py']
    """
    room = module.parent
    sources = {path: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob(f"{room}/*.py"))}
    test_sources = {
        path: path.read_text(encoding="utf-8")
        for pattern in ROOM_TESTS[room.name]
        for path in sorted(ROOT.glob(f"tests/{pattern}"))
    }
    reached, tests = [ROOT / module], [str(module)]
    for found in reached:
        imported = re.compile(
            rf"from classifier\.{room.name}\.{found.stem} import|from classifier\.{room.name} import [^\n]*\b{found.stem}\b"
        )
        tests += [
            str(path.relative_to(ROOT))
            for path, source in test_sources.items()
            if imported.search(source) and str(path.relative_to(ROOT)) not in tests
        ]
        reached += [
            path for path, source in sources.items() if imported.search(source) and path not in reached
        ]
    return tests


def _left_behind(folder: str, names: list[str]) -> set[str]:
    """What need not be copied; the results that are committed lie deeper than those that are not."""
    never = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "node_modules")
    return never(folder, names) | ({"results"} if Path(folder) == ROOT else set())


def main() -> int:
    """Print each survivor and the counts; 1 when there is one, 2 when the tests fail on what is unchanged."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("modules", nargs="+", type=Path, help="modules, from the checkout's top")
    parser.add_argument(
        "--tests", nargs="+", help="the test files to run instead of those that reach the module"
    )
    parser.add_argument(
        "--n", type=int, default=20, help="how many changes of each module to try, drawn by lot"
    )
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    tried, survived = 0, 0
    tests = {
        str(module): [str(module), *arguments.tests] if arguments.tests else tests_of(module)
        for module in arguments.modules
    }
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        shutil.copytree(ROOT, checkout, ignore=_left_behind)
        all_tests = sorted({test for found in tests.values() for test in found})
        covered = record(list(tests), all_tests, checkout)
        if covered is None:
            print(f"the tests fail without any change: {' '.join(all_tests)}", file=sys.stderr)
            return 2
        for module in tests:
            found = list(mutants((ROOT / module).read_text(encoding="utf-8")))
            drawn = sorted(
                random.Random(arguments.seed).sample(found, min(arguments.n, len(found))),
                key=lambda mutant: mutant.line,
            )
            alive = 0
            for mutant in drawn:
                asked = those_who_could_notice(mutant, covered.tests[module], covered, tests[module])
                if not asked or survives(mutant, module, asked, covered, checkout):
                    alive += 1
                    print(
                        f"SURVIVED  {module}:{mutant.line}  {mutant.change}{'' if asked else '  (no test runs it)'}",
                        flush=True,
                    )
            print(
                f"{len(drawn) - alive} of {len(drawn)} killed  {module} ({len(found)} possible)", flush=True
            )
            tried, survived = tried + len(drawn), survived + alive
    print(f"{tried - survived} of {tried} killed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
