#!/usr/bin/env python
"""Does scoring cost grow with the file, and no faster? Seconds and peak memory of ``score`` from ten thousand messages on, and of Dask workers beside one process.

Each run is a command of its own, timed from outside; peak memory is the largest of any moment, over the command and its children together. A slope is that of log cost on log
messages: 1 is linear, 0 is constant. Text is the corpus with light typing noise, drawn anew for each round through it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from importlib import metadata
from itertools import islice
from pathlib import Path
from time import perf_counter

os.environ |= dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)  # before numpy is imported

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from classifier.corpus.corpus_folder import read_corpus
from classifier.model.shipped_models import train_split_model
from classifier.workflows.message_evaluation.typing_noise import add_noise

COMMAND = [sys.executable, "-m", "classifier.cli.main"]
ROWS_PER_PIECE = 100_000
SCHEMA = pa.schema(dict.fromkeys(("conversation_id", "author", "text"), pa.string()))


def messages(corpus_path: Path, *, seed: int) -> Iterator[dict[str, str]]:
    """Messages without end: the corpus over and over, each time with new noise and new conversation ids."""
    conversations = [conversation for part in read_corpus(corpus_path).values() for conversation in part]
    rng = random.Random(seed)
    number = 0
    while True:
        number += 1
        for conversation in conversations:
            for message in conversation.messages:
                yield {
                    "conversation_id": f"{conversation.id}-{number}",
                    "author": message.author,
                    "text": add_noise(message.text, "light", rng),
                }


def write_jsonl(path: Path, n: int, corpus: Path, *, seed: int) -> Path:
    """``n`` messages in one file."""
    with path.open("w", encoding="utf-8") as stream:
        for row in islice(messages(corpus, seed=seed), n):
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def write_parquet(folder: Path, n: int, n_files: int, corpus: Path, *, seed: int) -> Path:
    """``n`` messages in ``n_files`` files of a folder."""
    folder.mkdir()
    source = messages(corpus, seed=seed)
    for number in range(n_files):
        size = n * (number + 1) // n_files - n * number // n_files
        with pq.ParquetWriter(folder / f"part-{number:04}.parquet", SCHEMA) as writer:
            for start in range(0, size, ROWS_PER_PIECE):
                writer.write_table(
                    pa.Table.from_pylist(
                        list(islice(source, min(ROWS_PER_PIECE, size - start))), schema=SCHEMA
                    )
                )
    return folder


def cost(arguments: list[str]) -> dict[str, float]:
    """Seconds and peak megabytes of one command of ``grooming-classifier``; its own peak is VmHWM, that of all its processes is looked at every 20 ms."""
    begun = perf_counter()
    run = subprocess.Popen([*COMMAND, *arguments])
    peak = [0.0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], sum(map(resident, family(run.pid))))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    _, status, usage = os.wait4(run.pid, 0)
    seconds = perf_counter() - begun
    done.set()
    watcher.join()
    run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        raise SystemExit(f"bench_scale: {' '.join(arguments)} ended with {run.returncode}")
    return {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
        "peak_mb_all": max(peak[0], usage.ru_maxrss / 1024),
    }


def family(pid: int) -> Iterator[int]:
    """``pid`` and all its descendants (Linux)."""
    yield pid
    try:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return
    for child in children:
        yield from family(child)


def resident(pid: int) -> float:
    """Megabytes of ``pid`` that are its own, with its share of what it shares."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def slope(sizes: list[int], values: list[float]) -> float:
    """Of log value on log size, by least squares. nan for one size."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0]) if len(sizes) > 1 else float("nan")


def plot(streaming: list[dict], path: Path) -> None:
    """Seconds and peak memory over messages, both axes logarithmic."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for ax, column, unit in ((axes[0], "seconds", "seconds"), (axes[1], "peak_mb_all", "peak memory, MB")):
        for name in dict.fromkeys(row["run"] for row in streaming):
            rows = [row for row in streaming if row["run"] == name]
            fitted = slope([row["n"] for row in rows], [row[column] for row in rows])
            ax.plot(
                [row["n"] for row in rows],
                [row[column] for row in rows],
                marker="o",
                label=f"{name}, slope {fitted:.2f}",
            )
        ax.set(xscale="log", yscale="log", xlabel="messages", ylabel=unit)
        ax.legend(fontsize="small")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(argv: list[str] | None = None) -> int:
    """Run the bench, print the tables, write JSON and plot."""
    example = "example:\n  python scripts/bench/bench_scale.py --largest 10000000 --dask 0 --out results/bench_scale.json"
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=example, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="model file (default: the one scripts/run made)")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("data/synthetic/v2"),
        help="corpus whose messages are used (default: %(default)s)",
    )
    parser.add_argument(
        "--smallest", type=int, default=10_000, help="messages of the smallest file (default: %(default)s)"
    )
    parser.add_argument(
        "--largest",
        type=int,
        default=1_000_000,
        help="messages of the largest file, each ten times the one before (default: %(default)s)",
    )
    parser.add_argument(
        "--only-messages",
        action="store_true",
        help="score messages in one process and nothing else: for files of gigabytes",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=2,
        help="processes of the runs in parallel, and Dask workers (default: %(default)s)",
    )
    parser.add_argument(
        "--dask",
        type=int,
        default=5_000_000,
        help="messages scored by Dask and by one process; 0 leaves this out (default: %(default)s)",
    )
    parser.add_argument(
        "--partitions", type=int, default=20, help="files that Dask's messages lie in (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the noise (default: %(default)s)")
    parser.add_argument(
        "--work",
        type=Path,
        help="folder for the files, some 200 bytes a message twice over (default: a temporary one)",
    )
    parser.add_argument("--out", type=Path, help="JSON file to write; the plot goes beside it")
    options = parser.parse_args(argv)
    if (
        not 0 < options.smallest <= options.largest
        or min(options.jobs, options.partitions) < 1
        or options.dask < 0
    ):
        parser.error(
            "--smallest must be from 1 to --largest, --jobs and --partitions at least 1, --dask at least 0"
        )

    model = ["--model", str(options.model or train_split_model())]
    sizes = [size for power in range(20) if (size := options.smallest * 10**power) <= options.largest]
    streaming: list[dict] = []
    cluster: list[dict] = []
    if options.work is not None:
        options.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        folder = Path(name)
        runs = {
            "message": [],
            "conversation": ["--level", "conversation"],
            f"message, {options.jobs} processes": ["--jobs", str(options.jobs)],
        }
        if options.only_messages:
            runs = {"message": runs["message"]}
        for size in sizes:
            path = write_jsonl(folder / f"chat_{size}.jsonl", size, options.data, seed=options.seed)
            for run, extra in runs.items():
                out = folder / "scores.csv"
                streaming.append(
                    {"run": run, "n": size, "input_mb": path.stat().st_size / 1e6}
                    | cost(["score", str(path), "--out", str(out), *extra, *model])
                )
                out.unlink()
                print(f"{run:24} {size:>10,}  {streaming[-1]['seconds']:8.1f} s", file=sys.stderr)
            path.unlink()
        if options.dask:
            chats = write_parquet(
                folder / "chats", options.dask, options.partitions, options.data, seed=options.seed
            )
            whole = folder / "chats.parquet"
            with pq.ParquetWriter(whole, SCHEMA) as writer:
                for path in sorted(chats.iterdir()):
                    for batch in pq.ParquetFile(path).iter_batches(ROWS_PER_PIECE):
                        writer.write_batch(batch)
            one = ["score", str(whole), "--out", str(folder / "one.parquet"), *model]
            many = [
                "score",
                str(chats),
                "--engine",
                "dask",
                "--jobs",
                str(options.jobs),
                "--out",
                str(folder / "dask"),
                *model,
            ]
            for run, arguments in (("one process", one), (f"Dask, {options.jobs} workers", many)):
                cluster.append({"run": run, "n": options.dask} | cost(arguments))

    slopes = {
        run: {
            column: slope(
                [row["n"] for row in streaming if row["run"] == run],
                [row[column] for row in streaming if row["run"] == run],
            )
            for column in ("seconds", "cpu_seconds", "peak_mb_all")
        }
        for run in dict.fromkeys(row["run"] for row in streaming)
    }
    print(
        f"{'':24} {'messages':>12} {'input, MB':>10} {'seconds':>9} {'of cpu':>9} {'messages/s':>11} {'peak, MB':>9} {'of all':>8}"
    )
    for row in streaming + cluster:
        size = format(row["input_mb"], "10.1f") if "input_mb" in row else " " * 10
        print(
            f"{row['run']:24} {row['n']:12,} {size} {row['seconds']:9.1f} {row['cpu_seconds']:9.1f} {row['n'] / row['seconds']:11,.0f} {row['peak_mb']:9.0f} {row['peak_mb_all']:8.0f}"
        )
    for run, found in slopes.items():
        print(
            f"slope of {run}: time {found['seconds']:.2f}, processor time {found['cpu_seconds']:.2f}, memory {found['peak_mb_all']:.2f}"
        )
    if cluster:
        print(
            f"Dask with {options.jobs} workers takes {cluster[1]['seconds'] / cluster[0]['seconds']:.2f} of the time of one process"
        )
    if options.out is not None:
        about = {
            "seed": options.seed,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "processors": os.cpu_count(),
        }
        about["packages"] = {
            package: metadata.version(package)
            for package in ("numpy", "scipy", "pyarrow", "distributed")
            if any(metadata.distributions(name=package))
        }
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(
            json.dumps(
                {"about": about, "streaming": streaming, "slopes": slopes, "cluster": cluster},
                indent=1,
                sort_keys=True,
            )
            + "\n",
            encoding="utf-8",
        )
        plot(streaming, options.out.with_suffix(".png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
