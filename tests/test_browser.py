"""The demo page in a real browser, as a person uses it: with and without JavaScript, by keyboard, in light and dark, and with nothing leaving this computer."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from classifier.app.server import PAGE_VIEWS

AXE = Path(__file__).parent / "browser" / "node_modules" / "axe-core" / "axe.min.js"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SECRET = "dont tell your mum about zorgleplax, its our secret"
TEXT_ZOOM = {"width": 640, "height": 800}
PHONE = {"width": 390, "height": 844}
PROJECTOR = {"width": 1440, "height": 900}
expect.set_options(timeout=30_000)  # a slow machine is no failure of the page


def lacking(what):
    """Skips where somebody has no browser; in a build nothing may be left untested."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}; scripts/browser installs it")
    pytest.skip(f"{what}; scripts/test installs it where it may")


@pytest.fixture(scope="module")
def browser():
    if BROWSER is None:
        lacking("no Chromium is installed")
    with sync_playwright() as playwright:
        # A root user has no sandbox to give; the pages are our own.
        launched = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def served(small_model, small_corpus):
    """The command as a person starts it; gives the page's address, and afterwards it must have printed nothing else."""
    command = [
        sys.executable,
        "-m",
        "classifier.cli.main",
        "demo",
        "--no-open",
        "--port",
        "0",
        "--model",
        str(small_model),
        "--corpus",
        str(small_corpus),
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline()).group()
        urllib.request.urlopen(address).close()  # at once: the printed address is one that answers
        yield address
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=10)
    assert rest.strip() == ""


class Visit:
    """A tab that notes what it asked for and what the browser complained of."""

    def __init__(self, browser, served, **settings):
        # A click would miss what is still scrolling smoothly into view when the machine is slow.
        self.context = browser.new_context(base_url=served, reduced_motion="reduce", **settings)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))


@pytest.fixture(params=[True, False], ids=["javascript", "no javascript"])
def visit(browser, served, request):
    visit = Visit(browser, served, java_script_enabled=request.param)
    yield visit
    visit.context.close()
    assert visit.requests
    assert [url for url in visit.requests if not url.startswith(served)] == []
    assert visit.complaints == []


def test_a_message_is_typed_and_explained(visit):
    page = visit.page
    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name="Message").click()
    page.get_by_label("A message, an invented one").fill(SECRET)
    page.get_by_role("button", name="Score it").click()
    expect(page.get_by_role("heading", name="Flagged: secrecy")).to_be_visible()
    assert "secret" in page.locator("mark").all_inner_texts()
    expect(page.get_by_text("Words it has never met as a whole: zorgleplax")).to_be_visible()
    assert SECRET.split()[0] not in page.url


def test_an_example_is_taken(visit):
    page = visit.page
    page.goto("/message")
    page.get_by_role("button", name="training moved to five").click()
    expect(page.get_by_label("A message, an invented one")).to_have_value(
        "training moved to five, meet at the pitch, bring your boots"
    )
    expect(page.get_by_role("heading", name=re.compile("^(Flagged|Nothing flagged)"))).to_be_visible()


def test_a_conversation_is_followed_to_its_alert_and_the_reviewers_view_changes_with_the_policy(visit):
    page = visit.page
    page.goto("/conversation")
    expect(page.locator("#player-title")).to_contain_text("After message 1 of")
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#player-title")).to_contain_text("After message 2 of")
    expect(page.locator("#player .chat > li")).to_have_count(2)
    expect(page.get_by_text("No person has seen anything of this conversation.")).to_be_visible()
    page.get_by_role("link", name="Last").click()
    expect(page.get_by_role("list", name="What a reviewer sees")).to_be_visible()
    page.get_by_label("Policy of reading").select_option("device_alert_bit")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("A person gets an alert, and no text.")).to_be_visible()
    page.get_by_role("link", name="Back").click()
    expect(page.locator("#reviewer")).to_contain_text("device alert bit")


def test_two_policies_are_compared_at_a_prevalence(visit):
    page = visit.page
    page.goto("/policies")
    page.get_by_role("group", name="Policy A").get_by_label("Policy", exact=True).select_option("flag_all")
    page.get_by_role("group", name="Policy B").get_by_label("Policy", exact=True).select_option(
        "read_nothing"
    )
    page.get_by_label("Share of conversations that are patterns").fill("0.01")
    page.get_by_label("Conversations a day", exact=True).fill("1000")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("row", name="of them put before a person 990 0")).to_be_visible()
    expect(page.locator("svg .choice")).to_have_count(2)
    page.get_by_text(re.compile(r"All \d+ points")).click()
    expect(page.get_by_role("region", name="Every policy at every asked rate")).to_be_visible()


def test_a_bad_number_is_refused_on_a_page_from_which_one_can_go_on(browser, served):
    # A browser's complaint about a 400 is its own line on the console, so this visit is not held to have none.
    visit = Visit(browser, served)
    visit.page.goto("/policies")
    visit.page.get_by_label("Share of conversations that are patterns").fill("often")
    visit.page.get_by_role("button", name="Compare").click()
    expect(visit.page.get_by_text("got “often”")).to_be_visible()
    visit.page.get_by_role("link", name="To the start").click()
    expect(visit.page).to_have_url(f"{served}/")
    visit.context.close()


def test_the_arithmetic_of_rare_things_is_worked_out(visit):
    page = visit.page
    page.goto("/limits")
    expect(page.get_by_text("111 false alarms")).to_be_visible()
    page.get_by_label("One conversation in so many is a pattern").fill("100")
    page.get_by_role("button", name="Work it out").click()
    expect(page.get_by_text("1.1 false alarms")).to_be_visible()  # 0.01 x 99 / 0.9
    page.get_by_role("link", name=re.compile("^Follow this")).first.click()
    expect(page.locator("#player-title")).to_contain_text("After message")


def test_the_policy_of_the_data_and_the_documents_are_read(visit):
    page = visit.page
    page.goto("/about")
    page.get_by_text("Datasheet of the corpora").click()
    expect(page.get_by_role("region", name="Datasheet of the corpora")).to_be_visible()
    expect(page.get_by_text("national child helpline")).to_be_visible()


def test_the_keyboard_reaches_the_content_first_and_steps_through_a_conversation(visit):
    page = visit.page
    page.goto("/conversation")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Next").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("step=2"))


def test_a_script_in_a_message_is_text(browser, served):
    visit = Visit(browser, served)
    visit.page.goto("/message")
    visit.page.get_by_label("A message, an invented one").fill(
        "<script>document.title = 'changed'</script><img src=x onerror=\"document.title = 'changed'\">"
    )
    visit.page.get_by_role("button", name="Score it").click()
    expect(visit.page.locator("#result")).to_be_visible()
    assert visit.page.title().startswith("Why did a message")
    expect(visit.page.locator("main img, main script")).to_have_count(0)
    assert visit.complaints == []
    visit.context.close()


def test_a_megabyte_is_refused_on_a_page(browser, served):
    visit = Visit(browser, served)
    visit.page.goto("/message")
    visit.page.evaluate("document.querySelector('textarea').removeAttribute('maxlength')")
    visit.page.get_by_label("A message, an invented one").fill("a " * 500_000)
    visit.page.get_by_role("button", name="Score it").click()
    expect(visit.page.get_by_text("more than the 32,768 bytes")).to_be_visible()
    visit.context.close()


PLACES = (
    *(view.path for view in PAGE_VIEWS),
    "/conversation?step=3",
    "/conversation?step=2&policy=full_server_scan",
    "/nowhere",
)


def violations(page):
    """What axe-core finds wrong, a line each, with all closed parts of the page opened."""
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations.map(each => [each.id, each.nodes.map(node => node.html)])"
    )
    return [f"{rule}: {json.dumps(nodes[:3])}" for rule, nodes in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_fault_that_axe_finds(browser, served, scheme):
    if not AXE.is_file():
        lacking("axe-core is not installed")
    visit = Visit(browser, served, color_scheme=scheme)
    found = {}
    for place in PLACES:
        visit.page.goto(place)
        found[place] = violations(visit.page)
    visit.page.goto("/message")
    visit.page.get_by_label("A message, an invented one").fill(SECRET)
    visit.page.get_by_role("button", name="Score it").click()
    expect(visit.page.locator("#result")).to_be_visible()
    found["an account"] = violations(visit.page)
    visit.context.close()
    assert {place: faults for place, faults in found.items() if faults} == {}


def test_axe_does_find_a_fault(browser, served):
    if not AXE.is_file():
        lacking("axe-core is not installed")
    visit = Visit(browser, served)
    visit.page.goto("/message")
    visit.page.evaluate("document.querySelector('label').remove()")
    assert any(fault.startswith("label: ") for fault in violations(visit.page))
    visit.context.close()


@pytest.mark.parametrize("viewport", [PHONE, TEXT_ZOOM, PROJECTOR], ids=["phone", "zoomed", "projector"])
def test_no_page_has_to_be_scrolled_sideways(browser, served, viewport):
    visit = Visit(browser, served, viewport=viewport)
    wide = []
    for place in PLACES:
        visit.page.goto(place)
        if visit.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(place)
    visit.context.close()
    assert wide == []
