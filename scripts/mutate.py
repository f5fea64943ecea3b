#!/usr/bin/env python
"""Would the tests notice? Small changes to a module, one at a time, each with its own tests run on a copy of the checkout: killed, or survived.

A change turns an operator, a comparison, a number, a truth value or a condition round. What survives is shown with its line: a test is missing, or the change makes no difference.
The sample follows from the seed. Nothing is changed in the checkout itself.

    scripts/mutate.py classifier/evaluation/baserates.py tests/test_evaluation_baserates.py --n 20 --seed 0
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
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
        return subprocess.run(pytest_command(tests), cwd=checkout, env=environment(checkout), capture_output=True, timeout=seconds).returncode == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        place.write_text(whole, encoding="utf-8")


def pytest_command(tests: list[str]) -> list[str]:
    """The tests, stopped at the first that fails."""
    return [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]


def environment(checkout: Path) -> dict[str, str]:
    """The copy's own package before the installed one, and no bytecode of another mutant."""
    return os.environ | {"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}


def main() -> int:
    """Print each survivor and the count; 1 when there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module", type=Path, help="a module, from the checkout's top")
    parser.add_argument("tests", nargs="+", help="its tests; the module's own doctests always run with them")
    parser.add_argument("--n", type=int, default=20, help="how many changes to try, drawn by lot")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=180, help="a run longer than that has noticed the change")
    arguments = parser.parse_args()
    found = list(mutants((ROOT / arguments.module).read_text(encoding="utf-8")))
    drawn = sorted(random.Random(arguments.seed).sample(found, min(arguments.n, len(found))), key=lambda mutant: mutant.line)
    tests = [str(arguments.module), *arguments.tests]
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".git", ".venv", "results", "__pycache__", ".*_cache", "node_modules"))
        unchanged = subprocess.run(pytest_command(tests), cwd=checkout, env=environment(checkout), capture_output=True, text=True)
        if unchanged.returncode:
            print(f"the tests fail without any change:\n{unchanged.stdout[-2000:]}", file=sys.stderr)
            return 2
        survivors = []
        for number, mutant in enumerate(drawn, start=1):
            alive = survives(mutant, arguments.module, tests, checkout, seconds=arguments.seconds)
            survivors += [mutant] if alive else []
            print(f"{number}/{len(drawn)}  {'SURVIVED' if alive else 'killed  '}  {arguments.module}:{mutant.line}  {mutant.change}", flush=True)
    print(f"{len(drawn) - len(survivors)} of {len(drawn)} killed ({len(found)} possible)")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
