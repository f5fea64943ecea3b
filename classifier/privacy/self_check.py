"""Does the harness find what is known beforehand? Ends of the scales, hand counts, formulas and the leaks that every such model has, each expected beside found.

An answer that does not hold says that the harness is wrong, or that the corpus is one on which it should not be believed.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.rates import Rate
from classifier.evaluation.thresholds import error_free_units_needed
from classifier.privacy.attacks.attack import blind_scores
from classifier.privacy.attacks.membership import loss_scores, membership_figures, vocabulary_scores
from classifier.privacy.attacks.names import names_found
from classifier.privacy.builds.dp_curve import dp_curve, public_rows
from classifier.privacy.builds.opened import OpenedModel
from classifier.privacy.builds.variants import people_vocabulary, salt_of, standard_variants
from classifier.privacy.builds.vocabulary import plain, words_and_pairs
from classifier.privacy.compare.costs import conversation_costs, cost_sums, figures
from classifier.privacy.policies.policy import Policy, shipped_policies
from classifier.privacy.policies.redact import redaction_table
from classifier.privacy.policies.release import entropy_bits, randomised
from classifier.privacy.simulate.run import run_policy
from classifier.privacy.simulate.scorer import Scorer
from classifier.privacy.stream import Stream
from classifier.taxonomy import BENIGN, LABELS

Answer = tuple[str, str, str, bool]
"""What is asked, what is expected, what was found, and whether it holds."""

COLUMNS = ("what", "expected", "found", "holds")


def known_answers(
    streams: Sequence[Stream],
    documents: pd.DataFrame,
    *,
    decoys: Collection[str],
    n_seeds: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Every known answer, a row each. Columns ``COLUMNS``.

    ``streams`` are conversations to run the anchors on; ``documents`` (columns of ``attack.membership_documents``, conversations) to fit and attack models on;
    ``decoys`` names that no document holds. "By chance" allows three standard errors.

    >>> [what for what, expected, found, holds in formulas() if not holds]
    []
    """
    rows = [
        *ends(streams, seed=seed),
        *formulas(),
        *leaks(documents, decoys=decoys, seed=seed),
        *redactors(streams),
        *noise(documents, n_seeds=n_seeds, seed=seed),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def ends(streams: Sequence[Stream], *, seed: int) -> Iterator[Answer]:
    """The ends of the scales: policies whose costs and finds follow from what they are."""
    shipped = {policy.name: policy for policy in shipped_policies()}

    def of(policy: Policy) -> dict[str, float]:
        found = figures(
            cost_sums(conversation_costs(run_policy(policy, streams, _unasked, seed=seed), streams)).sum(
                axis=0
            )
        )
        return {name: float(value) for name, value in found.items()}

    nothing, everything, perfect = (of(shipped[name]) for name in ("read_nothing", "flag_all", "oracle"))
    yield (
        "read_nothing: finds and costs",
        "all 0",
        f"largest {max(nothing.values()):g}",
        set(nothing.values()) == {0.0},
    )
    told = (
        everything["recall"],
        everything["human_read_benign_per_million"],
        everything["human_read_messages"],
    )
    yield (
        "flag_all: recall, innocents per million, share shown",
        "1, 1,000,000, 1",
        f"{told[0]:g}, {told[1]:,.0f}, {told[2]:g}",
        told == (1.0, 1e6, 1.0),
    )
    told = (perfect["recall"], perfect["human_read_benign_per_million"], perfect["machine_read_share"])
    yield (
        "oracle: recall, innocents per million, share read",
        "1, 0, 0",
        f"{told[0]:g}, {told[1]:g}, {told[2]:g}",
        told == (1.0, 0.0, 0.0),
    )
    by_lot = of(replace(shipped["random_flag"], threshold=0.8))
    for kind, share, n in (
        ("recall", by_lot["recall"], sum(not stream.benign for stream in streams)),
        (
            "false positive rate",
            by_lot["human_read_benign_per_million"] / 1e6,
            sum(stream.benign for stream in streams),
        ),
    ):
        error = math.sqrt(0.2 * 0.8 / n)
        yield (
            f"random_flag at .2: {kind}",
            f"0.2 ± {3 * error:.3f}",
            f"{share:.3f}",
            abs(share - 0.2) <= 3 * error,
        )
    hours = _message_hours()
    yield (
        "message-hours of messages at 0, 1 and 4 h, the last one kept, 2 h at most",
        "min(2, 1) + min(2, 3) + 2 = 5",
        f"{hours:g}",
        hours == 5.0,
    )


def _message_hours() -> float:
    start = datetime(2031, 1, 6, 18)
    hours = (0.0, 1.0, 4.0)
    stream = Stream(
        "toy",
        BENIGN,
        "a",
        ("a", "b", "a"),
        hours,
        times=tuple(start + timedelta(hours=hour) for hour in hours),
        texts=("pizza", "raid", "rain"),
    )
    keeps = Policy("toy", "A toy.", where="server", threshold=9.0, retain_messages=1, retain_hours=2.0)
    return float(
        conversation_costs(
            run_policy(keeps, [stream], Scorer(lambda texts: np.zeros((len(texts), len(LABELS))))), [stream]
        )["message_hours"].iloc[0]
    )


def formulas() -> Iterator[Answer]:
    """Bounds and noise, by the numbers anybody can work out."""
    upper = 1e6 * Rate(0, 1000).upper()
    yield (
        "no false alarm in 1,000 innocents: bound per million",
        "2,991",
        f"{upper:,.0f}",
        round(upper) == 2991,
    )
    needed = error_free_units_needed(1e-4)
    yield "error-free innocents that show a rate of 1 in 10,000", "29,956", f"{needed:,}", needed == 29956
    n = 1_000_000
    flipped = int(randomised(np.zeros(n, dtype=bool), 5.0, seed=0).sum())
    flip = 1.0 / (1.0 + math.exp(5.0))
    error = math.sqrt(n * flip * (1.0 - flip))
    yield (
        "randomised response at epsilon 5: false alerts per million",
        f"6,693 ± {3 * error:.0f}",
        f"{flipped:,}",
        abs(flipped - 6693) <= 3 * error,
    )
    bits = entropy_bits([1] + [0] * 999, corrected=False)
    yield "bits of an alert at a rate of 1 in 1,000", "0.0114", f"{bits:.4f}", round(bits, 4) == 0.0114
    refused = _refused(lambda: entropy_bits([0.25, 0.5]))
    yield "entropy of raw scores", "refused", "refused" if refused else "given", refused
    refused = _refused(
        lambda: Policy(
            "toy",
            "A toy.",
            where="device",
            training="output_perturbation",
            training_epsilon=1.0,
            people_cap=1,
        )
    )
    yield "an epsilon over a private vocabulary", "refused", "refused" if refused else "given", refused


def _refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except ValueError:
        return True
    return False


def leaks(documents: pd.DataFrame, *, decoys: Collection[str], seed: int) -> Iterator[Answer]:
    """What every model of private text gives away, and what a public list does not."""
    member = documents["member"].to_numpy().astype(bool)
    texts, people, truth = (
        documents["text"].tolist(),
        documents["person"].tolist(),
        documents[list(LABELS)].to_numpy(),
    )
    variants = standard_variants(salt=salt_of(seed))
    opened = {
        key: variants[key](documents[member], seed)
        for key in ("private/plain", "hashed-18/plain", "hashed-18-salted/plain", "public/plain")
    }

    def area(score: NDArray[np.float64], marks: NDArray[np.bool_] = member) -> tuple[float, float]:
        """The AUC, and three standard errors of it."""
        found = membership_figures(marks, score, people, seed=seed)
        return found.auc, 3.0 * (found.auc_high - found.auc_low) / (2.0 * 1.96)

    def by_chance(what: str, score: NDArray[np.float64], marks: NDArray[np.bool_] = member) -> Answer:
        auc, errors = area(score, marks)
        return what, f"0.5 ± {errors:.3f}", f"{auc:.3f}", abs(auc - 0.5) <= errors

    yield by_chance("an attack that sees no model: AUC", blind_scores(texts, member, people, seed=seed))
    vocabulary = vocabulary_scores(opened["private/plain"], texts)
    yield (
        "vocabulary attack on private words and pairs: AUC",
        "at least 0.95",
        f"{area(vocabulary)[0]:.3f}",
        area(vocabulary)[0] >= 0.95,
    )
    yield by_chance("the same with membership dealt out by lot: AUC", vocabulary, _dealt_out(people, seed))
    yield by_chance(
        "vocabulary attack on a public list: AUC", vocabulary_scores(opened["public/plain"], texts)
    )
    loss = area(loss_scores(opened["private/plain"].probabilities(texts), truth))[0]
    yield "loss attack on an over-fitted model: AUC", "at least 0.70", f"{loss:.3f}", loss >= 0.70
    yield from _names(documents[member], opened, decoys)
    yield _document_counts(documents.loc[member, "text"].tolist(), opened["private/plain"])


def _dealt_out(people: Sequence[str], seed: int) -> NDArray[np.bool_]:
    """FeatureGroup of the people, whole, by another lot than the members were drawn by."""
    names = sorted(set(people))
    drawn = set(
        np.random.default_rng(seed + 1).permutation(np.array(names, dtype=object))[: len(names) // 2].tolist()
    )
    return np.array([person in drawn for person in people])


def _names(
    members: pd.DataFrame, opened: dict[str, OpenedModel], decoys: Collection[str]
) -> Iterator[Answer]:
    names = sorted({plain(name) for own in members["names"] for name in own})
    read = names_found(opened["private/plain"], "names_read", names=names, decoys=decoys)
    yield (
        "names read in a private vocabulary",
        "at least 95 %, next to no decoy",
        f"{read.found}, decoys {read.decoys}",
        read.found.value >= 0.95 and read.decoys.value <= 0.05,
    )
    content = opened["private/plain"].content
    assert isinstance(content, dict)
    packed = zlib.compress(content["words.terms"].tobytes())
    in_bytes = Rate(
        sum(name.encode() in packed for name in names if len(name) > 3), sum(len(name) > 3 for name in names)
    )
    yield (
        "the same names in the bytes of the packed file",
        "none, although all are there",
        str(in_bytes),
        in_bytes.hits == 0,
    )
    unsalted, salted = (
        names_found(opened[key], "names_tried", names=names, decoys=decoys)
        for key in ("hashed-18/plain", "hashed-18-salted/plain")
    )
    undone = unsalted.found.value >= 0.95 and unsalted.decoys.value < 0.5
    yield (
        "names tried on unsalted hashes",
        "at least 95 %: a list of names undoes them",
        f"{unsalted.found}, decoys {unsalted.decoys}",
        undone,
    )
    kept_out = salted.found.value <= salted.decoys.value + 0.1
    yield (
        "names tried on salted hashes",
        "no more than decoys + 10 %",
        f"{salted.found}, decoys {salted.decoys}",
        kept_out,
    )
    grams = [words_and_pairs(plain(text)) for text in members["text"]]
    by_documents, by_people = (
        Rate(sum(name in kept for name in names), len(names))
        for kept in (
            set(people_vocabulary(grams, range(len(members)), min_people=2)),
            set(people_vocabulary(grams, members["person"].tolist(), min_people=10)),
        )
    )
    told = f"{by_documents} with 2 documents, {by_people} with 10 people"
    yield (
        "names left by a minimum of 2 documents, and of 10 people",
        "some; fewer",
        told,
        by_people.hits < by_documents.hits,
    )


def _document_counts(texts: Sequence[str], opened: OpenedModel) -> Answer:
    """idf = ln((1 + n) / (1 + count)) + 1 in scikit-learn: whoever has it has the count."""
    content = opened.content
    assert isinstance(content, dict)
    counts = (1 + len(texts)) / np.exp(content["words.idf"] - 1.0) - 1.0
    terms = bytes(content["words.terms"])
    ends = content["words.ends"].tolist()
    names = [terms[start:end].decode() for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    true = pd.Series([term for text in texts for term in set(words_and_pairs(plain(text)))]).value_counts()
    exact = Rate(int((np.abs(counts - true.reindex(names).to_numpy()) < 1e-6).sum()), len(names))
    return "terms whose number of documents idf gives back", "all", str(exact), exact.hits == exact.n


def redactors(streams: Sequence[Stream]) -> Iterator[Answer]:
    """Patterns find what has a form, and leave what has none."""
    table = redaction_table(streams, "patterns")
    for row in table[(table["measure"] == "entities masked") & (table["kind"] == "name")].to_dict("records"):
        masked = Rate(row["hits"], row["n"])
        yield "names masked by patterns", "next to none", str(masked), masked.value <= 0.05


def noise(documents: pd.DataFrame, *, n_seeds: int, seed: int) -> Iterator[Answer]:
    """Noise for a promise costs detection, and no noise costs nothing."""
    member = documents["member"].to_numpy().astype(bool)
    table = dp_curve(
        public_rows(documents[member]),
        public_rows(documents[~member]),
        epsilons=(1.0, 1e9),
        n_seeds=n_seeds,
        seed=seed,
    ).set_index(["method", "epsilon"])["auc"]
    without = table.loc[("plain", math.inf)]
    for method in ("output_perturbation", "objective_perturbation"):
        at_one, at_many = table.loc[(method, 1.0)], table.loc[(method, 1e9)]
        yield (
            f"{method} at epsilon 1: AUC",
            f"below {without:.3f}, the plain fit's",
            f"{at_one:.3f}",
            bool(at_one < without),
        )
        yield (
            f"{method} at epsilon 1e9: AUC",
            f"{without:.3f} ± 0.001",
            f"{at_many:.3f}",
            bool(abs(at_many - without) <= 1e-3),
        )


_unasked = Scorer(lambda texts: np.full((len(texts), len(LABELS)), np.nan))
"""For policies that decide without text: whatever rests on it comes out as nan."""
