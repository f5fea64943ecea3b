"""The notebooks stand in two forms that say the same, hold no output, ask one question and answer it from numbers computed above. That they run, scripts/test sees to."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import jupytext
import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
SCRIPTS = sorted(NOTEBOOKS.glob("*.py"))


def cells(path):
    return [(cell.cell_type, cell.source) for cell in jupytext.read(path).cells]


def words_of_the_answer(code):
    """What the f-strings of the last cell say besides the values they hold."""
    nodes = list(ast.walk(ast.parse(code)))
    formats = {id(node.format_spec) for node in nodes if isinstance(node, ast.FormattedValue)}
    strings = [node for node in nodes if isinstance(node, ast.JoinedStr) and id(node) not in formats]
    return [part.value for string in strings for part in string.values if isinstance(part, ast.Constant)]


def test_there_are_six_pairs():
    assert len(SCRIPTS) == 6
    assert [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))] == [path.stem for path in SCRIPTS]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_both_forms_hold_the_same_cells(path):
    assert cells(path.with_suffix(".ipynb")) == cells(path), (
        f"jupytext --sync {path.name} brings them together"
    )


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    code = [
        cell
        for cell in json.loads(path.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    assert [(cell["outputs"], cell["execution_count"]) for cell in code] == [([], None)] * len(code)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_opens_with_what_it_is_not_for_and_one_question(path):
    kind, text = cells(path)[0]
    assert kind == "markdown"
    assert "synthetic" in text
    assert "not a substitute for a safeguarding process" in " ".join(text.split())
    assert len(re.findall(r"\*\*Question: .*?\?\*\*", text, flags=re.DOTALL)) == 1


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_ends_in_an_answer_that_holds_no_typed_figure(path):
    (heading, title), (kind, code) = cells(path)[-2:]
    assert (heading, kind) == ("markdown", "code")
    assert "answer" in title.lower()
    words = words_of_the_answer(code)
    assert words
    assert [text for text in words if re.search(r"(?<!F)\d", text)] == []


def test_a_typed_figure_in_an_answer_would_be_seen():
    assert words_of_the_answer('print(f"F1 is {0.5:.3f} of 12 messages")') == ["F1 is ", " of 12 messages"]
