"""Message scores that somebody else's model made, read from a CSV and held against the conversations they should be of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from classifier.privacy.stream import MessageScores
    from classifier.records import Conversation


def outside_scores(path: Path, conversations: Sequence[Conversation]) -> MessageScores:
    """An outside model's scores of these conversations. Raises ``InputError`` when a message has none, or the authors are others."""
    import pandas as pd

    from classifier.privacy.stream import streams_from_scores

    table = _read_scores(path)
    known = {conversation.id: conversation for conversation in conversations}
    table = table[table["conversation_id"].isin(known)]
    written = {str(id_): authors.tolist() for id_, authors in table.groupby("conversation_id", sort=False)["author"]}
    for conversation in conversations:
        authors = [message.author for message in conversation.messages]
        if conversation.id not in written:
            raise InputError(f"{path}: no scores of conversation {conversation.id!r}; every validation and test conversation needs them")
        if written[conversation.id] != authors:
            got = written[conversation.id]
            raise InputError(
                f"{path}: conversation {conversation.id!r} has {len(authors)} messages in the corpus and {len(got)} here, or they are by other authors or in another order"
            )
    labels = pd.Series({id_: conversation.label for id_, conversation in known.items()})
    table = table.assign(index=table.groupby("conversation_id").cumcount(), label=table["conversation_id"].map(labels))
    try:
        return streams_from_scores(table)[1]
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None


def _read_scores(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype={"conversation_id": str, "author": str}, keep_default_na=False, na_values={"score": [""]})
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # which pandas' own parser errors and UnicodeDecodeError are
        raise InputError(f"{path}: not readable as CSV: {error}") from None
    if missing := [name for name in ("conversation_id", "author") if name not in table]:
        raise InputError(f"{path}: no column {missing[0]!r} in the header")
    return table.sort_values(["conversation_id", "index"], kind="stable") if "index" in table else table
