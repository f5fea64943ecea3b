"""The views of the demo, in the order of a lesson."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from classifier.app.about import about_view, start_view
from classifier.app.demo_data import Demo
from classifier.app.form_fields import FormFields
from classifier.app.lesson.explained_message import message_view
from classifier.app.lesson.guessed_score import guess_view
from classifier.app.lesson.model_limits import limits_view
from classifier.app.lesson.reviewers_chair import chair_view
from classifier.app.lesson.teach_model import teach_view
from classifier.app.lesson.threshold_dial import dial_view
from classifier.app.policy_comparison import policies_view


@dataclass(frozen=True)
class PageView:
    """A view of the demo.

    Parameters
    ----------
    path
        Path of its address.
    name
        Its name in the menu.
    title
        Its heading.
    template
        Its template.
    values
        Function from the demo and the fields of a request to the values of the template. Where they have
        ``errors``, the form is shown again.
    accepts_post
        Whether the page takes a form whose fields stand in no address.
    is_exported
        Whether it is a page of the static site, too. What is typed needs the running demo.
    """

    path: str
    name: str
    title: str
    template: str
    values: Callable[[Demo, FormFields], dict[str, Any]]
    accepts_post: bool = False
    is_exported: bool = True


PAGE_VIEWS = (
    PageView("/", "Start", "Who should read your messages?", "start.html.j2", start_view),
    PageView("/guess", "Guess, then see", "Guess, then see", "guess.html.j2", guess_view),
    PageView("/reviewer", "Reviewer's chair", "In the reviewer's chair", "chair.html.j2", chair_view),
    PageView("/dial", "The dial", "The dial", "dial.html.j2", dial_view),
    PageView("/policies", "Who reads?", "Who reads?", "policies.html.j2", policies_view),
    PageView(
        "/teach",
        "Teach it",
        "Teach it",
        "teach.html.j2",
        teach_view,
        accepts_post=True,
        is_exported=False,
    ),
    PageView("/limits", "Where it fails", "Where does it fail?", "limits.html.j2", limits_view),
    PageView(
        "/message",
        "Try a sentence",
        "Why does a sentence get its score?",
        "message.html.j2",
        message_view,
        accepts_post=True,
        is_exported=False,
    ),
    PageView("/about", "About", "What this is, and who helps", "about.html.j2", about_view),
)


def menu() -> list[tuple[str, str]]:
    """Path and name of each view."""
    return [(view.path, view.name) for view in PAGE_VIEWS]
