"""The corpus as Croissant JSON-LD (MLCommons, version 1.0).

It is made from the manifests, so that it cannot fall behind them.
"""

from __future__ import annotations

import json
from typing import Any

from classifier.taxonomy import LABELS

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "sc": "https://schema.org/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "recordSet": "cr:recordSet",
    "field": "cr:field",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "source": "cr:source",
    "extract": "cr:extract",
    "fileObject": "cr:fileObject",
    "jsonPath": "cr:jsonPath",
}

FIELDS = {
    "id": ("sc:Text", "unique id of the conversation"),
    "synthetic": ("sc:Boolean", "always true: every conversation is synthetic"),
    "split": ("sc:Text", "train, validation or test; phrase families and accounts never stand in two"),
    "label": ("sc:Text", "what the generator scripted: benign or grooming_pattern"),
    "scene": ("sc:Text", "the everyday scene the exchange is set in"),
    "families": ("sc:Text", "ids of the phrase families its messages were drawn from"),
    "messages": (
        "sc:Text",
        f"messages with author, time, text, labels ({', '.join(LABELS)}), tactic, manner, family and "
        "personal-information spans",
    ),
}


def croissant(manifests: dict[str, dict[str, Any]]) -> str:
    """The JSON-LD text of releases, given their manifests by folder name."""
    files = [
        (folder, name, content)
        for folder, manifest in manifests.items()
        for name, content in manifest["files"].items()
        if name.endswith(".jsonl.gz")
    ]
    description: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "grooming-pattern-classifier-synthetic",
        "description": (
            "Synthetic, non-sexual, clearly labelled conversations showing warning signs of "
            "online grooming, with hard negatives. For research, prototyping and teaching."
        ),
        "license": "https://www.apache.org/licenses/LICENSE-2.0",
        "version": next(iter(manifests.values()))["spec"]["version"],
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": f"{folder}/{name}",
                "name": f"{folder}/{name}",
                "contentUrl": f"{folder}/{name}",
                "encodingFormat": "application/gzip",
                "description": (
                    "JSON Lines, one conversation a line, gzipped; sha256 of the "
                    f"uncompressed content {content['sha256']}"
                ),
            }
            for folder, name, content in files
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": f"{folder}/{name.removesuffix('.jsonl.gz')}",
                "name": f"{folder}/{name.removesuffix('.jsonl.gz')}",
                "field": [
                    {
                        "@type": "cr:Field",
                        "@id": f"{folder}/{name.removesuffix('.jsonl.gz')}/{field}",
                        "name": field,
                        "description": meaning,
                        "dataType": kind,
                        "source": {
                            "fileObject": {"@id": f"{folder}/{name}"},
                            "extract": {"jsonPath": f"$.{field}"},
                        },
                    }
                    for field, (kind, meaning) in FIELDS.items()
                ],
            }
            for folder, name, _ in files
        ],
    }
    return json.dumps(description, indent=1, ensure_ascii=False) + "\n"
