"""The demo as a static site: files that a browser opens without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from classifier.app.demo_data import Demo
from classifier.app.form_fields import FormFields
from classifier.app.page import app_icon, app_style, html_page
from classifier.app.page_views import PAGE_VIEWS, PageView, menu
from classifier.app.static_addresses import FILES, PAGES, Place, StaticAddresses, file_name
from classifier.atomic import write_bytes
from classifier.errors import InputError
from classifier.progress import progress_bar


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
