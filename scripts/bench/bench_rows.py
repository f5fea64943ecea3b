#!/usr/bin/env python
"""What does reading and writing rows cost? Seconds and peak memory of ``score`` on CSV, end to end in one process, beside another checkout of the project.

The rows are the corpus over and over, each time with other conversation ids. Runs of the two checkouts alternate; of each the median is told. The results are compared value by
value: equal when parsed. Peak memory is measured at the full size and at a quarter of it, to show that it stays flat.

    scripts/bench/bench_rows.py --rows 360000 --runs 3 --before ../before
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path
from time import perf_counter

from classifier.corpus.corpus_folder import read_corpus
from classifier.model.shipped_models import shipped_model

HERE = Path(__file__).parent.parent.parent


def write_rows(path: Path, n: int, corpus: Path) -> Path:
    """``n`` message rows as CSV."""
    conversations = [conversation for part in read_corpus(corpus).values() for conversation in part]
    rows = (
        (f"{conversation.id}-{number}", message.author, message.text, message.time.isoformat())
        for number in range(n)
        for conversation in conversations
        for message in conversation.messages
    )
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("conversation_id", "author", "text", "time"))
        writer.writerows(islice(rows, n))
    return path


def cost(checkout: Path, source: Path, out: Path, model: Path) -> tuple[float, float, float]:
    """Seconds, seconds of the processor and peak megabytes of one ``score``, with the code of ``checkout``."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "classifier.cli.main", "score", source, "--out", out, "--model", model]
    begun = perf_counter()
    run = subprocess.Popen(
        list(map(str, command)), cwd=checkout, env=os.environ | one_thread | {"PYTHONPATH": str(checkout)}
    )
    _, status, usage = os.wait4(run.pid, 0)
    seconds = perf_counter() - begun
    run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        raise SystemExit(f"bench_rows: score of {checkout} ended with {run.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def n_different(first: Path, second: Path) -> int:
    """How many rows differ when parsed: numbers as numbers, all else as text."""
    with first.open(newline="", encoding="utf-8") as one, second.open(newline="", encoding="utf-8") as other:
        return sum(
            _values(row) != _values(twin)
            for row, twin in zip(csv.DictReader(one), csv.DictReader(other), strict=True)
        )


def _values(row: dict[str, str]) -> dict[str, object]:
    kept = ("conversation_id", "author", "text", "time", "stages")
    return {name: value if name in kept else float(value) for name, value in row.items()}


def main() -> int:
    """Run the bench and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=360_000, help="rows of the file (default %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each checkout (default %(default)s)")
    parser.add_argument(
        "--before", type=Path, help="another checkout of the project, to measure beside this one"
    )
    parser.add_argument("--corpus", type=Path, default=HERE / "data" / "synthetic" / "v2")
    options = parser.parse_args()
    checkouts = {"this one": HERE} | ({"before": options.before.resolve()} if options.before else {})
    model = shipped_model()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = write_rows(folder / "rows.csv", options.rows, options.corpus)
        quarter = write_rows(folder / "quarter.csv", options.rows // 4, options.corpus)
        found: dict[str, list[tuple[float, float, float]]] = {checkout: [] for checkout in checkouts}
        for _ in range(options.runs):
            for checkout, path in checkouts.items():
                found[checkout].append(cost(path, whole, folder / f"{checkout}.csv", model))
        print(f"{'':<10}{'seconds':>9}{'processor':>11}{'rows/s':>10}{'MB':>7}{'MB at a quarter':>17}")
        for checkout, path in checkouts.items():
            seconds, processor, megabytes = (
                statistics.median(column) for column in zip(*found[checkout], strict=True)
            )
            _, _, small = cost(path, quarter, folder / "quarter_scores.csv", model)
            rate = options.rows / seconds
            print(
                f"{checkout:<10}{seconds:>9.2f}{processor:>11.2f}{rate:>10,.0f}{megabytes:>7.0f}{small:>17.0f}"
            )
        if options.before:
            before, after = (
                statistics.median(seconds for seconds, _, _ in found[checkout])
                for checkout in ("before", "this one")
            )
            different = n_different(folder / "this one.csv", folder / "before.csv")
            print(
                f"{before / after:.2f} times the rate of before; {different} of {options.rows:,} rows differ"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
