"""HTML pages from templates: self-contained, escaped, in one style."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

INTENDED_USE = (
    "Built only on synthetic, clearly labelled, non-sexual conversations. "
    "For research, prototyping and teaching. "
    "Not for automated action against a person, not for surveillance of real accounts, "
    "not a substitute for a safeguarding process."
)


@cache
def template_environment(*packages: str) -> Environment:
    """Jinja environment of the ``templates`` folders of ``packages``; the first that has a template wins.

    Output is escaped, and an undefined name is an error.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def report_templates() -> Environment:
    """The environment of the report templates, with what each operating point allows: ``allowed.strict``."""
    from classifier.model.message.operating_points import MAX_FALSE_ALARMS

    templates = template_environment("classifier.report")
    templates.globals["allowed"] = {point: f"{100 * cap:g} %" for point, cap in MAX_FALSE_ALARMS.items()}
    return templates


def style_sheet() -> str:
    """The CSS that all pages share."""
    return (files("classifier.report") / "templates" / "style.css").read_text(encoding="utf-8")


def render(template: str, **values: Any) -> str:
    """A page from a template, with its style inlined.

    There is no clock and no random id in it: the same values give the same bytes.
    """
    page = report_templates().get_template(template)
    return page.render(css=style_sheet(), intended_use=INTENDED_USE, **values)
