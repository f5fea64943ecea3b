"""Pages as HTML, and the addresses that lead from one to another."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from classifier.app.number_formats import LABEL_NAMES
from classifier.report.html_rendering import INTENDED_USE, style_sheet, template_environment

Address = Callable[..., str]
"""Function from a path, an ``anchor`` and fields to what stands in a link."""


def served_address(path: str, *, anchor: str = "", **fields: object) -> str:
    """Address of a page of the running demo.

    >>> served_address("/dial", step=3, anchor="picture")
    '/dial?step=3#picture'
    """
    query = f"?{urlencode(fields)}" if fields else ""
    return f"{path}{query}{'#' if anchor else ''}{anchor}"


def html_page(
    template: str,
    *,
    title: str,
    menu: list[tuple[str, str]],
    path: str = "",
    address: Address = served_address,
    live: bool = True,
    **values: Any,
) -> str:
    """A whole page.

    Frame, tables and style are those of the reports. The page has no form unless it is ``live``.

    Parameters
    ----------
    menu
        Path and name of each view.
    path
        Path of the view shown.
    address
        Gives the addresses of other pages.
    """
    environment = template_environment("classifier.app", "classifier.report")
    return environment.get_template(template).render(
        title=title,
        menu=menu,
        path=path,
        to=address,
        live=live,
        label_names=LABEL_NAMES,
        intended_use=INTENDED_USE,
        **values,
    )


def app_style() -> str:
    """The style sheet of all pages."""
    return style_sheet() + (files("classifier.app") / "templates" / "app.css").read_text(encoding="utf-8")


def app_icon() -> bytes:
    """The picture that stands for the pages in a browser."""
    return (files("classifier.app") / "templates" / "icon.svg").read_bytes()
