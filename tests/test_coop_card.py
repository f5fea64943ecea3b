"""The model card for Coop: the seven sections it asks for, with our figures in them."""

from __future__ import annotations

import json

import pytest

from classifier import __version__
from classifier.cli.main import main
from classifier.model.shipped_models import card_path
from classifier.readers.other_formats.coop_card import coop_card
from classifier.taxonomy import LABELS

REQUIRED = [
    "trainingData",
    "policyAndTaxonomy",
    "annotationMethodology",
    "performanceBenchmarks",
    "biasAndLimitations",
    "implementationGuidance",
    "relevantLinks",
]
"""The section ids that Coop asks every card for (roostorg/coop, types/integration.ts)."""

CARD = """\
---
license: apache-2.0
---

# pizza-model

For teaching. **Not** for ovens.

## Use

Bake it.

## The model

- `dough`: two
  days old
- cheese

## Training data

All invented.

## Results

Per topping on the test split:

| topping | F1 | of |
|---|--:|--:|
| `basil` | 0.5 | 2 |

## Worst slices

Burnt ones.

## What the file gives away

Nothing.

## Limits

One oven.
"""


def made(card=CARD):
    return json.loads(coop_card(card, version="1.2.3", operating_points={"strict": {"secrecy": 0.9}}))


def section(card, id_):
    [found] = [section for section in card["sections"] if section["id"] == id_]
    return {part["title"]: part["fields"] for part in found["subsections"]}


def test_all_sections_that_coop_asks_for_are_there_and_none_is_empty():
    card = made()
    assert [found["id"] for found in card["sections"]] == REQUIRED
    assert all(part["fields"] for found in card["sections"] for part in found["subsections"])
    assert all(found["subsections"] for found in card["sections"])
    assert (card["modelName"], card["version"]) == ("pizza-model", "1.2.3")


def test_a_row_of_a_table_becomes_a_field():
    assert section(made(), "performanceBenchmarks") == {
        "Per topping on the test split": [{"label": "basil", "value": "F1: 0.5; of: 2"}]
    }


def test_lists_paragraphs_and_thresholds_become_fields():
    guidance = section(made(), "implementationGuidance")
    assert guidance["The model"] == [
        {"label": "Note", "value": "dough: two days old"},
        {"label": "Note", "value": "cheese"},
    ]
    assert guidance["Thresholds: strict"] == [{"label": "secrecy", "value": "0.900"}]
    assert section(made(), "policyAndTaxonomy")["Scope"][0]["value"] == "For teaching. Not for ovens."


def test_a_card_without_a_heading_is_refused():
    with pytest.raises(ValueError, match="the model card has no heading 'Limits'"):
        made(CARD.replace("## Limits", "## Bounds"))


def test_the_command_writes_the_shipped_card_beside_the_items(tmp_path):
    rows, out, card = (tmp_path / name for name in ("chat.csv", "items.jsonl", "card.json"))
    rows.write_text("conversation_id,author,text\nc1,ana,pizza\n", encoding="utf-8")
    assert main(["convert", str(rows), str(out), "--to", "coop", "--model-card", str(card)]) == 0
    found = json.loads(card.read_bytes())
    assert [part["id"] for part in found["sections"]] == REQUIRED
    assert found["version"] == __version__
    labels = [field["label"] for field in section(found, "policyAndTaxonomy")["Labels and their tactics"]]
    assert [label.split(" ")[0] for label in labels] == list(LABELS)
    assert {"Thresholds: strict", "Thresholds: balanced", "Thresholds: sensitive"} <= set(
        section(found, "implementationGuidance")
    )
    written = card.read_text(encoding="utf-8")
    figures = [
        line.split("|")[2].strip() for line in card_path().read_text().splitlines() if "| macro |" in line
    ]
    assert figures
    assert all(figure in written for figure in figures)


def test_a_card_goes_with_coop_alone(tmp_path, capsys):
    rows = tmp_path / "chat.csv"
    rows.write_text("conversation_id,author,text\nc1,ana,pizza\n", encoding="utf-8")
    assert (
        main(["convert", str(rows), str(tmp_path / "o.csv"), "--model-card", str(tmp_path / "c.json")]) == 2
    )
    assert "--model-card: is for Coop; give --to coop with it" in capsys.readouterr().err
    assert not (tmp_path / "c.json").exists()
