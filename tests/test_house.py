"""The package stays easy to take over: short files, small rooms, first lines one can read."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from statistics import median

import pytest

PACKAGE = Path(__file__).parent.parent / "classifier"
FILES = sorted(PACKAGE.rglob("*.py"))
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def first_lines(source):
    """The first line of every docstring in ``source``."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, DOCUMENTED)]
    return [text.strip().split("\n")[0] for text in map(ast.get_docstring, nodes) if text]


def test_a_first_line_is_found_in_module_class_and_function():
    source = '"""Pizza."""\nclass Oven:\n    """Bakes it.\n\n    Slowly."""\n    def bake(self):\n        """How hot?"""\n'
    assert first_lines(source) == ["Pizza.", "Bakes it.", "How hot?"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_can_be_read_in_one_sitting(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 350
    assert [line for line in text.splitlines() if len(line) > 110] == []
    assert [line for line in first_lines(text) if len(line.split()) > 16] == []


def test_half_of_all_first_lines_have_at_most_eleven_words():
    lengths = [len(line.split()) for path in FILES for line in first_lines(path.read_text(encoding="utf-8"))]
    assert median(lengths) <= 11


def test_a_room_holds_at_most_fourteen_files():
    rooms = Counter(path.parent for path in FILES if path.name != "__init__.py")
    assert {room.name: n for room, n in rooms.items() if n > 14} == {}
