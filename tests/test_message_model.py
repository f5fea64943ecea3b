"""The message model, its explanations and its file."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import points_at, rewritten
from safetensors.numpy import load_file
from sklearn.feature_extraction.text import CountVectorizer
from toy_messages import VARIANTS, toy_table

from classifier.errors import InputError
from classifier.model.file_container import ModelFileError
from classifier.model.message.batch import BatchScorer
from classifier.model.message.explain import explain, in_words, terms_in_place
from classifier.model.message.features import char_ngrams, word_ngrams, word_pairs
from classifier.model.message.file import load_classifier, load_model, save_model
from classifier.model.message.reading.disguises import readable
from classifier.model.message.reading.normalise import normalise
from classifier.model.message.scorer import joined
from classifier.model.message.searched_terms import SearchedPositions, SearchedTerms
from classifier.model.message.stage_classifier import (
    TOKEN_PATTERN,
    StageClassifier,
    build_features,
    fit_message_model,
)
from classifier.model.message.training_rows import LEFT_OUT, training_targets, training_weights
from classifier.taxonomy import COLUMNS, LABELS, STAGE_TACTICS

TEXTS = [
    "dont tell your mum, its our secret",
    "",
    "pizza at 6?",
    "🍕🍕",
    "a" * 5000,
    "\ud800 lone",
    "SOOO pretty!!",
    "meet me at the park gate\u200b tomorrow",
]


@pytest.fixture
def toy_file(tmp_path):
    pipeline = fit_message_model(toy_table(), min_df=1)
    path = tmp_path / "toy.safetensors"
    save_model(
        path,
        pipeline,
        operating_points=points_at(0.5),
        corpus_sha256="c",
        training_families=["a", "b"],
        seed=0,
    )
    return path, pipeline


def test_a_model_for_few_texts_scores_and_explains_as_one_for_many(toy_file):
    few, many = load_model(toy_file[0], few_texts=True), load_model(toy_file[0])
    assert few.scores(TEXTS).tobytes() == many.scores(TEXTS).tobytes()
    assert BatchScorer(few).scores(TEXTS).tobytes() == BatchScorer(many).scores(TEXTS).tobytes()
    assert explain(few, TEXTS[0], "secrecy") == explain(many, TEXTS[0], "secrecy")


@given(terms=st.sets(st.text(alphabet="a \u00e9\u2026\U0001f355", max_size=3)), others=st.lists(st.text()))
def test_terms_are_found_where_they_stand_and_nowhere_else(terms, others):
    ordered = sorted(terms)
    ends = np.cumsum([len(term.encode()) for term in ordered], dtype=int).tolist()
    stored = SearchedTerms("".join(ordered).encode(), ends)
    assert list(stored) == stored[:] == ordered
    positions = SearchedPositions(stored)
    assert dict(positions) == {term: place for place, term in enumerate(ordered)}
    assert [text in positions for text in others] == [text in terms for text in others]


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("DON’T", "dont"),
        ("ｄｏｎｔ", "dont"),
        ("s\u200becret", "secret"),
        ("ѕесrеt", "secret"),
        ("s3cr3t", "secret"),
        ("soooooo", "so"),
        ("hmmmmm", "hmm"),
        ("café", "cafe"),
        ("  two   words ", "two words"),
        ("see u at 4pm", "see u at 4pm"),
        ("10000 or $5000", "10000 or $5000"),
        ("www", "www"),
        ("t4lk l8r 2nite", "talk l8r 2nite"),
        ("7h15 s3cre+", "this secret"),
        ("ddoonntt", "dont"),
        ("donttellanyone", "dont tell anyone"),
        ("\U0001f173\U0001f17e\U0001f17d\U0001f183 \U0001f1f9\U0001f1ea\U0001f1f1\U0001f1f1", "dont tell"),
        ("a task, a threat, a risk, a kiss", "a task, a threat, a risk, a kiss"),
    ],
)
def test_one_spelling_for_many(typed, same):
    assert normalise(typed) == same


@given(st.text())
def test_normalising_twice_changes_nothing_more_than_once_does(text):
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_ngrams_are_those_of_scikit_learn(text):
    prepared = normalise(text)
    words = CountVectorizer(
        preprocessor=normalise, token_pattern=TOKEN_PATTERN, ngram_range=(1, 2)
    ).build_analyzer()
    characters = CountVectorizer(
        preprocessor=normalise, analyzer="char_wb", ngram_range=(3, 5)
    ).build_analyzer()
    assert word_ngrams(prepared, 1, 2) == words(text)
    assert char_ngrams(prepared, 3, 5) == characters(text)


def test_pairs_are_of_words_two_to_eight_places_apart_in_their_order():
    assert word_pairs("dont tell your mum", 2, 8) == ["dont … your", "dont … mum", "tell … mum"]
    assert word_pairs("a b c d e f g h i j", 8, 8) == ["a … i", "b … j"]
    assert word_pairs("no no, no: no", 2, 3) == ["no … no"] * 3
    assert word_pairs("one two", 2, 8) == word_pairs("", 2, 8) == []


@given(st.text(alphabet=st.sampled_from("ab -…'é \n"), max_size=40))
def test_pairs_are_those_that_a_square_of_all_words_holds(text):
    words = CountVectorizer(preprocessor=normalise, token_pattern=TOKEN_PATTERN).build_analyzer()(text)
    square = [
        f"{words[i]} … {words[j]}" for i in range(len(words)) for j in range(len(words)) if 2 <= j - i <= 8
    ]
    assert word_pairs(normalise(text), 2, 8) == square
    [(_, vectoriser)] = build_features(word_ngrams=None, char_ngrams=None).transformer_list
    assert vectoriser.build_analyzer()(text) == square


def test_a_pair_counts_from_three_times_as_many_messages_on_as_a_word():
    mums = [f"please tell your mum {thing}" for thing in ("jam", "tea", "rice", "cake", "soup", "eggs")]
    noons = [f"see you at noon {thing}" for thing in ("jam", "tea", "rice", "cake", "soup")]
    pairs = build_features(min_df=2).fit(mums + noons).transformer_list[2][1]
    assert sorted(pairs.vocabulary_) == ["please … mum", "please … your", "tell … mum"]


def test_each_feature_group_is_of_length_one_by_itself():
    features = build_features(min_df=1).fit(["please tell your mum"])
    for _, vectoriser in features.transformer_list:
        assert np.linalg.norm(vectoriser.transform(["please tell your mum"]).toarray()) == pytest.approx(1.0)
    assert features.transformer_list[2][1].get_feature_names_out().tolist() == [
        "please … mum",
        "please … your",
        "tell … mum",
    ]


def test_a_pickled_pipeline_gives_the_same_probabilities(toy_file):
    again = pickle.loads(pickle.dumps(toy_file[1]))
    assert np.array_equal(again.predict_proba(TEXTS), toy_file[1].predict_proba(TEXTS))


def test_something_must_be_left_to_count():
    with pytest.raises(
        ValueError, match="word_ngrams, char_ngrams, word_pairs are all None: nothing is left to count"
    ):
        build_features(word_ngrams=None, char_ngrams=None, word_pairs=None)


def test_probabilities_from_the_file_equal_the_fitted_pipeline(toy_file):
    path, pipeline = toy_file
    expected = pipeline.predict_proba(TEXTS)
    np.testing.assert_allclose(load_model(path).probabilities(TEXTS), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(load_classifier(path).predict_proba(TEXTS), expected, rtol=0, atol=1e-12)


@pytest.fixture(scope="module")
def small_message_model(small_model):
    """Read once, and not for every text that is drawn."""
    return load_model(small_model)


@pytest.fixture(scope="module")
def small_classifier(small_model):
    return load_classifier(small_model)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(), max_size=3))
def test_any_text_gets_the_pipeline_s_probabilities(small_message_model, small_classifier, texts):
    pipeline, model = small_classifier, small_message_model
    np.testing.assert_allclose(model.scores(texts), pipeline.scores(texts), rtol=0, atol=1e-12)


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_every_variant_survives_its_file(tmp_path, options):
    pipeline = fit_message_model(toy_table(), min_df=1, **options)
    path = tmp_path / "variant.safetensors"
    save_model(
        path,
        pipeline,
        operating_points=points_at(0.5),
        corpus_sha256="c",
        training_families=[],
        seed=0,
    )
    np.testing.assert_allclose(
        load_model(path).probabilities(TEXTS), pipeline.predict_proba(TEXTS), rtol=0, atol=1e-12
    )


def test_the_parts_of_an_explanation_sum_to_the_logit(small_model):
    model = load_model(small_model)
    for text in TEXTS:
        for row, label in enumerate(LABELS):
            explanation = explain(model, text, label)
            assert explanation.intercept + sum(
                part.value for part in explanation.contributions
            ) == pytest.approx(explanation.logit, abs=1e-9)
            assert explanation.probability == pytest.approx(model.probabilities([text])[0, row], abs=1e-12)
            assert explanation.intercept + sum(explanation.words().values()) == pytest.approx(
                explanation.logit, abs=1e-9
            )


def test_the_word_secret_pushes_towards_secrecy(toy_file):
    explanation = explain(load_model(toy_file[0]), "our secret", "secrecy")
    assert explanation.words()["secret"] > 0
    printed = in_words(explanation)
    assert "secret, towards secrecy" in printed
    assert "word 'secret' +" in printed


def with_tactics(table):
    tactics = {"keep it secret": "between_us", "our secret ok": "between_us", "meet me there": "time_place"}
    return table.assign(tactics=[tactics.get(text, "") for text in table["text"]])


def test_a_message_that_shows_a_label_by_another_tactic_is_no_example_of_a_tactic():
    table = with_tactics(toy_table())
    targets = pd.DataFrame(training_targets(table), columns=list(COLUMNS), index=table["text"])
    assert targets["secrecy.between_us"][["keep it secret", "our secret ok", "rain again"]].tolist() == [
        1,
        1,
        0,
    ]
    assert targets["secrecy.hide_delete"][["keep it secret", "rain again"]].tolist() == [LEFT_OUT, 0]
    assert targets["meeting.time_place"][["meet me there", "meet at noon"]].tolist() == [1, LEFT_OUT]
    assert (targets[list(LABELS)] >= 0).all().all()


def test_a_line_that_refuses_and_shows_nothing_weighs_three_times_as_much():
    table = pd.DataFrame({"manner": ["plain", "negated", "quoted"], **dict.fromkeys(LABELS, 0)})
    table.loc[2, "secrecy"] = 1
    assert training_weights(table).tolist() == [1.0, 3.0, 1.0]
    assert training_weights(table.drop(columns="manner")).tolist() == [1.0, 1.0, 1.0]


def test_a_label_s_log_odds_are_the_mean_of_its_own_and_its_best_tactic_s():
    logits = np.full(len(COLUMNS), -9.0)
    logits[COLUMNS.index("secrecy")], logits[COLUMNS.index("meeting")] = 1.0, 5.0
    logits[COLUMNS.index("secrecy.between_us")] = 3.0
    logits[[COLUMNS.index(f"meeting.{tactic}") for tactic in STAGE_TACTICS["meeting"]]] = -np.inf
    both = joined(logits)
    assert both[COLUMNS.index("secrecy")] == 2.0
    assert both[COLUMNS.index("meeting")] == 5.0
    assert both[COLUMNS.index("secrecy.between_us")] == 3.0


def test_a_tactic_without_an_example_is_never_seen():
    fitted = fit_message_model(with_tactics(toy_table()), min_df=1)
    scores = dict(zip(COLUMNS, fitted.scores(["our secret"])[0], strict=True))
    assert scores["secrecy.between_us"] > 0.5
    assert scores["secrecy.hide_delete"] == 0.0


def test_a_neutral_sentence_beside_a_found_one_hides_nothing(toy_file):
    model = load_model(toy_file[0])
    alone, beside = model.probabilities(["our secret ok", "The bus was late again. our secret ok! rain"])
    assert beside[LABELS.index("secrecy")] >= alone[LABELS.index("secrecy")] - 0.05
    explanation = explain(model, "The bus was late again. our secret ok! rain", "secrecy")
    assert explanation.passage == "our secret ok!"
    assert "what counts: our secret ok!" in in_words(explanation)
    assert "what counts" not in in_words(explain(model, "our secret ok", "secrecy"))


@pytest.mark.parametrize(
    "text",
    [
        "d o n t  t e l l",
        "d.o.n.t t.e.l.l",
        "d_o_n_t t_e_l_l",
        "d\no\nn\nt\n \nt\ne\nl\nl",
        "d\u200do\u200dn\u200dt te\u00adll",
        "dont\u3164tell",
        "d\U0001f525o\U0001f525n\U0001f525t t\U0001f525e\U0001f525l\U0001f525l",
        "<p>dont <b>tell</b></p>",
        "don&#39;t **tell**",
        "don\u00e2\u20ac\u2122t ~~tell~~",
    ],
)
def test_a_person_reads_the_same_words_and_so_does_the_model(text):
    assert normalise(readable(text)) == "dont tell"


@pytest.mark.parametrize("text", ["e.g. this", "a b c d", "so, i - a", "5 < 7 > 2", "fish & chips", "u r ok"])
def test_what_only_looks_taken_apart_stays(text):
    assert readable(text) == text


def test_a_line_of_the_platform_shows_nothing_and_a_person_s_does(toy_file):
    model, classifier = load_model(toy_file[0]), toy_file[1]
    lines = ["This message was deleted", "<Media omitted>", "keep it secret"]
    for scores in (model.scores(lines), BatchScorer(model).scores(lines), classifier.scores(lines)):
        assert scores[:2].max() == 0.0
        assert scores[2, LABELS.index("secrecy")] > 0.5


def test_thresholds_are_those_of_an_operating_point_and_the_user_s(toy_file):
    model = load_model(toy_file[0])
    model = replace(model, operating_points=points_at(0.5) | {"strict": points_at(0.9)["strict"]})
    assert model.at_thresholds("strict").thresholds.tolist() == [0.9] * 7
    chosen = model.at_thresholds("balanced", {"secrecy": 0.4}).thresholds
    assert dict(zip(LABELS, chosen.tolist(), strict=True)) == dict.fromkeys(LABELS, 0.5) | {"secrecy": 0.4}
    with pytest.raises(
        InputError, match="operating point 'loose': expected one of strict, balanced, sensitive"
    ):
        model.at_thresholds("loose")
    with pytest.raises(InputError, match="threshold secret=0.4: expected one of flattery, "):
        model.at_thresholds("balanced", {"secret": 0.4})
    with pytest.raises(InputError, match=r"threshold secrecy=1.4: .* a probability in \[0, 1\]"):
        model.at_thresholds("balanced", {"secrecy": 1.4})


def test_what_an_operating_point_had_on_validation_comes_back_from_the_file(toy_file):
    point = load_model(toy_file[0]).operating_points["strict"]
    assert point.found == ((1, 2),) * 7
    assert point.false_alarms == ((0, 3),) * 7


def test_a_classifier_is_fitted_on_text_that_is_said_to_be_synthetic():
    with pytest.raises(ValueError, match="fit takes synthetic text only; say synthetic=True"):
        StageClassifier(min_df=1).fit(["our secret"], np.ones((1, 7)))
    with pytest.raises(ValueError, match="targets must have 7 columns, one per label, or 43"):
        StageClassifier(min_df=1).fit(["our secret"], np.ones((1, 3)), synthetic=True)


def test_a_pair_is_shared_by_the_words_that_it_is_of(toy_file):
    explanation = explain(load_model(toy_file[0]), "keep OUR secret, mum", "secrecy")
    [pair] = [part for part in explanation.contributions if part.term == "keep … secret"]
    alone = replace(explanation, contributions=(pair,)).words()
    assert alone == {"keep": pair.value / 2, "our": 0.0, "secret,": pair.value / 2, "mum": 0.0}
    assert "pair 'keep … secret' +" in in_words(explanation, n_terms=99)


@given(st.text(max_size=40) | st.sampled_from([*TEXTS, "keep this between us ok?  keep it"]))
@settings(max_examples=60, deadline=None)
def test_the_parts_in_place_sum_to_the_logit_and_join_to_the_text(small_message_model, text):
    placed = terms_in_place(small_message_model, text, "secrecy")
    assert "".join(piece for piece, _ in placed.pieces) == readable(text)
    assert sum(value for _, value in placed.pieces) + placed.elsewhere == pytest.approx(
        placed.terms.logit - placed.terms.intercept, abs=1e-9
    )


def test_a_word_that_stands_twice_has_half_of_its_part_at_each_place(toy_file):
    placed = terms_in_place(load_model(toy_file[0]), "keep this ok?  keep it", "secrecy")
    keep = [value for piece, value in placed.pieces if piece == "keep"]
    assert keep == pytest.approx([placed.terms.words()["keep"] / 2] * 2)
    assert keep[0] != 0


def test_a_text_without_known_words_says_so(toy_file):
    explanation = explain(load_model(toy_file[0]), "xylophone?", "meeting")
    assert explanation.contributions == ()
    assert explanation.unknown_words == ("xylophone",)
    assert "no known words" in in_words(explanation)


def test_a_probability_equal_to_its_threshold_is_flagged(toy_file):
    model = load_model(toy_file[0])
    assert model.flagged(model.thresholds) == list(LABELS)


def test_two_fits_write_equal_bytes(tmp_path, toy_file):
    path, _ = toy_file
    again = tmp_path / "again.safetensors"
    save_model(
        again,
        fit_message_model(toy_table(), min_df=1),
        operating_points=points_at(0.5),
        corpus_sha256="c",
        training_families=["b", "a"],
        seed=0,
    )
    assert again.read_bytes() == path.read_bytes()


def header_length(content):
    return 8 + int.from_bytes(content[:8], "little")


def test_one_changed_weight_is_noticed(toy_file):
    path, _ = toy_file
    content = bytearray(path.read_bytes())
    content[header_length(content) + 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="the content does not match its sha256"):
        load_model(path)


def test_a_changed_header_is_noticed(toy_file):
    path, _ = toy_file
    content = path.read_bytes()
    path.write_bytes(content.replace(b'corpus_sha256\\": \\"c\\"', b'corpus_sha256\\": \\"d\\"', 1))
    assert path.read_bytes() != content
    with pytest.raises(ModelFileError, match="the content does not match its sha256"):
        load_model(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable"),
        (b"\xff" * 100, "not a readable"),
        (b"\x02\x00\x00\x00\x00\x00\x00\x00{}", "has no header"),
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path, content, message):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=message):
        load_model(path)


@pytest.mark.parametrize(
    ("header", "how"),
    [
        ({"format_version": 3}, "format version 3, this one reads 6"),
        (
            {"words_sha256": "0" * 64},
            "trained with another list of words to spell by than this one's .*words.txt",
        ),
    ],
)
def test_a_file_of_another_version_is_to_be_trained_again(toy_file, header, how):
    with pytest.raises(
        ModelFileError,
        match=rf"written by another version of this program \({how}\); train it again with this one",
    ):
        load_model(rewritten(toy_file[0], header=header))


@pytest.mark.parametrize("few_texts", [True, False])
@pytest.mark.parametrize(
    ("byte", "message"), [(0xFF, "can't decode byte 0xff"), (0x62, "damaged or altered")]
)
def test_terms_that_are_no_text_are_refused_before_they_are_searched(toy_file, byte, message, few_texts):
    terms = load_file(toy_file[0])["pairs.terms"].copy()
    terms[-1 if byte == 0xFF else np.flatnonzero(terms > 127)[0]] = byte
    with pytest.raises(ModelFileError, match=message):
        load_model(rewritten(toy_file[0], **{"pairs.terms": terms}), few_texts=few_texts)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pairs.idf": np.ones(3)}, "pairs: [0-9]+ terms with float64 idf of shape"),
        ({"pairs.idf": np.array([])}, "pairs: [0-9]+ terms with float64 idf of shape"),
        ({"pairs.terms": np.zeros(5, dtype=np.uint8)}, "pairs: term boundaries do not fit the terms"),
        ({"weights": np.zeros((7, 3), dtype=np.int8)}, "weights must be int8 of shape"),
        ({"steps": np.full(43, np.nan)}, "steps must be finite"),
        ({"thresholds": np.zeros((2, 7))}, "thresholds must be float64 of shape \\(3, 7\\)"),
    ],
)
def test_a_feature_group_that_does_not_fit_is_refused(toy_file, arrays, message):
    with pytest.raises(ModelFileError, match=message):
        load_model(rewritten(toy_file[0], **arrays))


def test_a_file_without_its_pairs_is_refused(toy_file):
    with pytest.raises(ModelFileError, match="pairs"):
        load_model(rewritten(toy_file[0], drop=["pairs.terms", "pairs.ends", "pairs.idf"]))


@pytest.mark.parametrize("limits", [[0, 8], [3, 2], [2, 11]])
def test_words_too_near_or_too_far_apart_are_refused(toy_file, limits):
    options = load_model(toy_file[0]).header["options"]
    with pytest.raises(
        ModelFileError, match=f"pairs: range {limits[0]} to {limits[1]}, expected within 1 to 10"
    ):
        load_model(rewritten(toy_file[0], header={"options": options | {"word_pairs": limits}}))


def test_a_missing_model_says_how_to_get_one(tmp_path):
    with pytest.raises(ModelFileError, match="make one with 'grooming-classifier train'"):
        load_model(tmp_path / "none.safetensors")


def test_an_unknown_option_is_named():
    with pytest.raises(ValueError, match="unknown option 'colour'; expected some of word_ngrams"):
        build_features(colour="red")


def test_scoring_from_the_file_imports_no_scikit_learn(toy_file):
    code = """
import sys
from classifier.model.message.file import load_model
load_model(sys.argv[1]).probabilities(['hi'])
print([name for name in ('sklearn', 'pandas', 'scipy') if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(toy_file[0])], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_header_says_what_the_model_was_made_of(small_model, small_corpus):
    header = load_model(small_model).header
    assert header["synthetic_only"] is True
    assert (
        header["corpus_sha256"] == json.loads((small_corpus / "manifest.json").read_text())["corpus_sha256"]
    )
