"""The explanation of one conversation's score, as text."""

from __future__ import annotations

from pathlib import Path

from classifier.errors import InputError
from classifier.model.conversation.explain import as_text, explain_conversation
from classifier.model.conversation.file import load_conversation_model
from classifier.model.conversation.monitor import running_scores
from classifier.model.message.file import load_model
from classifier.model.shipped_models import conversation_model_path
from classifier.readers.checked_values import name_key
from classifier.readers.rows.read_block import read_block, row_times
from classifier.readers.rows.row_files import RowFiles
from classifier.text import printable
from classifier.workflows.scoring.joined_results import time_order


def explained_conversation(
    files: RowFiles, conversation_id: str, model_path: Path, *, sorts: bool = False
) -> str:
    """The exact explanation of the score that ``score --level conversation`` gives.

    That score is the highest the conversation had, so the explanation covers its messages up to there. Only
    the rows of this conversation are kept in memory. Raises ``InputError`` when the file has no conversation
    of that id, and with ``sorts`` for a time of it that cannot be read. Messages without an author are left
    out, and with ``sorts`` read by time, as there.
    """
    key = name_key(conversation_id)
    texts, authors, times = [], [], []
    for block in files.blocks():
        rows = read_block(block)
        columns = (
            rows.table[name].fill_null("").to_pylist() for name in ("conversation_id", "author", "text")
        )
        found = {
            number: (author, text)
            for number, (id_, author, text) in enumerate(zip(*columns, strict=True))
            if name_key(id_) == key and author.strip()
        }
        texts += [text for _, text in found.values()]
        authors += [name_key(author) for author, _ in found.values()]
        times += row_times(block, rows, found, to_sort=sorts)
    if not texts:
        raise InputError(
            f"{files.name}: has no conversation {conversation_id!r} with authors; give --conversation an "
            "id as it "
            "stands in the column of conversations"
        )
    if sorts:
        order, _ = time_order([key] * len(texts), times)
        texts, authors = ([given[at] for at in order] for given in (texts, authors))
    model = load_model(model_path)
    conversation_model = load_conversation_model(conversation_model_path(model_path))
    scores = running_scores(conversation_model, model.scores(texts), authors)
    n = int(scores.argmax()) + 1
    explanation = explain_conversation(conversation_model, model, texts[:n], authors[:n])
    name = " ".join(printable(conversation_id).split())
    return f"conversation {name}: highest after message {n} of {len(texts)}\n{as_text(explanation)}"
