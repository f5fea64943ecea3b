# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4. Privacy versus detection
#
# *Everything here is synthetic, clearly labelled and non-sexual. For research, prototyping and teaching; not for automated action against a person, not for surveillance of
# real accounts, not a substitute for a safeguarding process.*
#
# **Question: what does one more detected pattern cost the people who did nothing, under different rules of who reads what?**
#
# The model fitted on the train split, every twelfth conversation of the validation and test splits of `v2`, and seven of the shipped policies. `grooming-classifier tradeoff` runs all of them on all of it.

# %%
from pathlib import Path

from IPython.display import SVG

from classifier import (
    MessageScores,
    MonitoredScorer,
    PolicyScorer,
    compare_policies,
    conversation_model_path,
    explain_policy,
    feasible_points,
    frontier_plot,
    load_classifier,
    load_conversation_model,
    message_probabilities,
    read_corpus,
    shipped_policies,
    streams_from_conversations,
    to_svg,
    train_split_model,
    with_intervals,
)

CHOSEN = (
    "full_server_scan",
    "server_alert_bit",
    "server_redacted_excerpt",
    "server_metadata_trigger",
    "device_alert_bit",
    "device_tells_user",
    "device_redacted_excerpt",
)
policies = [policy for policy in shipped_policies() if policy.name in CHOSEN]
for policy in policies:
    print(explain_policy(policy), end="\n\n")

# %% [markdown]
# A policy says where text is read, whose and how much of it, what is kept, and what is released to a person. Two of them may use the same model and find the same patterns, and
# still differ in all that the innocent care about.

# %%
used = {
    split: read_corpus(Path(f"../data/synthetic/v2/{split}.jsonl.gz"))[split][::12]
    for split in ("validation", "test")
}
pipeline = load_classifier(train_split_model())
rows = {
    c.id: found
    for part in used.values()
    for c, found in zip(part, message_probabilities(pipeline, part), strict=True)
}
scorer = PolicyScorer(
    MessageScores(rows),
    MonitoredScorer(load_conversation_model(conversation_model_path(train_split_model(), "text"))),
)
validation, test = (streams_from_conversations(part) for part in used.values())
frontier = compare_policies(
    policies, validation, test, {"private/plain": scorer}, asked_rates=(0.01, 0.1), n_resamples=200, seed=0
)

# %% [markdown]
# Each policy that scores was run at two thresholds, chosen on validation for false-positive rates of 1 % and 10 %. Beside them stand anchors: reading nothing, flagging everybody, flagging by lot,
# waiting for reports (of an assumed rate), metadata alone, and an oracle that nobody can build.

# %%
COLUMNS = [
    "point",
    "recall",
    "human_read_benign_per_million",
    "human_read_benign_per_million_upper",
    "machine_read_share",
    "pii_people_exposed_per_1000",
    "retained_message_hours",
    "status",
]
frontier.points[COLUMNS].round(3)

# %% [markdown]
# Up is more patterns found, left is fewer innocent conversations read by a person; colour and shape tell how much of what the innocent wrote was read by a machine. An open marker
# had no such event in the sample and stands at its upper bound: no event in a small sample proves nothing.

# %%
points = with_intervals(frontier.tables)
SVG(
    to_svg(
        frontier_plot(
            points,
            x="drawn_at",
            xlabel="innocent conversations read by a person, per million innocent (log)",
        ),
        title="Recall against innocent conversations read by a person, by policy and threshold",
    )
)

# %% [markdown]
# What a step along the frontier costs: from one point to the next that finds more.

# %%
frontier.exchange.round(3)

# %% [markdown]
# A limit that sounds modest: at most one innocent conversation in a hundred flagged to anybody. Which points keep it, and can this sample show it?

# %%
LIMIT = "false_positive_rate<=0.01"
answers = feasible_points(frontier, [LIMIT])
answers["verdict"].value_counts()

# %% [markdown]
# ## Answer

# %%
read = frontier.points[frontier.points["policy"].isin(CHOSEN)].sort_values("recall")
low, high = read.iloc[0], read.iloc[-1]
dominated = frontier.points["status"].value_counts().get("dominated", 0)
more = high["recall"] - low["recall"]
print(
    f"From {low['point']} to {high['point']} recall rises from {low['recall']:.3f} to {high['recall']:.3f} over {frontier.facts['n_conversations']} test conversations, "
    f"and innocent conversations read by a person from {low['human_read_benign_per_million']:,.0f} to {high['human_read_benign_per_million']:,.0f} per million."
)
shown = answers[answers["verdict"] == "supported"]["policy"].tolist()
print(
    f"{dominated} of {len(frontier.points)} points are simply worse than another. The limit {LIMIT} is shown by this sample for: {', '.join(shown) or 'none'}; "
    f"a policy that never errs would need {answers['needed_error_free'].max():,.0f} innocent test conversations to show it, and here are {frontier.facts['n_benign']:,}."
)
