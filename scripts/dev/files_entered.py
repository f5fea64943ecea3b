#!/usr/bin/env python
"""Counts the package's files that some work enters, by calls alone: importing a file is not entering it.

Examples:
    scripts/dev/files_entered.py score "dont tell your mum"    # a command
    scripts/dev/files_entered.py --point data/synthetic/v2     # from JSONL to the points of one policy
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
        # Class bodies and tables made at import are called by a module.
        imported = "<module>" in (code.co_name, caller.f_code.co_name if caller else "")
        if event == "call" and not imported and code.co_filename.startswith(str(PACKAGE)):
            entered.add(str(Path(code.co_filename).relative_to(PACKAGE)))

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return sorted(entered)


def tradeoff_point(corpus: Path) -> None:
    """Read a corpus, score its messages, run one policy on it and find its points."""
    model_path = classifier.train_split_model()
    conversations = classifier.read_corpus(corpus)
    head = classifier.load_conversation_model(classifier.conversation_model_path(model_path))
    pipeline = classifier.load_classifier(model_path)
    some = [conversations[split][:400] for split in ("validation", "test")]
    rows = {}
    for part in some:
        found = classifier.message_probabilities(pipeline, part)
        rows |= {conversation.id: row for conversation, row in zip(part, found, strict=True)}
    scorer = classifier.PolicyScorer(classifier.MessageScores(rows), classifier.MonitoredScorer(head))
    streams = [classifier.streams_from_conversations(part) for part in some]
    policies = [policy for policy in classifier.shipped_policies() if policy.name == "device_alert_bit"]
    classifier.compare_policies(policies, *streams, {"private/plain": scorer}, n_resamples=50)


def main(arguments: list[str]) -> int:
    """Print the files that a command line, or ``--point CORPUS``, enters."""
    from classifier.cli.main import main as command

    if arguments[:1] == ["--point"]:
        found = files_entered(lambda: tradeoff_point(Path(arguments[1])))
    else:
        found = files_entered(lambda: command(arguments))
    print("\n".join(found))
    print(f"{len(found)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
