"""HTML pages from templates: self-contained, escaped, in the one style of the project."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

USE = (
    "Built only on synthetic, clearly labelled, non-sexual conversations. For research, prototyping and teaching. Not for automated action against a person, "
    "not for surveillance of real accounts, not a substitute for a safeguarding process."
)


@cache
def templates() -> Environment:
    """The project's templates, with escaping on and undefined names an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("classifier.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **values: Any) -> str:
    """The page a template makes of ``values``, its style inlined. No clock, no random id: same values, same bytes."""
    css = (files("classifier.report") / "templates" / "style.css").read_text(encoding="utf-8")
    return templates().get_template(template).render(css=css, use=USE, **values)
