"""The examples of CONTRIBUTING.md can be used as they stand, and the commands it names are there."""

from __future__ import annotations

import re
import subprocess
import textwrap
from pathlib import Path

import pytest

from classifier.corpus.checks.phrase_check import phrase_problems
from classifier.corpus.families import read_phrase_file
from classifier.privacy.policies.policy import read_policy

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture
def examples():
    return [
        textwrap.dedent(block)
        for block in re.findall(r"^ *```toml\n(.*?)^ *```", TEXT, flags=re.DOTALL | re.MULTILINE)
    ]


@pytest.mark.parametrize(
    ("place", "top"), [(0, 'talk = "filler"'), (1, 'label = "flattery"\ntactic = "talent_compliment"')]
)
def test_an_example_family_can_be_appended_to_its_file_and_no_other(examples, tmp_path, place, top):
    path = tmp_path / "phrases.toml"
    path.write_text(f'{top}\ndescription = "toy"\n{examples[place]}', encoding="utf-8")
    families = read_phrase_file(path)
    assert len(families) == 1
    assert list(phrase_problems(families)) == []


def test_the_example_of_talk_stands_in_no_file_yet(examples):
    new = set(re.findall(r'"(.+)",$', examples[0], flags=re.MULTILINE))
    files = (ROOT / "classifier" / "corpus" / "phrases" / "talk").rglob("*.toml")
    assert [line for file in files for line in new if f'"{line}"' in file.read_text(encoding="utf-8")] == []


def test_the_example_of_a_scene_passes_the_check(examples, tmp_path):
    path = tmp_path / "chess_club.toml"
    path.write_text(examples[2], encoding="utf-8")
    [family] = read_phrase_file(path)
    assert (family.source, family.labels) == ("chess_club", ("meeting",))
    assert list(phrase_problems([family])) == []


def test_the_example_of_a_policy_can_be_read(examples, tmp_path):
    path = tmp_path / "device_window_50.toml"
    path.write_text(examples[3], encoding="utf-8")
    assert (read_policy(path).name, read_policy(path).window) == ("device_window_50", 50)


def test_the_id_of_the_example_of_talk_begins_as_those_of_its_file_do(examples):
    [start] = re.findall(r'^id = "(\w+)\.', examples[0], flags=re.MULTILINE)
    [named] = re.findall(r"corpus check (\S+/talk/\S+\.toml)`", TEXT)
    assert start in {family.id.split(".")[0] for family in read_phrase_file(ROOT / named)}


def named_paths(text):
    """The paths of the repository in a text, also those within commands."""
    return set(re.findall(r"(?<![\w/.])(?:classifier|data|docs|notebooks|scripts|tests)/[\w./-]*\w", text))


def test_a_path_is_found_within_a_command_too():
    text = "`corpus check data/pizza.toml`, then [x](docs/a.md), results/docs and `tests/test_a.py`."
    assert named_paths(text) == {"data/pizza.toml", "docs/a.md", "tests/test_a.py"}


def test_every_path_that_it_names_is_there():
    named = named_paths(TEXT)
    assert {"scripts/release/freeze", "tests/test_layers.py", "data/synthetic/v2"} <= named
    new = {"classifier/corpus/phrases/scenes/chess_club.toml"}
    assert [path for path in sorted(named - new) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["--fast"], 2), (["--quick", "yes"], 2)])
def test_the_main_script_says_how_it_is_called_before_it_installs_anything(arguments, code):
    run = subprocess.run([ROOT / "scripts" / "run", *arguments], capture_output=True, text=True)
    assert (run.returncode, "usage: scripts/run [--quick]" in run.stdout + run.stderr) == (code, True)
