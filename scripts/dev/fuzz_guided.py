#!/usr/bin/env python
"""Does a search for inputs that reach new code find a crash or a hang? The targets of ``scripts/dev/fuzz.py`` under atheris, which keeps what covers more and goes on from it.

Each target has a process of its own, for so many seconds, and starts from its valid inputs. Half of the new inputs come from atheris, half from the damage that ``fuzz.py`` does;
packed files and model files only from the latter, which packs them and puts their hash right again. An input that takes more than ``--limit`` seconds is a hang, and ends its target.
Inputs differ from run to run, since how many there are depends on the machine.

    pip install -e '.[dev,fuzz]'
    TMPDIR=/dev/shm scripts/dev/fuzz_guided.py --seconds 40 --keep found
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import monotonic

ENDS = {70: "hang", 71: "memory"}
"""What libFuzzer's exit status says of the input it ended on; any other than 0 is a crash of the process."""

MAX_BYTES = 20_000
MAX_MEGABYTES = 2048


def mutator(target, atheris, fuzz) -> Callable[[bytes, int, int], bytes]:
    """What atheris calls for a new input, with an old one, the most bytes and a seed."""

    def mutated(content: bytes, max_size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if not target.sealed and rng.random() < 0.5:
            return atheris.Mutate(content, max_size)
        try:
            new = (target.damage or fuzz.damaged)(content, target.valid, rng)
        except Exception:  # too damaged already to be taken apart in its own form
            new = fuzz.damaged(content, target.valid, rng)
        return new[:max_size]

    return mutated


def fuzz_one(name: str, folder: Path, *, seconds: float, limit: int, seed: int, keep: Path | None) -> None:
    """Fuzz one target in this process, which ends here. The counts are in ``folder`` / count.json, brought up to date every second."""
    import atheris

    with atheris.instrument_imports(["classifier", "defusedxml"]):
        import fuzz

        target = fuzz.targets(folder)[name]  # imports the page
    corpus, place = folder / "kept", folder / name.replace(" ", "_")
    corpus.mkdir()
    place.mkdir()
    for number, valid in enumerate(target.valid):
        (corpus / f"valid-{number}").write_bytes(valid)
    count = fuzz.Count()
    began = written = monotonic()

    def read(content: bytes) -> None:
        nonlocal written
        fuzz.attempt(
            target,
            content,
            random.Random(content),
            path=place / target.name,
            count=count,
            keep=keep if len(count.crashes) < 10 else None,
        )
        now = monotonic()
        if now - written > 1 or now - began > seconds:
            written = now
            (folder / "count.json").write_text(json.dumps(asdict(count)))
        if now - began > seconds:
            os._exit(0)

    options = [
        f"-seed={seed + 1}",
        f"-timeout={limit}",
        f"-rss_limit_mb={MAX_MEGABYTES}",
        f"-max_len={MAX_BYTES}",
        "-len_control=0",
        f"-artifact_prefix={keep or folder}/{place.name}-",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], read, custom_mutator=mutator(target, atheris, fuzz))
    atheris.Fuzz()


def main() -> int:
    """Returns 1 when anything crashed or hung."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seconds", type=float, default=40, help="how long each target is fuzzed (default %(default)s)"
    )
    parser.add_argument(
        "--limit", type=int, default=10, help="seconds after which an input is a hang (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="the seed of the search (default %(default)s)")
    parser.add_argument("--only", default="", help="only targets whose name holds this")
    parser.add_argument("--keep", type=Path, help="a folder for the inputs that crash or hang")
    parser.add_argument("--process", nargs=2, metavar=("TARGET", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print(
            "fuzz_guided: atheris is not installed; it is the extra 'fuzz': pip install -e '.[dev,fuzz]'",
            file=sys.stderr,
        )
        return 2
    if options.process:
        fuzz_one(
            options.process[0],
            Path(options.process[1]),
            seconds=options.seconds,
            limit=options.limit,
            seed=options.seed,
            keep=options.keep,
        )

    import fuzz

    with tempfile.TemporaryDirectory() as folder:
        chosen = {name: target for name, target in fuzz.targets(Path(folder)).items() if options.only in name}
    if not chosen:
        print(f"fuzz_guided: no target's name holds {options.only!r}", file=sys.stderr)
        return 2
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    print(f"{fuzz.HEADINGS}{'hung':>6}{'covering more':>15}")
    counts, n_hangs, n_kept = {}, 0, 0
    for name, target in chosen.items():
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run(
                [sys.executable, *sys.argv, "--process", name, folder],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
            counted = Path(folder) / "count.json"
            count = counts[name] = (
                fuzz.Count(**json.loads(counted.read_text())) if counted.exists() else fuzz.Count()
            )
            kept = len(list((Path(folder) / "kept").glob("*"))) - len(target.valid)
        end = ENDS.get(run.returncode, "crash of the process") if run.returncode else ""
        if end:
            told = "\n".join(
                line for line in run.stderr.splitlines() if not line.startswith(("INFO:", "WARNING:", "#"))
            )
            count.crashes.append(f"{end} (exit {run.returncode}): {told[-2000:]}")
        n_hangs, n_kept = n_hangs + (end == "hang"), n_kept + kept
        print(f"{fuzz.row(name, [count])}{int(end == 'hang'):>6}{kept:>15}", flush=True)
    print(f"{fuzz.row('all', list(counts.values()))}{n_hangs:>6}{n_kept:>15}")
    return fuzz.show_crashes(counts)


if __name__ == "__main__":
    sys.exit(main())
