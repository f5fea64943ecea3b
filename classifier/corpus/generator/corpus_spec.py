"""Everything that decides a corpus: two equal specs give equal bytes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from classifier.corpus.split import SHARES
from classifier.records import SPLITS


@dataclass(frozen=True)
class CorpusSpec:
    """What a corpus is drawn from, how many conversations, and the seed.

    ``n_conversations`` are drawn over the three splits from the dialogues of one ``voice``; about
    ``pattern_share`` of them are scripted as patterns. The phrases of the voice, if it has any, are
    written beside them, a message each. A spec with ``test_only`` puts every family into the test split:
    it is for measuring transfer, never for training. With ``every`` N, only every Nth family of each
    split is used, of dialogues and of phrases; each keeps the split that it has in the whole corpus.
    """

    name: str = "v2"
    version: str = "2.0.0"
    voice: str = "v2"
    seed: int = 20242
    n_conversations: int = 20_000
    pattern_share: float = 0.25
    test_only: bool = False
    every: int = 1

    def __post_init__(self) -> None:
        if self.n_conversations < 1:
            raise ValueError(f"n_conversations must be at least 1, got {self.n_conversations}")
        if self.every < 1:
            raise ValueError(f"every must be at least 1, got {self.every}")
        if not 0 <= self.pattern_share <= 1:
            raise ValueError(f"pattern_share must be in [0, 1], got {self.pattern_share}")

    def scaled(self, scale: float) -> CorpusSpec:
        """The same corpus with ``scale`` times the conversations.

        >>> CorpusSpec(n_conversations=100).scaled(10).n_conversations
        1000
        """
        return replace(self, n_conversations=max(1, round(self.n_conversations * scale)))

    def thinned(self, every: int) -> CorpusSpec:
        """The corpus of every ``every``-th family of each split, with a name that says so.

        >>> CorpusSpec(name="v2").thinned(12).name
        'v2-every-12'
        """
        return self if every == 1 else replace(self, name=f"{self.name}-every-{every}", every=every)

    def to_json(self) -> dict[str, Any]:
        """The fields as plain JSON values, for the manifest."""
        return asdict(self)


RELEASES = {
    "v2": CorpusSpec(),
    "v2-alt": CorpusSpec(name="v2-alt", voice="v2-alt", seed=20243, n_conversations=2_000, test_only=True),
}
"""The corpora that ship with the project, frozen under ``data/synthetic/``."""


def split_sizes(spec: CorpusSpec) -> dict[str, int]:
    """How many conversations each split gets.

    >>> split_sizes(CorpusSpec(n_conversations=1000))
    {'train': 700, 'validation': 150, 'test': 150}
    """
    shares = {"test": 1.0} if spec.test_only else SHARES
    return {split: round(spec.n_conversations * shares[split]) for split in SPLITS if split in shares}
