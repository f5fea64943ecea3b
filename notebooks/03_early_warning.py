# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3. Early warning
#
# *Everything here is synthetic, clearly labelled and non-sexual. For research, prototyping and teaching; not for automated action against a person, not for surveillance of
# real accounts, not a substitute for a safeguarding process.*
#
# **Question: how many messages does a warning take, and what does an earlier one cost in false alarms?**
#
# The model fitted on the train split scores every eighth conversation of the validation and test splits of `v2`, message by message.

# %%
from pathlib import Path

import pandas as pd
from IPython.display import SVG

from classifier import (
    conversation_model_path,
    early_warning,
    false_positive_rate,
    line_plot,
    load_classifier,
    load_conversation_model,
    message_probabilities,
    read_corpus,
    recall_by_k,
    score_conversations,
    threshold_for_fpr,
    to_svg,
    train_split_model,
    true_positive_rate,
)

parts = {
    split: read_corpus(Path(f"../data/synthetic/v2/{split}.jsonl.gz"))[split][::8]
    for split in ("validation", "test")
}
pipeline, conversation_model = (
    load_classifier(train_split_model()),
    load_conversation_model(conversation_model_path(train_split_model(), "text")),
)
by_split = {
    split: score_conversations(conversation_model, part, message_probabilities(pipeline, part))
    for split, part in parts.items()
}
test = by_split["test"]

# %% [markdown]
# ## One conversation as it grows
#
# The score after each message of the pattern that was scored highest among the short ones. A score never sees what comes later.

# %%
short = [
    number
    for number, conversation in enumerate(test.conversations)
    if test.label[number] and len(conversation.messages) <= 20
]
followed = max(short, key=lambda number: test.score[number])
pd.DataFrame(
    {
        "message": [message.text for message in test.conversations[followed].messages],
        "labels": [" ".join(message.labels) for message in test.conversations[followed].messages],
        "score so far": test.running_scores[followed].round(3),
    }
)

# %% [markdown]
# ## Two thresholds
#
# The shipped alert threshold keeps false alarms rare. A second one is chosen here on validation, for a false-positive rate ten times as high. It warns earlier, and of more.

# %%
strict = conversation_model.alert_threshold
validation = by_split["validation"]
loose = threshold_for_fpr(validation.label, validation.score, max_fpr=0.1, clusters=validation.families)
thresholds = {"strict": strict, "loose": loose}
recalls = pd.concat(
    [recall_by_k({name: test}, threshold=threshold) for name, threshold in thresholds.items()]
)
SVG(
    to_svg(
        line_plot(
            recalls, x="k", y="recall", by="set", xlabel="messages seen", ylabel="share of patterns warned of"
        ),
        title="Share of patterns warned of within their first messages, at a strict and a loose threshold",
    )
)

# %% [markdown]
# Share of the patterns that were warned of by their k-th message. Where a line levels off, waiting longer brings no more warnings.
#
# The table has F1, how early warnings come (*speed*), and their product; `undetected` beside the median, since a median over those found says nothing of the others.

# %%
early = pd.concat(
    [early_warning({name: test}, threshold=threshold).head(1) for name, threshold in thresholds.items()]
).set_index("set")
early[
    [
        "f1",
        "speed_erisk",
        "f_latency_erisk",
        "erde_50",
        "median_messages",
        "undetected",
        "premature",
        "n_patterns",
        "n",
    ]
].round(3)

# %%
rates = {
    name: (
        true_positive_rate(test.label, test.score, threshold=threshold),
        false_positive_rate(test.label, test.score, threshold=threshold),
    )
    for name, threshold in thresholds.items()
}
for name, (found, alarms) in rates.items():
    print(f"{name}: patterns warned of {found}; benign conversations warned of {alarms}")

# %% [markdown]
# ## Answer

# %%
for name, (found, alarms) in rates.items():
    row = early.loc[name]
    print(
        f"{name}: half of the {found.hits} patterns found were found by message {row['median_messages']:.0f}; {row['undetected']:.0%} of {found.n} were never found; "
        f"{alarms.hits} of {alarms.n} benign conversations were warned of (at most {alarms.upper():.1%}, one-sided)."
    )
print(
    f"The looser threshold finds {rates['loose'][0].hits - rates['strict'][0].hits} more, for {rates['loose'][1].hits - rates['strict'][1].hits} more false alarms in this sample."
)
