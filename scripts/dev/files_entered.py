#!/usr/bin/env python
"""Counts the package's files that a command enters, by calls alone: importing a file is not entering it.

Examples:
    scripts/dev/files_entered.py score "dont tell your mum"
    scripts/dev/files_entered.py tradeoff corpus --policies device_alert_bit.toml --no-variants --out results/one
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import classifier

PACKAGE = Path(classifier.__file__).parent


def files_entered(work: Callable[[], object]) -> list[str]:
    """The package files with at least one function called by ``work``, sorted."""
    entered: set[str] = set()

    def called(frame: FrameType, event: str, argument: object) -> None:
        code, caller = frame.f_code, frame.f_back
        imported = code.co_name == "<module>" or (
            caller is not None and caller.f_code.co_name == "<module>"
        )  # class bodies, tables made at import
        if event == "call" and not imported and code.co_filename.startswith(str(PACKAGE)):
            entered.add(str(Path(code.co_filename).relative_to(PACKAGE)))

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return sorted(entered)


def main(arguments: list[str]) -> int:
    """Print the files that the command line ``arguments`` enters."""
    from classifier.cli.main import main as command

    found = files_entered(lambda: command(arguments))
    print("\n".join(found))
    print(f"{len(found)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
