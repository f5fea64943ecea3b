"""Conversations written as rows, and scored by the command."""

from __future__ import annotations

import json

from classifier.cli.main import main


def scored_conversations(conversations, folder, model):
    """The rows that ``score --level conversation`` writes for ``conversations``, in order."""
    source, out = folder / "in.jsonl", folder / "out.jsonl"
    rows = [
        {"conversation_id": conversation.id, "author": message.author, "text": message.text}
        for conversation in conversations
        for message in conversation.messages
    ]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options = ["--level", "conversation", "--model", str(model), "--out", str(out)]
    assert main(["score", str(source), *options]) == 0
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
