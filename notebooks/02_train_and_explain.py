# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2. Train and explain
#
# *Everything here is synthetic, clearly labelled and non-sexual. For research, prototyping and teaching; not for automated action against a person, not for surveillance of
# real accounts, not a substitute for a safeguarding process.*
#
# **Question: how much worse does the model do on ways of speaking that it has never seen, and what does it look at?**
#
# To be quick, every twentieth family of `v2` is used, of dialogues and of phrases. The full model is made by `scripts/run`.

# %%
import tempfile
from pathlib import Path

import pandas as pd
from IPython.display import SVG

from classifier import (
    LABELS,
    choose_operating_points,
    combinations,
    content_hash,
    explain,
    fit_message_model,
    in_words,
    interval_plot,
    measure_grid,
    message_metrics,
    message_scores_of,
    paired_differences,
    predict_messages,
    read_corpus,
    read_message_tables,
    save_model,
    to_svg,
)

SEED = 0
CORPUS = Path("../data/synthetic/v2")
tables = {}
for split, table in read_message_tables(CORPUS, read_corpus(CORPUS)).items():
    used = sorted(set(table["family"]))[:: 20 if split == "train" else 5]
    tables[split] = table[table["family"].isin(used)].reset_index(drop=True)
{split: len(table) for split, table in tables.items()}

# %% [markdown]
# ## Train
#
# TF-IDF of words, of pairs of words and of runs of letters, one logistic regression a label and tactic. The test split holds other phrase families than the train split: other people saying other things.

# %%
pipeline = fit_message_model(tables["train"])
found = {split: predict_messages(pipeline, table["text"].tolist()) for split, table in tables.items()}

# %% [markdown]
# A threshold for each label is chosen on the validation split: the lowest that flags few messages without the label. There are three such operating points; `balanced` allows 0.12 % of the lines of dialogues.

# %%
points = choose_operating_points(tables["validation"], pipeline.scores(tables["validation"]["text"]))
thresholds = dict(zip(LABELS, points["balanced"].thresholds, strict=True))
pd.Series(thresholds).round(3)

# %% [markdown]
# ## Measure
#
# The same figures on messages the model was fitted on and on unseen families. Intervals resample phrase families, since messages of one family are much alike.

# %%
measured = {
    split: message_metrics(
        tables[split][list(LABELS)],
        found[split],
        thresholds,
        tables[split]["family"],
        n_resamples=200,
        seed=SEED,
    ).set_index("label")
    for split in ("train", "test")
}
pd.concat(
    {
        split: table[["precision", "recall", "f1", "f1_low", "f1_high", "support"]]
        for split, table in measured.items()
    },
    axis="columns",
).round(3)

# %% [markdown]
# F1 on unseen families, label by label; the bar is the 95 % interval. Wide bars: few families show the label.

# %%
SVG(
    to_svg(
        interval_plot(
            measured["test"].reset_index(),
            name="label",
            value="f1",
            low="f1_low",
            high="f1_high",
            xlabel="F1 on unseen phrase families",
        ),
        title="F1 per label on unseen phrase families, with intervals",
    )
)

# %% [markdown]
# ## Choose a recipe
#
# `grooming-classifier train --grid` does this for every option. Each combination is fitted on train messages and measured on validation messages, never on test.

# %%
recipes = combinations({"word_pairs": [None, (2, 8)], "C": [4.0, 16.0]}, {})
grid = measure_grid(tables["train"], tables["validation"], recipes)
grid[["word_pairs", "C", "n_terms", "validation", "best"]].round(3)

# %% [markdown]
# ## Compare two models
#
# Is the difference more than chance? `grooming-classifier compare` does this for two evaluations: both models are measured on the same resampled families, so that what is hard in a family
# cancels out. Here the recipe without pairs of words against the whole one, on test messages.

# %%
without_pairs = fit_message_model(tables["train"], word_pairs=None)
its_points = choose_operating_points(tables["validation"], without_pairs.scores(tables["validation"]["text"]))
distinct = tables["test"].drop_duplicates(["family", "text"])
compared = [
    message_scores_of(
        name,
        distinct,
        predict_messages(fitted, distinct["text"].tolist()),
        dict(zip(LABELS, chosen["balanced"].thresholds, strict=True)),
    )
    for name, fitted, chosen in (
        ("without pairs", without_pairs, its_points),
        ("all features", pipeline, points),
    )
]
differences = paired_differences(*compared, n_resamples=200, seed=SEED)
differences.loc[
    differences["label"] == "macro", ["metric", "a", "b", "difference", "low", "high", "holds_zero"]
].round(3)

# %% [markdown]
# ## Explain
#
# The model is linear, so its account of a score is exact: the parts sum to the log-odds. First a line as a leaflet would list it, then what a friend might say.

# %%
with tempfile.TemporaryDirectory() as folder:
    model = save_model(
        Path(folder) / "model.safetensors",
        pipeline,
        operating_points=points,
        corpus_sha256=content_hash(CORPUS),
        training_families=set(tables["train"]["family"]),
        seed=SEED,
    )
accounts = {
    text: explain(model, text, "secrecy")
    for text in ("dont tell your mum about this, its our secret", "you can tell your mum, its no secret")
}
for account in accounts.values():
    print(in_words(account, n_words=6), end="\n\n")

# %% [markdown]
# ## Answer

# %%
seen, unseen = (measured[split].loc["macro"] for split in ("train", "test"))
warning, harmless = accounts.values()
word, value = max(warning.words().items(), key=lambda part: part[1])
print(
    f"Macro F1 falls from {seen['f1']:.3f} on messages it was fitted on to {unseen['f1']:.3f} ({unseen['f1_low']:.3f}–{unseen['f1_high']:.3f}) on unseen families. "
    f"In the warning line it leans most on {word!r} ({value:+.2f} of log-odds {warning.logit:+.2f}); to the harmless line with the same words it gives {harmless.probability:.3f}, "
    f"and {'flags it too: it counts words, and knows little of what a no does to them' if harmless.flagged else 'does not flag it'}."
)
