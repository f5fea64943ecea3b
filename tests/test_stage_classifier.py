"""The estimator has scikit-learn's habits; checks of scikit-learn that suit texts are run as they are."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.utils import estimator_checks, get_tags
from toy_messages import toy_table

from classifier.model.message.stage_classifier import LOWEST_LOG_ODDS, StageClassifier
from classifier.taxonomy import LABELS

TABLE = pd.concat([toy_table()] * 3, ignore_index=True)
TEXTS, MARKS = TABLE["text"].tolist(), TABLE[list(LABELS)].to_numpy()
TOY = StageClassifier(min_df=1, char_ngrams=None, word_pairs=None, normaliser=False)


@pytest.fixture(scope="module")
def fitted():
    return clone(TOY).fit(TEXTS, MARKS, synthetic=True)


@pytest.mark.parametrize(
    "name",
    [
        "check_do_not_raise_errors_in_init_or_set_params",
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_get_params_invariance",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_valid_tag_types",
    ],
)
def test_it_passes_the_checks_of_scikit_learn_that_need_no_numbers(name):
    getattr(estimator_checks, name)("StageClassifier", clone(TOY))


def test_its_tags_say_texts_and_many_labels():
    tags = get_tags(TOY)
    assert (tags.input_tags.string, tags.input_tags.two_d_array) == (True, False)
    assert (tags.classifier_tags.multi_label, tags.classifier_tags.multi_class) == (True, False)


def test_a_clone_is_unfitted_and_has_the_same_parameters(fitted):
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    for method in ("predict", "predict_proba", "decision_function", "scores"):
        with pytest.raises(NotFittedError):
            getattr(copy, method)(TEXTS)


def test_fitting_twice_changes_nothing_and_neither_does_pickling(fitted):
    before = vars(fitted).copy()
    expected = fitted.predict_proba(TEXTS)
    for other in (clone(fitted).fit(TEXTS, MARKS, synthetic=True), pickle.loads(pickle.dumps(fitted))):
        assert np.array_equal(other.predict_proba(TEXTS), expected)
    assert vars(fitted) == before


def test_a_text_scores_the_same_alone_and_in_any_order(fitted):
    whole = fitted.predict_proba(TEXTS)
    order = np.random.default_rng(0).permutation(len(TEXTS))
    assert np.array_equal(fitted.predict_proba([TEXTS[at] for at in order]), whole[order])
    assert np.array_equal(np.vstack([fitted.predict_proba([text]) for text in TEXTS]), whole)


def test_classes_shapes_and_decisions_agree(fitted):
    assert fitted.classes_.tolist() == list(LABELS)
    probabilities, log_odds = fitted.predict_proba(TEXTS), fitted.decision_function(TEXTS)
    assert probabilities.shape == log_odds.shape == MARKS.shape
    assert probabilities == pytest.approx(1 / (1 + np.exp(-log_odds)))
    assert np.array_equal(fitted.predict(TEXTS), (log_odds >= 0).astype(int))


def test_a_line_of_the_platform_has_the_lowest_decision(fitted):
    text = "This message was deleted"
    assert fitted.decision_function([text, "our secret ok"])[0].tolist() == [LOWEST_LOG_ODDS] * len(LABELS)
    assert fitted.predict_proba([text])[0].tolist() == [0] * len(LABELS)


def test_a_series_gives_a_table_with_its_index(fitted):
    texts = pd.Series(["our secret ok", "pizza is hot"], index=["x", "y"])
    for method in ("predict", "predict_proba", "decision_function"):
        table = getattr(fitted, method)(texts)
        assert (list(table.columns), list(table.index)) == (list(LABELS), ["x", "y"])
        assert np.array_equal(table.to_numpy(), getattr(fitted, method)(texts.tolist()))


def test_targets_of_a_table_are_taken_by_name(fitted):
    shuffled = TABLE[["secrecy", "text", *(label for label in LABELS[::-1] if label != "secrecy")]]
    other = clone(TOY).fit(shuffled["text"], shuffled, synthetic=True)
    assert np.array_equal(other.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (MARKS[:, :3], r"targets must have 7 columns, one per label, or 43, .* got shape \(54, 3\)"),
        (MARKS[:5], "targets must have one row a text, got 5 for 54 texts"),
        (MARKS * 2, "targets must be 0 or 1, or -1 for a row left out"),
        (TABLE.drop(columns="meeting"), "targets must have a column for each label, got none for 'meeting'"),
    ],
)
def test_other_targets_are_refused(targets, message):
    with pytest.raises(ValueError, match=message):
        clone(TOY).fit(TEXTS, targets, synthetic=True)


def test_cross_validation_hands_synthetic_on_and_refuses_without():
    folds = KFold(3)
    scores = cross_val_score(TOY, TEXTS, MARKS, cv=folds, params={"synthetic": True})
    assert scores.tolist() == [1.0, 1.0, 1.0]  # every text stands in each fold
    with pytest.raises(ValueError, match="synthetic=True"):
        cross_val_score(TOY, TEXTS, MARKS, cv=folds, error_score="raise")


@pytest.mark.parametrize("scoring", ["average_precision", "f1_macro", "roc_auc"])
def test_scores_of_scikit_learn_can_be_asked_for(scoring):
    found = cross_val_score(
        TOY, TABLE["text"], MARKS, cv=KFold(3), scoring=scoring, params={"synthetic": True}
    )
    assert found.tolist() == [1.0, 1.0, 1.0]


def test_out_of_fold_probabilities_are_those_of_a_fit_on_the_rest():
    folds = KFold(2)
    found = cross_val_predict(TOY, TEXTS, MARKS, cv=folds, method="predict_proba", params={"synthetic": True})
    for train, held_out in folds.split(TEXTS):
        rest = clone(TOY).fit([TEXTS[at] for at in train], MARKS[train], synthetic=True)
        assert np.array_equal(found[held_out], rest.predict_proba([TEXTS[at] for at in held_out]))


def test_a_grid_is_searched_and_the_best_refitted():
    grid = {"C": [1e-6, 16.0], "word_pairs": [None, (2, 3)]}
    search = GridSearchCV(TOY, grid, cv=KFold(3), scoring="f1_macro")
    search.fit(TABLE["text"], TABLE[list(LABELS)], synthetic=True)
    assert search.best_params_["C"] == 16.0
    best = clone(TOY).set_params(**search.best_params_).fit(TEXTS, MARKS, synthetic=True)
    assert np.array_equal(search.predict_proba(TEXTS), best.predict_proba(TEXTS))
    assert f1_score(MARKS, search.predict(TEXTS), average="macro") == 1.0


def test_synthetic_can_be_routed_as_metadata():
    with sklearn.config_context(enable_metadata_routing=True):
        routed = clone(TOY).set_fit_request(synthetic=True)
        scores = cross_val_score(routed, TEXTS, MARKS, cv=KFold(3), params={"synthetic": True})
    assert scores.tolist() == [1.0, 1.0, 1.0]


def test_a_label_that_no_text_shows_is_scored_and_never_predicted():
    marks = MARKS.copy()
    marks[:, LABELS.index("pressure")] = 0
    model = clone(TOY).fit(TEXTS, marks, synthetic=True)
    at = LABELS.index("pressure")
    assert set(model.predict(TEXTS)[:, at]) == {0}
    assert set(model.decision_function(TEXTS)[:, at]) == {LOWEST_LOG_ODDS}
    shown = [other for other in range(len(LABELS)) if other != at]
    assert average_precision_score(MARKS[:, shown], model.decision_function(TEXTS)[:, shown]) == 1.0
