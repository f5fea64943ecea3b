"""The README as a package index shows it: the build takes its description from here.

An index knows no path of the sources: there a relative picture is a broken one, and a relative link leads nowhere.
"""

from __future__ import annotations

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


def index_page(readme: str) -> str:
    """The README without pictures and links of the sources; a link's words stay.

    >>> index_page("See [the guide](docs/guide.md) and [pip](https://pip.pypa.io).")
    'See the guide and [pip](https://pip.pypa.io).'
    """
    without_pictures = re.sub(r"^!\[[^\]]*\]\((?!https:)[^)]*\)\n+", "", readme, flags=re.MULTILINE)
    return re.sub(r"(?<!!)\[([^\]]*)\]\((?!https:|#)[^)]*\)", r"\1", without_pictures)


class ReadmeOfIndex(MetadataHookInterface):
    """Hatchling's hook, named in pyproject.toml."""

    def update(self, metadata: dict) -> None:
        """Set the description."""
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": index_page(readme)}
