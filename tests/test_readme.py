"""What the README shows is what happens."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

from classifier.cli.main import COMMANDS, LazyGroup, cli
from classifier.corpus.families import read_phrase_file

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_example_prints_what_the_readme_says():
    [code] = blocks("python")
    expected = README.split(code)[1].split("```\n")[2].split("```")[0]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert printed.getvalue() == expected


def test_every_command_of_the_readme_parses():
    lines = [
        line
        for block in blocks("sh")
        for line in block.splitlines()
        if line.startswith("grooming-classifier")
    ]
    assert len(lines) >= 5
    for line in lines:
        name, *arguments = shlex.split(line, comments=True)[1:]
        assert name in COMMANDS
        command = cli.get_command(None, name)
        while isinstance(command, LazyGroup):
            command = command.get_command(None, arguments.pop(0))
        command.make_context(name, arguments)


def test_the_example_family_can_be_added_to_its_file(tmp_path):
    [family] = blocks("toml")
    path = tmp_path / "flattery.toml"
    path.write_text(
        f'label = "flattery"\ntactic = "talent_compliment"\ndescription = "toy"\n{family}', encoding="utf-8"
    )
    [read] = read_phrase_file(path)
    assert read.labels == ("flattery",)
