#!/usr/bin/env python
"""What one more message costs a monitor, and how long its state is, early and late in a conversation: both should be flat."""

from __future__ import annotations

import argparse
import statistics
import sys
from datetime import datetime, timedelta
from time import perf_counter_ns
from typing import Any

import numpy as np

from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.features import HEAD_FEATURES
from classifier.model.conversation.monitor import Monitor
from classifier.records import Metadata
from classifier.taxonomy import COLUMNS

START = datetime(2031, 1, 6, 15)
KNOWN: dict[str, Any] = {"metadata": Metadata("online", "unstated", "unstated", 3), "sender": "ann"}


def cost_of_next_message(model: ConversationModel, state: str, *, repeats: int) -> float:
    """Median microseconds that a resumed monitor takes for one message more."""
    message = np.linspace(0.01, 0.9, len(COLUMNS))
    costs = []
    for _ in range(repeats):
        monitor = Monitor.resume(model, state)
        before = perf_counter_ns()
        monitor.update("ann", message, START + timedelta(days=900))
        costs.append((perf_counter_ns() - before) / 1000)
    return statistics.median(costs)


def states(model: ConversationModel, lengths: list[int], *, seed: int) -> dict[int, str]:
    """The state after each of ``lengths`` messages of one conversation of two authors, read one by one."""
    rng = np.random.default_rng(seed)
    monitor = Monitor(model, **({} if model.head == "text" else KNOWN))
    kept = {}
    for number in range(1, max(lengths) + 1):
        monitor.update(
            "ann" if rng.random() < 0.5 else "bo",
            rng.beta(0.3, 4, len(COLUMNS)),
            START + timedelta(seconds=40 * number),
        )
        if number in lengths:
            kept[number] = monitor.state()
    return kept


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    example = "example:\n  python scripts/bench/bench_monitor.py --longest 100000 --head both"
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=example, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--longest",
        type=int,
        default=100_000,
        help="number of messages of the longest conversation (default: %(default)s)",
    )
    parser.add_argument(
        "--head",
        choices=list(HEAD_FEATURES),
        default="text",
        help="which head of the conversation model (default: %(default)s)",
    )
    parser.add_argument(
        "--repeats", type=int, default=1000, help="updates timed at each length (default: %(default)s)"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="seed of the made-up probabilities and weights (default: %(default)s)",
    )
    options = parser.parse_args(argv)
    if options.longest < 10 or options.repeats < 1:
        parser.error(
            f"--longest must be at least 10 and --repeats at least 1, got {options.longest} and {options.repeats}"
        )
    weights = np.random.default_rng(options.seed).normal(size=len(HEAD_FEATURES[options.head])) * 0.2
    model = ConversationModel(options.head, weights, -1.0, 1.0, 0.0, np.full(7, 0.5), 0.9)
    lengths = sorted({10**power for power in range(1, 20) if 10**power < options.longest} | {options.longest})
    kept = states(model, lengths, seed=options.seed)
    cost_of_next_message(
        model, kept[lengths[0]], repeats=options.repeats
    )  # the first run warms up, and is not counted
    costs = {
        length: cost_of_next_message(model, state, repeats=options.repeats) for length, state in kept.items()
    }
    print(f"{'messages':>9}  {'µs a message':>12}  {'ratio':>6}  {'state, bytes':>12}")
    for length in lengths:
        print(
            f"{length:>9}  {costs[length]:>12.1f}  {costs[length] / costs[lengths[0]]:>6.2f}  {len(kept[length]):>12}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
