"""The explanation of one conversation's score, as text."""

from __future__ import annotations

from pathlib import Path

from classifier.errors import InputError
from classifier.model.shipped import conversation_model_path


def explained_conversation(source: Path, conversation_id: str, model_path: Path) -> str:
    """The exact explanation of the score that ``score --level conversation`` gives.

    That score is the highest the conversation had, so the explanation covers its messages up to there. Only
    the rows of this conversation are kept in memory. Raises ``InputError`` when the file has no conversation
    of that id, or one without an author.
    """
    from classifier.model.conversation.explain import as_text, explain_conversation
    from classifier.model.conversation.file import load_conversation_model
    from classifier.model.conversation.monitor import running_scores
    from classifier.model.message.file import load_model
    from classifier.readers.tables import open_rows
    from classifier.text import printable

    all_rows = (row for block in open_rows(source).blocks() for row in block.rows())
    rows = [row for row in all_rows if row["conversation_id"] == conversation_id]
    if not rows:
        raise InputError(
            f"{source}: has no conversation {conversation_id!r}; give --conversation an id as it stands in "
            "the column conversation_id"
        )
    texts, authors = [row["text"] for row in rows], [row["author"] for row in rows]
    if "" in authors:
        raise InputError(
            f"{source}: conversation {conversation_id!r}: message {authors.index('') + 1} has no author; "
            "a score of conversations needs one for every message"
        )
    model = load_model(model_path)
    conversation_model = load_conversation_model(conversation_model_path(model_path))
    scores = running_scores(conversation_model, model.probabilities(texts), authors)
    n = int(scores.argmax()) + 1
    explanation = explain_conversation(conversation_model, model, texts[:n], authors[:n])
    name = " ".join(printable(conversation_id).split())
    return f"conversation {name}: highest after message {n} of {len(rows)}\n{as_text(explanation)}"
