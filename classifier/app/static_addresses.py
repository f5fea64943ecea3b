"""Addresses and file names of the static site's pages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from classifier.app.form_fields import FormFields

PAGES = "pages"
"""Folder of all pages but the start."""

FILES = {"/style.css": "style.css", "/icon.svg": "icon.svg"}

LEFT_OUT = {"/guess": ("votes",)}
"""Fields that would multiply the pages: without them, a page shows one vote, and none before it."""

Place = tuple[str, tuple[tuple[str, str], ...]]
"""A page: its path and its fields."""


@dataclass
class StaticAddresses:
    """Relative addresses for one page, which notes every page that it leads to."""

    is_start: bool
    places: list[Place] = field(default_factory=list)

    def __call__(self, path: str, *, anchor: str = "", **fields: object) -> str:
        """The address of a page or file, from the page that is written."""
        up = "" if self.is_start else "../"
        if path in FILES:
            return up + FILES[path]
        place = static_place(path, {name: str(value) for name, value in fields.items()})
        self.places.append(place)
        name = up + "index.html" if path == "/" else (f"{PAGES}/" if self.is_start else "") + file_name(place)
        return name + ("#" if anchor else "") + anchor


def static_place(path: str, fields: FormFields) -> Place:
    """The page of a path and fields, without the fields that are left out."""
    left_out = LEFT_OUT.get(path, ())
    return path, tuple((name, value) for name, value in sorted(fields.items()) if name not in left_out)


def file_name(place: Place) -> str:
    """Name of a page's file.

    >>> file_name(("/dial", (("one_in", "1000"), ("step", "3")))), file_name(("/dial", ()))
    ('dial-one_in-1000-step-3.html', 'dial.html')
    """
    path, fields = place
    parts = [path.strip("/"), *(part for pair in fields for part in pair)]
    return "-".join(re.sub(r"[^A-Za-z0-9_]+", "-", part) for part in parts) + ".html"
