"""The commands and snippets of a Markdown text, and a folder in which they can be run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parent.parent


def blocks(text, language):
    """The code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def commands(text):
    """The arguments of every ``grooming-classifier`` line of the shell blocks."""
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("grooming-classifier ")]


def furnished(folder, *, corpus):
    """``folder`` with the files that the texts name; ``corpus`` stands for the released one."""
    (folder / "data" / "synthetic").mkdir(parents=True)
    (folder / "data" / "synthetic" / "v2").symlink_to(corpus)
    for name in ("synthetic/examples", "results"):
        (folder / "data" / name).symlink_to(ROOT / "data" / name)
    return folder
