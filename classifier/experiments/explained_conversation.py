"""Why did one conversation of a file get its score? The account that ``score --explain --conversation`` prints."""

from __future__ import annotations

from pathlib import Path

from classifier.errors import InputError
from classifier.model.shipped import conversation_model_path


def explained_conversation(source: Path, conversation_id: str, model_path: Path) -> str:
    """The exact account of the score that ``score --level conversation`` gives: the highest the conversation had, so of its messages up to there.

    Only this conversation's rows are kept in memory. Raises ``InputError`` when the file has none of that id, or one without an author.
    """
    from classifier.model.conversation.explain import as_text, explain_conversation
    from classifier.model.conversation.file import load_conversation_model
    from classifier.model.conversation.monitor import running_scores
    from classifier.model.message.file import load_model
    from classifier.readers.tables import open_rows
    from classifier.text import printable

    rows = [
        row
        for block in open_rows(source).blocks()
        for row in block.rows()
        if row["conversation_id"] == conversation_id
    ]
    if not rows:
        raise InputError(
            f"{source}: has no conversation {conversation_id!r}; give --conversation an id as it stands in the column conversation_id"
        )
    texts, authors = [row["text"] for row in rows], [row["author"] for row in rows]
    if "" in authors:
        raise InputError(
            f"{source}: conversation {conversation_id!r}: message {authors.index('') + 1} has no author; a score of conversations needs one for every message"
        )
    model, pattern = load_model(model_path), load_conversation_model(conversation_model_path(model_path))
    n = int(running_scores(pattern, model.probabilities(texts), authors).argmax()) + 1
    name = " ".join(printable(conversation_id).split())
    return f"conversation {name}: highest after message {n} of {len(rows)}\n" + as_text(
        explain_conversation(pattern, model, texts[:n], authors[:n])
    )
