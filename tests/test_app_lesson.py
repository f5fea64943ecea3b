"""The views of the lesson: what is hidden, what is counted, and what the class teaches."""

from __future__ import annotations

import json
import re
from dataclasses import astuple, replace
from itertools import pairwise
from time import process_time

import pytest
from app_requests import ask, one_of

from classifier.app.demo_data import SHOWN_LENGTHS, released_corpus
from classifier.app.lesson import alert_queue, retrained_model, teach_model
from classifier.app.lesson.guessed_score import FEATURED, guess_view, offered_conversations
from classifier.app.lesson.reviewers_chair import chair_view, decisions_so_far
from classifier.app.lesson.teach_model import teach_view
from classifier.app.lesson.threshold_dial import among_people, dial_view
from classifier.app.lesson.threshold_dial_figures import (
    SHIPPED_DIAL,
    DialStep,
    count_steps,
    dial_as_json,
    dial_figures,
    shipped_dial,
)
from classifier.corpus.corpus_folder import corpus_files
from classifier.model.conversation.monitor import Monitor
from classifier.readers.corpus_jsonl import iterate_conversations
from classifier.taxonomy import LABELS

# Guess, then see


def shown(demo, **fields):
    return guess_view(demo, {name: str(value) for name, value in fields.items()})


def test_before_the_vote_neither_score_nor_label_nor_marked_word_is_shown(demo):
    scored = one_of(demo, is_pattern=True, flagged=True)
    page = ask(demo, f"/guess?id={scored.conversation.id}&step={scored.alert_at}").text
    assert "<mark" not in page
    assert f"{scored.scores[scored.alert_at - 1]:.2f}" not in page
    assert "a <strong>pattern</strong>" not in page


@pytest.mark.parametrize("vote", ["f", "u", "w"])
def test_after_the_vote_score_words_and_label_are_shown(demo, vote):
    scored = one_of(demo, is_pattern=True, flagged=True)
    page = ask(demo, f"/guess?id={scored.conversation.id}&step={scored.alert_at}&vote={vote}").text
    assert f"score {scored.scores[scored.alert_at - 1]:.2f}</h2>" in page
    assert "<mark" in page
    assert "a <strong>pattern</strong>" in page


def test_the_label_stays_folded_until_the_last_message(demo):
    scored = one_of(demo)
    n = len(scored.scores)
    assert "<details open" not in ask(demo, f"/guess?id={scored.conversation.id}&step={n - 1}&vote=f").text
    assert "<details open" in ask(demo, f"/guess?id={scored.conversation.id}&step={n}&vote=f").text


def test_no_message_after_the_step_is_shown(demo):
    scored = one_of(demo, flagged=True)
    values = shown(demo, id=scored.conversation.id, step=3, vote="u")
    assert [message["number"] for message in values["messages"]] == [1, 2, 3]
    assert len(values["answer"]["messages"]) == len(values["answer"]["chart"]["dots"]) == 3


@pytest.mark.parametrize(("step", "number"), [("0", 1), ("-3", 1), ("x", 1), ("9999999", None), ("٣", 1)])
def test_a_step_that_the_conversation_has_not_is_the_nearest_it_has(demo, step, number):
    scored = one_of(demo)
    assert shown(demo, id=scored.conversation.id, step=step)["step"] == (number or len(scored.scores))


def test_switching_from_the_end_of_a_long_conversation_to_a_short_one_shows_its_end(demo):
    shortest = min(demo.scored_conversations.values(), key=lambda each: len(each.scores))
    answer = ask(demo, f"/guess?id={shortest.conversation.id}&step=80&votes=79w")
    assert answer.status_code == 200
    assert f"Message {len(shortest.scores)} of {len(shortest.scores)}" in answer.text


def test_votes_stand_beside_the_scores_of_their_messages(demo):
    scored = one_of(demo, flagged=True)
    answer = shown(demo, id=scored.conversation.id, step=3, vote="w", votes="1f3u")["answer"]
    assert answer["votes"] == [
        (1, "fine", f"{scored.scores[0]:.2f}"),
        (3, "worried", f"{scored.scores[2]:.2f}"),
    ]


def test_the_released_corpus_has_the_conversations_of_the_lesson_a_good_one_first():
    found = {
        each.id: (each.label, len(each.messages))
        for each in iterate_conversations(corpus_files(released_corpus())[-1])
        if each.id in FEATURED
    }
    assert [found[id_] for id_ in FEATURED] == [("benign", 14), ("grooming_pattern", 23), ("benign", 22)]


def test_in_another_corpus_a_good_conversation_that_is_not_flagged_comes_first(demo):
    scored = demo.scored_conversations[guess_view(demo, {})["id"]]
    assert (scored.is_pattern, scored.alert_at) == (False, 0)


def test_the_alert_comes_where_a_monitor_gives_it(demo):
    scored = one_of(demo, flagged=True)
    monitor = Monitor(demo.conversation_model)
    for message, row in zip(scored.conversation.messages, scored.probabilities, strict=True):
        monitor.update(message.author, row)
    assert scored.alert_at == monitor.alert.message
    assert scored.scores[-1] == pytest.approx(monitor.score)


def test_a_higher_score_is_drawn_higher(demo):
    scored = one_of(demo, flagged=True)
    answer = shown(demo, id=scored.conversation.id, step=len(scored.scores), vote="f")["answer"]
    heights = [y for _, y in answer["chart"]["dots"]]
    # An SVG's y grows downwards.
    assert all(
        after <= before if later >= earlier else after >= before
        for (before, after), (earlier, later) in zip(pairwise(heights), pairwise(scored.scores), strict=True)
    )
    assert min(heights) < max(heights)


def test_the_parts_of_a_conversations_score_sum_to_its_log_odds(demo):
    scored = one_of(demo, flagged=True)
    rows = shown(demo, id=scored.conversation.id, step=scored.alert_at, vote="f")["answer"]["reasons"].rows
    assert sum(float(row[1]) for row in rows[:-1]) == pytest.approx(float(rows[-1][1]), abs=0.001 * len(rows))


def test_patterns_and_benign_conversations_are_on_offer(demo):
    offered = offered_conversations(demo)
    assert {"Scripted as a pattern, and flagged", "Benign, and not flagged"} <= set(offered)
    for title, conversations in offered.items():
        for id_, _ in conversations:
            assert demo.scored_conversations[id_].is_pattern == title.startswith("Scripted as a pattern")
            assert len(demo.scored_conversations[id_].scores) in SHOWN_LENGTHS


# In the reviewer's chair


def chair(demo, **fields):
    return chair_view(demo, {name: str(value) for name, value in fields.items()})


def test_a_queue_holds_as_many_patterns_as_the_prevalence_gives():
    # 405 of 791 patterns and 140 of 2,209 benign conversations reach .6: 10 × 51.2 × .01 / (51.2 × .01 + 6.34 × .99).
    assert astuple(alert_queue.alarm_step())[:5] == (0.6, 405, 791, 140, 2209)
    assert 10 * alert_queue.share_of_patterns(100) == pytest.approx(0.754, abs=0.001)


@pytest.mark.parametrize(("one_in", "n_patterns"), [(10, 5), (100, 1), (1000, 0)])
def test_the_queue_of_a_prevalence_is_drawn(demo, one_in, n_patterns):
    alerts = alert_queue.draw_queue(demo, one_in=one_in, seed=1)
    assert len({alert.scored.conversation.id for alert in alerts}) == 10
    assert sum(alert.scored.is_pattern for alert in alerts) == n_patterns
    assert alerts == alert_queue.draw_queue(demo, one_in=one_in, seed=1)


def test_a_part_shows_two_messages_on_either_side_and_the_whole_costs_more(demo):
    first = chair(demo)["alert"]
    n, at = first["n"], first["at"]
    assert [message["number"] for message in first["messages"]] == [
        number for number in range(at - 2, at + 3) if 1 <= number <= n
    ]
    on = chair(demo, now="r", minutes=40)
    assert [message["number"] for message in on["alert"]["messages"]] == list(range(1, n + 1))
    assert on["left"] == 40 - 1 - -(-n // 10)


def test_each_decision_leads_to_the_next_alert_and_costs_a_minute(demo):
    values = chair(demo, decisions="pd", now="d")
    assert (values["alert"]["number"], values["left"]) == (4, 17)
    assert values["state"]["decisions"] == "pdd"


def test_the_queue_ends_when_the_minutes_are_used_up(demo):
    values = chair(demo, decisions="d" * 8, now="d", minutes=10)
    assert values["alert"]["number"] == 10
    values = chair(demo, decisions="d" * 10, minutes=10)
    assert (values["alert"], values["appeal"], values["end"]["n_read"]) == (None, None, 10)


def test_everybody_who_was_passed_on_appeals_and_an_answer_costs_two_minutes(demo):
    values = chair(demo, decisions="p" + "d" * 8, now="p")
    assert (values["appeal"]["number"], values["appeal"]["of"], values["left"]) == (1, 2, 10)
    values = chair(demo, decisions="p" + "d" * 8 + "p", answer="w")
    assert (values["appeal"]["number"], values["left"]) == (2, 8)
    assert chair(demo, decisions="p" + "d" * 8 + "p", answers="w", answer="k")["end"]["unanswered"] == 0


def test_the_end_counts_innocent_people_read_and_patterns_missed(demo):
    alerts = alert_queue.draw_queue(demo, one_in=10, seed=1)
    letters = "".join("d" if alert.scored.is_pattern else "p" for alert in alerts)
    counts = alert_queue.outcome(alerts, letters, "wk")
    assert counts == alert_queue.Outcome(
        innocent_read=5,
        innocent_read_whole=0,
        innocent_passed=5,
        innocent_withdrawn=1,
        patterns=5,
        patterns_passed=0,
        patterns_withdrawn=0,
        patterns_dismissed=5,
        patterns_unread=0,
    )
    assert alert_queue.outcome(alerts, "", "").patterns_unread == 5
    assert alert_queue.outcome(alerts, "P" * 10, "").innocent_read_whole == 5


def test_what_stands_in_an_address_and_is_no_decision_is_left_out():
    assert decisions_so_far("<b>p1drd" + "p" * 500) == "pdD" + "p" * 7


def test_before_the_end_no_page_says_what_an_alert_was(demo):
    for fields in ({}, {"decisions": "pdr"}, {"decisions": "p" * 10}):
        page = ask(demo, "/reviewer?" + "&".join(f"{name}={value}" for name, value in fields.items())).text
        assert "it was</th>" not in page
    assert "it was</th>" in ask(demo, "/reviewer?decisions=ppp&stop=1").text


def test_the_policy_beside_the_round_is_the_step_of_the_dial(demo):
    # 140 of 2,209 of 990,000 benign conversations; 405 of 791 of 10,000 patterns.
    policy = chair(demo)["policy"]
    assert (policy["false_alarms"], policy["found"], policy["missed"]) == ("62,743", "5,120", "4,880")


# The dial


def test_the_dial_opens_at_the_share_that_the_pupils_sheet_calculates_with(demo):
    assert dial_view(demo, {})["one_in"] == "10000"


def test_a_score_equal_to_the_threshold_counts():
    steps = count_steps([True, False, False], [0.5, 0.5, 0.49], [("a",), ("b",), ("c",)])
    assert [(step.found, step.false_alarms) for step in steps[3:6]] == [(1, 2), (1, 1), (0, 0)]


def test_a_million_people_at_a_prevalence_are_worked_out_by_hand():
    # 1,000 of a million are patterns; half of them found, a hundredth of 999,000 flagged.
    step = DialStep(0.5, 50, 100, 10, 1000, 0.4, 0.6, 0.005, 0.018)
    people = among_people(step, 0.001)
    assert (people["found"], people["missed"], people["false_alarms"]) == ("500", "500", "9,990")
    assert people["found_between"] == "400 to 600"
    assert people["false_alarms_between"] == "4,995 to 17,982"
    assert people["per_find"] == pytest.approx(19.98)


def test_a_higher_threshold_never_finds_more_and_never_flags_more():
    steps = shipped_dial().steps
    assert len(steps) == 9
    for lower, higher in pairwise(steps):
        assert higher.found <= lower.found
        assert higher.false_alarms <= lower.false_alarms


@pytest.mark.parametrize("step", range(1, 10))
def test_every_step_of_the_dial_is_a_page_with_its_figures(demo, step):
    page = ask(demo, f"/dial?step={step}&one_in=10000").text
    assert f"alarm from a score of 0.{step}" in page
    assert len(dial_view(demo, {"step": str(step)})["table"].rows) == 9


def test_the_dials_figures_are_counted_by_the_function_that_the_release_calls(demo):
    figures = dial_figures(demo)
    assert figures.facts["model_sha256"] == demo.model.header["sha256"]
    label = [each.split == "test" and each.label == "grooming_pattern" for each in demo.conversations()]
    assert figures.steps[0].n_pattern == sum(label)


def test_the_dial_that_comes_with_the_package_is_of_the_released_corpus():
    manifest = json.loads((released_corpus() / "manifest.json").read_text(encoding="utf-8"))
    assert shipped_dial().facts["corpus_sha256"] == manifest["corpus_sha256"]
    assert dial_as_json(shipped_dial()) == SHIPPED_DIAL.read_bytes()


# Teach it


def teaching(demo, *lines, **fields):
    typed = {f"text{at}": text for at, (text, _) in enumerate(lines, start=1)}
    typed |= {f"label{at}": label for at, (_, label) in enumerate(lines, start=1)}
    return ask(demo, "/teach", method="POST", data=typed | fields)


def test_a_taught_line_scores_higher_and_so_does_one_with_its_words(demo):
    fields = {"text1": "this stays in the vault", "label1": "secrecy", "try1": "into the vault with it"}
    result = teach_view(demo, fields)["result"]
    [own], [tried] = result["own"], result["tried"]
    assert (own["direction"], own["label"]) == ("higher", "secrecy")
    assert float(own["after"]) > 0.5 > float(own["before"])
    assert float(tried["after"]) > float(tried["before"])


def test_a_line_labelled_wrongly_is_believed(demo):
    fields = {"text1": "lets meet at the station tomorrow after school", "label1": "none"}
    [own] = teach_view(demo, fields)["result"]["own"]
    assert own["label"] == "meeting"
    assert own["direction"] == "lower"


def test_the_model_is_fitted_again_within_five_seconds(demo):
    retrained_model.untaught_model(demo.corpus)
    start = process_time()  # a slow machine is no failure of the code
    retrained_model.taught_model(demo.corpus, [retrained_model.TaughtLine("pizza at mine", ("meeting",))])
    assert process_time() - start < 5


def test_nothing_that_was_taught_is_kept(demo):
    teaching(demo, ("zorgleplax stays between us", "secrecy"))
    model = retrained_model.untaught_model(demo.corpus)
    assert not [term for term in model.features_.get_feature_names_out() if "zorgleplax" in term]
    assert "zorgleplax" not in ask(demo, "/teach").text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("call me on 555-9142", "a phone number outside 555-01xx"),
        ("a" * 201, "expected at most 200 characters, got 201"),
        ("", "expected at least one line, got none"),
    ],
)
def test_a_line_that_cannot_be_taught_is_refused_and_the_form_is_kept(demo, text, reason):
    answer = teaching(demo, (text, "meeting"), try1="pizza at mine")
    assert answer.status_code == 400
    assert reason in answer.text
    assert 'value="pizza at mine"' in answer.text
    assert f'value="{text}"' in answer.text
    assert '<option value="meeting" selected>' in answer.text


def test_without_a_corpus_folder_the_phrases_of_the_package_are_taken():
    texts, marks = retrained_model.sample_of_phrases(None)
    assert len(texts) == len(marks) == retrained_model.N_PHRASES
    assert (marks.sum(axis=0) > 10).all()


def test_ten_lines_of_the_greatest_length_fit_the_form(demo):
    lines = [("\U0001f642" * teach_model.MAX_CHARACTERS, LABELS[0])] * teach_model.N_LINES
    assert teaching(demo, *lines).status_code == 200


def test_a_corpus_of_two_conversations_gives_a_queue_of_two(demo):
    few = replace(demo)
    pair = [one_of(demo, is_pattern=True), one_of(demo, is_pattern=False)]
    few.__dict__["scored_conversations"] = {each.conversation.id: each for each in pair}
    assert chair(few, one_in=10)["n"] == 2
    assert chair(few, one_in=10, decisions="dd")["end"]["n_read"] == 2
    assert ask(few, "/reviewer?one_in=1000&now=p").status_code == 200


# All


@pytest.mark.parametrize("path", ["/guess", "/reviewer", "/dial", "/policies", "/limits"])
def test_every_button_of_a_page_leads_to_a_page(demo, path):
    page = ask(demo, path).text
    found = 0
    for form in re.findall(r'<form[^>]*method="get" action="([^"#]+)[^>]*>(.*?)</form>', page, re.DOTALL):
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[1])
        for name, value in re.findall(r'<button name="([^"]*)" value="([^"]*)"', form[1])[:3]:
            query = "&".join(f"{field}={value}" for field, value in [*hidden, (name, value)])
            assert ask(demo, f"{form[0]}?{query}").status_code == 200
            found += 1
    assert found or path == "/limits"


def test_a_model_that_flags_nothing_still_gives_a_queue(demo):
    quiet = replace(demo, conversation_model=replace(demo.conversation_model, alert_threshold=1.0))
    assert len(alert_queue.draw_queue(quiet, one_in=100, seed=2)) == 10
