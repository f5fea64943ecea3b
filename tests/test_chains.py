"""Chains of dialogues: two people who stay the same, and a shape that says nothing of the script."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from sklearn.metrics import roc_auc_score

from classifier.corpus.checks.corpus_audit import corpus_problems
from classifier.corpus.corpus_folder import parts_folder, read_corpus, write_corpus
from classifier.corpus.dialogues import Dialogue, Line
from classifier.corpus.generator.accounts import draw_talk_times
from classifier.corpus.generator.chain_plan import (
    MAX_MESSAGES,
    Pair,
    Shape,
    Turns,
    choose_chain,
    dialogue_book,
    draw_overtness,
    draw_shape,
    overtness_of,
)
from classifier.corpus.generator.chains import (
    dialogue_books,
    generate_chain_senders,
    generate_chains,
)
from classifier.corpus.generator.corpus_spec import CorpusSpec
from classifier.corpus.generator.typing_habits import MISSPELLINGS, evened, light_habits, typed
from classifier.corpus.grammar import Segment
from classifier.corpus.slot_fillers import NAMES
from classifier.corpus.split import split_conversations
from classifier.readers.corpus_jsonl import CorpusError, read_conversations, to_jsonl
from classifier.readers.messages_table import messages_table
from classifier.taxonomy import PATTERN

TACTICS = ["between_us", "gift_offer", "home_school_area", "propose_meeting", "exclusivity"]
SPEC = CorpusSpec(name="toy", version="1", voice="toy", seed=5, n_conversations=1_000)


def toy(name, use, n_lines, *, n_marked=0, **fields):
    """A talk about raids and pizza: A and B in turn, the first marked lines A's; a slot, an optional line."""
    relation = name.split(".")[0]
    texts = [f"{name} line {number} of pizza and raids" for number in range(n_lines - 2)]
    lines = [
        Line("A", (), "plain", f"hi {{name}}, raid at {name}?"),
        Line("B", (), "plain", "yeah {name}", optional=True),
    ]
    for number, text in enumerate(texts):
        by_a = number % 2 == 0
        tactics = (TACTICS[number // 2 % 5],) if by_a and number // 2 < n_marked else ()
        lines.append(Line("A" if by_a else "B", tactics, "plain", text))
    values = {"hard": False, "pair": "", "writer": "w01", "mood": "calm", "register": "casual"}
    values |= {"ages": ("unstated", "unstated")} | fields
    return Dialogue(id=name, relation=relation, use=use, lines=tuple(lines), **values)


def toys():
    """Two relations, one of them without patterns; patterns are two lines longer."""
    rng = Random(0)
    found = []
    for number in range(60):
        n_lines, register = rng.randrange(5, 15), rng.choice(["casual", "young", "careful"])
        ages = rng.choice([("adult", "young"), ("unstated", "young"), ("young", "young")])
        made = {"register": register, "ages": ages}
        n_marked = 1 + number % 4
        found += [
            toy(f"raid.p{number}", "pattern", max(2 * n_marked + 2, n_lines + 2), n_marked=n_marked, **made),
            toy(f"raid.o{number}", "ordinary", n_lines, n_marked=number % 3, **made),
            toy(f"pizza.o{number}", "ordinary", n_lines, **(made | {"ages": ("adult", "adult")})),
            toy(f"any.o{number}", "any", n_lines, register=register),
        ]
    return found


TOYS = toys()
BY_ID = {dialogue.id: dialogue for dialogue in TOYS}


@pytest.fixture(scope="module")
def conversations():
    return list(generate_chains(SPEC, TOYS))


@pytest.fixture(scope="module")
def patterns(conversations):
    return [c for c in conversations if c.label == PATTERN]


def test_the_same_spec_gives_the_same_bytes_and_another_seed_others(conversations):
    spec = replace(SPEC, n_conversations=40)
    assert to_jsonl(generate_chains(spec, TOYS)) == to_jsonl(generate_chains(spec, TOYS[::-1]))
    assert to_jsonl(generate_chains(spec, TOYS)) != to_jsonl(generate_chains(replace(spec, seed=6), TOYS))


def test_every_sender_has_draws_of_its_own(conversations):
    book = dialogue_books(SPEC, TOYS)["train"]
    train = [c for c in conversations if c.split == "train"]
    made = next(n for n, c in enumerate(train) if c.sender == "train-s00007")
    alone = list(generate_chain_senders(SPEC, "train", book, first=7, senders=2, made=made))
    assert alone == train[made : made + len(alone)]
    assert {c.sender for c in alone} == {"train-s00007", "train-s00008"}
    other = next(generate_chain_senders(replace(SPEC, seed=6), "train", book, first=7, made=made))
    assert other.messages != alone[0].messages


def test_length_and_number_of_dialogues_say_nothing_of_the_label():
    many = list(generate_chains(replace(SPEC, n_conversations=4_000, test_only=True), TOYS))
    label = [c.label == PATTERN for c in many]
    assert 0.22 < sum(label) / len(label) < 0.28
    for quantity in (
        [len(c.messages) for c in many],
        [len(c.dialogues) for c in many],
        [sum(m.author == c.sender for m in c.messages) / len(c.messages) for c in many],
        [(c.messages[-1].time - c.messages[0].time).total_seconds() for c in many],
    ):
        assert 0.45 < roc_auc_score(label, quantity) < 0.55
    shares = Counter(c.overtness for c in many if c.overtness)
    assert all(0.25 < shares[kind] / sum(label) < 0.42 for kind in ("overt", "mixed", "faint"))


def test_a_conversation_is_of_one_relation_with_talk_of_any_among_it(conversations):
    for c in conversations:
        assert {id_.split(".")[0] for id_ in c.dialogues} - {"any"} == {c.relation}
    assert any(id_.startswith("any.") for c in conversations for id_ in c.dialogues)


def test_no_dialogue_stands_in_a_conversation_twice(conversations):
    assert all(len(set(c.dialogues)) == len(c.dialogues) for c in conversations)


def test_the_same_two_people_write_throughout_each_of_one_stated_age(conversations):
    for c in conversations:
        assert {message.author for message in c.messages} <= {c.sender, c.contact}
        stated = [BY_ID[id_].ages for id_ in c.dialogues if not id_.startswith("any.")]
        assert all(len({ages[who] for ages in stated} - {"unstated"}) <= 1 for who in (0, 1))


def test_the_contact_of_an_adult_dialogue_has_no_young_age_band(conversations):
    bands = {c.metadata.contact_age_band for c in conversations if c.relation == "pizza"}
    assert bands == {"unstated", "18_25", "over_25"}


def test_an_account_leans_to_its_register(conversations):
    mixed = [c for c in conversations if len(c.dialogues) >= 2]
    alike = [BY_ID[one].register == BY_ID[other].register for c in mixed for one, other in [c.dialogues[:2]]]
    assert sum(alike) / len(alike) > 0.6  # a third by chance


def test_days_may_pass_between_dialogues_and_no_hour_within_one(conversations):
    within, between = [], []
    for c in conversations:
        for before, after in zip(c.messages, c.messages[1:], strict=False):
            gap = (after.time - before.time).total_seconds()
            (within if before.family == after.family else between).append(gap)
    assert 0 < min(within) <= max(within) <= 2_700
    assert 600 <= min(between) < 3_600 < 86_400 < max(between) <= 7 * 86_400


def test_a_talk_on_another_day_begins_near_the_senders_hour():
    hours = [
        time.hour for seed in range(300) for time in draw_talk_times([[True]] * 4, 12.0, Random(seed))[1:]
    ]
    assert sum(7 <= hour <= 17 for hour in hours) / len(hours) > 0.75


def test_an_optional_line_is_said_half_of_the_time(conversations):
    n_said = sum(m.text.lower().startswith("yeah") for c in conversations for m in c.messages)
    assert 0.45 < n_said / sum(len(c.dialogues) for c in conversations) < 0.55


def test_the_one_marked_line_of_a_pattern_is_said_even_if_optional():
    plain = [Line("A" if n % 2 else "B", (), "plain", f"raid {n}") for n in range(4)]
    only = Line("A", ("between_us",), "plain", "dont tell the guild", optional=True)
    bad = replace(TOYS[0], id="raid.bad", lines=(*plain, only))
    spec = replace(SPEC, n_conversations=60, test_only=True, pattern_share=0.8)
    made = [c for c in generate_chains(spec, [bad, TOYS[1]]) if c.label == PATTERN]
    assert len(made) > 10
    assert all(any(m.tactics == ("between_us",) for m in c.messages) for c in made)


def test_overtness_counts_the_marked_lines_that_the_sender_is_scripted_to_write(patterns):
    for c in patterns:
        scripted = [
            m.labels
            for m in c.messages
            if m.author == c.sender and m.labels and m.family.startswith("raid.p")
        ]
        assert c.overtness == overtness_of(scripted)
    assert {c.overtness for c in patterns} == {"overt", "mixed", "faint"}


@pytest.mark.parametrize(
    ("shown", "overtness"),
    [
        ([["flattery"]] * 2, "faint"),
        ([["flattery"]] * 3, "mixed"),
        ([["flattery"], ["secrecy"], ["meeting"], ["meeting"], ["meeting"]], "mixed"),
        ([["flattery"]] * 9, "mixed"),  # one stage
        ([["flattery"], ["secrecy"], ["pressure"]] * 2, "mixed"),  # a cue is no stage
        ([["flattery"], ["secrecy"], ["meeting"]] * 2, "overt"),
    ],
)
def test_overt_is_six_lines_of_three_stages_and_faint_at_most_two(shown, overtness):
    assert overtness_of(shown) == overtness


def test_a_short_pattern_is_never_planned_overt():
    turns = Turns(5, 0.5, 0.1)
    short, longer = (Shape((turns,) * n, (True,) * n, (False,) * n) for n in (2, 3))
    assert "overt" not in {draw_overtness(short, Random(seed)) for seed in range(100)}
    assert "overt" in {draw_overtness(longer, Random(seed)) for seed in range(100)}


def test_a_scripted_dialogue_may_stand_anywhere_in_a_pattern(patterns):
    at = [
        next(n for n, id_ in enumerate(c.dialogues) if id_.startswith("raid.p")) / (len(c.dialogues) - 1)
        for c in patterns
        if len(c.dialogues) >= 4 and sum(id_.startswith("raid.p") for id_ in c.dialogues) == 1
    ]
    assert min(at) < 0.2
    assert max(at) > 0.8


def test_benign_conversations_show_behaviours_too(conversations):
    benign = [c for c in conversations if c.label != PATTERN]
    assert {tactic for c in benign for m in c.messages for tactic in m.tactics} >= {
        "between_us",
        "gift_offer",
    }
    assert all(not c.overtness and not any(i.startswith("raid.p") for i in c.dialogues) for c in benign)


def test_no_family_and_no_account_stands_in_two_splits(conversations):
    assert [len(part) for part in split_conversations(conversations).values()] == [700, 150, 150]


def test_both_dialogues_of_a_pair_stand_in_one_split_and_never_in_one_conversation():
    paired = [
        replace(TOYS[4 * number + offset], pair=f"pair{number}") for number in range(40) for offset in (0, 1)
    ]
    rest = [dialogue for dialogue in TOYS if dialogue.relation != "raid"]
    made = list(generate_chains(SPEC, [*paired, *rest]))
    split_conversations(made)
    of_pair = {dialogue.id: dialogue.pair for dialogue in paired}
    for c in made:
        named = [of_pair[id_] for id_ in c.dialogues if id_ in of_pair]
        assert len(named) <= 1
        assert c.pair == (named[0] if named else "")
        assert [family for family in c.families if family.startswith("pair")] == named
    assert {c.label for c in made if c.pair == "pair1"} == {"benign", PATTERN}


def test_a_thinned_corpus_draws_from_fewer_dialogues_of_the_same_split():
    whole, thinned = dialogue_books(SPEC, TOYS), dialogue_books(replace(SPEC, every=4), TOYS)
    for split in whole:
        assert thinned[split].turns.items() < whole[split].turns.items()
        assert len(thinned[split].turns) == -(-len(whole[split].turns) // 4)


def test_a_split_without_ordinary_dialogues_is_refused():
    with pytest.raises(ValueError, match="split 'validation' has no ordinary dialogue"):
        dialogue_books(SPEC, TOYS[:8])


def test_no_conversation_is_longer_than_the_limit():
    book = dialogue_book(TOYS)
    shapes = [draw_shape(book, Random(seed)) for seed in range(3_000)]
    long = dialogue_book([toy("raid.long", "ordinary", 100)])
    assert max(draw_shape(long, Random(seed)).n_messages for seed in range(100)) == MAX_MESSAGES
    assert 2.8 < sum(len(shape.turns) for shape in shapes) / 3_000 < 3.2


def test_when_dialogues_run_out_the_chain_ends():
    few = dialogue_book([TOYS[1], TOYS[3]])
    shape = Shape((Turns(12, 0.5, 0.1),) * 5, (True,) * 5, (False,) * 5)
    links, _ = choose_chain(
        few, shape, "raid", Pair("casual", ("unstated",) * 2), overtness="", rng=Random(1)
    )
    assert sorted(link.dialogue.id for link in links) == ["any.o0", "raid.o0"]


def test_a_slot_has_one_filler_through_a_dialogue_and_its_span_marks_it(conversations):
    named: dict[tuple[str, str], list[str]] = {}
    for c in conversations:
        for message in c.messages:
            for span in message.personal:
                assert span.kind == "name"
                name = message.text[span.start : span.end]
                named.setdefault((c.id, message.family), []).append(name.lower())
    assert {name for names in named.values() for name in names} <= {name.lower() for name in NAMES}
    twice = [names for names in named.values() if len(names) == 2]
    assert len(twice) > 500
    assert all(first == second for first, second in twice)


def test_no_generated_message_breaks_the_data_policy(conversations):
    assert corpus_problems(conversations[:100]) == []


def test_a_careful_writer_misspells_nothing_and_others_only_what_people_misspell():
    assert {light_habits("careful", Random(seed)).misspells for seed in range(50)} == {frozenset()}
    habits = replace(light_habits("casual", Random(0)), misspells=frozenset(["definitely"]))
    [said] = typed([Segment("definitely tomorrow, Raid")], habits, Random(0))
    assert said.text == f"{MISSPELLINGS['definitely']} tomorrow, Raid"


def test_who_leaves_out_capitals_in_one_part_leaves_them_out_in_all():
    habits = light_habits("careful", Random(0))
    tidy = ["I am here.\nAre you coming?", "Raid at nine.\nI'm ready."]
    assert evened(habits, tidy) == habits
    mixed = evened(habits, [*tidy, "im here\nwhere are you"])
    assert (mixed.lower_case, mixed.drops_apostrophes, mixed.drops_full_stops) == (True, True, True)


def test_a_record_of_schema_2_comes_back_equal(conversations, tmp_path):
    path = tmp_path / "chat.jsonl"
    path.write_bytes(to_jsonl(conversations))
    assert read_conversations(path) == conversations
    record = json.loads(path.read_text().split("\n")[0])
    assert "scene" not in record
    assert record["relation"] in ("raid", "pizza")
    assert record["dialogues"] == list(conversations[0].dialogues)


@pytest.mark.parametrize("fields", [{"scene": "lunch"}, {"relation": ""}])
def test_a_record_has_either_a_scene_or_a_relation(conversations, tmp_path, fields):
    path = tmp_path / "chat.jsonl"
    path.write_text(json.dumps(json.loads(to_jsonl(conversations[:1])) | fields))
    with pytest.raises(CorpusError, match=r"expected either 'scene' \(schema 1\) or 'relation' \(schema 2\)"):
        read_conversations(path)


def test_the_messages_table_names_the_first_tactic_and_the_relation(conversations):
    table = messages_table(conversations)
    assert set(table["scene"]) == {"raid", "pizza"}
    assert set(table["tactic"]) == {"", *TACTICS[:4]}  # no toy has five marked lines


def test_a_stopped_generation_goes_on_from_its_pieces_to_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("classifier.corpus.corpus_folder.SENDERS_A_PIECE", 20)
    spec = replace(SPEC, n_conversations=200)
    manifest = write_corpus(tmp_path / "unbroken", spec, dialogues=TOYS)
    calls = []

    def stop_at_the_second(done):
        calls.append(done)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_corpus(tmp_path / "stopped", spec, dialogues=TOYS, progress=stop_at_the_second)
    written = {path: path.stat().st_mtime_ns for path in parts_folder(tmp_path / "stopped").iterdir()}
    assert len(written) == 2
    assert write_corpus(tmp_path / "stopped", spec, dialogues=TOYS) == manifest
    parts = read_corpus(tmp_path / "stopped")
    written = sorted((c for part in parts.values() for c in part), key=lambda c: c.id)
    assert written == sorted(generate_chains(spec, TOYS), key=lambda c: c.id)
