"""What the package and the repository say of themselves agrees, and an index can show it."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml

from classifier import __version__

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def supported():
    """The versions of Python that the package says it supports."""
    found = (
        re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line)
        for line in PROJECT["project"]["classifiers"]
    )
    return [match[1] for match in found if match]


def loaded(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_every_supported_python_is_tested():
    tests = loaded(".github/workflows/tests.yml")["jobs"]
    of_everything = [
        step["with"]["python-version"]
        for step in tests["everything"]["steps"]
        if "with" in step and "python-version" in step["with"]
    ]
    assert sorted(tests["python"]["strategy"]["matrix"]["python"] + of_everything) == sorted(supported())
    assert PROJECT["project"]["requires-python"] == f">={supported()[0]}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_and_no_more_but_where_it_says_so(path):
    workflow = loaded(path)
    assert workflow["permissions"] == {"contents": "read"}
    extra = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    assert extra == ({"publish": {"id-token": "write"}} if path.stem == "release" else {})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_script_that_a_workflow_calls_is_there(path):
    scripts = re.findall(r"\bscripts/[\w/-]+", path.read_text(encoding="utf-8"))
    assert [script for script in scripts if not (ROOT / script).is_file()] == []


def test_the_citation_is_of_this_version_licence_and_subject():
    citation = loaded("CITATION.cff")
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["project"]["license"]
    assert citation["authors"] == [{"name": "The grooming-pattern-classifier contributors"}]
    assert citation["keywords"] == PROJECT["project"]["keywords"]


def test_the_page_of_the_index_has_no_picture_or_link_of_the_sources():
    pytest.importorskip("hatchling")
    index_page = runpy.run_path(str(ROOT / "scripts" / "release" / "index_page.py"))["index_page"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    page = index_page(readme)
    assert [link for link in re.findall(r"\]\(([^)]*)\)", page) if not link.startswith(("https:", "#"))] == []
    assert index_page("# A\n\n![Pizza.](a/b.svg)\n\nIn [the guide](c.md).\n") == "# A\n\nIn the guide.\n"
    assert (
        index_page("[pip](https://pip.pypa.io), [below](#use)") == "[pip](https://pip.pypa.io), [below](#use)"
    )
    assert len(page) > 0.9 * len(readme) - 500


def test_hooks_before_a_commit_are_those_of_the_test_script():
    entries = [
        hook["entry"].split(" --force")[0] for hook in loaded(".pre-commit-config.yaml")["repos"][0]["hooks"]
    ]
    script = (ROOT / "scripts" / "test").read_text(encoding="utf-8").splitlines()
    for entry in entries:
        assert any(line.startswith(entry.removesuffix(" --check")) for line in script)


@pytest.mark.parametrize(
    "name",
    ["dependabot.yml", "ISSUE_TEMPLATE/config.yml", "ISSUE_TEMPLATE/fault.yml", "ISSUE_TEMPLATE/misread.yml"],
)
def test_what_the_forge_reads_is_yaml(name):
    assert isinstance(loaded(f".github/{name}"), dict)
