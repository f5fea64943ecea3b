"""The demo page: what its views show, and that nothing sent to it does harm or gets out."""

from __future__ import annotations

import asyncio
import json
import math
import re
import socket
import subprocess
import sys
import unicodedata
from dataclasses import replace
from urllib.parse import quote_from_bytes

import pytest
from app_requests import FORM, PORT, ask, one_of, typed
from safetensors.numpy import load_file

from classifier.app.about import documents
from classifier.app.demo_data import Demo, load_demo, released_corpus
from classifier.app.example_texts import example_texts
from classifier.app.lesson.explained_message import message_explanation
from classifier.app.lesson.model_limits import names_in_model
from classifier.app.page_views import PAGE_VIEWS
from classifier.app.policy_comparison import policies_view
from classifier.app.policy_figures import SHIPPED_FIGURES, read_policy_summary, summary_as_json
from classifier.app.reviewer_view import reviewer_values, runnable_policies
from classifier.app.server import MAX_BODY, build_app
from classifier.cli.main import main
from classifier.corpus.checks.content_policy import policy_problems
from classifier.errors import InputError
from classifier.model.message.file import load_model
from classifier.model.shipped_models import conversation_model_path
from classifier.privacy.attacks.name_recovery import names_read
from classifier.privacy.policies.given_names import given_names
from classifier.privacy.policies.redaction import redacted
from classifier.taxonomy import LABELS

SECRET = "dont tell your mum about this, its our secret"


def seen(demo, scored, policy, step):
    return reviewer_values(demo, scored, step, runnable_policies()[policy])


# Every page


@pytest.mark.parametrize("path", [view.path for view in PAGE_VIEWS])
def test_every_page_says_what_it_is_for_and_what_it_is_not_for(demo, path):
    page = ask(demo, path)
    assert page.status_code == 200
    assert (
        "Built only on synthetic, clearly labelled, non-sexual conversations. For research, prototyping and teaching."
        in page.text
    )
    assert "not for surveillance of real accounts, not a substitute for a safeguarding process" in page.text
    assert '<html lang="en">' in page.text
    assert page.text.count("<h1>") == 1


@pytest.mark.parametrize("path", [view.path for view in PAGE_VIEWS if view.path != "/about"])
def test_no_page_passes_judgement_on_anybody(demo, path):
    assert (
        re.findall(
            r"predator|guilty|groomer|offender|perpetrator|victim", ask(demo, path).text, re.IGNORECASE
        )
        == []
    )


@pytest.mark.parametrize("path", [*(view.path for view in PAGE_VIEWS), "/nowhere"])
def test_every_page_leads_to_where_help_is_found(demo, path):
    footer = ask(demo, path).text.split("<footer")[1]
    assert "Does something worry you? Talk to an adult you trust." in footer
    assert '<a href="/about#help">' in footer


@pytest.mark.parametrize("path", ["/guess?vote=f", "/reviewer", "/dial", "/policies"])
def test_a_page_that_raises_alarms_says_which_threshold_each_page_uses(demo, path):
    threshold = demo.conversation_model.alert_threshold
    text = ask(demo, path).text
    assert f"from {threshold:.2f} on, the reviewer's chair from 0.6 on" in text
    assert "use each policy's own threshold" in text


def test_an_undecodable_query_behind_a_stray_slash_is_told_that_nothing_is_there(demo):
    async def once():
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/limits/",
            "raw_path": b"/limits/",
            "query_string": b"pre\xf6=1",
            "headers": [(b"host", f"127.0.0.1:{PORT}".encode())],
        }
        await build_app(demo, port=PORT)(
            scope | {"scheme": "http", "server": ("127.0.0.1", PORT), "root_path": "", "http_version": "1.1"},
            receive,
            send,
        )
        return sent[0]["status"]

    assert asyncio.run(once()) == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/style.css", 200),
        ("/nowhere", 404),
        ("/guess?id=none", 404),
        ("/limits?tpr=2", 400),
    ],
)
def test_every_answer_forbids_scripts_framing_and_keeping(demo, path, status):
    answer = ask(demo, path)
    assert answer.status_code == status
    policy = answer.headers["content-security-policy"]
    assert all(
        part in policy
        for part in ("default-src 'none'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'")
    )
    assert "script" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", [view.path for view in PAGE_VIEWS])
def test_no_page_has_a_script_an_inline_style_or_anything_from_elsewhere(demo, path):
    text = ask(demo, path).text
    assert re.findall(r"<script|<style|\sstyle=|\son\w+=", text) == []
    assert [
        link for link in re.findall(r'(?:src|href|action)="([^"]*)"', text) if not re.match(r"/(?!/)|#", link)
    ] == []


@pytest.mark.parametrize(
    "host",
    ["evil.example.org", f"evil.example.org:{PORT}", "127.0.0.1:1", f"127.0.0.1.example.org:{PORT}", ""],
)
def test_a_request_for_another_host_is_turned_away(demo, host):
    assert ask(demo, "/", host=host).status_code == 421


@pytest.mark.parametrize(
    "host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}"]
)
def test_this_computers_own_names_are_answered(demo, host):
    assert ask(demo, "/", host=host).status_code == 200


# Hostile input

FIELDS = [
    ("/message", "POST", "text"),
    ("/message", "POST", "example"),
    ("/message", "POST", "another"),
    ("/message", "GET", "text"),
    *(("/guess", "GET", name) for name in ("id", "step", "vote", "votes")),
    *(
        ("/reviewer", "GET", name)
        for name in ("one_in", "minutes", "queue", "decisions", "now", "answers", "answer")
    ),
    *(("/dial", "GET", name) for name in ("step", "one_in")),
    *(("/teach", "POST", name) for name in ("text1", "label1", "try1")),
    ("/policies", "GET", "id"),
    *(("/policies", "GET", name) for name in ("a", "b", "rate_a", "rate_b", "prevalence", "volume")),
    *(("/limits", "GET", name) for name in ("tpr", "fpr", "one_in")),
    ("/about", "GET", "another"),
]
HOSTILE = {
    "script": b"<script>alert(1)</script>",
    "attribute": b'"><img src=x onerror=alert(1)>',
    "template": b"{{ demo }}{% raw %}",
    "control characters": b"a\x00b\x07c\x1b[31m\x7f\xc2\x85",
    "direction marks": "\u202eabc\u2066d\u200f".encode(),
    "lone surrogate": b"\xed\xa0\x80",
    "not UTF-8": b"\xff\xfe\x80",
    "not a number": b"nan",
    "infinite": b"1e999",
    "negative": b"-1",
    "other digits": "٣".encode(),
    "many digits": b"9" * 1500,
    "path": b"../../etc/passwd",
    "empty": b"",
    "line breaks": b"a\r\nset-cookie: b=c\r\n\r\n<b>",
    "a megabyte": b"a " * 500_000,
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(("path", "method", "name"), FIELDS, ids=["-".join(field) for field in FIELDS])
def test_whatever_is_put_into_a_field_is_shown_harmlessly_or_refused_in_words(
    demo, path, method, name, value
):
    content = f"{name}={quote_from_bytes(value if method == 'POST' else value[:20_000])}"  # no client sends a longer address
    answer = (
        ask(demo, path, method="POST", content=content, headers=FORM)
        if method == "POST"
        else ask(demo, f"{path}?{content}")
    )
    assert answer.status_code in (200, 400, 404, 413, 414)
    text = answer.content.decode("utf-8")
    assert "<script" not in text
    assert "<img" not in text
    assert "set-cookie" not in answer.headers
    assert {
        unicodedata.name(ch, repr(ch))
        for ch in text
        if unicodedata.category(ch) in ("Cc", "Cf", "Cs") and ch not in "\r\n"
    } == set()
    if answer.status_code != 200:
        assert "That did not work" in text


@pytest.mark.parametrize(("path", "reason"), [
    ("/guess?id=none", "there is no conversation “none” here"),
    ("/dial?step=10", "expected one of 1, 2, 3, 4, 5, 6, 7, 8, 9, got “10”"),
    ("/reviewer?minutes=5", "expected one of 10, 20, 40, got “5”"),
    ("/policies?a=none", "that is none of the choices"),
    ("/policies?prevalence=1", "expected a number under 1"),
    ("/policies?prevalence=often", "expected a number over 0 and at most 1, such as 0.0001, got “often”"),
    ("/policies?volume=1.5", "expected a whole number from 1 to 1,000,000,000,000"),
    ("/limits?one_in=1", "expected a whole number from 2 to"),
    ("/limits?" + "&".join(f"a{n}=1" for n in range(50)), "at most 40 fields"),
])  # fmt: skip
def test_what_cannot_be_used_is_refused_with_what_was_expected(demo, path, reason):
    answer = ask(demo, path)
    assert answer.status_code in (400, 404)
    assert reason in answer.text


def test_a_form_that_is_too_large_is_refused(demo):
    answer = typed(demo, "a" * MAX_BODY)
    assert answer.status_code == 413
    assert "more than the 32,768 bytes" in answer.text


def test_a_message_that_is_too_long_is_refused_with_its_length_and_kept_in_the_form(demo):
    answer = typed(demo, "a" * 2001)
    assert answer.status_code == 400
    assert "expected at most 2,000 characters, got 2,001" in answer.text
    assert f">{'a' * 2001}</textarea>" in answer.text


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/policies?prevalence=often&volume=77", ['value="often"', 'value="77"']),
        ("/limits?tpr=0.5&one_in=1", ['value="0.5"', 'value="1"']),
    ],
)
def test_a_form_with_a_number_that_cannot_be_used_is_shown_again_as_it_was_filled_in(demo, path, kept):
    answer = ask(demo, path)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert [value for value in kept if value not in answer.text] == []


def test_the_longest_message_fits_a_form_whatever_its_characters(demo):
    assert typed(demo, "\U0001f642" * 2000).status_code == 200


def test_a_form_in_another_encoding_is_refused(demo):
    assert (
        ask(
            demo, "/message", method="POST", content=b"{}", headers={"content-type": "application/json"}
        ).status_code
        == 415
    )


def test_a_method_that_a_page_does_not_take_is_refused_on_a_page(demo):
    answer = ask(demo, "/limits", method="DELETE")
    assert answer.status_code == 405
    assert "answers no such request" in answer.text


def test_a_fault_of_the_program_is_told_without_what_was_typed(demo, monkeypatch, capfd):
    def fails(model, text):
        raise KeyError(text)

    monkeypatch.setattr("classifier.app.lesson.explained_message.message_explanation", fails)
    answer = typed(demo, SECRET)
    assert answer.status_code == 500
    assert "KeyError at fails" in answer.text
    assert SECRET not in answer.text
    assert capfd.readouterr() == ("", "")


# Message


def test_a_message_is_shown_with_its_stage_and_its_words_marked(demo):
    text = typed(demo, SECRET).text
    assert "Flagged: secrecy" in text
    assert re.search(r'<mark class="s[123]">tell<sup>\+{1,3}</sup></mark>', text)


def test_a_message_of_several_parts_names_the_one_that_counts(demo):
    text = f"my bus is late again today. {SECRET}"
    assert "What counts is the part with the highest score" in typed(demo, text).text
    assert "What counts" not in typed(demo, "pizza").text


def test_the_parts_of_an_account_sum_to_the_log_odds_and_those_give_the_score(demo):
    [part] = message_explanation(demo.model, SECRET)["labels"]
    *parts, total = [float(row[1]) for row in part["words"].rows]
    assert sum(parts) == pytest.approx(total, abs=0.001 * len(parts))
    score = demo.model.probabilities([SECRET])[0, LABELS.index("secrecy")]
    assert total == pytest.approx(math.log(score / (1 - score)), abs=0.001)


def test_a_message_that_is_not_flagged_is_explained_by_the_label_nearest_its_threshold(demo):
    explanation = message_explanation(demo.model, "pizza?")
    assert explanation["flagged"] == []
    assert len(explanation["labels"]) == 1


def test_a_word_the_model_never_met_is_named(demo):
    assert (
        "Words it has never met as a whole: <bdi>zorgleplax</bdi>" in typed(demo, "dont tell zorgleplax").text
    )


@pytest.mark.parametrize("number", range(len(example_texts()["example"])))
def test_every_example_can_be_taken(demo, number):
    answer = ask(demo, "/message", method="POST", data={"example": str(number)})
    assert example_texts()["example"][number]["text"] in answer.text
    assert 'aria-labelledby="result"' in answer.text


def test_what_is_typed_stands_in_no_address(demo):
    assert '<form method="post" action="/message"' in ask(demo, "/message").text


# Conversation


def test_an_alert_bit_shows_a_reviewer_no_text(demo):
    scored = one_of(demo, flagged=True)
    found = seen(demo, scored, "device_alert_bit", len(scored.scores))
    assert found["alerted_at"] == scored.alert_at
    assert found["released"] == [1.0]
    assert found["shown"] == []


def test_an_excerpt_is_masked_and_has_two_messages_on_either_side(demo):
    scored = one_of(demo, flagged=True)
    n, at = len(scored.scores), scored.alert_at
    shown = seen(demo, scored, "device_redacted_excerpt", n)["shown"]
    assert [message["number"] for message in shown] == [
        number for number in range(at - 2, at + 3) if 1 <= number <= n
    ]
    assert [message["text"] for message in shown] == [
        redacted(scored.conversation.messages[message["number"] - 1].text, "lexicon") for message in shown
    ]


def test_before_the_alert_no_person_has_seen_anything(demo):
    scored = next(each for each in demo.scored_conversations.values() if each.alert_at > 2)
    found = seen(demo, scored, "full_server_scan", scored.alert_at - 1)
    assert (found["alerted_at"], found["shown"], found["released"]) == (0, [], [])
    assert found["would_alert"]
    assert found["read"] == found["kept"] == scored.alert_at - 1


def test_under_a_policy_that_reads_nothing_nothing_is_read(demo):
    scored = one_of(demo)
    assert seen(demo, scored, "read_nothing", len(scored.scores))["read"] == 0


def test_only_the_test_split_is_shown(demo):
    assert {scored.conversation.split for scored in demo.scored_conversations.values()} == {"test"}


def test_without_a_corpus_conversations_are_generated(demo):
    drawn = Demo(demo.model_path, demo.model, demo.model, demo.conversation_model, None, None)
    assert len(drawn.scored_conversations) > 100
    assert "generated when the demo started" in drawn.source


def test_a_corpus_that_cannot_be_used_is_refused_before_the_page_starts(small_model, tmp_path):
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "a"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"broken\.jsonl:1: "):
        load_demo(small_model, conversation_model_path(small_model), corpus=broken)


# Policy desk


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory, small_corpus, small_model):
    folder = tmp_path_factory.mktemp("tradeoff")
    policy = folder / "bit.toml"
    policy.write_text(
        'description = "The device gives out one alert without content."\nwhere = "device"\nrelease = "alert_bit"\n',
        encoding="utf-8",
    )
    options = [
        "--model",
        str(small_model),
        "--policies",
        str(policy),
        "--no-variants",
        "--resamples",
        "20",
        "--out",
        str(folder / "out"),
    ]
    assert main(["tradeoff", str(small_corpus), *options]) == 0
    return folder / "out"


def test_a_packed_summary_is_the_summary_of_the_run(run_folder, tmp_path):
    summary = read_policy_summary(run_folder)
    path = tmp_path / "points.json"
    path.write_bytes(summary_as_json(summary))
    again = read_policy_summary(path)
    assert summary_as_json(again) == summary_as_json(summary)
    assert [(point.point, point.found, point.false_alarms) for point in again.points] == [
        (point.point, point.found, point.false_alarms) for point in summary.points
    ]


def test_the_desk_shows_the_figures_of_a_run(demo, run_folder):
    desk = Demo(
        demo.model_path,
        demo.model,
        demo.model,
        demo.conversation_model,
        demo.corpus,
        read_policy_summary(run_folder),
    )
    values = policies_view(
        desk, {"a": "flag_all", "b": "read_nothing", "prevalence": "0.01", "volume": "1000"}
    )
    rows = {row[0]: row[1:] for row in values["table"].rows}
    assert values["is_loaded_model"]
    assert rows["benign conversations a day"] == ["990", "990"]
    assert rows["of them read by a machine (two people each)"] == ["990", "0"]
    assert rows["of them a person reads from"] == ["990", "0"]
    assert rows["alerts a day"] == ["1,000", "0"]
    assert rows["true finds among them"] == ["10", "0"]
    assert rows["share of alerts that are true (PPV)"][0].split() == ["1", "%"]
    assert rows["false alarms for each true find"][0] == "99"


def test_the_point_of_flagging_everything_stands_in_the_upper_right_corner(demo):
    chart = policies_view(demo, {"a": "flag_all", "b": "read_nothing"})["chart"]
    [all_flagged, nothing] = chart["chosen"]
    assert all_flagged["x"] == max(point["x"] for point in chart["points"])
    assert all_flagged["y"] == min(point["y"] for point in chart["points"])
    assert nothing["y"] == max(point["y"] for point in chart["points"])


def test_a_policy_that_shows_nobody_text_is_read_by_nobody_and_has_its_plain_title(demo):
    summary = demo.policy_summary
    points = tuple(
        replace(point, human_read=0, human_alerted=0, human_upper=0.0)
        if point.policy == "device_alert_bit"
        else point
        for point in summary.points
    )
    plain = replace(
        demo, policy_summary=replace(summary, points=points, titles={"device_alert_bit": "on the phone"})
    )
    values = policies_view(plain, {"a": "full_server_scan", "b": "device_alert_bit"})
    rows = {row[0]: row[1:] for row in values["table"].rows}
    assert rows["of them flagged to anybody"][1] != "0"
    assert rows["of them a person reads from"][1] == rows["of them a person is told about"][1] == "0"
    assert "B: on the phone" in ask(plain, "/policies?b=device_alert_bit").text
    assert [each for each in values["chart"]["points"] if not 62 <= each["x"] <= 640] == []


def test_the_policies_that_people_argue_about_come_first_and_one_of_them_tells_only_the_user(demo):
    values = policies_view(demo, {})
    assert [side["policy"] for side in values["sides"]] == ["full_server_scan", "device_tells_user"]
    assert values["policy_order"][:8] == list(values["offered"])
    assert sorted(values["policy_order"]) == sorted(demo.policy_summary.descriptions)


def test_a_policy_that_tells_only_the_user_is_said_to_tell_nobody_else(demo):
    values = policies_view(demo, {"a": "device_tells_user", "b": "device_alert_bit"})
    words = "\n".join(values["sides"][0]["in_words"])
    assert "Alert: when the policy's own score reaches its threshold; thresholds are" in words
    alarmed = next(name for name in values["featured"] if demo.scored_conversations[name].alert_at)
    text = ask(demo, f"/policies?a=device_tells_user&b=device_alert_bit&id={alarmed}").text
    assert text.count("The owner of the phone gets a note. Nobody else learns of it.") == 1
    assert text.count("Somebody gets an alarm") == 1


def test_a_policy_without_a_title_has_its_name_in_words():
    untitled = replace(read_policy_summary(None), titles={})
    assert untitled.title("device_alert_bit") == "device alert bit"


def test_a_rate_at_which_a_policy_was_not_run_is_said(demo):
    summary = demo.policy_summary
    rates = {
        point.policy: {f"{each.asked_rate:g}" for each in summary.points if each.policy == point.policy}
        for point in summary.points
    }
    policy, missing = next(
        (policy, rate)
        for policy, tried in rates.items()
        if "nan" not in tried
        for rate in ("0.003", "0.01", "0.03", "0.1")
        if rate not in tried
    )
    text = ask(demo, f"/policies?a={policy}&rate_a={missing}").text
    assert "No figures at this rate:" in text


def test_without_figures_the_desk_says_how_to_make_some(demo):
    bare = Demo(demo.model_path, demo.model, demo.model, demo.conversation_model, demo.corpus, None)
    assert (
        "grooming-classifier tradeoff data/synthetic/v2 --out results/tradeoff" in ask(bare, "/policies").text
    )


def test_the_figures_that_come_with_the_package_are_of_the_released_corpus():
    manifest = json.loads((released_corpus() / "manifest.json").read_text(encoding="utf-8"))
    assert read_policy_summary(None).facts["corpus_sha256"] == manifest["corpus_sha256"]
    assert summary_as_json(read_policy_summary(None)) == SHIPPED_FIGURES.read_bytes()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"columns": {}}'])
def test_a_file_that_holds_no_figures_is_refused(tmp_path, content):
    path = tmp_path / "points.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"points\.json: not the figures of a tradeoff"):
        read_policy_summary(path)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="no whole tradeoff there"):
        read_policy_summary(tmp_path)


# Limits


def test_the_arithmetic_of_a_detector_that_is_99_per_cent_accurate(demo):
    # 0.9 true finds and 9,999 x 0.01 = 99.99 false alarms among 10,000: 111.1 for one; (0.9 + 9,899.01) / 10,000 = 98.99 %.
    text = ask(demo, "/limits?tpr=0.9&fpr=0.01&one_in=10000").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "right about 99.0 % of all conversations" in text
    assert "<strong>111 false alarms</strong>" in text


def test_the_gallery_counts_what_the_loaded_model_does(demo):
    flagged = [
        label in demo.model.flagged(row)
        for row, label in zip(
            demo.model.probabilities([line["text"] for line in example_texts()["indirect"]]),
            [line["label"] for line in example_texts()["indirect"]],
            strict=True,
        )
    ]
    missed = flagged.count(False)
    assert f"The model misses {missed} of {len(flagged)}." in ask(demo, "/limits").text
    assert missed > 0


def test_a_model_that_gets_all_lines_right_is_not_said_to_miss_any(demo):
    eager = Demo(
        demo.model_path,
        replace(demo.model, thresholds=demo.model.thresholds * 0),
        demo.typed_model,
        demo.conversation_model,
        demo.corpus,
        demo.policy_summary,
    )
    text = ask(eager, "/limits").text
    assert f"This model flags all {len(example_texts()['indirect'])}" in text
    assert "The model misses" not in text


def test_the_names_said_to_be_in_the_model_file_are_those_that_can_be_read_in_it(demo, small_model):
    names = names_in_model(demo.model)
    arrays = {
        name: array for name, array in load_file(small_model).items() if name.startswith(("words.", "pairs."))
    }
    words = {
        word
        for group in demo.model.feature_groups
        if group.analyser != "characters"
        for term in group.terms
        for word in term.split()
    }
    possessives = {name for name in given_names() if f"{name.lower()}s" in words}
    assert set(names["found"]) | possessives == names_read(arrays, given_names())
    assert 0 < len(names["found"]) < names["n"]
    assert f"{len(names['found'])} stand among" in ask(demo, "/limits").text


@pytest.mark.parametrize("line", [line["text"] for group in example_texts().values() for line in group])
def test_every_line_keeps_the_data_policy(line):
    assert policy_problems(line) == []


def test_every_line_has_the_label_it_is_about():
    assert {
        line["label"] for name, group in example_texts().items() if name != "example" for line in group
    } <= set(LABELS)


# About


def test_the_loaded_models_own_header_and_the_documents_are_shown(demo):
    text = ask(demo, "/about").text
    assert demo.model.header["sha256"] in text
    assert [title for title, _ in documents()][-1] == "Datasheet of the corpora"
    assert "Datasheet: synthetic conversations" in text


def test_the_model_card_is_shown_without_its_yaml_header(demo):
    text = ask(demo, "/about").text
    assert "Model card</summary>" in text
    assert "pipeline_tag" not in text


def test_no_telephone_number_is_given():
    from importlib.resources import files

    assert (
        re.findall(
            r"\d{3}", (files("classifier.app") / "templates" / "about.html.j2").read_text(encoding="utf-8")
        )
        == []
    )


# The command


def test_what_takes_long_to_import_waits_until_it_is_needed():
    code = "import sys, classifier.cli.demo, classifier.app.server; print(sorted({'pandas', 'sklearn', 'scipy', 'matplotlib', 'pydantic'} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.org", ""])
def test_the_page_is_for_this_computer_only(host, capsys):
    assert main(["demo", "--host", host, "--no-open"]) == 2
    assert "it is for this computer only" in capsys.readouterr().err


def test_a_port_in_use_is_said_in_a_line(small_model, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["demo", "--port", str(port), "--no-open", "--model", str(small_model)]) == 2
    assert f"--port {port}: cannot be used (Address already in use)" in capsys.readouterr().err


def test_without_the_extra_the_command_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["demo", "--no-open"]) == 2
    assert "pip install 'grooming-pattern-classifier[demo]'" in capsys.readouterr().err


def test_a_model_file_that_is_none_is_refused(tmp_path, capsys):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"pizza")
    assert main(["demo", "--no-open", "--model", str(path)]) == 2
    assert "not a readable .safetensors model file" in capsys.readouterr().err


def test_a_summary_file_says_what_its_columns_mean():
    content = json.loads(SHIPPED_FIGURES.read_text(encoding="utf-8"))
    assert all(len(row) == len(content["columns"]) for row in content["points"])
    assert all(meaning for meaning in content["columns"].values())


def test_the_loaded_model_is_the_one_named(small_model, demo):
    assert demo.model.header["sha256"] == load_model(small_model).header["sha256"]
