"""Sections on whom a policy looks at: groups, the young person's own text, accounts."""

from __future__ import annotations

from classifier.report.printed_tables import Column, format_percent, percent_with_interval, printed_table
from classifier.report.sections import CaptionedTable, Section, Tables, interval_figure
from classifier.report.tradeoff.page_opening import argued
from classifier.report.tradeoff.printed_points import titled

MEASURES = {
    "false_alarm_rate": "flagged",
    "messages_read_share": "messages read",
    "messages_shown_share": "messages shown to a human",
    "contact_read_share": "messages of the person contacted, read",
    "contact_shown_share": "messages of the person contacted, shown to a human",
}
DIMENSIONS = {
    "register": "way of writing",
    "relation": "relation",
    "sender_age_band": "stated age of the sender",
    "contact_age_band": "stated age of the person contacted",
}


def groups_section(tables: Tables) -> Section:
    """The worst group beside the mean, for every policy and way of grouping."""
    table = tables["gaps"]
    flagged = table[table["measure"].isin(["false_alarm_rate", "messages_read_share"])]
    rows = titled(tables, flagged).assign(
        what=flagged["measure"].map(MEASURES),
        by=flagged["dimension"].map(DIMENSIONS),
        mean=[format_percent(value) for value in flagged["mean"]],
        worst=[format_percent(value) for value in flagged["worst"]],
        group=flagged["worst_group"].str.replace("_", " "),
        gap=[_points(*row) for row in flagged[["gap", "gap_low", "gap_high"]].to_numpy()],
    )
    columns = [
        Column("title", "policy"),
        Column("what", "share of benign conversations, or messages"),
        Column("by", "by"),
        Column("mean", "all"),
        Column("group", "worst group"),
        Column("worst", "its share"),
        Column("gap", "gap in points (95 %, all groups at once)"),
        Column("n_groups", "groups", 0),
    ]
    return Section(
        "Who is looked at more than others",
        "groups",
        [CaptionedTable(printed_table(rows, columns), "The worst group of each policy beside the mean")],
    )


def _points(gap: float, low: float, high: float) -> str:
    return f"{100 * gap:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def own_text_section(tables: Tables) -> Section:
    """What the young person wrote, read and shown."""
    table = tables["own_text"]
    rows = titled(tables, table).assign(
        what=table["measure"].map(MEASURES),
        share=[percent_with_interval(*row) for row in table[["value", "low", "high"]].to_numpy()],
    )
    columns = [
        Column("title", "policy"),
        Column("group", "conversations"),
        Column("what", "what"),
        Column("share", "share (95 %)"),
        Column("denominator", "of messages", 0),
    ]
    return Section(
        "The young person's own messages",
        "own_text",
        [CaptionedTable(printed_table(rows, columns), "Messages of the person contacted, read and shown")],
    )


def accounts_section(tables: Tables) -> Section:
    """The share of benign accounts that were ever flagged."""
    table = titled(tables, tables["accounts"])
    columns = [
        Column("title", "policy"),
        Column("value", "benign accounts ever flagged", 4, interval=True),
        Column("flagged", "flagged", 0),
        Column("n_accounts", "of accounts", 0),
        Column("conversations_per_account", "conversations an account", 1),
    ]
    rows = table.rename(columns={"low": "value_low", "high": "value_high"})
    in_picture = rows[rows["point"].isin(argued(tables["points"])["point"])]
    figure = interval_figure(
        in_picture,
        name="title",
        value="value",
        xlabel="share of benign accounts ever flagged",
        title="Share of benign accounts ever flagged, by policy",
        caption="Benign accounts of which some conversation was flagged, with 95 % intervals.",
    )
    return Section(
        "Innocent accounts ever flagged",
        "accounts",
        [CaptionedTable(printed_table(rows, columns), "Benign accounts ever flagged", figure)],
    )
