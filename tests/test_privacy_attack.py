"""The table of attacks, the documents they are run on, and their blind control."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
from attack_toys import DECOYS, MARKS, NAMES, PUBLIC, area, toy_documents
from privacy_toys import auc_standard_error, chat

from classifier.corpus.generator.chains import generate_chains
from classifier.corpus.generator.corpus_spec import CorpusSpec
from classifier.privacy.attacks.attack_table import COLUMNS, attack_table, blind_scores
from classifier.privacy.attacks.canary_exposure import draw_canaries
from classifier.privacy.attacks.membership_documents import (
    family_gap,
    membership_documents,
    random_membership,
)
from classifier.privacy.model_variants.fit_variants import (
    hashed_terms,
    private_terms,
    private_weights,
    public_terms,
)
from classifier.taxonomy import LABELS

WORDS = (
    "amber birch cedar delta ember fjord grove heron ivory jade kelp lotus maple nectar opal pearl".split()
)


@pytest.fixture(scope="module")
def documents():
    return toy_documents()


def test_a_random_half_of_the_senders_comes_from_the_same_families(documents):
    gap, by_chance = family_gap(
        documents["families"].tolist(), documents["member"], documents["sender"].tolist(), seed=0
    )
    assert gap <= 1.1 * by_chance


def of_different_families(documents):
    """Members write of toppings, non-members of something else."""
    other = documents.copy()
    outside = ~other["member"]
    other.loc[outside, "text"] = other.loc[outside, "text"].str.replace("topping", "boss", regex=False)
    other.loc[outside, "families"] = pd.Series(
        [("boss",)] * int(outside.sum()), index=other.index[outside], dtype=object
    )
    return other


def test_non_members_from_other_families_are_refused(documents):
    with pytest.raises(
        ValueError, match=r"must come from the same phrase families: their shares differ by 1\.00"
    ):
        attack_table(of_different_families(documents), {}, decoys=DECOYS, labels=MARKS, seed=0)


def test_when_the_families_are_given_wrongly_the_blind_control_shows_it(documents):
    lying = of_different_families(documents).assign(families=documents["families"])
    table = attack_table(
        lying, {"public": public_terms(labels=MARKS, vocabulary=PUBLIC)}, decoys=DECOYS, labels=MARKS, seed=0
    )
    areas = table[table["figure"] == "auc"].set_index("attack")["value"]
    assert areas["blind"] > 0.95
    assert areas["vocabulary"] > 0.95, (
        "an attack on a public vocabulary seems to succeed, which only the control explains"
    )


def test_the_blind_control_is_at_chance_on_a_random_half(documents):
    scores = blind_scores(
        documents["text"].tolist(), documents["member"], documents["sender"].tolist(), seed=0
    )
    assert abs(area(documents, scores) - 0.5) <= 3 * auc_standard_error(80, 80)


def test_the_blind_control_ranks_within_each_of_five_folds(documents):
    # 33 documents of 33 people: folds of 6 or 7, each with ranks from first to last over its size.
    few = documents[:33]
    scores = blind_scores(few["text"].tolist(), few["member"], few["sender"].tolist(), seed=0)
    shares = [rank / size for size in (6, 6, 7, 7, 7) for rank in range(1, size + 1)]
    assert sorted(scores) == pytest.approx(sorted(shares))


def test_a_sender_on_both_sides_is_refused(documents):
    twice = [documents.index[documents["member"] == side][0] for side in (True, False)]
    with pytest.raises(
        ValueError, match="a sender is either in training or not, got 1 on both sides, among them 'twice'"
    ):
        attack_table(
            documents.assign(sender=documents["sender"].where(~documents.index.isin(twice), "twice")),
            {},
            decoys=DECOYS,
            labels=MARKS,
            seed=0,
        )


@pytest.fixture(scope="module")
def conversations(dialogues_of):
    spec = replace(CorpusSpec(), name="attacked", seed=5, n_conversations=180)
    made = generate_chains(spec, dialogues_of["v2"])
    return [conversation for conversation in made if conversation.split == "train"]


@pytest.fixture(scope="module")
def table(conversations):
    documents = membership_documents(conversations, seed=0)
    canaries = draw_canaries("the pizza club password is {} {}", WORDS, n=4, n_labels=len(LABELS), seed=0)
    variants = {
        "private/plain": private_terms(),
        "hashed-14/plain": hashed_terms(bits=14),
        "hashed-14-salted/plain": hashed_terms(bits=14, salt=b"kept elsewhere"),
        "public/plain": public_terms(),
        "public/objective_perturbation-1-cap2": private_weights(epsilon=1.0, cap=2),
    }
    return attack_table(
        documents, variants, decoys=DECOYS, canaries={"canary_names": canaries}, n_shadows=6, seed=0
    )


def value(table, variant, attack, figure):
    chosen = table[(table["variant"] == variant) & (table["attack"] == attack) & (table["figure"] == figure)]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_the_table_has_every_attack_of_every_variant_beside_chance(table):
    assert list(table.columns) == list(COLUMNS)
    own = table[table["variant"] != "no model"]
    assert own.groupby("variant").size().unique().tolist() == [3 * 3 + 3 + 1 + 2]
    assert table["by_chance"].notna().all()
    assert table[table["figure"] == "auc"]["by_chance"].eq(0.5).all()
    found = table[table["figure"] == "tpr_at_low_fpr"]
    assert found["by_chance"].to_list() == pytest.approx([30 / n for n in found["n_other"]])
    assert table[table["attack"] == "statement"]["by_chance"].eq(0.0).all()
    assert (table["n"] > 0).all()


def test_on_the_project_s_conversations_the_private_vocabulary_leaks_and_the_public_one_does_not(table):
    assert value(table, "private/plain", "vocabulary", "auc")["value"] > 0.95
    public = value(table, "public/plain", "vocabulary", "auc")
    assert public["low"] <= 0.5 <= public["high"]
    blind = value(table, "no model", "blind", "auc")
    assert abs(blind["value"] - 0.5) <= 4.5 * auc_standard_error(int(blind["n"]), int(blind["n_other"])), (
        "documents of one sender are not independent, hence 4.5 for 3"
    )


def test_where_some_texts_are_easy_shadow_models_find_more_than_the_loss_alone(table):
    assert (
        value(table, "public/plain", "lira", "auc")["value"]
        > value(table, "public/plain", "loss", "auc")["value"] + 0.05
    )


def test_a_salt_stops_the_trying_of_names_and_not_the_asking(table):
    assert value(table, "hashed-14/plain", "names_tried", "share")["value"] > 0.9
    salted = value(table, "hashed-14-salted/plain", "names_tried", "share")
    assert salted["low"] <= salted["by_chance"] <= salted["high"]
    assert value(table, "hashed-14-salted/plain", "names_asked", "share")["value"] > 0.9


def test_only_noise_over_the_public_vocabulary_has_an_epsilon(table):
    epsilons = table[table["figure"] == "epsilon"].set_index("variant")["value"]
    assert epsilons.drop("public/objective_perturbation-1-cap2").eq(math.inf).all()
    assert value(table, "public/objective_perturbation-1-cap2", "statement", "epsilon")[
        "value"
    ] == pytest.approx(1.0)
    assert value(table, "public/objective_perturbation-1-cap2", "statement", "epsilon_person")[
        "value"
    ] == pytest.approx(2.0)


def test_the_same_seed_gives_the_same_table_in_one_process_or_two():
    documents = toy_documents(40)
    variants = {"noisy": private_weights(epsilon=1.0, cap=1, labels=MARKS, vocabulary=PUBLIC)}
    options = {"decoys": DECOYS, "labels": MARKS, "n_shadows": 2, "seed": 4}
    first, again = (attack_table(documents, variants, **options, n_jobs=n_jobs) for n_jobs in (1, 2))
    pd.testing.assert_frame_equal(first, again)


def test_decoys_that_stand_in_a_document_are_refused(documents):
    with pytest.raises(ValueError, match=r"decoys must stand in no document, got \['Zola1'\]"):
        attack_table(documents, {}, decoys=["Zola1", "mei1"], labels=MARKS, seed=0)
    with pytest.raises(ValueError, match=r"got \['zola0', 'zola1', 'zola2', 'zola3', 'zola4'\]$"):
        attack_table(documents, {}, decoys=NAMES[:6], labels=MARKS, seed=0)


def test_documents_are_whole_conversations_or_messages_of_half_the_senders(conversations):
    whole, single = (
        membership_documents(conversations, seed=0),
        membership_documents(conversations, unit="message", seed=0),
    )
    assert len(whole) == len(conversations)
    assert len(single) == sum(len(conversation.messages) for conversation in conversations)
    people = whole.groupby("sender")["member"]
    assert (people.nunique() == 1).all()
    assert abs(people.first().sum() - people.ngroups / 2) <= 0.5
    assert whole[list(LABELS)].to_numpy().max() == 1


def test_half_of_the_senders_are_drawn_with_all_their_documents():
    senders = ["ayo", "mei", "ayo", "zola", "emma", "emma", "ben"]
    marks = random_membership(senders, seed=0)
    drawn = {sender for sender, mark in zip(senders, marks, strict=True) if mark}
    assert len(drawn) == 2
    assert marks.tolist() == [sender in drawn for sender in senders]


def test_a_document_by_hand():
    conversation = chat(
        "a",
        "s: so pretty {name|Zola}",
        "c: {school|Kestrel High} at noon",
        "s: meet {name|Mei}",
        family="lunch",
    )
    [whole] = membership_documents([conversation], seed=0).to_dict("records")
    assert (whole["text"], whole["sender"], whole["member"]) == (
        "so pretty Zola\nKestrel High at noon\nmeet Mei",
        "a-s",
        False,
    )
    assert list(whole) == ["text", "sender", "contact", "member", "families", "names", *LABELS]
    assert (whole["families"], whole["names"]) == (("lunch", "lunch", "lunch"), ("Zola", "Mei"))
    assert {label for label in LABELS if whole[label]} == {"flattery", "meeting"}
    single = membership_documents([conversation], unit="message", seed=0)
    assert single["names"].tolist() == [("Zola",), (), ("Mei",)]
    assert single["flattery"].tolist() == [1, 0, 0]


def test_the_gap_between_families_by_hand():
    # Members: raid 3 of 4, pizza 1 of 4. Others: raid 1 of 2, pizza 1 of 2. Half of .25 + .25.
    families, people = [("raid", "raid"), ("raid", "pizza"), ("raid", "pizza")], ["ayo", "ayo", "mei"]
    assert family_gap(families, [1, 1, 0], people, n_shuffles=5, seed=0) == (0.25, 0.25)
    assert family_gap([("raid",), ("pizza",)], [1, 0], ["ayo", "mei"], n_shuffles=1, seed=0)[0] == 1.0
    assert family_gap(families, [0, 0, 0], people, n_shuffles=1, seed=0)[0] == 0.5, (
        "nobody on a side has no share of anything"
    )


def test_a_gap_of_more_senders_than_documents_is_refused():
    with pytest.raises(ValueError, match="shorter than"):
        family_gap([("raid",)], [1, 0], ["ayo", "mei"], n_shuffles=1, seed=0)


def test_an_unknown_unit_is_refused(conversations):
    with pytest.raises(ValueError, match="unit must be conversation or message, got 'word'"):
        membership_documents(conversations, unit="word", seed=0)
