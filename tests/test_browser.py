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

from classifier.app.page_views import PAGE_VIEWS
from classifier.app.static_site import export_site

AXE = Path(__file__).parent / "browser" / "node_modules" / "axe-core" / "axe.min.js"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SECRET = "dont tell anyone about us and zorgleplax, its our secret"
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
    page.get_by_role("navigation").get_by_role("link", name="Try a sentence").click()
    page.get_by_label("A message, an invented one").fill(SECRET)
    page.get_by_role("button", name="Score it").click()
    expect(page.get_by_role("heading", name="Flagged: secrecy")).to_be_visible()
    assert any(re.fullmatch(r"tell\+{1,3}", text) for text in page.locator("mark").all_inner_texts())
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


def test_a_class_reads_votes_and_sees_the_score_only_then(visit):
    page = visit.page
    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name="Guess, then see").click()
    page.get_by_role("button", name="Next message").click()
    expect(page.get_by_role("heading", name=re.compile("^Message 2 of"))).to_be_visible()
    expect(page.get_by_role("list", name="Messages so far").get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_text("The machine says")).to_have_count(0)
    page.get_by_role("button", name="Not sure").click()
    expect(
        page.get_by_role("heading", name=re.compile(r"^After message 2 of \d+: score 0\.\d\d$"))
    ).to_be_visible()
    page.get_by_role("button", name="Read on, and vote again").click()
    expect(page.get_by_text("The machine says")).to_have_count(0)
    page.get_by_role("button", name="To the end").click()
    page.get_by_role("button", name="Looks fine").click()
    expect(page.get_by_text("Its writer made it up as")).to_be_visible()
    expect(page.get_by_role("region", name="Your votes and the machine's scores")).to_contain_text("unsure")


def test_conversations_are_switched_at_any_place(visit):
    page = visit.page
    page.goto("/guess")
    page.get_by_role("button", name="To the end").click()
    titles = page.get_by_role("group", name="Conversation").get_by_role("button")
    for number in range(titles.count()):
        titles.nth(number).click()
        expect(page.get_by_role("heading", name=re.compile("^Message 1 of"))).to_be_visible()
        expect(titles.nth(number)).to_have_attribute("aria-pressed", "true")


def test_a_reviewer_decides_until_the_end_and_answers_an_appeal(visit):
    page = visit.page
    page.goto("/reviewer")
    page.get_by_text("Choose a round").click()
    page.get_by_role("button", name="1 in 10", exact=True).click()
    page.get_by_text("Choose a round").click()
    page.get_by_role("button", name="40 minutes").click()
    page.get_by_role("button", name=re.compile("^Read all of it")).click()
    expect(page.get_by_role("list", name="The whole conversation")).to_be_visible()
    page.get_by_role("button", name="Pass it on").click()
    for number in range(2, 11):
        expect(page.get_by_role("heading", name=re.compile(f"^Alert {number} of 10"))).to_be_visible()
        page.get_by_role("button", name="Dismiss it").click()
    expect(page.get_by_role("heading", name=re.compile("^Appeal 1 of 1"))).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", name="The end of your shift")).to_be_visible()
    expect(page.get_by_text("You read 10 of 10 alerts")).to_be_visible()


def test_the_dial_is_turned(visit):
    page = visit.page
    page.goto("/dial")
    page.get_by_role("button", name="0.9").click()
    expect(page.get_by_role("heading", name="A million people, alarm from a score of 0.9")).to_be_visible()
    page.get_by_role("button", name="1 in 10,000").click()
    expect(page.get_by_text("of 100 patterns found")).to_be_visible()
    expect(page.get_by_role("button", name="0.9")).to_have_attribute("aria-pressed", "true")


def test_a_class_teaches_a_line_and_tries_another(visit):
    page = visit.page
    page.goto("/teach")
    page.get_by_label("Line 1", exact=True).fill("this stays in the vault")
    page.get_by_label("It shows").first.select_option("secrecy")
    page.get_by_label("Try 1").fill("into the vault with it")
    page.get_by_role("button", name="Teach it").click()
    row = page.get_by_role("region", name="Your lines").get_by_role(
        "row", name=re.compile("stays in the vault")
    )
    expect(row).to_contain_text("now flagged")
    expect(page.get_by_role("region", name="Lines it was not taught, typed by you")).to_contain_text("higher")
    expect(page.get_by_label("Line 1", exact=True)).to_have_value("this stays in the vault")
    assert "vault" not in page.url


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
    expect(page.get_by_role("row", name="of them a person reads from 990 0")).to_be_visible()
    expect(page.locator("svg .choice")).to_have_count(2)
    page.get_by_text(re.compile(r"All \d+ points")).click()
    expect(page.get_by_role("region", name="Every policy at every asked rate")).to_be_visible()


def test_a_bad_number_is_refused_on_a_page_from_which_one_can_go_on(browser, served):
    # A browser's complaint about a 400 is its own line on the console, so this visit is not held to have none.
    visit = Visit(browser, served)
    visit.page.goto("/policies")
    visit.page.get_by_label("Share of conversations that are patterns").fill("often")
    visit.page.get_by_role("button", name="Compare").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("got “often”")
    expect(visit.page.get_by_label("Share of conversations that are patterns")).to_have_value("often")
    visit.page.get_by_label("Share of conversations that are patterns").fill("0.01")
    visit.page.get_by_role("button", name="Compare").click()
    expect(visit.page.get_by_role("alert")).to_have_count(0)
    visit.context.close()


def test_the_arithmetic_of_rare_things_is_worked_out(visit):
    page = visit.page
    page.goto("/limits")
    expect(page.get_by_text("111 false alarms")).to_be_visible()
    page.get_by_label("One conversation in so many is a pattern").fill("100")
    page.get_by_role("button", name="Work it out").click()
    expect(page.get_by_text("1.1 false alarms")).to_be_visible()  # 0.01 x 99 / 0.9
    page.get_by_role("link", name=re.compile("^Follow this")).first.click()
    expect(page.get_by_role("heading", name=re.compile("^Message"))).to_be_visible()


def test_the_policy_of_the_data_and_the_documents_are_read(visit):
    page = visit.page
    page.goto("/about")
    page.get_by_text("Datasheet of the corpora").click()
    expect(page.get_by_role("region", name="Datasheet of the corpora")).to_be_visible()
    expect(page.get_by_text("national child helpline")).to_be_visible()


def test_the_keyboard_reaches_the_content_first_and_steps_through_a_conversation(visit):
    page = visit.page
    page.goto("/guess")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Next message").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("step=2"))
    page.get_by_role("button", name="I am worried").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("vote=w"))


def test_a_script_in_a_message_is_text(browser, served):
    visit = Visit(browser, served)
    visit.page.goto("/message")
    visit.page.get_by_label("A message, an invented one").fill(
        "<script>document.title = 'changed'</script><img src=x onerror=\"document.title = 'changed'\">"
    )
    visit.page.get_by_role("button", name="Score it").click()
    expect(visit.page.locator("#result")).to_be_visible()
    assert visit.page.title().startswith("Why does a sentence")
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
    "/guess?step=5&vote=w&votes=2f",
    "/reviewer?now=r",
    "/reviewer?decisions=pdddddddd&now=d",
    "/reviewer?decisions=ppd&stop=1",
    "/policies?a=full_server_scan&b=device_redacted_excerpt&prevalence=often",
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
    visit.page.goto("/teach")
    visit.page.get_by_label("Line 1", exact=True).fill("this stays in the vault")
    visit.page.get_by_role("button", name="Teach it").click()
    expect(visit.page.get_by_role("region", name="Your lines")).to_be_visible()
    found["taught"] = violations(visit.page)
    visit.context.close()
    assert {place: faults for place, faults in found.items() if faults} == {}


@pytest.fixture(scope="module")
def site(demo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    export_site(demo, folder)
    return folder


@pytest.mark.parametrize("scripted", [True, False], ids=["javascript", "no javascript"])
def test_the_static_site_is_used_without_a_server(browser, site, scripted):
    context = browser.new_context(java_script_enabled=scripted)
    requests = []
    context.on("request", lambda request: requests.append(request.url))
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    page.get_by_role("navigation").get_by_role("link", name="Guess, then see").click()
    page.get_by_role("link", name="Next message").click()
    page.get_by_role("link", name="I am worried").click()
    expect(page.get_by_role("heading", name=re.compile("^After message 2 of"))).to_be_visible()
    page.get_by_role("link", name="The dial").click()
    page.get_by_role("link", name="0.9").click()
    expect(page.get_by_role("heading", name="A million people, alarm from a score of 0.9")).to_be_visible()
    page.get_by_role("link", name="Reviewer's chair").click()
    page.locator("summary", has_text="What was it?").first.click()
    expect(page.get_by_text("How they know each other").first).to_be_visible()
    page.get_by_role("link", name="Teach it").click()
    expect(page.get_by_text("grooming-classifier demo").first).to_be_visible()
    context.close()
    assert [url for url in requests if not url.startswith("file://")] == []


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
