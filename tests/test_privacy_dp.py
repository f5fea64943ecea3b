"""Differentially private training: noise and sensitivity are those of the proof, and cheats are caught."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from classifier.corpus.checks.content_policy import policy_problems
from classifier.corpus.slot_fillers import NAMES
from classifier.evaluation.curves import auc
from classifier.model.message.reading.normalise import normalise
from classifier.privacy.model_variants.dp_logistic import (
    CURVATURE,
    Weights,
    fit_plain,
    fit_private,
    logistic_minimum,
    objective_budget,
    output_noise_scale,
    spherical_noise,
    with_intercept_column,
)
from classifier.privacy.model_variants.person_cap import positions_within_cap
from classifier.privacy.model_variants.vocabulary import (
    bounded_rows,
    parsed_vocabulary,
    plain_spelling,
    public_vocabulary,
)

METHODS = ["output_perturbation", "objective_perturbation"]
WORDS = [f"pizza{number}" for number in range(12)]


def toy(n, *, seed):
    """Rows over twelve toppings; three make a raid likelier, three less likely."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, size=5, replace=False)) for _ in range(n)]
    lean = [
        sum(word in WORDS[:3] for word in text.split()) - sum(word in WORDS[3:6] for word in text.split())
        for text in texts
    ]
    labels = (rng.random(n) < 1 / (1 + np.exp(-2.0 * np.array(lean)))).astype(int)
    return bounded_rows(texts, WORDS), labels[:, None]


# ---------------------------------------------------------------- the public vocabulary


def test_the_public_vocabulary_is_a_short_sorted_list_in_the_model_s_spelling():
    vocabulary = public_vocabulary()
    assert 200 <= len(vocabulary) <= 400
    assert list(vocabulary) == sorted(set(vocabulary))
    assert [entry for entry in vocabulary if normalise(entry) != entry] == []


def test_the_public_vocabulary_keeps_the_data_policy_and_holds_no_name():
    names = {name.lower() for name in NAMES}
    assert [
        entry for entry in public_vocabulary() if policy_problems(entry) or names & set(entry.split())
    ] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("pizza\nolive", "line 2: entries must be sorted and differ, got 'olive' after 'pizza'"),
        ("pizza\npizza", "line 2: entries must be sorted"),
        ("Pizza", "line 1: expected a word"),
        ("don't", "line 1: expected a word"),
        ("a slice of pizza", "line 1: expected a word, or two"),
        ("a  slice", "line 1: expected a word, or two"),
        ("🍕", "line 1: expected a word"),
    ],
)
def test_a_vocabulary_file_with_unsorted_or_unmatchable_entries_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        parsed_vocabulary(content)


def test_every_row_is_of_length_one_or_zero():
    lengths = np.linalg.norm(
        bounded_rows(
            ["Don't tell, it's our secret", "", "zola 🍕", "secret secret"], public_vocabulary()
        ).toarray(),
        axis=1,
    )
    np.testing.assert_allclose(lengths, [1, 0, 0, 1])


def test_a_row_does_not_depend_on_the_other_texts():
    alone = bounded_rows(["our secret"], public_vocabulary())
    among = bounded_rows(["pizza at noon", "our secret", "our secret"], public_vocabulary())
    assert (alone.toarray()[0] == among.toarray()[1]).all()


# ---------------------------------------------------------------- G: the formulas


def test_the_budget_by_hand_when_the_curvature_is_paid_out_of_epsilon():
    left, extra = objective_budget(1.0, 1000, 0.01)
    assert left == pytest.approx(1.0 - 2.0 * math.log(1.025), abs=1e-12)
    assert extra == 0.0


def test_the_budget_by_hand_when_the_penalty_is_strengthened():
    left, extra = objective_budget(0.01, 10, 0.01)
    assert left == 0.005
    assert extra == pytest.approx(0.25 / (10 * 0.0025031276) - 0.01, rel=1e-7)


def test_the_output_noise_by_hand():
    assert output_noise_scale(0.5, 200, 0.1) == pytest.approx(0.2)


epsilons, sizes, penalties = st.floats(1e-4, 50), st.integers(1, 10**6), st.floats(1e-7, 10)


def spent(epsilon, n, penalty, budget):
    """The real cost of a budget: that of the noise, and that of the curvature."""
    left, extra = budget(epsilon, n, penalty)
    return left + 2.0 * math.log1p(CURVATURE / (n * (penalty + extra)))


@given(epsilons, sizes, penalties)
def test_noise_and_curvature_together_cost_epsilon_on_either_branch(epsilon, n, penalty):
    assert spent(epsilon, n, penalty, objective_budget) == pytest.approx(epsilon, rel=1e-9)
    assert objective_budget(epsilon, n, penalty)[1] >= 0


def cheap_curvature(epsilon, n, penalty):
    left = epsilon - math.log1p(CURVATURE / (n * penalty))
    return (left, 0.0) if left > 0 else objective_budget(epsilon, n, penalty)


def same_penalty(epsilon, n, penalty):
    return objective_budget(epsilon, n, penalty)[0], 0.0


def whole_epsilon(epsilon, n, penalty):
    return epsilon, objective_budget(epsilon, n, penalty)[1]


@pytest.mark.parametrize("cheat", [cheap_curvature, same_penalty, whole_epsilon])
def test_a_budget_that_forgets_a_part_costs_more_than_it_says(cheat):
    cases = [(1.0, 100, 0.01), (0.01, 10, 0.01)]
    assert max(spent(*case, cheat) / case[0] for case in cases) > 1.05


# ---------------------------------------------------------------- H: the noise


def length_p_value(lengths, dimension, scale):
    """Kolmogorov-Smirnov p-value of lengths against Gamma(dimension, scale)."""
    return stats.kstest(lengths, stats.gamma(dimension, scale=scale).cdf).pvalue


def test_the_length_of_the_noise_is_gamma_and_its_direction_uniform():
    rng = np.random.default_rng(0)
    noise = np.array([spherical_noise(20, 1.5, rng) for _ in range(3000)])
    lengths = np.linalg.norm(noise, axis=1)
    assert length_p_value(lengths, 20, 1.5) > 0.01
    directions = noise / lengths[:, None]
    # A coordinate of a uniform direction has mean 0 and variance 1/20; products of two have mean 0.
    assert np.abs(directions.mean(axis=0)).max() < 4 * math.sqrt(1 / 20 / 3000)
    np.testing.assert_allclose(directions.T @ directions / 3000, np.eye(20) / 20, atol=0.005)


@pytest.mark.parametrize(
    "cheat",
    [
        lambda rng: rng.laplace(scale=1.5, size=20),
        lambda rng: rng.normal(scale=1.5 * math.sqrt(20), size=20),
        lambda rng: spherical_noise(20, 1.5, rng) / 10,
        lambda rng: spherical_noise(20, 1.5, rng) * rng.gamma(1) / rng.gamma(20),
    ],
    ids=["laplace in each coordinate", "normal", "a tenth", "length of one dimension"],
)
def test_noise_of_another_shape_is_told_apart(cheat):
    rng = np.random.default_rng(0)
    assert length_p_value([np.linalg.norm(cheat(rng)) for _ in range(1000)], 20, 1.5) < 1e-6


EPSILON, N, PENALTY = 2.0, 20, 0.05


def noise_of(method, fit, *, epsilon, runs=150):
    """The noise of each label, recovered from released weights.

    Shape (runs * labels, terms + 1).
    """
    rows, labels = toy(N, seed=1)
    labels = np.hstack([labels, 1 - labels])
    bounded = with_intercept_column(rows)
    found = []
    for seed in range(runs):
        weights = fit(rows, labels, seed)
        released = np.hstack([weights.coef, weights.intercept[:, None]]) * math.sqrt(2)
        for column, w in zip(labels.T, released, strict=True):
            signs = 2.0 * column - 1
            if method == "output_perturbation":
                found.append(w - logistic_minimum(bounded, signs, regularisation=PENALTY))
            else:
                penalty = PENALTY + objective_budget(epsilon, N, PENALTY)[1]
                gradient = bounded.T @ (-signs * expit(-signs * (bounded @ w))) / N + penalty * w
                found.append(-gradient * N)
    return np.array(found)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("epsilon", [EPSILON, 0.1], ids=["first branch", "second branch"])
def test_released_weights_carry_the_noise_of_the_paper_for_each_label_s_share(method, epsilon):
    noise = noise_of(
        method,
        lambda rows, labels, seed: fit_private(
            rows, labels, method=method, epsilon=epsilon, regularisation=PENALTY, seed=seed
        ),
        epsilon=epsilon / 2,
    )
    share = epsilon / 2
    scale = (
        output_noise_scale(share, N, PENALTY)
        if method == "output_perturbation"
        else 2 / objective_budget(share, N, PENALTY)[0]
    )
    assert length_p_value(np.linalg.norm(noise, axis=1), len(WORDS) + 1, scale) > 0.01


def mean_cosine(noise):
    """The mean cosine between the noise of the two labels."""
    directions = noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return float((directions[::2] * directions[1::2]).sum(axis=1).mean())


@pytest.mark.parametrize("method", METHODS)
def test_each_label_has_noise_of_its_own(method):
    noise = noise_of(
        method,
        lambda rows, labels, seed: fit_private(
            rows, labels, method=method, epsilon=EPSILON, regularisation=PENALTY, seed=seed
        ),
        epsilon=EPSILON / 2,
    )
    assert abs(mean_cosine(noise)) < 4 / math.sqrt(150 * (len(WORDS) + 1))


@pytest.mark.parametrize("method", METHODS)
def test_drawing_the_same_noise_for_every_label_is_caught(method):
    # The difference of two labels' weights would then be free of noise.

    def cheat(rows, labels, seed):
        each = [
            fit_private(
                rows, labels[:, [k]], method=method, epsilon=EPSILON / 2, regularisation=PENALTY, seed=seed
            )
            for k in range(2)
        ]
        return Weights(np.vstack([w.coef for w in each]), np.concatenate([w.intercept for w in each]))

    assert mean_cosine(noise_of(method, cheat, epsilon=EPSILON / 2)) > 0.99


@pytest.mark.parametrize("method", METHODS)
def test_giving_every_label_the_whole_epsilon_is_caught(method):
    def cheat(rows, labels, seed):
        each = [
            fit_private(
                rows,
                labels[:, [k]],
                method=method,
                epsilon=EPSILON,
                regularisation=PENALTY,
                seed=2 * seed + k,
            )
            for k in range(2)
        ]
        return Weights(np.vstack([w.coef for w in each]), np.concatenate([w.intercept for w in each]))

    share = EPSILON / 2
    scale = (
        output_noise_scale(share, N, PENALTY)
        if method == "output_perturbation"
        else 2 / objective_budget(share, N, PENALTY)[0]
    )
    assert (
        length_p_value(np.linalg.norm(noise_of(method, cheat, epsilon=share), axis=1), len(WORDS) + 1, scale)
        < 1e-6
    )


# ---------------------------------------------------------------- H: sensitivity


def largest_move(stretch):
    """The furthest that the minimum moves when one row is replaced.

    It is a share of 2 / (n penalty), over random cases and one bad case, with rows of length ``stretch``.
    In the bad case very many rows pull along one axis and misread the replaced row, which lies on either
    side of it.
    """
    rng = np.random.default_rng(0)
    turn = [np.array([math.cos(angle), math.sin(angle)]) for angle in np.linspace(0, 2 * math.pi, 9)[:-1]]
    aslant = [np.array([side * math.sin(1.1), math.cos(1.1)]) for side in (-1, 1)]
    cases = [(0.002, [np.array([0.0, 1.0])] * 2499, [1.0] * 2499, [(aslant[0], -1.0), (aslant[1], -1.0)])]
    for _ in range(25):
        others = [turn[k] for k in rng.integers(0, 8, size=7)]
        cases.append(
            (
                0.05,
                others,
                rng.choice([-1.0, 1.0], size=7).tolist(),
                [(turn[k], sign) for k in rng.integers(0, 8, size=3) for sign in (-1.0, 1.0)],
            )
        )
    shares = []
    for penalty, others, signs, last in cases:
        minima = [
            logistic_minimum(
                csr_array(stretch * np.array([*others, row])),
                np.array([*signs, sign]),
                regularisation=penalty,
            )
            for row, sign in last
        ]
        shares += [
            np.linalg.norm(a - b) * (len(others) + 1) * penalty / 2
            for a, b in itertools.combinations(minima, 2)
        ]
    return max(shares)


def test_no_replaced_row_moves_the_minimum_further_than_the_noise_is_made_for():
    assert 0.7 < largest_move(1.0) <= 1


def test_rows_longer_than_one_would_break_the_bound():
    assert largest_move(3.0) > 1


def test_a_constant_added_without_making_room_for_it_would_break_the_bound_on_length():
    rows = csr_array(np.eye(2))
    assert np.linalg.norm(with_intercept_column(rows).toarray(), axis=1).max() <= 1 + 1e-12
    assert np.linalg.norm(np.hstack([rows.toarray(), np.ones((2, 1))]), axis=1).max() > 1


@pytest.mark.parametrize("long", [1.01, math.nan, math.inf])
def test_a_row_longer_than_one_is_refused(long):
    with pytest.raises(
        ValueError, match=r"a length of at most 1, got .* for row 1: the noise would be too small"
    ):
        fit_private(
            csr_array([[1.0], [long]]),
            [[0], [1]],
            method="output_perturbation",
            epsilon=1,
            regularisation=0.1,
            seed=0,
        )


# ---------------------------------------------------------------- H: the epsilon an attacker can show


def epsilon_shown(method, *, epsilon, runs=800):
    """A lower bound on the epsilon of ``fit_private``, with 95 % confidence.

    Three rows hold nothing but the constant, and one of them changes its label. The released weight is
    compared with a threshold chosen on half of the runs; on the other half the two probabilities are
    bounded by Clopper and Pearson.
    """
    rows = csr_array((3, 0))
    released = np.array(
        [
            [
                fit_private(
                    rows, [[1], [1], [last]], method=method, epsilon=epsilon, regularisation=0.5, seed=seed
                ).intercept[0]
                for seed in range(first, first + runs)
            ]
            for first, last in ((0, 1), (runs, 0))
        ]
    )
    half = runs // 2

    def hits(side, part, threshold):
        return int((released[side, part] >= threshold).sum())

    early, late = slice(0, half), slice(half, runs)
    threshold = max(
        np.quantile(released[:, early], np.linspace(0.05, 0.95, 37)),
        key=lambda t: (hits(0, early, t) + 1) / (hits(1, early, t) + 1),
    )
    high, low = hits(0, late, threshold), hits(1, late, threshold)
    return math.log(stats.beta.ppf(0.025, high, half - high + 1) / stats.beta.ppf(0.975, low + 1, half - low))


@pytest.mark.parametrize("method", METHODS)
def test_no_attacker_shows_more_than_the_claimed_epsilon(method):
    assert 0.1 < epsilon_shown(method, epsilon=3.0) <= 3.0


@pytest.mark.parametrize("method", METHODS)
def test_a_tenth_of_the_noise_shows_more_than_the_claimed_epsilon(method):
    assert epsilon_shown(method, epsilon=30.0) > 3.0


# ---------------------------------------------------------------- H: the two ends


def by_scikit_learn(rows, labels, penalty):
    fitted = LogisticRegression(
        C=1 / (len(labels) * penalty), fit_intercept=False, tol=1e-10, max_iter=10_000
    ).fit(with_intercept_column(rows), labels[:, 0])
    return fitted.coef_[0] * math.sqrt(0.5)


def test_a_plain_fit_is_scikit_learn_s_with_the_intercept_penalised():
    rows, labels = toy(300, seed=2)
    weights = fit_plain(rows, labels, regularisation=0.01)
    np.testing.assert_allclose(
        [*weights.coef[0], weights.intercept[0]], by_scikit_learn(rows, labels, 0.01), atol=1e-5
    )


@pytest.mark.parametrize("method", METHODS)
def test_without_any_noise_left_the_private_fit_is_the_plain_one(method):
    rows, labels = toy(300, seed=2)
    expected = fit_plain(rows, labels, regularisation=0.01)
    for epsilon, tolerance in [(math.inf, 1e-7), (1e9, 1e-5)]:
        np.testing.assert_allclose(
            fit_private(rows, labels, method=method, epsilon=epsilon, regularisation=0.01, seed=0).coef,
            expected.coef,
            atol=tolerance,
        )


def mean_aucs(mechanism, *, n_seeds=20):
    rows, labels = toy(300, seed=3)
    held_out, truth = toy(1000, seed=4)
    return [
        float(
            np.mean(
                [
                    auc(truth[:, 0], mechanism(rows, labels, epsilon, seed).probabilities(held_out)[:, 0])
                    for seed in range(n_seeds)
                ]
            )
        )
        for epsilon in (0.3, 1.0, 4.0, 16.0, 64.0)
    ]


@pytest.mark.parametrize("method", METHODS)
def test_over_twenty_seeds_the_mean_auc_rises_with_epsilon(method):
    """For one seed it need not."""
    aucs = mean_aucs(
        lambda rows, labels, epsilon, seed: fit_private(
            rows, labels, method=method, epsilon=epsilon, regularisation=0.02, seed=seed
        )
    )
    assert aucs == sorted(aucs)
    assert aucs[-1] - aucs[0] > 0.15


def test_noise_that_does_not_heed_epsilon_is_caught():
    aucs = mean_aucs(
        lambda rows, labels, epsilon, seed: fit_private(
            rows, labels, method="output_perturbation", epsilon=1.0, regularisation=0.02, seed=seed
        )
    )
    assert aucs[-1] - aucs[0] < 0.01


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    rows, labels = toy(50, seed=0)
    first, again, other = (
        fit_private(
            rows, labels, method="objective_perturbation", epsilon=1.0, regularisation=0.1, seed=seed
        ).coef.tobytes()
        for seed in (5, 5, 6)
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epsilon": 0.0}, "epsilon and regularisation must be above 0"),
        ({"epsilon": math.nan}, "epsilon and regularisation must be above 0"),
        ({"regularisation": 0.0}, "epsilon and regularisation must be above 0"),
        (
            {"method": "gaussian"},
            "method must be output_perturbation or objective_perturbation, got 'gaussian'",
        ),
        ({"labels": [[0], [2]]}, r"labels must be 0/1 of shape \(2, labels\)"),
        ({"labels": [0, 1]}, r"labels must be 0/1 of shape \(2, labels\), got shape \(2,\)"),
    ],
)
def test_what_has_no_meaning_is_refused(change, message):
    options = {
        "method": "output_perturbation",
        "epsilon": 1.0,
        "regularisation": 0.1,
        "seed": 0,
        "labels": [[0], [1]],
    } | change
    with pytest.raises(ValueError, match=message):
        fit_private(csr_array(np.eye(2)), options.pop("labels"), **options)


def test_a_label_that_every_row_carries_can_be_fitted():
    weights = fit_plain(csr_array(np.eye(2)), [[1], [1]], regularisation=0.1)
    assert (weights.probabilities(csr_array(np.eye(2))) > 0.5).all()


# ---------------------------------------------------------------- the cap


@given(st.lists(st.sampled_from(["ayo", "mei", "noor"]), min_size=1, max_size=30), st.integers(1, 5))
def test_no_sender_keeps_more_rows_than_the_cap(people, cap):
    kept = positions_within_cap(people, cap=cap, seed=0)
    counts = {person: sum(people[position] == person for position in kept) for person in set(people)}
    assert counts == {person: min(cap, people.count(person)) for person in set(people)}
    assert set(kept) <= set(positions_within_cap(people, cap=cap + 1, seed=0))


def test_one_person_s_rows_do_not_change_which_of_another_s_are_kept():
    alone = positions_within_cap(["mei"] * 10, cap=3, seed=0)
    among = positions_within_cap(["ayo"] * 7 + ["mei"] * 10, cap=3, seed=0)
    assert [position - 7 for position in among if position >= 7] == alone.tolist()


PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcxy")), min_size=1, max_size=30)


@given(PAIRS, st.integers(1, 4))
def test_no_person_keeps_more_rows_than_the_cap_on_either_side(pairs, cap):
    senders, contacts = zip(*pairs, strict=True)
    kept = positions_within_cap(senders, contacts, cap=cap, seed=0).tolist()
    for person in "abcxy":
        assert sum(person in pairs[position] for position in kept) <= cap
    assert set(kept) <= set(positions_within_cap(senders, contacts, cap=cap + 1, seed=0).tolist())
    assert len(positions_within_cap(senders, contacts, cap=len(pairs), seed=0)) == len(pairs)


def test_one_who_is_written_to_by_ten_strangers_adds_one_row_all_the_same():
    senders = [f"s{number}" for number in range(10)]
    assert len(positions_within_cap(senders, cap=1, seed=0)) == 10
    assert len(positions_within_cap(senders, ["mei"] * 10, cap=1, seed=0)) == 1
    with pytest.raises(ValueError, match="one for each of 10 rows, got 2"):
        positions_within_cap(senders, ["mei", "ayo"], cap=1, seed=0)


def test_plain_spelling_is_the_vocabulary_s():
    assert plain_spelling("Don’t TELL") == "dont tell"
