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


def stream_seed(seed: int, *purpose: object) -> int:
    """A seed in [0, 2**32) of a stream of its own for each purpose.

    Streams for different purposes, or of neighbouring seeds, share no draws: with ``seed``, ``seed + 1``
    and so on they would, and one seed for two purposes would draw the same permutation twice.

    >>> stream_seed(0, "shadow", 1) == stream_seed(0, "shadow", 1), stream_seed(0, "shadow", 1) < 2**32
    (True, True)
    >>> len({stream_seed(seed, "shadow", number) for seed in (0, 1) for number in (0, 1)})
    4
    """
    name = ":".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big")
