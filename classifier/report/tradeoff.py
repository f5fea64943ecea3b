"""A comparison of policies as one self-contained HTML page: what it cannot show first, then each figure with its numbers as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from classifier.evaluation.rates import Rate
from classifier.evaluation.record import Evaluation
from classifier.report.figures import ACCENT, INK, MUTED, WARM, new_axes, to_svg
from classifier.report.page import render
from classifier.report.sections import Item, Section
from classifier.report.tables import Column, number, printed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Tables = dict[str, pd.DataFrame]

CANNOT_SHOW = (
    "Synthetic is not real: nothing here shows real prevalence, real language or a real adversary. Prevalences are supposed.",
    "Evasion, function creep and chilling effects are not measured.",
    "Read by a machine is not harmless. It is counted here, and its harm is not.",
    "Rules that count stages, and the share of alerts that are true, depend on correlation and prevalence that only a deployment knows.",
    "Attack figures are lower bounds on what leaks; an epsilon is an upper bound under stated assumptions.",
    "Intervals resample phrase families. Intervals over messages would be far too narrow (60 % coverage for a nominal 95 % in simulation; by conversation 94 %).",
    "No balance score is printed and no winner is picked. A figure of zero events is not zero risk: it is drawn at its upper bound, with an open marker.",
    "User reports rest on assumed rates, and the oracle on the truth that nobody has: both stand beside the others and are played against none.",
)

FACT_NAMES = {
    "corpus": "Corpus",
    "corpus_sha256": "Corpus sha256",
    "split": "Reported on",
    "n_conversations": "Test conversations",
    "n_innocent": "of them innocent",
    "n_clusters": "Phrase families resampled",
    "model": "Scores made by",
    "model_sha256": "Model sha256",
    "threshold_rule": "Thresholds",
    "interval": "Intervals",
    "axes": "Compared on",
    "dominated": "Dominated",
    "set_aside": "Set aside",
    "on_no_axis": "On no axis",
    "prevalences": "Supposed prevalences",
    "latency_p": "Latency penalty p",
    "seed": "Seed",
    "n_resamples": "Bootstrap resamples",
}

HUMAN = "human_read_innocent_per_million"
WITH_INTERVAL = (HUMAN, "machine_read_share", "human_read_messages", "pii_people_exposed_per_1000", "retained_message_hours", "recall", "innocent_messages_read")

SHARES: tuple[tuple[float, str, str, str], ...] = (
    (0.0, "none", "o", MUTED),
    (0.1, "to 10 %", "^", ACCENT),
    (0.5, "to 50 %", "s", INK),
    (1.0, "over 50 %", "D", WARM),
)
"""How the share of innocent messages read by a machine is drawn: its upper end, name, marker and colour."""


def tradeoff_page(evaluation: Evaluation) -> str:
    """The whole report of a comparison. Same tables, same bytes."""
    tables = {name: _blank_words(table) for name, table in evaluation.tables.items()}
    facts = [(title, _fact(evaluation.facts[name])) for name, title in FACT_NAMES.items() if name in evaluation.facts]
    return render(
        "evaluation.html.j2",
        title="What detection costs the people who did nothing",
        subtitle="Policies of reading direct messages, on synthetic conversations: what each finds, what is read for it, and by whom.",
        limits=CANNOT_SHOW,
        facts=facts,
        sections=[section(tables) for section in SECTIONS],
    )


def _fact(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_fact(item) for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _blank_words(table: pd.DataFrame) -> pd.DataFrame:
    """An empty word comes back from a CSV as nan; it is written as nothing."""
    words = [name for name in ("dominated_by", "reason", "description") if name in table]
    return table.assign(**{name: table[name].fillna("") for name in words})


def with_intervals(tables: Tables) -> pd.DataFrame:
    """The points, each with its number ``no``, counts as text, and ``<metric>_low`` and ``<metric>_high`` from the table of intervals."""
    points = tables["points"].reset_index(drop=True)
    points.insert(0, "no", [str(position + 1) for position in range(len(points))])
    points["found_of"] = [_found(*row) for row in points[["found", "n_pattern", "recall_exact_low", "recall_exact_high"]].to_numpy()]
    points["alarms_of"] = [f"{int(hits):,}/{int(n):,}" for hits, n in zip(points["false_alarms"], points["n_innocent"], strict=True)]
    bounds = tables["intervals"].set_index(["metric", "point"])
    for metric in WITH_INTERVAL:
        own = bounds.loc[metric].reindex(points["point"])
        points[f"{metric}_low"], points[f"{metric}_high"] = own["low"].to_numpy(), own["high"].to_numpy()
    points["human_reads"] = [_per_million(*row) for row in points[[HUMAN, f"{HUMAN}_low", f"{HUMAN}_high", "false_alarms"]].to_numpy()]
    points["share"] = pd.cut(points["machine_read_share"], [-np.inf, *(end for end, *_ in SHARES[:-1]), np.inf], labels=[name for _, name, *_ in SHARES]).astype(str)
    points["upper"] = points[f"{HUMAN}_upper"].round()
    points["drawn_at"] = points[HUMAN].where(~points["zero_events"], points[f"{HUMAN}_upper"])
    points["open"] = points["zero_events"]
    return points


def _found(hits: float, n: float, low: float, high: float) -> str:
    """Recall with its denominator and the interval that does not vanish when nothing, or everything, was found."""
    return f"{Rate(int(hits), int(n))}, {low:.3f}–{high:.3f}"


def _per_million(value: float, low: float, high: float, hits: float) -> str:
    """A resampled interval of no event is no interval, so none is printed: the bound stands beside."""
    return f"{value:,.0f} ({low:,.0f}–{high:,.0f})" if hits else "0 (no event)"


def frontier_plot(table: pd.DataFrame, *, x: str, xlabel: str, labelled: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """A marker a point at ``x`` (log) and ``recall``, formed and coloured by ``share``; open where ``open`` is true, with the numbers ``no`` of ``labelled`` points."""
    ax = ax or new_axes(height=4.6)
    for _, name, marker, colour in SHARES:
        for is_open, group in table[table["share"] == name].groupby("open"):
            ax.plot(group[x], group["recall"], marker, color=colour, markerfacecolor="none" if is_open else colour, markersize=6, alpha=0.85, linestyle="none")
        ax.plot([], [], marker, color=colour, label=name, linestyle="none")
    ax.plot([], [], "o", color=INK, markerfacecolor="none", label="open: no event, at its bound", linestyle="none")
    for row in table[table["point"].isin(labelled)].to_dict("records"):
        ax.annotate(row["no"], (row[x], row["recall"]), xytext=(5, 4), textcoords="offset points", fontsize=8, color=INK)
    ax.set_xscale("log")
    ax.set_ylim(-0.03, 1.06)
    ax.set_xlabel(xlabel)
    ax.set_ylabel("recall (share of patterns found)")
    ax.legend(frameon=False, title="innocent messages read by a machine", fontsize=8, title_fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def strip_plot(table: pd.DataFrame, *, row: str, column: str, value: str, text: str, ax: Axes | None = None) -> Axes:
    """A cell for each ``row`` and ``column``, the darker the larger its ``value`` in [0, 1], with its ``text`` written in it; nan is left white."""
    rows, columns = list(dict.fromkeys(table[row])), list(dict.fromkeys(table[column]))
    ax = ax or new_axes(height=1.0 + 0.34 * len(rows))
    for cell in table.to_dict("records"):
        x, y, share = columns.index(cell[column]), len(rows) - 1 - rows.index(cell[row]), cell[value]
        ax.fill_between([x, x + 1], y, y + 1, color=ACCENT, alpha=0.0 if np.isnan(share) else share, linewidth=0)
        ax.text(x + 0.5, y + 0.5, cell[text], ha="center", va="center", fontsize=8, color="white" if share > 0.6 else INK)
    ax.set_xlim(0, len(columns))
    ax.set_ylim(0, len(rows))
    ax.set_xticks([x + 0.5 for x in range(len(columns))], [f"{name:g}" for name in columns])
    ax.set_yticks([y + 0.5 for y in range(len(rows))], [str(name) for name in rows[::-1]])
    ax.set_xlabel("supposed prevalence")
    return ax


def strip_table(base_rates: pd.DataFrame) -> pd.DataFrame:
    """The base rates with what a strip shows of each: ``shade`` and ``text``. Where no false alarm was seen that is the lower bound, for 100 % would be read as a proof."""
    unseen = (base_rates["false_alarms"] == 0) & (base_rates["true_finds"] > 0)
    shade = base_rates["ppv"].where(~unseen, base_rates["ppv_low"])
    texts = ["0/0" if np.isnan(share) else f"{'≥ ' if bound else ''}{100 * share:.2g} %" for share, bound in zip(shade, unseen, strict=True)]
    return base_rates.assign(shade=shade, text=texts)


def _ladder(tables: Tables, view: str) -> list[str]:
    """The points of a view's frontier, by rising recall."""
    steps = tables["exchange"][tables["exchange"]["view"] == view]
    return list(dict.fromkeys([*steps["from_point"], *steps["to_point"]]))


HUMAN_VIEW, MACHINE_VIEW = "recall against human reads", "recall against machine reads"


def _human_view(tables: Tables) -> Section:
    points, ladder = with_intervals(tables), _ladder(tables, HUMAN_VIEW)
    svg = to_svg(
        frontier_plot(points, x="drawn_at", xlabel="innocent conversations put before a person, per million innocent (log)", labelled=ladder),
        title="Recall against innocent conversations put before a person, per million",
    )
    columns = [
        Column("no", "no."),
        Column("point", "policy @ asked false positive rate"),
        Column("read_by", "read by"),
        Column("threshold", "threshold"),
        Column("human_reads", "innocent put before a person, per million innocent conversations (95 % interval by family)"),
        Column("upper", "its one-sided 95 % upper bound (Clopper-Pearson)", 0),
        Column("alarms_of", "of innocent conversations"),
        Column("recall", "recall (95 % interval by family)", interval=True),
        Column("found_of", "of patterns (exact 95 % interval, were they independent)"),
        Column("status", "standing"),
        Column("dominated_by", "a point that is nowhere worse"),
    ]
    return Section(
        "What is found, and who is looked at for it",
        [
            "A point is a policy at a threshold; its threshold was chosen on validation for the false positive rate after the @. Costs are counted on innocent conversations alone.",
            "Read by, first: M the machine on the device, S the server, - nobody.",
            "Numbers stand at the points of this view's own frontier. Standing is over all compared axes: dominated when one and the same other point is nowhere worse and somewhere better in "
            "95 % of resamples, ambiguous when only in the data as they are.",
        ],
        [
            Item(
                printed(points, columns),
                "Every point: human reads, recall and standing",
                svg,
                "Recall against human reads. Up is more found, left is fewer innocent people looked at. An open marker stands at a bound, so a point with few events may stand left of it.",
            )
        ],
    )


def _costs(tables: Tables) -> Section:
    points = with_intervals(tables)
    read = points[points["innocent_messages_read"] > 0].assign(open=False)
    svg = to_svg(
        frontier_plot(read, x="innocent_messages_read", xlabel="messages read by a machine or a person, per innocent conversation (log)", labelled=_ladder(tables, MACHINE_VIEW)),
        title="Recall against messages of innocent conversations that are read",
    )
    columns = [
        Column("no", "no."),
        Column("point", "policy @ asked false positive rate"),
        Column("innocent_messages_read", "messages read per innocent conversation", interval=True),
        Column("machine_read_share", "share of innocent messages read", interval=True),
        Column("human_read_messages", "share of innocent messages shown to a person", 4, interval=True),
        Column("pii_people_exposed_per_1000", "people whose personal details a person could read, per 1,000 innocent conversations", interval=True),
        Column("retained_message_hours", "message-hours kept per innocent conversation", interval=True),
        Column("median_messages_to_alert", "median messages to an alert, of patterns found", 1),
        Column("undetected_share", "share of patterns not found"),
    ]
    return Section(
        "What is read, shown and kept",
        [
            "Intervals are 95 % percentile intervals over resampled phrase families. A policy that reads nothing has no place on a log axis and is in the table alone.",
            "A median of messages to an alert is of the patterns found only: read it beside the share not found.",
        ],
        [Item(printed(points, columns), "Every point: messages read, shown and kept", svg, "Recall against messages read.")],
    )


def _exchange(tables: Tables) -> Section:
    columns = [
        Column("view", "view"),
        Column("from_point", "from"),
        Column("to_point", "to"),
        Column("recall_from", "recall from"),
        Column("recall_to", "recall to"),
        Column("prevalence", "supposed prevalence", 6),
        Column("value", "price (95 % interval by family)", 1, interval=True),
        Column("unit", "unit"),
        Column("no_gain_share", "resamples without gain", 2),
    ]
    table = tables["exchange"].rename(columns={"low": "value_low", "high": "value_high"})
    return Section(
        "Exchange rates",
        [
            "Between neighbours of a view's frontier: what one more pattern found costs people who did nothing. A step that finds no more in a resample has an infinite price there; the last column says how often.",
        ],
        [Item(printed(table, columns), "The price of one more pattern found, at each supposed prevalence")],
    )


def _base_rates(tables: Tables) -> Section:
    table = tables["base_rates"]
    ladder = [point for point in _ladder(tables, HUMAN_VIEW) if point in set(table["point"])]
    ladder = ladder or list(dict.fromkeys(table["point"]))
    strip = strip_table(pd.concat([table[table["point"] == point] for point in ladder]))
    columns = [
        Column("point", "policy @ asked false positive rate"),
        Column("prevalence", "supposed prevalence", 6),
        Column("ppv", "share of alerts that are true, PPV (safe 95 % bounds)", 5, interval=True),
        Column("false_alarms_per_true_find", "false alarms per true find", 1, interval=True),
    ]
    return Section(
        "What an alert would mean where patterns are rare",
        [
            "The share of alerts that would be true (PPV), at supposed prevalences, for the points of the frontier of recall against human reads. Bounds are Clopper-Pearson of both rates at once (Bonferroni); "
            "they say nothing about prevalence. All points stand in base_rates.csv. 0/0: no alert at all.",
            "A PPV of 1 in the table means that no false alarm was seen on this test set: its lower bound says how little that shows.",
        ],
        [
            Item(
                printed(strip, columns),
                "PPV at supposed prevalences",
                to_svg(strip_plot(strip, row="point", column="prevalence", value="shade", text="text"), title="Share of alerts that are true, by supposed prevalence"),
                "PPV of each point at each supposed prevalence; darker is larger. ≥: no false alarm was seen, so the lower bound is shown.",
            )
        ],
    )


def _constraints(tables: Tables) -> Section:
    table = tables["constraints"]
    answers = [_answer(str(constraint), rows) for constraint, rows in table.groupby("constraint", sort=False)]
    columns = [
        Column("point", "policy @ asked false positive rate"),
        Column("constraint", "limit"),
        Column("value", "value"),
        Column("bound", "95 % bound"),
        Column("verdict", "the test set says"),
        Column("n", "test conversations", 0),
        Column("needed_error_free", "needed, without any event", 0),
        Column("needed_at_this_rate", "needed, at the rate seen", 0),
    ]
    return Section(
        "Which points keep a stated limit",
        [
            *answers,
            "Supported: the one-sided 95 % bound keeps the limit (Clopper-Pearson for rates of conversations, else the end of the interval by family). Not shown: the value keeps it, the bound does not. "
            "Infinite: at the rate seen, no number would do.",
        ],
        [Item(printed(table, columns), "Each point against each limit")],
    )


def _answer(constraint: str, rows: pd.DataFrame) -> str:
    supported = rows.loc[rows["verdict"] == "supported", "point"].tolist()
    if supported:
        return f"{constraint} is supported for {', '.join(supported)}."
    needed = rows["needed_error_free"].iloc[0]
    how_many = f": with {number(rows['n'].iloc[0], 0)} test conversations of the kind, it takes {number(needed, 0)} without a single event" if needed > 0 else ""
    return f"{constraint} cannot be shown for any point{how_many}."


def _skipped(tables: Tables) -> Section:
    table = tables["skipped"].assign(asked=["all" if np.isnan(rate) else f"{rate:g}" for rate in tables["skipped"]["asked_rate"]])
    columns = [Column("policy", "policy"), Column("asked", "asked false positive rate"), Column("reason", "why not")]
    return Section(
        "What was not run",
        ["A policy whose model or data are not there, and thresholds that validation is too small to choose." if len(table) else "Every policy was run at every threshold."],
        [Item(printed(table, columns), "Skipped policies and thresholds")],
    )


def _policies(tables: Tables) -> Section:
    table = tables["points"].drop_duplicates("policy")
    return Section(
        "The policies",
        ["'grooming-classifier privacy explain POLICY' says more."],
        [Item(printed(table, [Column("policy", "policy"), Column("description", "what it does")]), "In a line each")],
    )


SECTIONS: tuple[Callable[[Tables], Section], ...] = (_human_view, _costs, _exchange, _base_rates, _constraints, _skipped, _policies)
"""The sections in their order."""
