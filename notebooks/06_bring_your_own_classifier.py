# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6. Bring your own classifier
#
# *Everything here is synthetic, clearly labelled and non-sexual. For research, prototyping and teaching; not for automated action against a person, not for surveillance of
# real accounts, not a substitute for a safeguarding process.*
#
# **Question: does a small classifier of your own beat a keyword list, on messages and under a privacy policy?**
#
# Evaluation and privacy take *scores*, never a model: whatever gives a number in [0, 1] for each label of each message can be measured. Every fortieth conversation of `v2` is used.

# %%
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import SVG
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from classifier import (
    BASELINES,
    LABELS,
    PolicyScorer,
    best_f1_threshold,
    compare_policies,
    interval_plot,
    message_metrics,
    messages_table,
    read_corpus,
    shipped_policies,
    streams_from_scores,
    to_svg,
)

SEED = 0
tables = {
    split: messages_table(part[::40]) for split, part in read_corpus(Path("../data/synthetic/v2")).items()
}

# %% [markdown]
# ## Two scorers
#
# A scorer is a function from texts to an array of shape (texts, labels). The keyword list comes with the package and learns nothing; it counts, so a count of one or more is taken as 1.
# The other is the place for your own: anything will do.

# %%
own = make_pipeline(
    HashingVectorizer(ngram_range=(1, 2), n_features=2**16),
    OneVsRestClassifier(LogisticRegression(C=30, solver="liblinear")),
)
distinct = tables["train"].drop_duplicates(["text", *LABELS])
own.fit(distinct["text"], distinct[list(LABELS)])
count_keywords = BASELINES["keyword list"](tables["train"])

scorers = {
    "keyword list": lambda texts: np.minimum(count_keywords(texts), 1.0),
    "my own": own.predict_proba,
}

# %% [markdown]
# ## On messages
#
# A threshold per label from validation families, then the test families: the same code as for the shipped model.

# %%
scores, measured = {}, {}
for name, scorer in scorers.items():
    scores[name] = {
        split: pd.DataFrame(scorer(tables[split]["text"].tolist()), columns=list(LABELS))
        for split in ("validation", "test")
    }
    thresholds = {
        label: best_f1_threshold(tables["validation"][label], scores[name]["validation"][label])
        for label in LABELS
    }
    measured[name] = message_metrics(
        tables["test"][list(LABELS)],
        scores[name]["test"],
        thresholds,
        tables["test"]["family"],
        n_resamples=200,
        seed=SEED,
    ).set_index("label")
macro = (
    pd.DataFrame({name: table.loc["macro"] for name, table in measured.items()})
    .T.rename_axis("scorer")
    .reset_index()
)
macro[["scorer", "precision", "recall", "f1", "f1_low", "f1_high", "average_precision", "n"]]

# %% [markdown]
# Macro F1 of the five stages; the bar is the 95 % interval over phrase families.

# %%
SVG(
    to_svg(
        interval_plot(macro, name="scorer", value="f1", low="f1_low", high="f1_high", xlabel="macro F1"),
        title="Macro F1 of a keyword list and of an own model",
    )
)

# %% [markdown]
# ## Under a policy
#
# The harness takes a table with a row a message: who wrote in which conversation, how the conversation was scripted, and the scores. It may come from a CSV that another program wrote;
# `grooming-classifier tradeoff data/synthetic/v2 --scores scores.csv --out results/own` does the same on the command line. Without text in the table, policies that need text for
# something else than the score cannot be run, and are listed as skipped with the reason.

# %%
both = pd.concat([tables["validation"], tables["test"]], ignore_index=True)
who = pd.DataFrame(
    {
        "conversation_id": both["conversation"],
        "index": both["index"],
        "author": both["author"],
        "label": both["conversation_label"],
    }
)
policy = next(policy for policy in shipped_policies() if policy.name == "device_alert_bit")
points = []
for name in scorers:
    streams, message_scores = streams_from_scores(
        pd.concat(
            [who, pd.concat([scores[name]["validation"], scores[name]["test"]], ignore_index=True)],
            axis="columns",
        )
    )
    in_test = set(tables["test"]["conversation"])
    validation, test = (
        [stream for stream in streams if (stream.id in in_test) == wanted] for wanted in (False, True)
    )
    frontier = compare_policies(
        [policy],
        validation,
        test,
        {"private/plain": PolicyScorer(message_scores)},
        asked_rates=(0.1,),
        n_resamples=100,
        seed=SEED,
    )
    points.append(frontier.points.assign(scorer=name))
points = pd.concat(points, ignore_index=True)
alerting = points[points["policy"] == policy.name].set_index("scorer")
alerting[
    [
        "threshold",
        "recall",
        "false_positive_rate",
        "human_alerted_benign_per_million",
        "human_alerted_benign_per_million_upper",
        "n_benign",
    ]
].round(3)

# %% [markdown]
# ## Answer

# %%
mine, keywords = macro.set_index("scorer").loc["my own"], macro.set_index("scorer").loc["keyword list"]
apart = mine["f1_low"] > keywords["f1_high"]
print(
    f"On messages: macro F1 {mine['f1']:.3f} ({mine['f1_low']:.3f}–{mine['f1_high']:.3f}) against {keywords['f1']:.3f} ({keywords['f1_low']:.3f}–{keywords['f1_high']:.3f}) for the keyword list; "
    f"the intervals {'do not overlap' if apart else 'overlap'}."
)
for name, row in alerting.iterrows():
    print(
        f"Under {policy.name}, {name}: {row['recall']:.1%} of patterns found, {row['human_alerted_benign_per_million']:,.0f} innocent conversations per million told to a person, without text."
    )
