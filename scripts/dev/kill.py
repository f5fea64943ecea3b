#!/usr/bin/env python
"""Is anything lost when the power goes? Long commands, each killed (-9) at random moments and started again, and what they come to held against an unbroken run's.

A trial starts the command on an empty folder, kills its whole process group after a random share of the time that the unbroken run took, and starts it again
to its end. Every file must then have the unbroken run's bytes, and no half-written file or folder of parts may be left. The moments follow from the seed; how
far a command is at its moment depends on the machine.

    scripts/dev/kill.py generate score tradeoff --kills 50
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
from pathlib import Path

COMMAND = [sys.executable, "-c", "import sys; from classifier.cli.main import main; sys.exit(main())"]
POLICY = 'description = "A bit from the device."\nwhere = "device"\nrelease = "alert_bit"\n'


def commands(inputs: Path) -> dict[str, list[str]]:
    """The commands by name, without the value of their ``--out``; ``inputs`` is a folder that ``prepare`` has filled."""
    return {
        "generate": ["corpus", "generate", "--scale", "0.2", "--out"],
        "score": ["score", str(inputs / "messages.csv"), "--level", "message", "--out"],
        "tradeoff": [
            "tradeoff",
            str(inputs / "corpus"),
            "--resamples",
            "20",
            "--no-variants",
            "--policies",
            str(inputs / "policies"),
            "--out",
        ],
    }


RESULT = {"generate": "corpus", "score": "scores.csv", "tradeoff": "tradeoff"}
"""The name of what each command writes."""

PARTS_KEPT = {"tradeoff": "parts"}
"""The folder of parts that a command keeps inside its --out when it is done, on purpose."""


def prepare(inputs: Path) -> None:
    """A small corpus, its messages as a CSV, again and again, and two policies."""
    subprocess.run(
        [*COMMAND, "corpus", "generate", "--scale", "0.04", "--out", str(inputs / "corpus")],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    subprocess.run(
        [*COMMAND, "convert", str(inputs / "corpus" / "train.jsonl.gz"), str(inputs / "once.csv")],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    header, rows = (inputs / "once.csv").read_text(encoding="utf-8").split("\n", 1)
    (inputs / "messages.csv").write_text(header + "\n" + 40 * rows, encoding="utf-8")
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


def trials(name: str, arguments: list[str], folder: Path, *, kills: int, rng: random.Random) -> int:
    """Kill the command so many times, one line for what differed, and return how often that was."""
    kept = PARTS_KEPT.get(name, "")
    begun = time.monotonic()
    if started([*arguments, str(folder / "unbroken" / RESULT[name])]).wait():
        raise SystemExit(f"{name}: the unbroken run failed")
    seconds = time.monotonic() - begun
    unbroken = contents(folder / "unbroken", kept)
    done = different = 0
    while done < kills:
        place = folder / "killed"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        whole = [*arguments, str(place / RESULT[name])]
        if not killed(whole, rng.uniform(0.05, 1.0) * seconds):
            continue
        done += 1
        code = started(whole).wait()
        resumed = contents(place, kept)
        if code or resumed != unbroken:
            different += 1
            names = sorted(
                file for file in unbroken.keys() | resumed.keys() if unbroken.get(file) != resumed.get(file)
            )
            print(f"{name}: kill {done}: exit {code}, differs in {', '.join(names) or 'nothing'}", flush=True)
    print(
        f"{name}: {done} kills at random moments of {seconds:.1f} s, {done - different} came to the same bytes ({len(unbroken)} files)",
        flush=True,
    )
    return different


def main() -> int:
    """1 when a resumed run came to other bytes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names",
        nargs="*",
        default=["generate", "score", "tradeoff"],
        help="generate, score, tradeoff; all without",
    )
    parser.add_argument("--kills", type=int, default=50, help="kills of each command")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "inputs"
        inputs.mkdir()
        prepare(inputs)
        for name in arguments.names:
            place = Path(folder) / name
            (place / "unbroken").mkdir(parents=True)
            different += trials(name, commands(inputs)[name], place, kills=arguments.kills, rng=rng)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
