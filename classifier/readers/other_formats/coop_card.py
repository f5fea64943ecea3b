"""The model card as Coop, ROOST's review tool, shows one: JSON of seven sections.

Their ids are those that its integrations must have; what stands in them comes from our own card.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from classifier.taxonomy import CUE_TACTICS, STAGE_TACTICS

SECTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "trainingData": ("Training Data", ("Training data",)),
    "policyAndTaxonomy": ("Policy and Taxonomy", ()),
    "annotationMethodology": ("Annotation Methodology", ()),
    "performanceBenchmarks": ("Performance and Benchmarks", ("Results",)),
    "biasAndLimitations": (
        "Bias and Limitations",
        ("Limits", "Worst slices", "What the file gives away"),
    ),
    "implementationGuidance": ("Implementation Guidance", ("Use", "The model")),
    "relevantLinks": ("Relevant Links", ()),
}
"""Each section's title, and the headings of our card that go into it."""

ANNOTATION = (
    (
        "Who labels",
        "The writers of phrases and dialogues label each line with the behaviours its words show.",
    ),
    (
        "Second reading",
        "Every dialogue is read a second time by somebody else; see the datasheet for agreement.",
    ),
    ("Unit", "One message. A reported, negated, quoted or advised behaviour carries no label."),
    ("Conversations", "What a conversation was scripted to be, which no single message shows."),
)
LINKS = (
    ("Model card", "classifier/model/CARD.md in the package grooming-pattern-classifier"),
    ("Datasheet of the corpus", "data/synthetic/README.md in the sources"),
    ("Results", "data/results in the sources"),
)

Fields = list[dict[str, str]]


def coop_card(card: str, *, version: str, operating_points: Mapping[str, Mapping[str, float]]) -> str:
    """Our model card as Coop's, one JSON object.

    Parameters
    ----------
    card
        The Markdown of ``CARD.md``. Raises ``ValueError`` when it lacks a heading that a section needs.
    version
        Of the package.
    operating_points
        The threshold of each label, by operating point.
    """
    chapters = dict(_chapters(card.removeprefix("---").partition("\n---\n")[2] or card))
    wanted = [heading for _, headings in SECTIONS.values() for heading in headings]
    if missing := [heading for heading in wanted if heading not in chapters]:
        raise ValueError(f"the model card has no heading {missing[0]!r}")
    added = {
        "policyAndTaxonomy": _titled("Labels and their tactics", _taxonomy()),
        "annotationMethodology": _titled("Labels", _fields(ANNOTATION)),
        "implementationGuidance": [
            subsection
            for point, thresholds in operating_points.items()
            for subsection in _titled(
                f"Thresholds: {point}", _fields((label, f"{at:.3f}") for label, at in thresholds.items())
            )
        ],
        "relevantLinks": _titled("In the project", _fields(LINKS)),
    }
    name = next(iter(chapters))
    sections = [
        {
            "id": id_,
            "title": title,
            "subsections": [part for heading in headings for part in _subsections(heading, chapters[heading])]
            + added.get(id_, []),
        }
        for id_, (title, headings) in SECTIONS.items()
    ]
    sections[1]["subsections"] = [*_subsections("Scope", chapters[name]), *added["policyAndTaxonomy"]]
    found = {"modelName": name, "version": version, "sections": sections}
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def _chapters(markdown: str) -> Iterator[tuple[str, str]]:
    """Each heading of the first two levels, with the text below it."""
    for part in f"\n{markdown}".replace("\n## ", "\n# ").split("\n# ")[1:]:
        heading, _, text = part.partition("\n")
        yield heading.strip(), text


def _subsections(heading: str, text: str) -> list[dict[str, Any]]:
    """Paragraphs, lists and tables of a chapter; a short line before a colon is a title."""
    found: list[dict[str, Any]] = []
    title, fields = heading, []
    for block in text.strip().split("\n\n"):
        lines = block.strip().splitlines()
        plain = " ".join(lines).replace("**", "").replace("`", "")
        if lines[0].startswith("|"):
            fields += _table_fields(lines)
        elif lines[0].startswith("```"):
            fields.append({"label": "Example", "value": "\n".join(lines[1:-1])})
        elif lines[0].startswith("- "):
            items = f"\n{block.strip()}".replace("**", "").replace("`", "").split("\n- ")[1:]
            fields += [_field("", " ".join(item.split())) for item in items]
        elif plain.endswith(":") and len(plain) < 100:
            found += _titled(title, fields)
            title, fields = plain.removesuffix(":"), []
        else:
            fields.append(_field("", plain))
    return [*found, *_titled(title, fields)]


def _table_fields(lines: list[str]) -> Fields:
    """A field a row: its first cell, and the others with their headings."""
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [
        _field(
            first.replace("`", ""),
            "; ".join(f"{name}: {cell}" for name, cell in zip(header[1:], cells, strict=True)),
        )
        for first, *cells in rows
    ]


def _taxonomy() -> Fields:
    pairs = {"stage": STAGE_TACTICS, "cue": CUE_TACTICS}
    return [
        _field(f"{label} ({kind})", ", ".join(tactics))
        for kind, of_kind in pairs.items()
        for label, tactics in of_kind.items()
    ]


def _fields(pairs: Any) -> Fields:
    return [_field(label, value) for label, value in pairs]


def _field(label: str, value: str) -> dict[str, str]:
    return {"label": label or "Note", "value": value}


def _titled(title: str, fields: Fields) -> list[dict[str, Any]]:
    return [{"title": title, "fields": fields}] if fields else []
