"""Requests to the demo page in tests, without a network."""

from __future__ import annotations

import asyncio

import httpx

from classifier.app.server import build_app

PORT = 8321
FORM = {"content-type": "application/x-www-form-urlencoded"}


def ask(demo, path, *, method="GET", host=f"127.0.0.1:{PORT}", **sent):
    """One request to the page."""

    async def once():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=build_app(demo, port=PORT)), base_url=f"http://127.0.0.1:{PORT}"
        ) as client:
            return await client.request(
                method, path, headers={"host": host} | sent.pop("headers", {}), **sent
            )

    return asyncio.run(once())


def typed(demo, text):
    return ask(demo, "/message", method="POST", data={"text": text})


def one_of(demo, *, is_pattern=None, flagged=None):
    """The first conversation of a kind."""
    return next(
        each
        for each in demo.scored_conversations.values()
        if (is_pattern is None or each.is_pattern == is_pattern)
        and (flagged is None or (each.alert_at > 0) == flagged)
    )
