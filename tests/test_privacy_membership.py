"""Membership attacks find members where a model leaks, and none where it does not."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from attack_toys import MARKS, PUBLIC, area, attacked, toy_documents
from privacy_toys import auc_standard_error

from classifier.evaluation.curves import auc
from classifier.evaluation.rates import Rate
from classifier.privacy.attacks.membership_inference import (
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
from classifier.privacy.model_variants.fit_variants import (
    people_vocabulary,
    private_terms,
    private_weights,
    public_terms,
)


@pytest.fixture(scope="module")
def documents():
    return toy_documents()


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


def shuffled_areas(documents, score, *, n_shuffles=5):
    """AUC of an attack when membership is shuffled after training.

    ``score`` may look at all that the attacker has; a cheat looks at more.
    """
    opened = private_terms(C=1000.0, labels=MARKS)(documents[documents["member"]], 0)
    areas = []
    for seed in range(n_shuffles):
        shuffled = documents.assign(
            member=np.random.default_rng(seed).permutation(documents["member"].to_numpy())
        )
        areas.append(area(shuffled, score(opened, shuffled)))
    return np.array(areas)


ATTACKS = {
    "vocabulary": lambda opened, shuffled: vocabulary_scores(opened, shuffled["text"].tolist()),
    "loss": lambda opened, shuffled: loss_scores(
        opened.probabilities(shuffled["text"].tolist()), shuffled[list(MARKS)].to_numpy()
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_with_shuffled_membership_an_attack_is_at_chance(documents, attack):
    assert (np.abs(shuffled_areas(documents, ATTACKS[attack]) - 0.5) <= 3 * auc_standard_error(80, 80)).all()


def test_an_attack_that_peeks_at_the_answers_is_caught_by_shuffling(documents):
    peeking = shuffled_areas(
        documents,
        lambda opened, shuffled: ATTACKS["loss"](opened, shuffled) + 0.5 * shuffled["member"].to_numpy(),
    )
    assert (np.abs(peeking - 0.5) > 3 * auc_standard_error(80, 80)).all()


def test_figures_by_hand():
    figures = membership_figures([1, 1, 0, 0], [0.9, 0.5, 0.5, 0.1], ["a", "b", "c", "d"])
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
    gains = [membership_figures(member, scores, np.arange(200).astype(str)).advantage for scores in drawn]
    assert np.std(areas) == pytest.approx(auc_standard_error(80, 120), rel=0.1)
    assert np.mean(gains) == pytest.approx(advantage_by_chance(80, 120), rel=0.1)


def test_a_text_without_any_feature_has_all_of_them_in_the_vocabulary():
    assert share_known([], frozenset()) == 1.0


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


def test_a_confidence_like_that_of_models_trained_with_the_text_scores_above_zero():
    drawn = np.array([[True], [False], [True], [False]])
    shadows = np.array([3.0, 0.0, 3.2, 0.2]).reshape(4, 1, 1)
    assert lira_scores(np.array([[3.1]]), shadows, drawn) > 0 > lira_scores(np.array([[0.1]]), shadows, drawn)


def test_the_likelihood_ratio_by_hand():
    # With: 3.0 and 3.2, mean 3.1, variance .02 / (2 - 1). Without: mean .1, the same variance.
    # 3² / (2 * .02) = 225.
    drawn, shadows = (
        np.array([[True], [False], [True], [False]]),
        np.array([3.0, 0.0, 3.2, 0.2]).reshape(4, 1, 1),
    )
    assert lira_scores(np.array([[3.1]]), shadows, drawn) == pytest.approx([225])
    assert lira_scores(np.array([[0.1]]), shadows, drawn) == pytest.approx([-225])
    # A second label: with, mean 2 and variance 2; without, mean 0 and variance 2. At 1 the two are as likely,
    # so it adds nothing.
    two = np.concatenate([shadows, np.array([1.0, -1.0, 3.0, 1.0]).reshape(4, 1, 1)], axis=2)
    assert lira_scores(np.array([[3.1, 1.0]]), two, drawn) == pytest.approx([225])


def test_two_texts_share_a_variance_and_not_a_mean():
    # Squares about the two means add up to 2 + 8, over 4 models less 2 means: 5 with; .5 + .5 over 2: .5
    # without.
    drawn = np.array([[True, True], [False, False], [True, True], [False, False]])
    shadows = np.array([[1.0, 10.0], [0.0, 5.0], [3.0, 14.0], [1.0, 6.0]])[:, :, np.newaxis]
    expected = [
        -0.0 / 10 - math.log(5) / 2 + 1.5**2 / 1 + math.log(0.5) / 2,
        -1.0 / 10 - math.log(5) / 2 + 5.5**2 / 1 + math.log(0.5) / 2,
    ]
    assert lira_scores(np.array([[2.0], [11.0]]), shadows, drawn) == pytest.approx(expected)


def test_every_sender_is_in_half_of_the_shadow_models_with_all_texts():
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
