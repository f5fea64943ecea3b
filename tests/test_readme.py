"""What the README shows is what happens: its commands run, and print what stands beside them."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import subprocess
import sys
from urllib.request import urlopen

import pytest
from guides import ROOT, blocks, commands, furnished

from classifier.cli.main import main
from classifier.privacy.policies.policy import shipped_policies

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = commands(README)


@pytest.fixture
def checkout(tmp_path, small_corpus, monkeypatch):
    monkeypatch.chdir(furnished(tmp_path, corpus=small_corpus))
    return tmp_path


def printed_below(name):
    """What the README shows that the command of a generated block prints."""
    return re.search(rf"<!-- results:{name} -->\n```\n\$ .*?\n(.*?)```", README, flags=re.DOTALL).group(1)


def test_the_alerts_of_the_model_are_counted_at_its_measured_rates():
    with (ROOT / "data/results/v2/shipped.csv").open(encoding="utf-8", newline="") as stream:
        rates = {
            row["figure"]: ",".join(f"{float(row[name]):.6f}" for name in ("value", "low", "high"))
            for row in csv.DictReader(stream)
        }
    assert f"--tpr {rates['patterns_flagged']} --fpr {rates['benign_flagged']} " in README


def test_the_python_example_prints_what_the_readme_says():
    [code] = blocks(README, "python")
    expected = README.split(code)[1].split("```\n")[2].split("```")[0]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert printed.getvalue() == expected


def test_every_command_is_told_what_it_prints_or_writes():
    [shell] = [block for block in blocks(README, "sh") if "grooming-classifier" in block]
    told = re.findall(r"^# (?:Prints|Writes) .*\n(grooming-classifier .*)$", shell, flags=re.MULTILINE)
    assert len(told) == len(COMMANDS) >= 6


@pytest.mark.parametrize(
    "arguments", [line for line in COMMANDS if line[0] != "demo"], ids=lambda line: " ".join(line)
)
def test_a_command_of_the_readme_runs(checkout, arguments, capfd):
    assert main(arguments) == 0
    out = capfd.readouterr().out
    named = [arguments[place + 1] for place, word in enumerate(arguments) if word == "--out"]
    assert out or named
    assert [name for name in named if not (checkout / name).stat().st_size] == []


def test_conversations_of_the_examples_print_what_the_readme_shows(checkout, capfdbinary):
    [command] = [line for line in COMMANDS if line[-2:] == ["--level", "conversation"]]
    assert main(command) == 0
    assert capfdbinary.readouterr().out.decode("utf-8") == printed_below("chat")


def test_the_demo_of_the_readme_answers_at_the_address_it_prints(checkout):
    assert ["demo"] in COMMANDS
    command = [sys.executable, "-m", "classifier", "demo", "--no-open", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = re.search(r"http://\S+", server.stdout.readline()).group()
            with urlopen(address) as answer:
                assert answer.status == 200
        finally:
            server.terminate()


def test_the_readme_counts_the_policies_that_ship():
    policies = shipped_policies()
    assert f"of {len(policies)}." in README
    assert f"the {len(policies)} reading policies" in README
    assert (sum(policy.argued for policy in policies), "the eight policies" in README) == (8, True)
