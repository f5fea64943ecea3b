"""Eighteen toy messages, two a label and four without, and options to fit them with."""

from __future__ import annotations

import pandas as pd

from classifier.taxonomy import LABELS


def toy_table():
    texts = [
        "keep it secret",
        "our secret ok",
        "so pretty today",
        "pretty hair",
        "meet at noon",
        "meet me there",
        "pizza is hot",
        "raid at nine",
        "only i get you",
        "just us two get it",
    ]
    texts += [
        "how old are you",
        "your number please",
        "same town as me",
        "i grew up there too",
        "come on do it",
        "you owe me",
        "the dog ate it",
        "rain again",
    ]
    marks = (
        ["secrecy"] * 2
        + ["flattery"] * 2
        + ["meeting"] * 2
        + [""] * 2
        + ["isolation"] * 2
        + ["info_request"] * 2
        + ["false_affinity"] * 2
        + ["pressure"] * 2
        + [""] * 2
    )
    return pd.DataFrame({"text": texts} | {label: [int(mark == label) for mark in marks] for label in LABELS})


VARIANTS = [
    {"char_ngrams": None},
    {"word_ngrams": None},
    {"word_pairs": None},
    {"word_ngrams": None, "char_ngrams": None},
    {"word_ngrams": (2, 2), "char_ngrams": None},
    {"word_pairs": (1, 3)},
    {"sublinear_tf": False},
    {"normaliser": False},
]
"""Options of ``StageClassifier`` that everything that reads a model must follow."""
