"""The generator: same seed, same words; spans in their place; nobody does what was asked."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from classifier.corpus import grammar
from classifier.corpus.checks.content_policy import policy_problems
from classifier.corpus.checks.corpus_audit import corpus_problems, degeneracy, near_copies_across_splits
from classifier.corpus.checks.near_copies import without_near_copies
from classifier.corpus.checks.phrase_check import phrase_problems, shared_lines
from classifier.corpus.corpus_folder import MESSAGES, read_corpus, read_message_tables
from classifier.corpus.families import PhraseError, PhraseFamily, read_phrase_file
from classifier.corpus.generator import typing_habits as habits
from classifier.corpus.generator.corpus_spec import CorpusSpec
from classifier.corpus.generator.phrase_messages import TEXTS_A_FAMILY, phrase_messages
from classifier.corpus.slot_fillers import SLOTS
from classifier.corpus.split import assign_families, split_conversations
from classifier.readers.corpus_jsonl import CorpusError
from classifier.readers.messages_table import families_used, messages_table
from classifier.readers.phrases_jsonl import read_phrase_messages
from classifier.taxonomy import BENIGN, PATTERN, TACTICS


@pytest.fixture(scope="module")
def conversations(small_corpus):
    return [conversation for part in read_corpus(small_corpus).values() for conversation in part]


PIZZA = PhraseFamily(
    "secrecy.between_us.pizza",
    "stage",
    "secrecy",
    ("secrecy",),
    "between_us",
    "plain",
    "casual",
    ("[dont|do not] tell them about the pizza", "The pizza stays between us, {name}."),
)


def test_the_same_spec_gives_the_same_phrases_and_another_seed_others():
    lines = list(phrase_messages(CorpusSpec(seed=1), [PIZZA]))
    assert lines == list(phrase_messages(CorpusSpec(seed=1), [PIZZA]))
    assert lines != list(phrase_messages(CorpusSpec(seed=2), [PIZZA]))


def test_a_phrase_message_says_what_its_words_show_and_is_marked_synthetic():
    records = [json.loads(line) for line in phrase_messages(CorpusSpec(), [PIZZA])]
    assert len({record["text"] for record in records}) == len(records) <= TEXTS_A_FAMILY
    assert {"do not tell them about the pizza", "dont tell them about the pizza"} & {
        record["text"] for record in records
    }
    del records[0]["text"]
    assert records[0] == {
        "synthetic": True,
        "corpus": "v2",
        "version": "2.0.0",
        "seed": 20242,
        "split": "train",
        "family": "secrecy.between_us.pizza",
        "source": "secrecy",
        "register": "casual",
        "labels": ["secrecy"],
        "tactics": ["between_us"],
        "manner": "plain",
    }


def test_the_phrases_stand_beside_the_conversations_in_the_messages_that_models_are_fitted_on(small_corpus):
    tables = read_message_tables(small_corpus, read_corpus(small_corpus))
    train = tables["train"]
    assert set(train["conversation"].eq("")) == {True, False}
    assert not train.duplicated(["text", "family"]).any()
    assert not set(train["family"]) & set(tables["test"]["family"])


def test_a_phrase_line_that_cannot_be_used_names_file_line_and_field(tmp_path):
    path = tmp_path / MESSAGES.removesuffix(".gz")
    good = next(phrase_messages(CorpusSpec(), [PIZZA]))
    path.write_text(good + "\n" + good.replace('"secrecy"]', '"secret"]') + "\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"messages\.jsonl:2: labels\.0: .*unknown label 'secret'"):
        read_phrase_messages(path)


def test_every_personal_span_holds_a_filler_of_its_kind_however_it_was_typed(conversations):
    levelled = {
        kind: {filler.lower().replace("'", "") for filler in fillers} for kind, fillers in SLOTS.items()
    }
    spans = [
        (message.text[span.start : span.end], span.kind)
        for conversation in conversations
        for message in conversation.messages
        for span in message.personal
    ]
    assert len(spans) > 50
    assert [(text, kind) for text, kind in spans if text.lower().replace("'", "") not in levelled[kind]] == []


def test_a_pattern_contact_never_meets_hides_or_presses_in_a_scripted_dialogue(conversations, dialogues_of):
    scripted = {dialogue.family for dialogue in dialogues_of["v2"] if dialogue.use == "pattern"}
    shown = {
        label
        for c in conversations
        if c.label == PATTERN
        for message in c.messages
        if message.author == c.contact and message.family in scripted
        for label in message.labels
    }
    assert shown <= {"flattery", "info_request", "false_affinity"}


def test_every_pattern_shows_a_behaviour_and_both_scripts_occur(conversations):
    assert Counter(c.label for c in conversations)[PATTERN] > 50
    assert Counter(c.label for c in conversations)[BENIGN] > 50
    assert all(any(message.labels for message in c.messages) for c in conversations if c.label == PATTERN)


def test_times_never_run_backwards(conversations):
    assert all(
        before.time <= after.time
        for c in conversations
        for before, after in zip(c.messages, c.messages[1:], strict=False)
    )


def test_no_family_and_no_account_stands_in_two_splits(conversations):
    parts = split_conversations(conversations)
    used = [families_used(part) for part in parts.values()]
    assert used[0] & used[1] == used[0] & used[2] == used[1] & used[2] == set()


def test_a_family_in_two_splits_is_refused_by_name(conversations):
    train = next(c for c in conversations if c.split == "train")
    leaked = replace(train, id="leak", split="test", sender="other", contact="another")
    with pytest.raises(ValueError, match=r"phrase family '.*' stands in both 'train' and 'test'"):
        split_conversations([train, leaked])


def test_every_tactic_stands_in_all_three_splits(all_families):
    homes = assign_families(all_families, seed=1)
    for tactic in TACTICS:
        assert {homes[family.id] for family in all_families if family.tactic == tactic} == {
            "train",
            "validation",
            "test",
        }


def test_adding_a_family_of_one_tactic_moves_no_other(all_families):
    first = next(family for family in all_families if family.tactic == "between_us")
    before = assign_families(all_families, seed=1)
    after = assign_families([*all_families, replace(first, id="secrecy.zzz.new")], seed=1)
    assert {
        id_ for id_, split in before.items() if after[id_] != split and not id_.startswith("secrecy.")
    } == set()


def test_a_thinned_corpus_has_every_nth_family_in_the_split_of_the_whole(all_families):
    def homes(spec):
        records = map(json.loads, phrase_messages(spec, all_families[:500]))
        return {record["family"]: record["split"] for record in records}

    whole, thinned = homes(CorpusSpec()), homes(replace(CorpusSpec(), every=10))
    assert thinned.items() < whole.items()
    sizes = Counter(whole.values())
    assert Counter(thinned.values()) == {split: -(-n // 10) for split, n in sizes.items()}
    assert set(sizes) == {"train", "validation", "test"}


def test_no_phrase_breaks_the_data_policy_or_stands_in_two_families(all_families, dialogues_of):
    assert phrase_problems(all_families) == []
    assert shared_lines(all_families, dialogues_of["v2"]) == []


def test_no_generated_message_breaks_the_data_policy(conversations):
    assert corpus_problems(conversations) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("send it on whatsapp", "a real platform"),
        ("call 020 7946 0018", "outside 555-01xx"),
        ("write to me@mail.com", "outside example.org"),
        ("so cute for a thirteen", "an age beside a compliment on looks"),
        ("kiss me", "sexual or bodily content"),
    ],
)
def test_a_line_against_the_policy_is_named_with_its_reason(text, reason):
    [problem] = policy_problems(text)
    assert reason in problem


def test_fictional_numbers_and_addresses_are_welcome():
    assert policy_problems("ring 555-0117 or write to zola@example.org") == []


def test_a_phrase_file_with_a_wrong_tactic_names_file_and_choices(tmp_path):
    path = tmp_path / "flattery.toml"
    path.write_text(
        'label = "flattery"\ntactic = "between_us"\ndescription = "x"\n[[family]]\nid = "flattery.x"\nregister = "casual"\nphrasings = ["a", "b"]\n'
    )
    with pytest.raises(PhraseError, match=r"flattery.toml: tactic 'between_us' is not one of 'flattery'"):
        read_phrase_file(path)


def test_a_negated_phrase_may_not_carry_a_label(tmp_path):
    path = tmp_path / "lunch.toml"
    path.write_text(
        'scene = "lunch"\ndescription = "x"\n[[family]]\nid = "lunch.no"\nlabels = ["meeting"]\nmanner = "negated"\nregister = "casual"\nphrasings = ["no lunch", "not today"]\n'
    )
    with pytest.raises(PhraseError, match="a negated phrase shows no behaviour"):
        read_phrase_file(path)


def test_near_copies_are_dropped_and_order_kept():
    assert without_near_copies(
        [
            "the pizza comes at noon today",
            "raid at nine",
            "the pizza comes at noon today!",
            "raid at nine",
            "ok",
            "ok",
        ]
    ) == [0, 1, 4]


def test_an_empty_option_leaves_no_stray_space():
    assert {
        "".join(
            segment.text
            for segment in grammar.expand("[oh|] pizza [now|], {name}", Random(seed), fixed={"name": "Zola"})
        )
        for seed in range(40)
    } == {
        "oh pizza now, Zola",
        "oh pizza , Zola",
        "pizza now, Zola",
        "pizza , Zola",
    }


def test_habits_change_words_but_never_a_marked_name_except_its_case():
    rough = habits.Habits(True, True, True, True, 1.0, 1.0)
    segments = [
        grammar.Segment("You're right, "),
        grammar.Segment("O'Mara", "name"),
        grammar.Segment(" said pizza tomorrow."),
    ]
    done = habits.typed(segments, rough, Random(3))
    assert [segment.text for segment in done if segment.kind] == ["omara"]


def test_six_strings_repeated_are_rejected_as_training_data():
    import pandas as pd

    strings = [
        "you are so pretty",
        "keep this secret",
        "meet me",
        "where do you live",
        "only i get you",
        "hello",
    ]
    table = pd.DataFrame({"text": strings * 100, "flattery": [1, 0, 0, 0, 0, 0] * 100})
    assert degeneracy(table) == [
        "6 distinct texts in 600 messages: expected at least 50",
        "flattery: 1 distinct text: expected at least 10",
    ]


def test_a_test_sentence_copied_from_train_is_found():
    import pandas as pd

    table = pd.DataFrame(
        {
            "text": [
                "the raid starts at nine tonight",
                "my dog ate the pizza box",
                "the raid starts at nine tonight!",
            ],
            "split": ["train", "train", "test"],
            "family": ["raid.a", "dog.a", "raid.b"],
        }
    )
    found = near_copies_across_splits(table)
    assert found[["test_family", "train_family"]].to_numpy().tolist() == [["raid.b", "raid.a"]]


def test_the_table_has_one_row_a_message(conversations):
    table = messages_table(conversations)
    assert len(table) == sum(len(c.messages) for c in conversations)
    assert table["index"].min() == 1
