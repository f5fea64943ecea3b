"""The static site: whole pages, links that lead somewhere, and nothing that needs a server."""

from __future__ import annotations

import io
import posixpath
import re
from contextlib import redirect_stdout
from html import unescape

import pytest

from classifier.app.demo_data import load_demo
from classifier.app.lesson.guessed_score import featured_conversations
from classifier.app.static_site import export_site
from classifier.cli.main import main
from classifier.errors import InputError
from classifier.model.shipped_models import conversation_model_path


@pytest.fixture(scope="module")
def exported(small_model, small_corpus, tmp_path_factory):
    """The folder that the command wrote, and what it printed."""
    folder = tmp_path_factory.mktemp("site") / "lesson"
    options = ["--model", str(small_model), "--corpus", str(small_corpus), "--export", str(folder)]
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main(["demo", *options]) == 0
    return folder, printed.getvalue()


@pytest.fixture(scope="module")
def site(exported):
    return exported[0]


def pages(site):
    return {
        path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in site.rglob("*.html")
    }


def test_every_link_is_relative_and_leads_to_a_file_and_a_place_in_it(site):
    texts = pages(site)
    anchors = {name: set(re.findall(r'id="([^"]*)"', text)) for name, text in texts.items()}
    files = {path.relative_to(site).as_posix() for path in site.rglob("*.*")}
    broken = set()
    for name, text in texts.items():
        for link in re.findall(r'(?:href|src|action)="([^"]*)"', text):
            path, _, anchor = unescape(link).partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            if target not in files or (anchor and anchor not in anchors[target]):
                broken.add((name, link))
    assert broken == set()


def test_no_page_has_a_form_a_script_or_an_inline_style(site):
    assert {
        name for name, text in pages(site).items() if re.search(r"<form|<script|<style|<button|<input", text)
    } == set()


def test_every_message_of_the_conversations_can_be_voted_on(site, small_model, small_corpus):
    demo = load_demo(small_model, conversation_model_path(small_model), corpus=small_corpus)
    names = set(pages(site))
    for id_ in featured_conversations(demo):
        for step in range(1, len(demo.scored_conversations[id_].scores) + 1):
            assert f"pages/guess-id-{id_}-step-{step}.html" in names
            assert f"pages/guess-id-{id_}-step-{step}-vote-w.html" in names


def test_all_nine_steps_of_the_dial_and_three_queues_are_there(site):
    names = set(pages(site))
    assert {f"pages/dial-one_in-1000-step-{step}.html" for step in range(1, 10)} <= names
    assert {f"pages/reviewer-one_in-{one_in}.html" for one_in in (10, 100, 1000)} <= names


@pytest.mark.parametrize("name", ["teach", "message"])
def test_what_needs_typing_says_what_it_needs(site, name):
    text = (site / "pages" / f"{name}.html").read_text(encoding="utf-8")
    assert "grooming-classifier demo</code>" in text


def test_the_intended_use_stands_on_every_page(site):
    assert {
        name for name, text in pages(site).items() if "not for surveillance of real accounts" not in text
    } == set()


def test_a_folder_that_holds_something_is_not_written_into(demo, tmp_path):
    (tmp_path / "mine.txt").write_text("pizza", encoding="utf-8")
    with pytest.raises(InputError, match="expected an empty or a new folder"):
        export_site(demo, tmp_path)


def test_the_command_says_where_to_begin_and_how_many_pages_there_are(exported):
    folder, printed = exported
    assert printed == f"{folder / 'index.html'}: the first of {len(pages(folder))} pages\n"
    assert (folder / "style.css").is_file()
