"""Model files written by hand, with a fitting hash, and operating points for those that tests save."""

from __future__ import annotations

import json

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from classifier.model.file_container import content_sha256
from classifier.model.message.operating_points import OPERATING_POINTS, MessageOperatingPoint
from classifier.taxonomy import LABELS


def points_at(threshold):
    """Every operating point at one threshold, with half of the labels found and no false alarm."""
    n = len(LABELS)
    point = MessageOperatingPoint(np.full(n, threshold), ((1, 2),) * n, ((0, 3),) * n)
    return dict.fromkeys(OPERATING_POINTS, point)


def rewritten(path, *, header=(), drop=(), **arrays):
    """Rewrite the file with other arrays and header fields and a fitting hash, as on purpose."""
    with safe_open(path, framework="numpy") as opened:
        fields = json.loads(opened.metadata()["header"]) | dict(header)
    content = {name: array for name, array in (load_file(path) | arrays).items() if name not in drop}
    fields["sha256"] = content_sha256(content, fields)
    save_file(content, path, metadata={"header": json.dumps(fields, sort_keys=True)})
    return path
