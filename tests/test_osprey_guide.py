"""The function of the Osprey guide runs, and gives what the model gives. Osprey itself is not installed here."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Generic, TypeVar

import pytest
from guides import commands, furnished

from classifier import load_model, shipped_model
from classifier.cli.main import main

GUIDE = (Path(__file__).parent.parent / "docs" / "osprey.md").read_text(encoding="utf-8")
Arguments, Result = TypeVar("Arguments"), TypeVar("Result")


class UDFBase(Generic[Arguments, Result]):
    """Stands for Osprey's class of the same name."""


@pytest.fixture
def osprey(monkeypatch):
    names = {
        "osprey.engine.executor.execution_context": {"ExecutionContext": object},
        "osprey.engine.udf.arguments": {"ArgumentsBase": object},
        "osprey.engine.udf.base": {"UDFBase": UDFBase},
        "osprey.worker.adaptor.plugin_manager": {"hookimpl_osprey": lambda function: function},
    }
    for name, content in names.items():
        for at in range(1, name.count(".") + 2):
            package = ".".join(name.split(".")[:at])
            monkeypatch.setitem(sys.modules, package, sys.modules.get(package) or ModuleType(package))
        vars(sys.modules[name]).update(content)


def test_the_function_flags_what_the_model_flags(osprey):
    plugin, rule = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)
    content: dict = {}
    exec(compile(plugin, "warning_sign_plugin.py", "exec"), content)
    [function] = content["register_udfs"]()
    assert f"{function.__name__}(text=MessageText" in rule
    model = load_model(shipped_model())
    for text in ("dont tell your mum about this, its our secret", "pizza at six"):
        for point in model.operating_points:
            flagged = model.at_thresholds(point).flagged(model.probabilities([text])[0])
            for label in model.labels:
                arguments = SimpleNamespace(text=text, label=label, point=point)
                assert function().execute(None, arguments) == (label in flagged)
    assert all(name in GUIDE for name in (*model.labels, *model.operating_points))


def test_its_commands_write_items_with_scores_and_the_card(tmp_path, small_corpus, monkeypatch):
    monkeypatch.chdir(furnished(tmp_path, corpus=small_corpus))
    for arguments in commands(GUIDE):
        if arguments[0] != "evaluate":
            assert main(arguments) == 0
    first = json.loads(Path("items.jsonl").read_text(encoding="utf-8").splitlines()[0])["items"][0]
    assert first["data"]["text"] == "are you home"
    assert 0 < first["data"]["score"] < 1
    assert len(json.loads(Path("card.json").read_text(encoding="utf-8"))["sections"]) == 7
