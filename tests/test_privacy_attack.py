"""Attacks on a model's training text: they find what is there, find nothing where nothing is, and an attack or a measure that cheats is caught."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from privacy_toys import auc_standard_error, chat
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from classifier.corpus.generator.conversations import generate
from classifier.corpus.generator.spec import CorpusSpec
from classifier.evaluation.curves import auc
from classifier.evaluation.rates import Rate
from classifier.privacy.attacks.attack import COLUMNS, attack_table, blind_scores
from classifier.privacy.attacks.canary import draw_canaries, exposure_bits, exposure_by_chance
from classifier.privacy.attacks.documents import family_gap, membership_documents, random_membership
from classifier.privacy.attacks.membership import (
    advantage_by_chance,
    confidences,
    lira_scores,
    loss_scores,
    membership_figures,
    shadow_draws,
    share_known,
    tpr_at_fpr,
    vocabulary_scores,
)
from classifier.privacy.builds.variants import (
    hashed_terms,
    people_vocabulary,
    private_terms,
    private_weights,
    public_terms,
    salt_from_seed,
    standard_variants,
)
from classifier.taxonomy import LABELS

MARKS = ("raid", "party")
POOL = [f"topping{number}" for number in range(400)]
PUBLIC = tuple(sorted(POOL[:60]))
NAMES = [f"zola{number}" for number in range(40)]
DECOYS = [f"mei{number}" for number in range(40)]


def toy_documents(n=160, *, seed=0):
    """One document a person: thirty toppings drawn from the same pool, a name, and labels that follow from nothing, so that a model can only learn them by heart."""
    rng = np.random.default_rng(seed)
    words = [rng.choice(POOL, size=30, replace=False) for _ in range(n)]
    names = [NAMES[k] for k in rng.integers(0, len(NAMES), size=n)]
    frame = pd.DataFrame(
        {
            "text": [" ".join([*own, name]) for own, name in zip(words, names, strict=True)],
            "sender": [f"p{k}" for k in range(n)],
        }
    )
    frame["member"] = rng.permutation(n) < n // 2
    frame["families"] = [(f"family{k}",) for k in rng.integers(0, 5, size=n)]
    frame["names"] = [(name,) for name in names]
    for mark in MARKS:
        frame[mark] = rng.integers(0, 2, size=n)
    return frame


@pytest.fixture(scope="module")
def documents():
    return toy_documents()


def attacked(documents, fit, attack):
    opened = fit(documents[documents["member"]], 0)
    if attack == "vocabulary":
        return vocabulary_scores(opened, documents["text"].tolist())
    return loss_scores(opened.probabilities(documents["text"].tolist()), documents[list(MARKS)].to_numpy())


def area(documents, scores):
    return auc(documents["member"].to_numpy(), scores)


# ---------------------------------------------------------------- I: known answers


def test_an_overfitted_model_gives_its_members_away(documents):
    assert area(documents, attacked(documents, private_terms(C=1000.0, labels=MARKS), "loss")) >= 0.70


def test_the_vocabulary_of_words_and_pairs_gives_members_away_whatever_the_weights(documents):
    assert area(documents, attacked(documents, private_terms(labels=MARKS), "vocabulary")) >= 0.95


def test_a_public_vocabulary_tells_nothing(documents):
    scores = attacked(documents, public_terms(labels=MARKS, vocabulary=PUBLIC), "vocabulary")
    assert abs(area(documents, scores) - 0.5) <= 3 * auc_standard_error(80, 80)


def test_a_list_called_public_but_taken_from_the_members_is_caught(documents):
    taken = people_vocabulary(
        [text.split() for text in documents.loc[documents["member"], "text"]], range(80), min_people=1
    )
    pairs = sorted(
        {
            f"{a} {b}"
            for text in documents.loc[documents["member"], "text"]
            for a, b in zip(text.split(), text.split()[1:], strict=False)
        }
    )
    scores = attacked(
        documents, public_terms(labels=MARKS, vocabulary=sorted([*taken, *pairs])), "vocabulary"
    )
    assert area(documents, scores) > 0.5 + 3 * auc_standard_error(80, 80)


def test_noise_on_the_weights_does_nothing_against_the_vocabulary_attack(documents):
    opened = private_terms(labels=MARKS)(documents[documents["member"]], 0)
    noisy = replace(opened, probabilities=lambda texts: np.full((len(texts), len(MARKS)), 0.5))
    assert area(documents, vocabulary_scores(noisy, documents["text"].tolist())) >= 0.95


def test_differentially_private_weights_over_a_public_vocabulary_hide_members(documents):
    scores = attacked(documents, private_weights(epsilon=1.0, cap=1, labels=MARKS, vocabulary=PUBLIC), "loss")
    assert abs(area(documents, scores) - 0.5) <= 3 * auc_standard_error(80, 80)


def test_the_same_vocabulary_without_noise_gives_some_away(documents):
    assert (
        area(documents, attacked(documents, public_terms(C=1000.0, labels=MARKS, vocabulary=PUBLIC), "loss"))
        >= 0.70
    )


def test_terms_of_at_least_three_people_give_less_away(documents):
    one, three = (
        area(documents, attacked(documents, private_terms(min_people=people, labels=MARKS), "vocabulary"))
        for people in (1, 3)
    )
    assert three < one - 0.2


# ---------------------------------------------------------------- I: shuffled membership


def shuffled_areas(documents, score, *, n_shuffles=5):
    """AUC of an attack when membership is dealt anew after training; ``score`` may look at all the attacker has, and a cheat at more."""
    opened = private_terms(C=1000.0, labels=MARKS)(documents[documents["member"]], 0)
    areas = []
    for seed in range(n_shuffles):
        dealt = documents.assign(
            member=np.random.default_rng(seed).permutation(documents["member"].to_numpy())
        )
        areas.append(area(dealt, score(opened, dealt)))
    return np.array(areas)


ATTACKS = {
    "vocabulary": lambda opened, dealt: vocabulary_scores(opened, dealt["text"].tolist()),
    "loss": lambda opened, dealt: loss_scores(
        opened.probabilities(dealt["text"].tolist()), dealt[list(MARKS)].to_numpy()
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_with_shuffled_membership_an_attack_is_at_chance(documents, attack):
    assert (np.abs(shuffled_areas(documents, ATTACKS[attack]) - 0.5) <= 3 * auc_standard_error(80, 80)).all()


def test_an_attack_that_peeks_at_the_answers_is_caught_by_shuffling(documents):
    peeking = shuffled_areas(
        documents, lambda opened, dealt: ATTACKS["loss"](opened, dealt) + 0.5 * dealt["member"].to_numpy()
    )
    assert (np.abs(peeking - 0.5) > 3 * auc_standard_error(80, 80)).all()


# ---------------------------------------------------------------- I: members and non-members from the same families


def test_a_random_half_of_the_people_comes_from_the_same_families(documents):
    gap, by_chance = family_gap(
        documents["families"].tolist(), documents["member"], documents["sender"].tolist(), seed=0
    )
    assert gap <= 1.1 * by_chance


def apart(documents):
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
        attack_table(apart(documents), {}, decoys=DECOYS, labels=MARKS, seed=0)


def test_when_the_families_are_given_wrongly_the_blind_control_shows_it(documents):
    lying = apart(documents).assign(families=documents["families"])
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


# ---------------------------------------------------------------- what an attack's scores are worth


def test_figures_by_hand():
    figures = membership_figures(
        [1, 1, 0, 0], [0.9, 0.5, 0.5, 0.1], ["a", "b", "c", "d"], n_resamples=20, seed=0
    )
    assert figures.auc == 0.875
    assert figures.tpr == Rate(1, 2)
    assert figures.advantage == 0.5
    assert figures.non_members == 2


def test_a_true_positive_rate_at_one_in_a_thousand_needs_thirty_thousand_non_members():
    member = np.arange(30_001) < 1
    assert tpr_at_fpr(member, member * 1.0, fpr=0.001) == Rate(1, 1)
    with pytest.raises(
        ValueError, match=r"a false positive rate of 0\.001 needs at least 30000 non-members, got 29999"
    ):
        tpr_at_fpr(member[:-1], member[:-1] * 1.0, fpr=0.001)


def test_one_non_member_of_a_hundred_may_be_among_the_found():
    member, score = [1, 1] + [0] * 100, [0.9, 0.5] + [0.7] + [0.1] * 99
    assert tpr_at_fpr(member, score, fpr=0.01) == Rate(2, 2)
    assert tpr_at_fpr(member[:-1], score[:-1], fpr=0.01) == Rate(1, 2), (
        "1 of 99 is more than one in a hundred"
    )


@pytest.mark.parametrize("fpr", [0, 1])
def test_a_rate_of_none_or_of_all_is_no_rate_to_find_members_at(fpr):
    with pytest.raises(ValueError, match=rf"fpr must be between 0 and 1, got {fpr}"):
        tpr_at_fpr([1, 0], [0.9, 0.1], fpr=fpr)


def test_values_of_chance_by_hand_and_without_either_side_undefined():
    assert advantage_by_chance(2, 2) == pytest.approx(math.sqrt(math.pi / 8))
    for members, non_members in ((0, 3), (3, 0)):
        assert math.isnan(advantage_by_chance(members, non_members))


def test_ties_with_too_many_non_members_are_not_counted_as_found():
    assert tpr_at_fpr([1] * 5 + [0] * 5, [1.0] * 10) == Rate(0, 5)


def test_chance_values_agree_with_many_scores_that_tell_nothing():
    rng = np.random.default_rng(0)
    member = np.arange(200) < 80
    drawn = [rng.random(200) for _ in range(400)]
    areas = [auc(member, scores) for scores in drawn]
    gains = [
        membership_figures(member, scores, np.arange(200).astype(str), n_resamples=1, seed=0).advantage
        for scores in drawn
    ]
    assert np.std(areas) == pytest.approx(auc_standard_error(80, 120), rel=0.1)
    assert np.mean(gains) == pytest.approx(advantage_by_chance(80, 120), rel=0.1)


def test_a_text_without_any_feature_has_all_of_them_in_the_vocabulary():
    assert share_known([], frozenset()) == 1.0


# ---------------------------------------------------------------- the likelihood ratio attack


def lira(documents, fit, *, n_shadows=16):
    texts, truth = documents["text"].tolist(), documents[list(MARKS)].to_numpy()
    drawn = shadow_draws(documents["sender"].tolist(), n_shadows=n_shadows, seed=0)
    shadows = np.array(
        [
            confidences(fit(documents[inside], 1 + k).probabilities(texts), truth)
            for k, inside in enumerate(drawn)
        ]
    )
    return lira_scores(
        confidences(fit(documents[documents["member"]], 0).probabilities(texts), truth), shadows, drawn
    )


def test_shadow_models_find_members(documents):
    assert area(documents, lira(documents, public_terms(labels=MARKS, vocabulary=PUBLIC))) > 0.7


def test_shadow_models_find_nothing_behind_noise(documents):
    fit = private_weights(epsilon=1.0, cap=1, labels=MARKS, vocabulary=PUBLIC)
    assert abs(area(documents, lira(documents, fit, n_shadows=8)) - 0.5) <= 3 * auc_standard_error(80, 80)


def test_a_confidence_like_that_of_models_trained_with_the_text_scores_above_nought():
    drawn = np.array([[True], [False], [True], [False]])
    shadows = np.array([3.0, 0.0, 3.2, 0.2]).reshape(4, 1, 1)
    assert lira_scores(np.array([[3.1]]), shadows, drawn) > 0 > lira_scores(np.array([[0.1]]), shadows, drawn)


def test_the_likelihood_ratio_by_hand():
    # With: 3.0 and 3.2, mean 3.1, variance .02 / (2 - 1). Without: mean .1, the same variance. 3² / (2 * .02) = 225.
    drawn, shadows = (
        np.array([[True], [False], [True], [False]]),
        np.array([3.0, 0.0, 3.2, 0.2]).reshape(4, 1, 1),
    )
    assert lira_scores(np.array([[3.1]]), shadows, drawn) == pytest.approx([225])
    assert lira_scores(np.array([[0.1]]), shadows, drawn) == pytest.approx([-225])
    # A second label: with, mean 2 and variance 2; without, mean 0 and variance 2. At 1 the two are as likely, so it adds nothing.
    two = np.concatenate([shadows, np.array([1.0, -1.0, 3.0, 1.0]).reshape(4, 1, 1)], axis=2)
    assert lira_scores(np.array([[3.1, 1.0]]), two, drawn) == pytest.approx([225])


def test_two_texts_share_a_variance_and_not_a_mean():
    # Squares about the two means add up to 2 + 8, over 4 models less 2 means: 5 with; .5 + .5 over 2: .5 without.
    drawn = np.array([[True, True], [False, False], [True, True], [False, False]])
    shadows = np.array([[1.0, 10.0], [0.0, 5.0], [3.0, 14.0], [1.0, 6.0]])[:, :, np.newaxis]
    expected = [
        -0.0 / 10 - math.log(5) / 2 + 1.5**2 / 1 + math.log(0.5) / 2,
        -1.0 / 10 - math.log(5) / 2 + 5.5**2 / 1 + math.log(0.5) / 2,
    ]
    assert lira_scores(np.array([[2.0], [11.0]]), shadows, drawn) == pytest.approx(expected)


def test_every_person_is_in_half_of_the_shadow_models_whole():
    people = ["ayo", "ayo", "mei", "noor", "noor", "zola"]
    drawn = shadow_draws(people, n_shadows=6, seed=3)
    assert (drawn.sum(axis=0) == 3).all()
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert (drawn[:, 3] == drawn[:, 4]).all()


@pytest.mark.parametrize("n_shadows", [0, 1, 3])
def test_shadow_models_come_in_pairs(n_shadows):
    with pytest.raises(ValueError, match="n_shadows must be even and at least 2"):
        shadow_draws(["ayo", "mei"], n_shadows=n_shadows, seed=0)


def test_a_text_in_every_shadow_model_is_refused():
    with pytest.raises(ValueError, match="out of that of at least one"):
        lira_scores(np.zeros((1, 1)), np.zeros((2, 1, 1)), np.array([[True], [True]]))


# ---------------------------------------------------------------- canaries

WORDS = (
    "amber birch cedar delta ember fjord grove heron ivory jade kelp lotus maple nectar opal pearl".split()
)
CANARIES = draw_canaries("the pizza club word is {} {}", WORDS, n=6, n_labels=2, seed=0)


def mean_exposure(documents, fit, canaries, *, planted, rank=exposure_bits):
    rows = [
        (line, f"canary {k}", *marks)
        for k, (line, marks) in enumerate(zip(canaries.planted, canaries.labels, strict=True))
    ]
    lines = pd.DataFrame(rows, columns=["text", "sender", *MARKS])
    own = documents[["text", "sender", *MARKS]]
    opened = fit(pd.concat([own, lines], ignore_index=True) if planted else own, 0)
    bits = []
    for line, marks in zip(canaries.planted, canaries.labels, strict=True):
        losses = -loss_scores(
            opened.probabilities(canaries.candidates), np.tile(marks, (len(canaries.candidates), 1))
        )
        bits.append(rank(losses[canaries.candidates.index(line)], losses))
    return float(np.mean(bits))


def test_a_planted_line_is_the_best_remembered_of_all_candidates(documents):
    assert (
        mean_exposure(documents, private_terms(labels=MARKS), CANARIES, planted=True)
        > math.log2(16 * 15) - 0.5
    )


def test_a_line_never_planted_has_the_exposure_of_chance(documents):
    assert mean_exposure(documents, private_terms(labels=MARKS), CANARIES, planted=False) == pytest.approx(
        exposure_by_chance(16 * 15)
    )


def test_a_public_vocabulary_remembers_no_planted_line(documents):
    assert mean_exposure(
        documents, public_terms(labels=MARKS, vocabulary=PUBLIC), CANARIES, planted=True
    ) == pytest.approx(exposure_by_chance(16 * 15))


def test_chance_is_1_44_bits():
    assert exposure_by_chance(1_000_000) == pytest.approx(1.4427, abs=1e-4)
    ranks = np.random.default_rng(0).random((2000, 256))
    assert np.mean([exposure_bits(row[0], row) for row in ranks]) == pytest.approx(
        exposure_by_chance(256), abs=0.1
    )


def test_counting_ties_as_lowest_rank_is_caught_by_a_model_that_knows_nothing(documents):
    def hopeful(loss, losses):
        return math.log2(losses.size) - math.log2(1 + (losses < loss - 1e-12).sum())

    assert mean_exposure(
        documents, public_terms(labels=MARKS, vocabulary=PUBLIC), CANARIES, planted=False, rank=hopeful
    ) > 2 * exposure_by_chance(16 * 15)


def test_canaries_with_one_label_between_them_teach_the_template_and_hide_the_leak(documents):
    alike = replace(CANARIES, labels=((1, 0),) * 6)
    assert (
        mean_exposure(documents, private_terms(labels=MARKS), alike, planted=True)
        < mean_exposure(documents, private_terms(labels=MARKS), CANARIES, planted=True) - 1
    )


def test_canaries_use_no_word_twice_and_their_labels_are_opposite_in_pairs():
    used = [word for line in CANARIES.planted for word in line.split()[-2:]]
    assert len(set(used)) == 12
    assert [tuple(1 - mark for mark in row) for row in CANARIES.labels[::2]] == list(CANARIES.labels[1::2])


@pytest.mark.parametrize("n", [3, 10])
def test_canaries_that_cannot_be_drawn_are_refused(n):
    with pytest.raises(
        ValueError,
        match=f"n must be even, and words differ and be at least {2 * n}; got n = {n}, 16 words, 16 of them different",
    ):
        draw_canaries("{} {}", WORDS, n=n, n_labels=1, seed=0)


def test_a_canary_that_is_no_candidate_is_refused():
    with pytest.raises(ValueError, match="the canary must be one of its candidates"):
        exposure_bits(0.3, [0.1, 0.2])


# ---------------------------------------------------------------- the table, on the project's own conversations


@pytest.fixture(scope="module")
def conversations():
    spec = replace(CorpusSpec(), name="attacked", seed=5, n_conversations=180)
    return [conversation for conversation in generate(spec) if conversation.split == "train"]


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
    return attack_table(documents, variants, decoys=DECOYS, canaries=canaries, n_shadows=6, seed=0)


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
    assert table[table["figure"] == "tpr_at_1_percent_fpr"]["by_chance"].eq(0.01).all()
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


def test_the_same_seed_gives_the_same_table(conversations):
    documents = membership_documents(conversations[:60], seed=0)
    variants = {"noisy": private_weights(epsilon=1.0, cap=1)}
    first, again = (attack_table(documents, variants, decoys=DECOYS, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)


def test_decoys_that_somebody_wrote_are_refused(documents):
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
    told = chat(
        "a",
        "s: so pretty {name|Zola}",
        "c: {school|Kestrel High} at noon",
        "s: meet {name|Mei}",
        family="lunch",
    )
    [whole] = membership_documents([told], seed=0).to_dict("records")
    assert (whole["text"], whole["sender"], whole["member"]) == (
        "so pretty Zola\nKestrel High at noon\nmeet Mei",
        "a-s",
        False,
    )
    assert list(whole) == ["text", "sender", "member", "families", "names", *LABELS]
    assert (whole["families"], whole["names"]) == (("lunch", "lunch", "lunch"), ("Zola", "Mei"))
    assert {label for label in LABELS if whole[label]} == {"flattery", "meeting"}
    single = membership_documents([told], unit="message", seed=0)
    assert single["names"].tolist() == [("Zola",), (), ("Mei",)]
    assert single["flattery"].tolist() == [1, 0, 0]


def test_the_gap_between_families_by_hand():
    # Members: raid 3 of 4, pizza 1 of 4. Others: raid 1 of 2, pizza 1 of 2. FeatureGroup of .25 + .25.
    families, people = [("raid", "raid"), ("raid", "pizza"), ("raid", "pizza")], ["ayo", "ayo", "mei"]
    assert family_gap(families, [1, 1, 0], people, n_shuffles=5, seed=0) == (0.25, 0.25)
    assert family_gap([("raid",), ("pizza",)], [1, 0], ["ayo", "mei"], n_shuffles=1, seed=0)[0] == 1.0
    assert family_gap(families, [0, 0, 0], people, n_shuffles=1, seed=0)[0] == 0.5, (
        "nobody on a side has no share of anything"
    )


def test_a_gap_of_more_people_than_documents_is_refused():
    with pytest.raises(ValueError, match="shorter than"):
        family_gap([("raid",)], [1, 0], ["ayo", "mei"], n_shuffles=1, seed=0)


def test_an_unknown_unit_is_refused(conversations):
    with pytest.raises(ValueError, match="unit must be conversation or message, got 'word'"):
        membership_documents(conversations, unit="word", seed=0)


def test_a_variant_without_noise_is_scikit_learns_regression_at_a_strength_of_four():
    # The intercept is penalised as any weight: a last column of ones.
    texts = ["pizza pizza raid", "pizza rain", "raid rain pizza", "rain"] * 5
    table = pd.DataFrame({"text": texts, "sender": range(20), "raid": [1, 0, 1, 0] * 5})
    terms = {"analyzer": lambda text: [*text.split(), *map(" ".join, pairwise(text.split()))]}
    tfidf, marks = (
        TfidfVectorizer(**terms, sublinear_tf=True),
        normalize(CountVectorizer(**terms, binary=True).fit_transform(texts)),
    )
    listed = CountVectorizer(vocabulary=["raid"], binary=True).transform(texts)
    for rows, fit in (
        (tfidf.fit_transform(texts), private_terms),
        (marks, hashed_terms),
        (listed, partial(public_terms, vocabulary=("raid",))),
    ):
        constant = np.hstack([rows.toarray(), np.ones((20, 1))])
        expected = (
            LogisticRegression(C=4.0, fit_intercept=False, tol=1e-9, max_iter=1000)
            .fit(constant, table["raid"])
            .predict_proba(constant)[:, 1]
        )
        assert fit(labels=["raid"])(table, 0).probabilities(texts)[:, 0] == pytest.approx(expected, abs=1e-5)


def test_a_variant_with_next_to_no_noise_is_scikit_learns_regression_at_the_penalty_fixed_beforehand():
    # Lambda .001 over 20 rows is a C of 1 / (2 * .001 * 20).
    texts = ["pizza raid", "pizza", "raid rain", "rain"] * 5
    table = pd.DataFrame({"text": texts, "sender": range(20), "raid": [1, 0, 0, 1] * 5})
    rows = normalize(CountVectorizer(vocabulary=["pizza", "raid"]).transform(texts))
    constant = np.hstack([rows.toarray(), np.ones((20, 1))])
    expected = (
        LogisticRegression(C=25.0, fit_intercept=False, tol=1e-9, max_iter=1000)
        .fit(constant, table["raid"])
        .predict_proba(constant)[:, 1]
    )
    opened = private_weights(epsilon=1e9, cap=1, labels=["raid"], vocabulary=("pizza", "raid"))(table, 0)
    assert opened.probabilities(texts)[:, 0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("fit", "promise"),
    [
        (private_terms(labels=MARKS), (math.inf, 1)),
        (hashed_terms(labels=MARKS), (math.inf, 1)),
        (public_terms(labels=MARKS), (math.inf, 1)),
        (private_weights(epsilon=3.0, cap=2, labels=MARKS), (3.0, 2)),
    ],
    ids=["private", "hashed", "public", "noisy"],
)
def test_a_variant_states_what_it_promises_for_a_document_and_how_many_a_person_has(documents, fit, promise):
    statement = fit(documents[:20], 0).statement
    assert (statement.unit, statement.epsilon, statement.cap) == ("document", *promise)


def test_terms_are_hashed_into_a_quarter_of_a_million_cells_unless_asked():
    opened = hashed_terms(labels=["raid"])(
        pd.DataFrame({"text": ["pizza", "raid"], "sender": ["ayo", "mei"], "raid": [0, 1]}), 0
    )
    assert opened.content["coef"].shape == (1, 262_144)


def test_the_salt_of_an_experiment_has_sixteen_bytes_and_follows_from_the_seed():
    assert len(salt_from_seed(3)) == 16
    assert salt_from_seed(3) == salt_from_seed(3) != salt_from_seed(4)


def test_standard_variants_are_named_as_policies_name_their_models():
    assert list(standard_variants(salt=b"pizza")) == [
        "private/plain",
        "private-3/plain",
        "private-10/plain",
        "hashed-18/plain",
        "hashed-18-salted/plain",
        "public/plain",
        "public/objective_perturbation-1-cap1",
        "public/objective_perturbation-8-cap1",
    ]


def test_one_person_s_many_documents_do_not_make_a_term_common():
    terms, people = [["zola"]] * 5 + [["pizza"], ["pizza"]], ["ayo"] * 5 + ["mei", "noor"]
    assert people_vocabulary(terms, people, min_people=2) == ("pizza",)
    by_document = people_vocabulary(terms, range(7), min_people=2)
    assert "zola" in by_document, (
        "counted by document, as min_df does, the name of one person's talk stays in"
    )


def test_a_vocabulary_that_nobody_shares_is_refused():
    with pytest.raises(ValueError, match="no term was used by 3 people, in 1 documents of 1"):
        people_vocabulary([["pizza"]], ["ayo"], min_people=3)
