"""Random draws that depend on a seed, a purpose and an id."""

from __future__ import annotations

import hashlib


def uniform_draw(seed: int, purpose: str, id_: str) -> float:
    """Deterministic hash-based uniform draw in [0, 1); samples are nested across rates.

    The draw of an id is the same whatever other ids are drawn, and in whatever order. So a conversation
    that is in the sample at a rate of 10 % is in the sample at 50 % too.

    >>> draw = uniform_draw(0, "sampling", "a1")
    >>> draw == uniform_draw(0, "sampling", "a1"), draw == uniform_draw(0, "report", "a1")
    (True, False)
    """
    digest = hashlib.blake2b(f"{seed}:{purpose}:{id_}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
