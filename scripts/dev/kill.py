#!/usr/bin/env python
"""Is anything lost when the power goes? Kills (-9) each command that writes at random moments, and looks at what is left.

A command starts on an empty folder and is killed, its whole process group, after a random share of the time that an unbroken run took; it is started and killed
again up to ``--in-a-row`` times, and then runs to its end. After every kill each file that stands in its place must have the unbroken run's bytes, and at the end
every file must, with no half-written file and no folder of parts left. The moments follow from the seed; how far a command is at its moment depends on the machine.

    scripts/dev/kill.py generate score convert train evaluate tradeoff --kills 50
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from classifier.corpus.corpus_folder import write_corpus
from classifier.corpus.generator.corpus_spec import CorpusSpec

COMMAND = [sys.executable, "-c", "import sys; from classifier.cli.main import main; sys.exit(main())"]
POLICY = 'description = "A bit from the device."\nwhere = "device"\nrelease = "alert_bit"\n'


def commands(inputs: Path) -> dict[str, list[str]]:
    """The commands by name, what they write last; ``inputs`` is a folder that ``prepare`` has filled."""
    corpus = str(inputs / "corpus")
    return {
        "generate": ["corpus", "generate", "--scale", "0.02", "--out"],
        "score": ["score", str(inputs / "messages.csv"), "--out"],
        "convert": ["convert", str(inputs / "messages.csv")],
        "train": ["train", corpus, "--alert-fpr", "0.05", "--out"],
        "evaluate": ["evaluate", corpus, "--resamples", "20", "--out"],
        "tradeoff": [
            *("tradeoff", corpus, "--resamples", "20", "--no-variants"),
            *("--policies", str(inputs / "policies"), "--out"),
        ],
    }


RESULT = {
    "generate": "corpus",
    "score": "scores.csv",
    "convert": "rows.jsonl",
    "train": "model.safetensors",
    "evaluate": "evaluation",
    "tradeoff": "tradeoff",
}
"""The name of what each command writes."""

PARTS_KEPT = {"tradeoff": "parts"}
"""The folder of parts that a command keeps inside its --out when it is done, on purpose."""


def prepare(inputs: Path) -> None:
    """A small corpus, its messages as a CSV, and a policy."""
    write_corpus(inputs / "corpus", replace(CorpusSpec(), n_conversations=700).thinned(15))
    subprocess.run(
        [*COMMAND, "convert", str(inputs / "corpus" / "train.jsonl.gz"), str(inputs / "messages.csv")],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (inputs / "policies").mkdir()
    (inputs / "policies" / "bit.toml").write_text(POLICY, encoding="utf-8")


def contents(place: Path, kept: str) -> dict[str, str]:
    """The sha256 of every file that stands beside or in ``place``, hidden ones and parts as well, but not in the folder ``kept``."""
    files = [
        path
        for path in sorted(place.rglob("*"))
        if path.is_file() and kept not in path.relative_to(place).parts[:-1]
    ]
    return {
        path.relative_to(place).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def started(arguments: list[str]) -> subprocess.Popen[bytes]:
    """The command, in a process group of its own."""
    return subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def killed(arguments: list[str], after: float) -> bool:
    """Start the command and kill its group ``after`` so many seconds; False when it was done before."""
    process = started(arguments)
    try:
        process.wait(after)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def trials(
    name: str, arguments: list[str], folder: Path, *, kills: int, in_a_row: int, rng: random.Random
) -> int:
    """Kill the command so many times, one line for what differed, and return how often that was."""
    kept = PARTS_KEPT.get(name, "")
    begun = time.monotonic()
    if started([*arguments, str(folder / "unbroken" / RESULT[name])]).wait():
        raise SystemExit(f"{name}: the unbroken run failed")
    seconds = time.monotonic() - begun
    unbroken = contents(folder / "unbroken", kept)
    place = folder / "killed"
    whole = [*arguments, str(place / RESULT[name])]
    done = ended = different = 0
    while done < kills:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for _ in range(min(in_a_row, kills - done)):
            if not killed(whole, rng.uniform(0.05, 1.0) * seconds):
                break
            done += 1
            there = contents(place, kept)
            if half := sorted(
                file for file in there.keys() & unbroken.keys() if there[file] != unbroken[file]
            ):
                different += 1
                print(f"{name}: kill {done}: in its place, but not whole: {', '.join(half)}", flush=True)
        code = started(whole).wait()
        ended += 1
        resumed = contents(place, kept)
        if code or resumed != unbroken:
            different += 1
            names = sorted(
                file for file in unbroken.keys() | resumed.keys() if unbroken.get(file) != resumed.get(file)
            )
            print(
                f"{name}: after kill {done}: exit {code}, differs in {', '.join(names) or 'nothing'}",
                flush=True,
            )
    print(
        f"{name}: {done} kills at random moments of {seconds:.1f} s, {ended} runs to the end, "
        f"{different} times other bytes ({len(unbroken)} files)",
        flush=True,
    )
    return different


def main() -> int:
    """1 when a resumed run came to other bytes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=list(RESULT), help=f"{', '.join(RESULT)}; all without")
    parser.add_argument("--kills", type=int, default=50, help="kills of each command")
    parser.add_argument("--in-a-row", type=int, default=10, help="kills before it runs to its end")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inputs", type=Path, help="a folder to keep the inputs in for other runs")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        inputs = arguments.inputs or Path(folder) / "inputs"
        if not (inputs / "policies" / "bit.toml").exists():
            inputs.mkdir(parents=True, exist_ok=True)
            prepare(inputs)
        for name in arguments.names:
            place = Path(folder) / name
            (place / "unbroken").mkdir(parents=True)
            different += trials(
                name,
                commands(inputs)[name],
                place,
                kills=arguments.kills,
                in_a_row=arguments.in_a_row,
                rng=rng,
            )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
