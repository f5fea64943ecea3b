"""The demo as a static site: files that a browser opens without a server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from classifier.app.demo_data import Demo
from classifier.app.form_fields import FormFields
from classifier.app.page import app_icon, app_style, html_page
from classifier.app.page_views import PAGE_VIEWS, PageView, menu
from classifier.atomic import write_bytes
from classifier.errors import InputError
from classifier.progress import progress_bar

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


def export_site(demo: Demo, folder: Path) -> int:
    """Write the site into ``folder`` and return the number of its pages.

    Raises ``InputError`` unless the folder is empty or new.
    It begins with ``index.html``. Views of what is typed are pages that say what they need.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: expected an empty or a new folder, got one that holds something")
    (folder / PAGES).mkdir(parents=True, exist_ok=True)
    n_pages = 0
    for name, content in progress_bar(site_pages(demo), label="writing pages"):
        write_bytes(folder / name, content.encode())
        n_pages += 1
    write_bytes(folder / FILES["/style.css"], app_style().encode())
    write_bytes(folder / FILES["/icon.svg"], app_icon())
    return n_pages


def site_pages(demo: Demo) -> Iterator[tuple[str, str]]:
    """File name and content of each page, from the start to all that it leads to."""
    views = {view.path: view for view in PAGE_VIEWS}
    waiting: list[Place] = [("/", ())]
    known = set(waiting)
    while waiting:
        place = waiting.pop(0)
        addresses = StaticAddresses(is_start=place[0] == "/")
        content = static_page(demo, views[place[0]], dict(place[1]), addresses)
        yield ("index.html" if place[0] == "/" else f"{PAGES}/{file_name(place)}"), content
        found = [each for each in dict.fromkeys(addresses.places) if each not in known]
        waiting += found
        known.update(found)


def static_page(demo: Demo, view: PageView, fields: FormFields, address: StaticAddresses) -> str:
    """A page with relative links and without forms."""
    template, values = "needs_demo.html.j2", {}
    if view.is_exported:
        template, values = view.template, view.values(demo, fields)
    return html_page(
        template, title=view.title, menu=menu(), path=view.path, address=address, live=False, **values
    )
