# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5. Where it fails: a lesson of one hour
#
# *Everything here is synthetic, clearly labelled and non-sexual. For research, prototyping and teaching; not for automated action against a person, not for surveillance of
# real accounts, not a substitute for a safeguarding process.*
#
# **Question: which harmless messages does the model take for warning signs, and what would that mean for a school of a thousand people?**
#
# For a class from about fifteen years on, or for colleagues. Every line shown can be read aloud. The model fitted on the train split is used, on every fourth conversation of the test split of `v2`, whose ways of speaking it
# has never seen. Somebody who is reminded of something real should know before the lesson whom to talk to: name that person at the start.
#
# | minutes | what |
# |---|---|
# | 0–10 | read twelve messages, vote |
# | 10–20 | compare with the labels and with the model |
# | 20–35 | who is flagged for nothing? |
# | 35–45 | why? take one false alarm apart |
# | 45–55 | what if hardly anybody does it? |
# | 55–60 | answer the question in your own words |

# %%
from pathlib import Path

import pandas as pd
from IPython.display import SVG

from classifier import (
    PATTERN,
    STAGES,
    base_rate_table,
    conversation_model_path,
    explain,
    false_alarms_by,
    false_positive_rate,
    heatmap_plot,
    in_words,
    interval_plot,
    load_classifier,
    load_conversation_model,
    load_model,
    message_probabilities,
    messages_table,
    ppv_cells,
    predict_messages,
    read_corpus,
    score_conversations,
    to_svg,
    train_split_model,
    true_positive_rate,
)

pd.set_option("display.max_colwidth", 120)
SEED = 5
model, pipeline = load_model(train_split_model()), load_classifier(train_split_model())
conversations = read_corpus(Path("../data/synthetic/v2/test.jsonl.gz"))["test"][::4]
messages = messages_table(conversations)
probabilities = predict_messages(pipeline, messages["text"].tolist())
flagged = probabilities.ge(dict(zip(model.labels, model.thresholds, strict=True)))[list(STAGES)]
shown = messages[list(STAGES)].astype(bool)

# %% [markdown]
# ## 0–10: read and vote
#
# Twelve messages; some show one of five warning signs: flattery, isolation, asking for personal information, secrecy, a push to meet. Everybody notes for each line: which sign, if any?
#
# *Ask*: which were easy? Where did two of you disagree? What would you need to know to be sure?

# %%
some = messages[shown.any(axis="columns")].drop_duplicates("family").sample(6, random_state=SEED)
others = (
    messages[~shown.any(axis="columns") & (messages["text"].str.len() > 25)]
    .drop_duplicates("family")
    .sample(6, random_state=SEED)
)
drawn = pd.concat([some, others]).sample(frac=1, random_state=SEED)
drawn[["text"]].reset_index(drop=True)

# %% [markdown]
# ## 10–20: compare
#
# The label was known before the line was written: the generator chose a behaviour and then words for it. The model has only the words.
#
# *Ask*: where does the model differ from you? Where do *you* differ from the label, and who is right? Can a line be harmless and still show a sign?

# %%
pd.DataFrame(
    {
        "text": drawn["text"],
        "label": [" ".join(shown.columns[row]) for row in shown.loc[drawn.index].to_numpy()],
        "model": [" ".join(flagged.columns[row]) for row in flagged.loc[drawn.index].to_numpy()],
        "scene": drawn["scene"],
    }
).reset_index(drop=True)

# %% [markdown]
# ## 20–35: who is flagged for nothing?
#
# Messages of benign conversations that show no sign. The picture has the share that the model flags all the same, by the scene in which they were written, the ten worst first; the bar is the 95 % interval.
#
# *Ask*: what do the worst scenes have in common? Who would be hurt most if a platform used this? Would you rather be flagged by a machine or by a person who then reads on?

# %%
plain = (messages["conversation_label"] != PATTERN) & ~shown.any(axis="columns")
scenes = false_alarms_by(
    messages.loc[plain, "scene"],
    flagged[plain].any(axis="columns"),
    clusters=messages.loc[plain, "family"],
)
worst_scenes = pd.concat([scenes.head(10), scenes.tail(1)])
SVG(
    to_svg(
        interval_plot(
            worst_scenes,
            name="slice",
            value="rate",
            low="rate_low",
            high="rate_high",
            xlabel="share of harmless messages flagged",
        ),
        title="False alarms by scene, worst first, the mean last",
    )
)

# %% [markdown]
# A message can speak *of* a sign without showing it: refuse it, quote it, warn of it, report it. These are the people one wants to protect.
#
# *Ask*: why would a model that counts words trip over a refusal?

# %%
speaking_of = (messages["manner"] != "plain") & ~shown.any(axis="columns")
manners = false_alarms_by(
    messages.loc[speaking_of, "manner"],
    flagged[speaking_of].any(axis="columns"),
    clusters=messages.loc[speaking_of, "family"],
)
SVG(
    to_svg(
        interval_plot(
            manners, name="slice", value="rate", low="rate_low", high="rate_high", xlabel="share flagged"
        ),
        title="False alarms by manner of speaking, worst first, the mean last",
    )
)

# %% [markdown]
# ## 35–45: take one apart
#
# The false alarm of which the model is surest, among the refusals, quotes, warnings and reports. Its score is a sum, word by word.
#
# *Ask*: which word did it? Say the same in other words: would it still be flagged? Try your own line in the cell.

# %%
sure = probabilities[list(STAGES)].where(flagged)[speaking_of]
row, label = sure.stack().idxmax()
account = explain(model, messages.at[row, "text"], label)
print(messages.at[row, "text"], messages.at[row, "manner"], sep="\n", end="\n\n")
print(in_words(account))

# %% [markdown]
# ## 45–55: what if hardly anybody does it?
#
# Whole conversations now, at the shipped alert threshold. The rates were measured on a corpus that was made to hold many patterns. In the world there are far fewer, nobody knows how
# many. Each cell: of those flagged, the share that really are patterns, if patterns were that rare.
#
# *Ask*: why does the same model look worse from left to right? Who should read the flagged ones, and who pays for the wrong ones?

# %%
heard = score_conversations(
    load_conversation_model(conversation_model_path(train_split_model(), "text")),
    conversations,
    message_probabilities(pipeline, conversations),
)
threshold = load_conversation_model(conversation_model_path(train_split_model(), "text")).alert_threshold
found, alarms = (
    rate(heard.label, heard.score, threshold=threshold) for rate in (true_positive_rate, false_positive_rate)
)
rare = base_rate_table(found, alarms, volume=1_000_000)
SVG(
    to_svg(
        heatmap_plot(
            ppv_cells(rare.assign(point="alert threshold")),
            row="point",
            column="prevalence",
            value="shade",
            text="text",
        ),
        title="Share of flagged conversations that are patterns, at supposed prevalences",
    )
)

# %%
rare[["prevalence", "true_finds", "false_alarms", "ppv", "ppv_low", "ppv_high", "volume"]].round(4)

# %% [markdown]
# ## 55–60: answer
#
# First in your own words, then run the cell.

# %%
scene, manner, everybody = worst_scenes.iloc[0], manners.iloc[0], scenes.iloc[-1]
rarely = rare.set_index("prevalence").iloc[1]
print(
    f"Most often flagged for nothing: harmless messages of the scene {scene['slice']} ({scene['rate']:.1%}, {scene['false_alarms']} of {scene['n']}; over all scenes {everybody['rate']:.1%}), "
    f"and {manner['slice']} ones that speak of a sign without showing it ({manner['rate']:.1%}, {manner['false_alarms']} of {manner['n']})."
)
print(
    f"With one pattern in {round(1 / rarely.name):,} conversations, of those flagged {rarely['ppv']:.1%} would be patterns (between {rarely['ppv_low']:.1%} and {rarely['ppv_high']:.1%}), "
    f"and {1 - found.value:.0%} of the patterns would be missed. A flag is a reason for a person to look, never a verdict."
)
