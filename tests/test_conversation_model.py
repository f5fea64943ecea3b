"""The conversation model: its score, its fit and its calibration."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from toy_scores import HALF, NEVER, of_labels, showing

from classifier.model.conversation.conversation_model import (
    HALF_LIFE,
    SETTLED_MESSAGES,
    ConversationModel,
    running_log_odds,
    score_conversation,
)
from classifier.model.conversation.features import HEAD_FEATURES, running_features
from classifier.model.conversation.fit import fit_conversation_model, platt
from classifier.model.conversation.monitor import running_scores
from classifier.records import Conversation, Message, Metadata

START = datetime(2031, 1, 6, 15)


def model_of(
    head="text",
    intercept=0.0,
    slope=1.0,
    offset=0.0,
    half_life=NEVER,
    length_penalty=0.0,
    beginning_penalty=0.0,
    **weights,
):
    """A model that looks at the named features only, e.g. secrecy_seen=2."""
    by_name = {name.replace(": ", "_").replace(" ", "_"): name for name in HEAD_FEATURES[head]}
    chosen = {by_name[key]: value for key, value in weights.items()}
    return ConversationModel(
        head,
        np.array([float(chosen.get(name, 0)) for name in HEAD_FEATURES[head]]),
        intercept,
        slope,
        offset,
        HALF,
        0.5,
        half_life,
        length_penalty,
        beginning_penalty,
    )


def test_the_score_is_the_calibrated_sum_of_its_weights():
    model = model_of(
        intercept=-1.0, slope=2.0, offset=0.5, secrecy_seen=3.0, log_recent_messages_by_writer=0.1
    )
    log_odds = 2.0 * (3.0 * 0.8 + 0.1 * math.log(2) - 1.0) + 0.5
    assert score_conversation(model, showing("secrecy", None), ["ann", "bo"]) == pytest.approx(
        1 / (1 + math.exp(-log_odds)), abs=1e-9
    )


@pytest.mark.parametrize("writer", ["ann", "bo", "cy"])
def test_the_conversation_scores_the_same_for_any_author_who_shows_it(writer):
    authors = ["ann", "bo", "cy"]
    probabilities = showing(*("secrecy" if author == writer else None for author in authors))
    assert score_conversation(model_of(secrecy_seen=1.0), probabilities, authors) == pytest.approx(
        1 / (1 + math.exp(-0.8))
    )


def test_two_authors_who_each_show_a_little_are_not_added_up():
    model = model_of(distinct_stages=1.0)
    together, apart = (
        score_conversation(model, showing("flattery", "secrecy"), ["ann", "ann"]),
        score_conversation(model, showing("flattery", "secrecy"), ["ann", "bo"]),
    )
    assert together == pytest.approx(1 / (1 + math.exp(-2)))
    assert apart == pytest.approx(1 / (1 + math.exp(-1)))


def test_an_author_who_has_not_written_yet_is_no_side_to_look_from():
    # the author of the fewest messages scores highest here; bo joins at the second message
    sides, written = running_features("text", HALF, showing(None, None), ["ann", "bo"], half_life=NEVER)
    assert running_log_odds(
        model_of(log_recent_messages_by_writer=-1.0), sides, written
    ).tolist() == pytest.approx([-math.log(2)] * 2)


def test_a_long_conversation_needs_more_evidence():
    model = model_of(intercept=1.0, slope=2.0, length_penalty=0.5)
    scores = running_scores(model, showing(*[None] * 4 * SETTLED_MESSAGES), ["ann"] * 4 * SETTLED_MESSAGES)
    log_odds = np.log(scores / (1 - scores))
    assert log_odds[[0, SETTLED_MESSAGES - 1]] == pytest.approx([2.0, 2.0])
    assert log_odds[2 * SETTLED_MESSAGES - 1] == pytest.approx(2.0 - 2.0 * 0.5 * math.log(2))
    assert log_odds[-1] == pytest.approx(2.0 - 2.0 * 0.5 * math.log(4))


# fitting, on a toy world: s shows stages in patterns, c answers with random noise


def conversation(number, label, rng):
    n = int(rng.integers(2, 12))
    authors = ["s", "c", *rng.choice(["s", "c"], n - 2)]
    messages = tuple(
        Message(author, START + timedelta(seconds=30 * at), "pizza?") for at, author in enumerate(authors)
    )
    known = Metadata(
        "online" if rng.random() < (0.8 if label == "grooming_pattern" else 0.3) else "in_person",
        "unstated",
        "13_17",
        2,
    )
    return Conversation(
        f"t{number}", label, "lunch", "train", "casual", "s", "c", known, messages, "toy", "1", 0
    )


def world(n, seed):
    rng = np.random.default_rng(seed)
    conversations, probabilities = [], []
    for number in range(n):
        label = "grooming_pattern" if rng.random() < 0.4 else "benign"
        made = conversation(number, label, rng)
        p = rng.beta(0.5, 4, size=(len(made.messages), 7))
        for at, message in enumerate(made.messages):
            if message.author == "s" and rng.random() < (0.6 if label == "grooming_pattern" else 0.08):
                p[at, rng.integers(5)] = rng.uniform(0.5, 1)
        conversations.append(made)
        probabilities.append(of_labels(p))
    return conversations, probabilities


TRAIN, TRAIN_P = world(120, 1)
VALIDATION, VALIDATION_P = world(80, 2)


def fitted(head="text", train=TRAIN, train_p=TRAIN_P, **options):
    return fit_conversation_model(
        train,
        train_p,
        VALIDATION,
        VALIDATION_P,
        **{"head": head, "thresholds": HALF, "seed": 0, "beginning_penalty": 0.0} | options,
    )


def scores(model, conversations=VALIDATION, probabilities=VALIDATION_P):
    return np.array(
        [
            score_conversation(
                model,
                p,
                [message.author for message in c.messages],
                times=[message.time for message in c.messages],
                metadata=c.metadata,
                sender=c.sender,
            )
            for c, p in zip(conversations, probabilities, strict=True)
        ]
    )


def is_pattern(conversations):
    return np.array([c.label == "grooming_pattern" for c in conversations])


@pytest.mark.parametrize("head", HEAD_FEATURES)
def test_the_fit_is_scikit_learns_own_on_all_sides_but_the_contacts_of_a_pattern(head):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, label, weight = [], [], []
    for c, p in zip(TRAIN, TRAIN_P, strict=True):
        authors = [message.author for message in c.messages]
        features, _ = running_features(
            head,
            HALF,
            p,
            authors,
            half_life=HALF_LIFE,
            times=[message.time for message in c.messages],
            metadata=c.metadata,
            sender="s",
        )
        sides = [0] if c.label == "grooming_pattern" else [0, 1]  # s writes first in this world
        rows += [features[-1, slot] for slot in sides]
        label += [c.label == "grooming_pattern"] * len(sides)
        weight += [1 / len(sides)] * len(sides)
    weight = np.array(weight)
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=5000))
    theirs.fit(rows, label, standardscaler__sample_weight=weight, logisticregression__sample_weight=weight)
    ours = fitted(head, n_prefixes=0)
    assert np.array(rows) @ ours.weights + ours.intercept == pytest.approx(
        theirs.decision_function(rows), abs=1e-9
    )


def test_a_fitted_model_separates_patterns_from_benign_conversations():
    from sklearn.metrics import roc_auc_score

    assert roc_auc_score(is_pattern(VALIDATION), scores(fitted())) > 0.85
    assert roc_auc_score(is_pattern(VALIDATION), scores(fitted("both"))) > 0.85


def test_scores_are_calibrated_in_the_large():
    assert scores(fitted()).mean() == pytest.approx(is_pattern(VALIDATION).mean(), abs=0.02)


def test_the_same_seed_gives_the_same_model_and_another_seed_other_prefixes():
    assert fitted().fingerprint == fitted().fingerprint
    assert fitted().fingerprint != fitted(seed=1).fingerprint
    assert fitted(n_prefixes=0).fingerprint == fitted(n_prefixes=0, seed=1).fingerprint


def test_a_conversation_weighs_the_same_however_many_rows_it_gives():
    # the weighted share of positive rows is the share of pattern conversations, so that is where an
    # unpenalised intercept leaves the mean
    model = fitted(C=1e-9)
    share = is_pattern(TRAIN).mean()
    assert model.intercept == pytest.approx(math.log(share / (1 - share)), abs=1e-3)


def test_prefixes_make_early_scores_less_sure_of_themselves():
    first = [p[:1] for p in VALIDATION_P]
    early = [c.messages[:1] for c in VALIDATION]
    losses = []
    for n_prefixes in (0, 5):
        model = fitted(n_prefixes=n_prefixes)
        seen = np.array(
            [
                score_conversation(model, p, [message.author for message in messages])
                for p, messages in zip(first, early, strict=True)
            ]
        )
        label = is_pattern(VALIDATION)
        losses.append(-np.log(np.where(label, seen, 1 - seen)).mean())
    assert losses[1] < losses[0]


def test_head_metadata_is_fitted_and_scored_without_any_probability():
    blind = fit_conversation_model(
        TRAIN, None, VALIDATION, None, head="metadata", thresholds=HALF, seed=0, beginning_penalty=0.0
    )
    assert blind.fingerprint == fitted("metadata").fingerprint
    assert scores(blind, VALIDATION, [None] * len(VALIDATION)) == pytest.approx(scores(fitted("metadata")))
    assert blind.weights[HEAD_FEATURES["metadata"].index("known online")] > 0


def test_a_split_without_both_classes_is_refused():
    benign = [c for c in TRAIN if c.label == "benign"]
    with pytest.raises(
        ValueError, match=f"train needs patterns and benign conversations, got 0 and {len(benign)}"
    ):
        fit_conversation_model(
            benign, TRAIN_P[: len(benign)], VALIDATION, VALIDATION_P, head="text", thresholds=HALF, seed=0
        )


def test_platt_agrees_with_an_unpenalised_logistic_regression_on_his_targets():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(3)
    label = rng.random(200) < 0.3
    log_odds = rng.normal(size=200) * 3 + 2 * label + 5
    n = label.sum()
    high, low = (n + 1) / (n + 2), 1 / (200 - n + 2)
    target = np.where(label, high, low)
    both = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(
        np.tile(log_odds, 2)[:, None],
        np.repeat([True, False], 200),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    assert platt(log_odds, label) == pytest.approx((both.coef_[0, 0], both.intercept_[0]), abs=1e-5)


def test_a_calibration_never_turns_the_order_round():
    assert platt(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, False]))[0] == 0


def test_perfectly_parted_scores_give_a_finite_slope():
    slope, offset = platt(np.array([-1.0, -0.5, 0.5, 1.0]), np.array([False, False, True, True]))
    assert 0 < slope < 100
    assert offset == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"head": "pictures"}, "head must be one of text, metadata, both, got 'pictures'"),
        ({"weights": np.zeros(3)}, r"weights must be finite float64 of shape \(60,\)"),
        ({"thresholds": np.full(7, np.nan)}, "thresholds must be finite"),
        ({"half_life": 0.0}, "half_life must be a number of messages over 0, got 0.0"),
        ({"half_life": math.inf}, "half_life must be a number of messages over 0, got inf"),
        ({"length_penalty": -0.1}, "length_penalty must be at least 0, got -0.1"),
        ({"slope": -1.0}, "slope at least 0"),
        ({"offset": math.inf}, "must be finite"),
        ({"alert_threshold": 1.5}, r"alert_threshold must be in \[0, 1\], got 1.5"),
    ],
)
def test_a_model_that_could_not_score_is_refused(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        replace(model_of(), **changes)


def test_models_that_score_differently_have_different_fingerprints():
    model = model_of(secrecy_seen=1.0)
    others = [
        replace(model, offset=0.1),
        replace(model, alert_threshold=0.6),
        replace(model, thresholds=HALF + 0.1),
        replace(model, half_life=5.0),
        replace(model, length_penalty=0.1),
        model_of(secrecy_seen=1.1),
    ]
    assert len({other.fingerprint for other in [model, *others]}) == 7
