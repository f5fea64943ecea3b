"""Imports point down: each room of the package uses only the floors below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "classifier"

FLOORS = {
    "errors": 0,
    "atomic": 0,
    "progress": 0,
    "records": 0,
    "taxonomy": 0,
    "text": 0,
    "resume": 1,
    "readers": 2,
    "corpus": 3,
    "model": 3,
    "evaluation": 3,
    "privacy": 4,
    "report": 5,
    "workflows": 6,
    "app": 7,
    "cli": 8,
    "__main__": 9,
}
STRANGERS = [{"corpus", "model", "evaluation"}]


def faults(room: str, source: str) -> list[str]:
    """What is wrong with the imports of a file of ``room``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            found.append("relative import")
        names = (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        for name in names:
            parts = name.split(".")
            if parts[0] != "classifier" or len(parts) == 1 or parts[1] == room:
                continue
            other = parts[1]
            if FLOORS[other] > FLOORS[room]:
                found.append(f"{room} imports {other} from above")
            elif FLOORS[other] == FLOORS[room] and (
                FLOORS[room] == 0 or any({room, other} <= strangers for strangers in STRANGERS)
            ):
                found.append(f"{room} imports its stranger {other}")
    return found


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_imports_only_from_below(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert faults(room, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("room", "source", "fault"),
    [
        ("evaluation", "from classifier.report.html import render", "evaluation imports report from above"),
        (
            "evaluation",
            "from classifier.model.message.file import load_model",
            "evaluation imports its stranger model",
        ),
        ("records", "import classifier.taxonomy", "records imports its stranger taxonomy"),
        ("model", "from .file import load_model", "relative import"),
    ],
)
def test_an_import_that_points_up_sideways_or_is_relative_is_a_fault(room, source, fault):
    assert faults(room, source) == [fault]
