# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. The corpus
#
# *Everything here is synthetic, clearly labelled and non-sexual. For research, prototyping and teaching; not for automated action against a person, not for surveillance of
# real accounts, not a substitute for a safeguarding process.*
#
# **Question: a message shows a warning sign. How often does it stand in a harmless conversation?**
#
# The whole frozen corpus `v2` is read; that takes some seconds.

# %%
from pathlib import Path

from IPython.display import SVG

from classifier import (
    BENIGN,
    LABELS,
    PATTERN,
    conversation_counts,
    false_alarms_by,
    interval_plot,
    label_counts,
    messages_table,
    read_corpus,
    to_svg,
    vocabulary_growth,
)

parts = read_corpus(Path("../data/synthetic/v2"))
conversations = [conversation for part in parts.values() for conversation in part]
conversation_counts(conversations)

# %% [markdown]
# Each conversation was scripted as a pattern or as benign. Reading is also a check: it would have refused a corpus in which a phrase family or an account stands in two of the
# three splits. Here is a short one of either kind, with the labels that its words show.


# %%
def show(conversation):
    print(f"{conversation.label}, between {conversation.relation}")
    for message in conversation.messages:
        print(f"  {message.author:>12}: {message.text}  {' '.join(f'[{label}]' for label in message.labels)}")
    print()


for wanted in (PATTERN, BENIGN):
    show(
        next(
            c
            for c in conversations
            if c.label == wanted and len(c.messages) < 10 and any(message.labels for message in c.messages)
        )
    )

# %% [markdown]
# A label says what the words of *one message* do, whoever writes them. A coach who names a time and a place shows `meeting`, and there is nothing wrong with that. So labels stand
# in both kinds of conversation.

# %%
messages = messages_table(conversations)
label_counts(messages)

# %% [markdown]
# Below: of the messages that show a label, the share that stands in benign conversations, for each label, the most harmless one on top. The dashed line is the share of all
# messages that stand in benign conversations; a label to the left of it tells *something*, and only one near zero would tell all. Intervals are 95 %, with messages of one family counted as fewer.

# %%
shown = messages.melt(
    ["conversation_label", "family"], list(LABELS), var_name="label", value_name="shown"
).query("shown == 1")
harmless = false_alarms_by(
    shown["label"], shown["conversation_label"] == BENIGN, clusters=shown["family"]
).rename(columns={"false_alarms": "in_benign"})
of_all = (messages["conversation_label"] == BENIGN).mean()
SVG(
    to_svg(
        interval_plot(
            harmless,
            name="slice",
            value="rate",
            low="rate_low",
            high="rate_high",
            xlabel="share in benign conversations",
            reference=of_all,
        ),
        title="Share of each label's messages that stand in benign conversations",
    )
)

# %%
harmless.round(3)

# %% [markdown]
# Does the text repeat itself? The more words are read, the more distinct ones there should be; a corpus of a few templates levels off early.

# %%
vocabulary_growth(messages["text"].tolist())

# %% [markdown]
# ## Answer

# %%
mean = harmless.set_index("slice").loc["mean"]
most = harmless.iloc[0]
print(
    f"Of {mean['n']:,.0f} labels shown by messages, {mean['in_benign']:,.0f} ({mean['rate']:.1%}) stand in benign conversations; for {most['slice']} it is {most['rate']:.1%}. "
    f"One message with a warning sign is no pattern: here it would be wrong to say so {mean['rate']:.0%} of the time, and the shares are the generator's, not the world's."
)
