"""The table of cost metrics, the orders derived from it, and a new row."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from privacy_toys import SCORER, policy, town

import classifier
from classifier.privacy.constraints.constraint import CONSTRAINED_METRICS
from classifier.privacy.tradeoff.conversation_costs import COST_COLUMNS
from classifier.privacy.tradeoff.cost_metric import OBSERVERS
from classifier.privacy.tradeoff.cost_metric_table import COST_METRICS, METRIC_BY_ID, metrics_of_section
from classifier.privacy.tradeoff.dominance import AXIS_SIGNS
from classifier.privacy.tradeoff.frontier import compare_policies
from classifier.privacy.tradeoff.point_tables import POINT_COSTS

PACKAGE = Path(classifier.__file__).parent
CONTRIBUTING = PACKAGE.parent / "CONTRIBUTING.md"


@pytest.mark.parametrize("metric", COST_METRICS, ids=lambda metric: metric.id)
def test_a_row_says_what_is_counted_in_which_unit_and_who_learns_it(metric):
    assert metric.observer in OBSERVERS
    assert all((metric.title, metric.unit, metric.formula))
    assert all(column in (*COST_COLUMNS, "conversations") for _, column in metric.sums)
    assert bool(metric.view) == bool(metric.view_unit)


def test_no_metric_stands_twice():
    assert len(METRIC_BY_ID) == len(COST_METRICS)


def test_points_have_the_compared_costs_first():
    compared = [METRIC_BY_ID[name].compared for name in POINT_COSTS]
    assert compared == sorted(compared, reverse=True)
    assert len(set(compared)) == 2


def test_points_have_costs_of_benign_conversations_alone():
    assert {"human_read_share", "retained_message_hours", "device_read_share"} <= set(POINT_COSTS)
    assert {"recall", "share_after_alert", "pattern_messages_read"}.isdisjoint(POINT_COSTS)


def test_axes_are_at_least_who_reads_who_is_told_what_is_released_kept_and_leaked_and_detection():
    least = {
        "human_read_benign_per_million": 1,
        "human_alerted_benign_per_million": 1,
        "company_read_share": 1,
        "machine_read_share": 1,
        "metadata_seen_share": 1,
        "human_read_share": 1,
        "pii_people_exposed_per_1000": 1,
        "retained_message_hours": 1,
        "compute_seconds": 1,
        "released_bits": 1,
        "release_epsilon": 1,
        "model_leak": 1,
        "recall": -1,
        "share_after_alert": -1,
        "false_positive_rate": 1,
    }
    assert {name: AXIS_SIGNS.get(name) for name in least} == least


def test_intervals_and_views_stand_in_the_order_of_the_table():
    frontier = compare_policies(
        [policy("watch", where="device", release="alert_bit")],
        town(60, seed=2, split="v"),
        town(60, seed=3, split="t"),
        {"private/plain": SCORER},
        asked_rates=(0.2,),
        n_resamples=20,
    )
    assert list(dict.fromkeys(frontier.intervals["metric"])) == [
        *(metric.id for metric in COST_METRICS if metric.sums),
        "median_messages_to_alert",
    ]
    views = [metric.view for metric in COST_METRICS if metric.view]
    assert views[:2] == ["recall against human reads", "recall against human alerts"]
    assert list(dict.fromkeys(frontier.exchange["view"])) == views


def test_what_a_constraint_may_name_is_in_the_table_of_points_or_in_detection():
    assert set(CONSTRAINED_METRICS) == {
        *POINT_COSTS,
        "recall",
        "share_after_alert",
        "median_messages_to_alert",
    }


@pytest.mark.parametrize("section", ["messages_read", "retention"])
def test_the_columns_of_a_section_stand_by_place_and_then_as_in_the_table(section):
    columns = metrics_of_section(section)
    order = [(metric.place, COST_METRICS.index(metric)) for metric in columns]
    assert order == sorted(order)
    assert {metric.section for metric in columns} == {section}


def test_the_report_prints_messages_read_before_shares():
    assert [metric.id for metric in metrics_of_section("messages_read")][:2] == [
        "benign_messages_read",
        "company_read_share",
    ]


USE_OF_THE_NEW_METRIC = """
import json
import numpy as np
from privacy_toys import SCORER, policy, town
from classifier.privacy.constraints.constraint import check_constraints
from classifier.privacy.tradeoff.frontier import compare_policies
from classifier.report.tradeoff.cost_sections import messages_read_section

check_constraints(["human_read_characters<=100"])
test = town(60, seed=3, split="t")
frontier = compare_policies(
    [policy("watch", where="device", release="alert_bit")],
    town(60, seed=2, split="v"),
    test,
    {"private/plain": SCORER},
    asked_rates=(0.2,),
    n_resamples=20,
)
[table] = messages_read_section(frontier.tables).tables
result = {
    "by_hand": np.mean([sum(map(len, stream.texts)) for stream in test if stream.benign]),
    "points": frontier.points.set_index("point")["human_read_characters"].to_dict(),
    "with_interval": "human_read_characters" in set(frontier.intervals["metric"]),
    "headings": table.printed.headings,
}
print(json.dumps(result))
"""


@pytest.fixture
def contributed_package(tmp_path):
    """A copy of the package with the example of CONTRIBUTING.md put in."""
    section = CONTRIBUTING.read_text(encoding="utf-8").split("## Add a cost metric")[1].split("\n## ")[0]
    row, function = map(
        textwrap.dedent, re.findall(r"^ *```python\n(.*?)^ *```", section, re.DOTALL | re.MULTILINE)
    )
    column, name = re.search(r'counts="(\w+)"', row)[1], re.search(r"def (\w+)", function)[1]
    without = shutil.ignore_patterns("__pycache__", "*.safetensors")
    room = shutil.copytree(PACKAGE, tmp_path / "classifier", ignore=without) / "privacy" / "tradeoff"
    for file, start, end, added in (
        ("cost_metric_table.py", "COST_METRICS = (", "\n)\n", row),
        ("conversation_costs.py", "COUNTS: dict", "\n}\n", f'"{column}": {name},'),
        ("conversation_costs.py", "COUNTS: dict", "COUNTS: dict", function + "\n\n"),
    ):
        text = (room / file).read_text(encoding="utf-8")
        place = text.index(end, text.index(start))
        (room / file).write_text(f"{text[:place]}\n{added}{text[place:]}", encoding="utf-8")
    return tmp_path


def test_a_row_and_a_function_put_a_new_metric_into_tables_constraints_and_report(contributed_package):
    path = os.pathsep.join([str(contributed_package), str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, "-c", USE_OF_THE_NEW_METRIC],
        env=os.environ | {"PYTHONPATH": path},
        cwd=contributed_package,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["points"]["flag_all"] == pytest.approx(result["by_hand"])
    assert result["points"]["read_nothing"] == 0
    assert result["with_interval"]
    assert "characters shown to a person per benign conversation" in result["headings"]
