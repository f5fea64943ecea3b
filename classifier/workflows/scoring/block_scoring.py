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
from classifier.model.message.batch import BatchScorer
from classifier.model.message.explain import known_shares
from classifier.model.message.file import load_model
from classifier.readers.rows.file_endings import DELIMITERS
from classifier.readers.rows.read_block import Rows, read_block, readable, row_times, unknown_key
from classifier.readers.rows.row_files import Block
from classifier.readers.rows.row_writer import csv_lines, json_lines
from classifier.taxonomy import COLUMNS, LABELS
from classifier.workflows.scoring import arrow_tables
from classifier.workflows.scoring.finished_blocks import ScoredBlock
from classifier.workflows.scoring.rounded_scores import eight_digits
from classifier.workflows.scoring.scoring_plan import ScoringPlan

MEMO_TOKENS = 32_768
"""Tokens a scorer remembers, a quarter of its default.

A tenth slower on text full of misspellings, but soon full, so that a long file takes no more memory than a
short one.
"""

NO_TEXT = "messages without a text were scored as empty"
NO_AUTHOR = "messages without an author or a conversation were left out"
SKIPPED = "rows with a fault were left out"
PLATFORM = "lines of the platform itself were scored 0"
LOOKED, HARDLY_KNOWN = "looked at", "hardly known"
LOOKED_AT = 200
"""Texts of a block that are looked at to tell whether the model knows their language."""
TELLING_WORDS = 4
"""Words from which on a text can tell."""
SHOWN_FAULTS = 10
"""Faults of a block that are kept to be named."""


def score_blocks(
    plan: ScoringPlan, model_path: Path, blocks: Iterable[Block], *, jobs: int
) -> Iterator[ScoredBlock]:
    """The scored ``blocks`` in order, computed by ``jobs`` processes.

    With 1 it is this process. At most two blocks per process are under way.
    """
    if jobs == 1:
        scorer = _load_scorer(model_path, plan)
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

    Raises ``InputError`` for a row with a fault, unless the plan skips such. A time to sort by that cannot be
    read is one too; skipped, it counts as no time.
    """
    rows = read_block(block)
    if rows.faults and not plan.skips_bad:
        raise InputError(f"{rows.faults[0]}; or leave such rows out with --skip-bad")
    if plan.kind != "jsonl" and plan.level == "message" and (key := unknown_key(block, rows)):
        raise InputError(
            f"{block.file.name}: column {key!r} is in a row but not in the first one; give every row the "
            "same "
            "columns, or write .jsonl"
        )
    texts = rows.table["text"]
    notes = Counter({NO_TEXT: texts.null_count, SKIPPED: len(rows.faults)})
    written = texts.fill_null("").to_pylist()
    probabilities = scorer.scores(written)
    # Only a platform's own line is 0 in every label.
    notes[PLATFORM] = len(written) - int(probabilities[:, : len(LABELS)].any(axis=1).sum())
    notes.update(_language(scorer, written[:LOOKED_AT]))
    with readable(block):
        if plan.level == "message":
            shown = _shown_columns(scorer, plan, written, probabilities)
            content = _message_content(scorer, plan, rows, shown)
        else:
            content, notes[NO_AUTHOR] = _monitored_content(plan, block, rows, probabilities)
    notes = Counter({note: n for note, n in notes.items() if n})
    return ScoredBlock(block.end, block.share, len(texts), content, dict(notes), rows.faults[:SHOWN_FAULTS])


def _language(scorer: BatchScorer, texts: list[str]) -> dict[str, int]:
    """How many texts were long enough to tell, and how many of them are hardly known."""
    shares = known_shares(scorer.model, (text for text in texts if len(text.split()) >= TELLING_WORDS))
    return {LOOKED: len(shares), HARDLY_KNOWN: int((shares < 0.5).sum())}


def _shown_columns(
    scorer: BatchScorer, plan: ScoringPlan, texts: list[str], scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A column for each label, and for each column that was asked for beside them."""
    shown = scores if plan.tactics else scores[:, : len(LABELS)]
    return np.column_stack([shown, known_shares(scorer.model, texts)]) if plan.known else shown


def _message_content(scorer: BatchScorer, plan: ScoringPlan, rows: Rows, shown: NDArray[np.float64]) -> bytes:
    model = scorer.model
    stages = [""] * len(rows.table)
    probabilities = shown[:, : len(LABELS)]
    for number in np.flatnonzero((probabilities >= model.thresholds).any(axis=1)).tolist():
        stages[number] = "|".join(model.flagged(probabilities[number]))
    added = plan.added_columns
    if plan.kind == "parquet":
        return arrow_tables.to_bytes(arrow_tables.message_table(rows.table, shown, stages, added))
    numbers = eight_digits(shown)
    if plan.kind != "jsonl":
        return csv_lines(
            arrow_tables.message_table(rows.table, numbers, stages, added),
            delimiter=DELIMITERS[plan.kind],
            is_safe=plan.is_safe,
        )
    names = (*LABELS, "stages", *added)
    found = [
        dict(zip(names, [*row[: len(LABELS)], flagged, *row[len(LABELS) :]], strict=True))
        for row, flagged in zip(_none_for_nan(numbers), stages, strict=True)
    ]
    given = rows.table.to_pylist() if rows.values is None else rows.values
    columns = plan.columns
    return json_lines(
        {name: row[name] for name in columns if name in row} | row | scored
        for row, scored in zip(given, found, strict=True)
    )


def _none_for_nan(numbers: NDArray[np.float64]) -> list[list[float | None]]:
    """The rows of ``numbers`` with None for what is undefined, as JSON has no nan."""
    rows: list[list[float | None]] = numbers.astype(object).tolist()
    for row, column in np.argwhere(np.isnan(numbers)):
        rows[row][column] = None
    return rows


def _monitored_content(
    plan: ScoringPlan, block: Block, rows: Rows, probabilities: NDArray[np.float64]
) -> tuple[bytes, int]:
    """What is monitored of the rows that say who wrote where, and how many do not."""
    is_named = arrow_tables.is_named(rows.table)
    named = np.flatnonzero(is_named.to_numpy()).tolist()
    given = row_times(block, rows, named, to_sort=plan.sorts and not plan.skips_bad)
    times = pa.array(given, pa.timestamp("us"))
    table, kept = rows.table.filter(is_named), probabilities[named]
    content = arrow_tables.to_bytes(arrow_tables.monitored_table(table, times, kept, COLUMNS))
    return content, len(probabilities) - len(kept)


def _load_scorer(model_path: Path, plan: ScoringPlan) -> BatchScorer:
    return BatchScorer(plan.thresholds.applied_to(load_model(model_path)), memo_tokens=MEMO_TOKENS)


_worker: list[tuple[BatchScorer, ScoringPlan]] = []
"""The scorer and plan of a worker process."""


def _start_worker(model_path: Path, plan: ScoringPlan) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides what Ctrl-C means
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    _worker.append((_load_scorer(model_path, plan), plan))


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _score_in_worker(block: Block) -> ScoredBlock:
    [(scorer, plan)] = _worker
    return score_block(scorer, plan, block)
