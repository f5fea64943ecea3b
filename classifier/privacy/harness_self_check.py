"""Self-check of the harness against known answers.

Extremes, hand counts, formulas, leaks and the cost of noise. A check that does not hold says that the harness
is wrong, or that the corpus is one on which it should not be believed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from classifier.evaluation.rates import Rate
from classifier.evaluation.thresholds import error_free_units_needed
from classifier.privacy.attack_self_check import Check, expected_leaks
from classifier.privacy.message_streams import Stream
from classifier.privacy.model_variants.dp_curve import dp_curve, labelled_documents
from classifier.privacy.policies.policy import Policy, shipped_policies
from classifier.privacy.policies.redaction import redaction_table
from classifier.privacy.policies.release_mechanisms import randomised
from classifier.privacy.policies.released_information import entropy_bits
from classifier.privacy.simulate.policy_scorer import PolicyScorer
from classifier.privacy.simulate.policy_simulation import run_policy
from classifier.privacy.tradeoff.conversation_costs import conversation_costs, metric_values, summands
from classifier.taxonomy import BENIGN, LABELS


def self_check(
    streams: Sequence[Stream],
    documents: pd.DataFrame,
    *,
    decoys: Collection[str],
    n_seeds: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Every check, one per row. Columns: the fields of ``Check``.

    >>> [check.what for check in expected_formulas() if not check.holds]
    []

    Parameters
    ----------
    streams
        Conversations to run the anchors on.
    documents
        Conversations to fit and attack models on; columns of ``attacks.membership_documents``.
    decoys
        Names that no document holds.
    n_seeds
        Draws of the noise of differential privacy.
    """
    rows = [
        *expected_extremes(streams, seed=seed),
        *expected_formulas(),
        *expected_leaks(documents, decoys=decoys, seed=seed),
        *expected_redaction(streams),
        *expected_noise_cost(documents, n_seeds=n_seeds, seed=seed),
    ]
    return pd.DataFrame(rows, columns=list(Check._fields))


def expected_extremes(streams: Sequence[Stream], *, seed: int) -> Iterator[Check]:
    """Checks of the extreme policies, whose costs are known."""
    shipped = {policy.name: policy for policy in shipped_policies()}
    # Any metric that rested on the text would come out as nan.
    no_scores = PolicyScorer(lambda texts: np.full((len(texts), len(LABELS)), np.nan))

    def metrics(policy: Policy) -> dict[str, float]:
        costs = conversation_costs(run_policy(policy, streams, no_scores, seed=seed), streams)
        return {name: float(value) for name, value in metric_values(summands(costs).sum(axis=0)).items()}

    nothing, everything, perfect = (metrics(shipped[name]) for name in ("read_nothing", "flag_all", "oracle"))
    yield Check(
        "read_nothing: finds and costs",
        "all 0",
        f"largest {max(nothing.values()):g}",
        set(nothing.values()) == {0.0},
    )
    recall, flagged, shown = (
        everything[name] for name in ("recall", "human_read_benign_per_million", "human_read_share")
    )
    yield Check(
        "flag_all: recall, benign conversations read by a person per million, share shown",
        "1, 1,000,000, 1",
        f"{recall:g}, {flagged:,.0f}, {shown:g}",
        (recall, flagged, shown) == (1.0, 1e6, 1.0),
    )
    recall, flagged, read = (
        perfect[name] for name in ("recall", "human_alerted_benign_per_million", "machine_read_share")
    )
    yield Check(
        "oracle: recall, benign conversations told to a person per million, share read",
        "1, 0, 0",
        f"{recall:g}, {flagged:g}, {read:g}",
        (recall, flagged, read) == (1.0, 0.0, 0.0),
    )
    at_random = metrics(replace(shipped["random_flag"], threshold=0.8))
    n_benign = sum(stream.benign for stream in streams)
    for rate, share, n in (
        ("recall", at_random["recall"], len(streams) - n_benign),
        ("false positive rate", at_random["false_positive_rate"], n_benign),
    ):
        margin = 3 * math.sqrt(0.2 * 0.8 / n)
        yield Check(
            f"random_flag at .2: {rate}",
            f"0.2 ± {margin:.3f}",
            f"{share:.3f}",
            abs(share - 0.2) <= margin,
        )
    hours = _message_hours_of_three_messages()
    yield Check(
        "message-hours of messages at 0, 1 and 4 h, the last one kept, 2 h at most",
        "min(2, 1) + min(2, 3) + 2 = 5",
        f"{hours:g}",
        hours == 5.0,
    )


def _message_hours_of_three_messages() -> float:
    start, hours = datetime(2031, 1, 6, 18), (0.0, 1.0, 4.0)
    stream = Stream(
        "toy",
        BENIGN,
        "a",
        ("a", "b", "a"),
        hours,
        times=tuple(start + timedelta(hours=hour) for hour in hours),
        texts=("pizza", "raid", "rain"),
    )
    policy = Policy("toy", "A toy.", where="server", threshold=9.0, retain_messages=1, retain_hours=2.0)
    zeros = PolicyScorer(lambda texts: np.zeros((len(texts), len(LABELS))))
    return float(conversation_costs(run_policy(policy, [stream], zeros), [stream])["message_hours"].iloc[0])


def expected_formulas() -> Iterator[Check]:
    """Checks of bounds, noise and refusals, worked out by hand."""
    upper = 1e6 * Rate(0, 1000).upper()
    yield Check(
        "no false alarm in 1,000 benign conversations: bound per million",
        "2,991",
        f"{upper:,.0f}",
        round(upper) == 2991,
    )
    needed = error_free_units_needed(1e-4)
    yield Check(
        "error-free benign conversations that show a rate of 1 in 10,000",
        "29,956",
        f"{needed:,}",
        needed == 29956,
    )
    n = 1_000_000
    flipped = int(randomised(np.zeros(n, dtype=bool), 5.0, seed=0).sum())
    flip = 1.0 / (1.0 + math.exp(5.0))
    margin = 3 * math.sqrt(n * flip * (1.0 - flip))
    yield Check(
        "randomised response at epsilon 5: false alerts per million",
        f"6,693 ± {margin:.0f}",
        f"{flipped:,}",
        abs(flipped - 6693) <= margin,
    )
    bits = entropy_bits([1] + [0] * 999, corrected=False)
    yield Check("bits of an alert at a rate of 1 in 1,000", "0.0114", f"{bits:.4f}", round(bits, 4) == 0.0114)
    yield _refusal("entropy of raw scores", lambda: entropy_bits([0.25, 0.5]))
    noisy = Policy(
        "toy",
        "A toy.",
        where="device",
        features="public",
        training="output_perturbation",
        training_epsilon=1.0,
        people_cap=1,
    )
    yield _refusal("an epsilon over a private vocabulary", lambda: replace(noisy, features="private"))


def _refusal(what: str, call: Callable[[], object]) -> Check:
    try:
        call()
    except ValueError:
        return Check(what, "refused", "refused", True)
    return Check(what, "refused", "given", False)


def expected_redaction(streams: Sequence[Stream]) -> Iterator[Check]:
    """Check that the redactor of patterns leaves names.

    It finds what has a fixed form.
    """
    table = redaction_table(streams, "patterns")
    names = table[(table["measure"] == "entities masked") & (table["kind"] == "name")]
    for row in names.to_dict("records"):
        masked = Rate(row["hits"], row["n"])
        yield Check("names masked by patterns", "next to none", str(masked), masked.value <= 0.05)


def expected_noise_cost(documents: pd.DataFrame, *, n_seeds: int, seed: int) -> Iterator[Check]:
    """Checks that noise costs detection, and no noise nothing."""
    member = documents["member"].to_numpy(dtype=bool)
    aucs = dp_curve(
        labelled_documents(documents[member]),
        labelled_documents(documents[~member]),
        epsilons=(1.0, 1e9),
        n_seeds=n_seeds,
        seed=seed,
    ).set_index(["method", "epsilon"])["auc"]
    plain = aucs.loc[("plain", math.inf)]
    for method in ("output_perturbation", "objective_perturbation"):
        much_noise, little_noise = aucs.loc[(method, 1.0)], aucs.loc[(method, 1e9)]
        yield Check(
            f"{method} at epsilon 1: AUC",
            f"below {plain:.3f}, the plain fit's",
            f"{much_noise:.3f}",
            bool(much_noise < plain),
        )
        yield Check(
            f"{method} at epsilon 1e9: AUC",
            f"{plain:.3f} ± 0.001",
            f"{little_noise:.3f}",
            bool(abs(little_noise - plain) <= 1e-3),
        )
