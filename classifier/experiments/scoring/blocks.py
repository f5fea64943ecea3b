"""Scores a file block by block, in constant memory.

Each block of rows becomes one ``ScoredBlock``. Its content is lines of text, an Arrow stream of result rows
for Parquet, or, for scores of conversations and senders, an Arrow stream of message probabilities. However
the file is cut into blocks, the joined result has the same bytes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from classifier.errors import InputError
from classifier.experiments.scoring import arrow
from classifier.experiments.scoring.finished_blocks import ScoredBlock
from classifier.experiments.scoring.plan import ScoringPlan
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_model
from classifier.readers.rows.cell_time import readable_time
from classifier.readers.rows.formats import DELIMITERS
from classifier.readers.rows.read_block import Rows, read_block, readable, unknown_key
from classifier.readers.rows.table import Block
from classifier.readers.rows.writer import csv_lines, eight_digits, json_lines
from classifier.taxonomy import LABELS

MEMO_TOKENS = 32_768
"""Tokens a scorer remembers, a quarter of its default.

A tenth slower on text full of misspellings, but soon full, so that a long file takes no more memory than a
short one.
"""

NO_TEXT = "messages without a text were scored as empty"
NO_AUTHOR = "messages without an author or a conversation were left out"
SKIPPED = "rows with a fault were left out"
SHOWN_FAULTS = 10
"""Faults of a block that are kept to be named."""


def score_blocks(
    plan: ScoringPlan, model_path: Path, blocks: Iterable[Block], *, jobs: int
) -> Iterator[ScoredBlock]:
    """The scored ``blocks`` in order, computed by ``jobs`` processes.

    With 1 it is this process. At most two blocks per process are under way.
    """
    if jobs == 1:
        scorer = _load_scorer(model_path)
        for block in blocks:
            yield score_block(scorer, plan, block)
        return
    # A fork would copy locks that other threads of this process hold.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_start_worker, initargs=(model_path, plan)
    ) as pool:
        waiting: deque[Future[ScoredBlock]] = deque()
        try:
            for block in blocks:
                waiting.append(pool.submit(_score_in_worker, block))
                if len(waiting) >= 2 * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise OSError("a scoring process was ended from outside (out of memory?)") from None
        finally:
            pool.shutdown(cancel_futures=True)


def score_block(scorer: BatchScorer, plan: ScoringPlan, block: Block) -> ScoredBlock:
    """The scores of one block.

    Raises ``InputError`` for a row with a fault, unless the plan skips such.
    """
    rows = read_block(block)
    if rows.faults and not plan.skips_bad:
        raise InputError(rows.faults[0])
    if plan.kind != "jsonl" and plan.level == "message" and (key := unknown_key(block, rows)):
        raise InputError(
            f"{block.file.name}: column {key!r} is in a row but not in the first one; give every row the "
            "same "
            "columns, or write .jsonl"
        )
    texts = rows.table["text"]
    notes = Counter({NO_TEXT: texts.null_count, SKIPPED: len(rows.faults)})
    probabilities = scorer.probabilities(texts.fill_null("").to_pylist())
    with readable(block):
        if plan.level == "message":
            content = _message_content(scorer, plan, rows, probabilities)
        else:
            content, notes[NO_AUTHOR] = _monitored_content(scorer, block, rows, probabilities)
    notes = Counter({note: n for note, n in notes.items() if n})
    return ScoredBlock(block.end, block.share, len(texts), content, dict(notes), rows.faults[:SHOWN_FAULTS])


def _message_content(
    scorer: BatchScorer, plan: ScoringPlan, rows: Rows, probabilities: NDArray[np.float64]
) -> bytes:
    model = scorer.model
    stages = [""] * len(rows.table)
    for number in np.flatnonzero((probabilities >= model.thresholds).any(axis=1)).tolist():
        stages[number] = "|".join(model.flagged(probabilities[number]))
    if plan.kind == "parquet":
        return arrow.to_bytes(arrow.message_table(rows.table, probabilities, stages))
    numbers = eight_digits(probabilities)
    if plan.kind != "jsonl":
        return csv_lines(
            arrow.message_table(rows.table, numbers, stages),
            delimiter=DELIMITERS[plan.kind],
            is_safe=plan.is_safe,
        )
    scores = (dict(zip(LABELS, row, strict=True)) for row in numbers.tolist())
    given = rows.table.to_pylist() if rows.values is None else rows.values
    columns = plan.columns
    return json_lines(
        {name: row[name] for name in columns if name in row} | row | found | {"stages": names}
        for row, found, names in zip(given, scores, stages, strict=True)
    )


def _monitored_content(
    scorer: BatchScorer, block: Block, rows: Rows, probabilities: NDArray[np.float64]
) -> tuple[bytes, int]:
    """What is monitored of the rows that say who wrote where, and how many do not."""
    table = rows.table
    is_named = arrow.is_named(table)
    table = table.filter(is_named)
    given = table["time"].to_pylist() if "time" in table.column_names else [None] * len(table)
    times = pa.array(
        [readable_time(time, day_first=block.file.options.day_first) for time in given], pa.timestamp("us")
    )
    kept = probabilities[is_named.to_numpy()]
    content = arrow.to_bytes(arrow.monitored_table(table, times, kept, scorer.model.labels))
    return content, len(probabilities) - len(kept)


def _load_scorer(model_path: Path) -> BatchScorer:
    return BatchScorer(load_model(model_path), memo_tokens=MEMO_TOKENS)


_worker: list[tuple[BatchScorer, ScoringPlan]] = []
"""The scorer and plan of a worker process."""


def _start_worker(model_path: Path, plan: ScoringPlan) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides what Ctrl-C means
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    _worker.append((_load_scorer(model_path), plan))


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _score_in_worker(block: Block) -> ScoredBlock:
    [(scorer, plan)] = _worker
    return score_block(scorer, plan, block)
