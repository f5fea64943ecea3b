"""``from classifier import ...``: what users need, imported when it is first used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import classifier

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.py"))


@pytest.mark.parametrize("name", sorted(set(dir(classifier)) & set(classifier._homes())))
def test_every_public_name_is_there_under_its_own_name(name):
    value = getattr(classifier, name)
    assert getattr(value, "__name__", name) == name


def test_the_names_are_those_that_the_stub_imports():
    stub = ast.parse(Path(classifier.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    assert classifier._homes() == {alias.asname: node.module for node in imports for alias in node.names}


def test_a_misspelt_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'classifier' has no attribute 'load_modle'"):
        classifier.load_modle  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, classifier; print([m for m in ('numpy', 'pandas', 'sklearn', 'click') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_can_be_run_as_the_command():
    command = [sys.executable, "-m", "classifier", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"grooming-classifier, version {classifier.__version__}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_imports_from_the_package_itself(path):
    modules = [
        node.module
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
    ]
    assert [module for module in modules if module.startswith("classifier") and module != "classifier"] == []
