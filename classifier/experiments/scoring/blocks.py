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
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.experiments.scoring.finished_blocks import ScoredBlock
from classifier.experiments.scoring.plan import ScoringPlan
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_model
from classifier.readers.row_writer import text_of
from classifier.readers.tables import Block, Row
from classifier.taxonomy import LABELS

MEMO_TOKENS = 32_768
"""Tokens a scorer remembers, a quarter of its default.

A tenth slower on text full of misspellings, but soon full, so that a long file takes no more memory than a
short one.
"""

_SCORES = ",".join(["%.8g"] * len(LABELS))


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
    """The scores of one block."""
    rows = block.rows()
    probabilities = scorer.probabilities(row["text"] for row in rows)
    content_of = _message_content if plan.level == "message" else _monitored_content
    return ScoredBlock(block.end, block.share, len(rows), content_of(scorer, plan, rows, probabilities))


def _message_content(
    scorer: BatchScorer, plan: ScoringPlan, rows: list[Row], probabilities: NDArray[np.float64]
) -> bytes:
    model = scorer.model
    stages = [""] * len(rows)
    for number in np.flatnonzero((probabilities >= model.thresholds).any(axis=1)).tolist():
        stages[number] = "|".join(model.flagged(probabilities[number]))
    if plan.kind == ".parquet":
        from classifier.experiments.scoring import arrow  # CSV and JSONL do without pyarrow

        flagged_rows = [row | {"stages": names} for row, names in zip(rows, stages, strict=True)]
        return arrow.to_bytes(arrow.message_table(plan, flagged_rows, probabilities))
    as_number: Any = float if plan.kind == ".jsonl" else str
    scored_rows = []
    for row, scores, names in zip(rows, probabilities.tolist(), stages, strict=True):
        numbers = map(as_number, (_SCORES % tuple(scores)).split(","))
        scored_rows.append(row | dict(zip(LABELS, numbers, strict=True)) | {"stages": names})
    return text_of(scored_rows, kind=plan.kind, columns=plan.columns)


def _monitored_content(
    scorer: BatchScorer, plan: ScoringPlan, rows: list[Row], probabilities: NDArray[np.float64]
) -> bytes:
    from classifier.experiments.scoring import arrow

    return arrow.to_bytes(arrow.monitored_table(rows, probabilities, scorer.model.labels))


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
