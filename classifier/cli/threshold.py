"""``grooming-classifier threshold``: the thresholds for an aim, as ``score`` takes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from classifier.cli.options import CORPUS, TRAIN_SPLIT_MODEL, FiniteRange, require_paths
from classifier.errors import InputError
from classifier.model.shipped_models import conversation_model_path, require_unseen, train_split_model
from classifier.taxonomy import LABELS, PATTERN, STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from classifier.records import Conversation

MEASURED = ("validation", "test")
"""Splits that are scored: thresholds are chosen on the first, and measured on both."""

CLOSING = "All of this is synthetic. A score is for a person to review."
_SHARE = FiniteRange(0, 1, min_open=True, max_open=True)


@dataclass(frozen=True)
class Aim:
    """What a threshold has to keep to.

    Either a false-positive rate, or alerts a day among ``volume`` conversations of which ``prevalence``
    follow the pattern.
    """

    fpr: float | None = None
    reviews: float = 0.0
    volume: float = 0.0
    prevalence: float = 0.0

    def threshold(
        self, label: NDArray[np.bool_], score: NDArray[np.float64], families: Sequence[tuple[str, ...]]
    ) -> float:
        """The smallest score that keeps to it, of conversations made of dialogues of these ``families``.

        Raises ``TooFewUnits`` when so few benign conversations cannot show it.
        """
        from classifier.evaluation.thresholds import threshold_for_fpr, threshold_for_reviews

        if self.fpr is not None:
            return threshold_for_fpr(label, score, max_fpr=self.fpr, clusters=families)
        return threshold_for_reviews(
            label,
            score,
            reviews_per_day=self.reviews,
            volume_per_day=self.volume,
            prevalence=self.prevalence,
            clusters=families,
        )

    def __str__(self) -> str:
        if self.fpr is not None:
            return f"a false-positive rate of at most {self.fpr:g}"
        return (
            f"at most {self.reviews:,g} alerts a day in {self.volume:,g} conversations, "
            f"{self.prevalence:g} of them patterns"
        )


@click.command()
@CORPUS
@TRAIN_SPLIT_MODEL
@click.option("--fpr", type=_SHARE, help="The false-positive rate to keep to.")
@click.option(
    "--reviews-per-day",
    "reviews",
    type=FiniteRange(0, min_open=True),
    help="The alerts a day that people can review; needs --volume and --prevalence.",
)
@click.option("--volume", type=FiniteRange(0, min_open=True), help="Conversations a day.")
@click.option(
    "--prevalence",
    type=FiniteRange(0, 1, max_open=True),
    help="Supposed share of patterns among them; it is not known.",
)
@click.option(
    "--level",
    type=click.Choice(["conversation", "message"]),
    default="conversation",
    show_default=True,
    help="What is flagged: whole conversations, by their highest score, or messages, for each label.",
)
@click.option(
    "--stages",
    type=click.IntRange(1, len(STAGES)),
    help=(
        "Flag by another rule: so many distinct stages were at or over their message thresholds. The "
        "aim is then checked."
    ),
)
def threshold(
    corpus: Path,
    model_path: Path | None,
    fpr: float | None,
    reviews: float | None,
    volume: float | None,
    prevalence: float | None,
    level: str,
    stages: int | None,
) -> int:
    """Choose thresholds on a corpus's validation split, as 'score' takes them.

    With --level conversation it is the alert threshold of the text head. The aim, --fpr or
    --reviews-per-day, must be shown on validation: false alarms count at their one-sided 95 %
    bound. An aim that needs more benign conversations than there are is refused, with the number needed.
    Intervals are 95 %. Both count conversations that share a dialogue as fewer.

    With --level message it is a threshold per label: the lowest that flags at most --fpr of the validation
    lines without the label. Lines of a phrase family resemble each other, so no bound is claimed.

    The first line is what 'score' takes; the rates on validation and on test follow.

    Exit codes: 0 the aim is kept on validation; 1 it is not, with --stages; 2 refused.

    \b
    Examples:
      grooming-classifier threshold data/synthetic/v2 --fpr 0.01
      grooming-classifier threshold data/synthetic/v2 --reviews-per-day 200 --volume 10000 --prevalence 0.001
      grooming-classifier threshold data/synthetic/v2 --fpr 0.05 --stages 3
      grooming-classifier threshold data/synthetic/v2 --level message --fpr 0.005
    """
    aim = _aim(fpr, reviews, volume, prevalence)
    if level == "message" and (aim.fpr is None or stages is not None):
        raise InputError("--level message: takes --fpr alone; reviews and --stages are of conversations")
    import numpy as np

    from classifier.corpus.corpus_folder import read_splits, require_splits
    from classifier.evaluation.thresholds import TooFewUnits
    from classifier.model.conversation.file import load_conversation_model
    from classifier.model.message.batch import BatchScorer
    from classifier.model.message.file import load_model
    from classifier.workflows.conversation_evaluation.batch_scores import (
        batch_highest_scores,
        batch_probabilities,
    )

    require_paths(model=model_path)
    path = model_path or train_split_model()
    model = load_model(path)
    require_unseen(path, model.header)
    parts = read_splits(corpus, *MEASURED)
    require_splits(
        corpus, parts, *MEASURED, reason="a threshold is chosen on validation and measured on test"
    )
    scorer = BatchScorer(model)
    found = {split: batch_probabilities(scorer, parts[split]) for split in MEASURED}
    if aim.fpr is not None and level == "message":
        click.echo("\n".join(_message_thresholds(parts, found, aim.fpr)))
        click.echo(CLOSING)
        return 0
    conversation_model = load_conversation_model(conversation_model_path(path))
    label = {split: np.array([each.label == PATTERN for each in parts[split]]) for split in MEASURED}
    families = {split: [each.clusters for each in parts[split]] for split in MEASURED}
    score = {
        split: batch_highest_scores(conversation_model, parts[split], found[split])
        if stages is None
        else _enough_stages(found[split], model.thresholds, stages)
        for split in MEASURED
    }
    try:
        chosen = aim.threshold(label["validation"], score["validation"], families["validation"])
    except TooFewUnits as refusal:
        raise InputError(
            f"{corpus}: refused: {int((~label['validation']).sum()):,} benign validation conversations "
            f"cannot show {aim}; it takes {refusal.needed:,} without a false alarm"
        ) from None
    except ValueError as error:
        raise InputError(f"{corpus}: {error}") from None
    kept = stages is None or chosen <= 1.0
    if stages is None:
        click.echo(f"score --level conversation --alert-threshold {chosen!r}")
        click.echo(f"alert threshold {chosen!r}: the smallest score that validation shows to keep to {aim}")
    else:
        click.echo(
            f"flagged from {stages} of {len(STAGES)} distinct stages on; validation "
            f"{'shows' if kept else 'does not show'} that this keeps to {aim}"
        )
    for split in MEASURED:
        flag = score[split] >= (chosen if stages is None else 1.0)
        click.echo("\n".join(_rates(split, label[split], flag, families[split], aim)))
    click.echo(CLOSING)
    return 0 if kept else 1


def _message_thresholds(
    parts: Mapping[str, Sequence[Conversation]],
    found: Mapping[str, Sequence[NDArray[np.float64]]],
    max_false_alarms: float,
) -> list[str]:
    """What ``score`` takes, then the rates of every label on the distinct lines of each split."""
    from classifier.evaluation.rates import false_positive_rate, true_positive_rate
    from classifier.evaluation.thresholds import message_threshold

    lines = {split: _distinct_lines(parts[split], found[split]) for split in MEASURED}
    shown, scores = lines["validation"]
    chosen: dict[str, float] = {}
    for column, name in enumerate(LABELS):
        try:
            chosen[name] = message_threshold(
                shown[:, column], scores[:, column], max_false_alarms=max_false_alarms
            )
        except ValueError as error:
            raise InputError(f"{name}: {error}") from None
    text = ["score " + " ".join(f"--threshold {name}={value!r}" for name, value in chosen.items())]
    for split, (shown, scores) in lines.items():
        text.append(f"{split}:")
        for column, (name, value) in enumerate(chosen.items()):
            recall = true_positive_rate(shown[:, column], scores[:, column], threshold=value)
            alarms = false_positive_rate(shown[:, column], scores[:, column], threshold=value)
            text.append(
                f"  {name}: found {recall.value:.3f}, {recall.hits:,} of {recall.n:,} lines; falsely flagged "
                f"{alarms.value:.5f}, {alarms.hits:,} of {alarms.n:,}"
            )
    return text


def _distinct_lines(
    conversations: Sequence[Conversation], found: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Labels and probabilities of each line, once for its phrase family: shape (lines, labels)."""
    import numpy as np

    from classifier.readers.messages_table import messages_table

    messages = messages_table(conversations)
    once = ~messages.duplicated(["text", "family"]).to_numpy()
    shown = messages.loc[once, list(LABELS)].to_numpy(dtype=bool)
    return shown, np.concatenate(found)[once, : len(LABELS)]


def _aim(fpr: float | None, reviews: float | None, volume: float | None, prevalence: float | None) -> Aim:
    if (fpr is None) == (reviews is None):
        raise InputError("threshold: give one aim, --fpr or --reviews-per-day")
    if fpr is not None:
        if volume is not None or prevalence is not None:
            raise InputError(
                "--fpr: a rate needs neither --volume nor --prevalence; give these with --reviews-per-day"
            )
        return Aim(fpr=fpr)
    if reviews is None or volume is None or prevalence is None:
        raise InputError(
            "--reviews-per-day: give --volume, the conversations a day, and --prevalence, the supposed "
            "share of patterns, with it"
        )
    if reviews >= volume:
        raise InputError(
            f"--reviews-per-day {reviews:g}: expected fewer than the --volume of {volume:g}; with so "
            "many reviews every conversation can be read"
        )
    return Aim(reviews=reviews, volume=volume, prevalence=prevalence)


def _enough_stages(
    found: list[NDArray[np.float64]], thresholds: NDArray[np.float64], k: int
) -> NDArray[np.float64]:
    """1 for each conversation with ``k`` distinct stages at their thresholds, else 0.

    Whose messages they are does not matter.
    """
    import numpy as np

    from classifier.evaluation.thresholds import k_of_n

    columns = [LABELS.index(stage) for stage in STAGES]
    seen = np.array(
        [(probabilities[:, columns] >= thresholds[columns]).any(axis=0) for probabilities in found]
    )
    return k_of_n(seen, k).astype(np.float64)


def _rates(
    split: str,
    label: NDArray[np.bool_],
    flag: NDArray[np.bool_],
    families: Sequence[tuple[str, ...]],
    aim: Aim,
) -> list[str]:
    from classifier.evaluation.clustered_units import Clusters

    clusters = Clusters.of(families)
    tpr, fpr = clusters.rate(flag, label), clusters.rate(flag, ~label)
    lines = [f"{split}:"]
    for name, rate, of in (("TPR", tpr, "patterns"), ("FPR", fpr, "benign")):
        low, high = rate.interval()
        lines.append(f"  {name} {rate.value:.4f} ({low:.4f}–{high:.4f}), {rate.hits:,} of {rate.n:,} {of}")
    if aim.fpr is None:
        alerts = aim.volume * (aim.prevalence * tpr.value + (1 - aim.prevalence) * fpr.value)
        lines.append(f"  {alerts:,.1f} alerts a day at these rates")
    return lines
