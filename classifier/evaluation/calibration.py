"""Calibration: reliability, proper scores, and maps that recalibrate a probability."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit, xlogy

from classifier.evaluation.clustered_units import Clusters
from classifier.evaluation.rates import labelled_scores

SMALLEST_PROBABILITY = 1e-12
"""Probabilities are clipped to this distance from 0 and 1 before their log-odds are taken."""


@dataclass(frozen=True)
class CalibrationError:
    """An expected calibration error and its number of bins."""

    value: float
    n_bins: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.n_bins} bins of equal mass)"


def reliability_table(
    label: ArrayLike,
    probability: ArrayLike,
    *,
    clusters: Iterable[Hashable] | None = None,
    n_bins: int = 10,
) -> pd.DataFrame:
    """Predicted probability beside the observed share of positives, one row per bin.

    Units are put into at most ``n_bins`` bins of nearly equal mass. Equal probabilities share a bin, so there
    may be fewer bins, and of unequal mass.

    Columns: ``lowest``, ``highest`` (probabilities in the bin), ``mean_probability``, ``observed`` (share of
    positives), ``observed_low``, ``observed_high`` (95 %, those of ``Rate``, with units in
    ``clusters`` or, without, each by itself), ``positives``, ``n``.

    >>> table = reliability_table([0, 0, 0, 1], [0.1, 0.1, 0.8, 0.8], n_bins=2)
    >>> table[["mean_probability", "observed", "n"]].to_numpy().tolist()
    [[0.1, 0.0, 2.0], [0.8, 0.5, 2.0]]
    """
    labels, p = _labelled_probabilities(label, probability)
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins!r}")
    _, tied, sizes = np.unique(p, return_inverse=True, return_counts=True)
    # Each distinct probability goes to the bin of the middle of its units, so that one value with most of the
    # mass does not take the few above it into its own bin.
    middle = np.cumsum(sizes) - sizes / 2.0
    bins = np.floor(middle * n_bins / max(p.size, 1)).astype(np.int64)[tied]
    of_units = Clusters.of(range(p.size) if clusters is None else clusters)
    rows = []
    for number in np.unique(bins):
        inside = p[bins == number]
        observed = of_units.rate(labels, bins == number)
        rows.append(
            {"lowest": inside.min(), "highest": inside.max(), "mean_probability": inside.mean()}
            | observed.columns("observed")
            | {"positives": observed.hits, "n": observed.n}
        )
    columns = ["lowest", "highest", "mean_probability"]
    columns += ["observed", "observed_low", "observed_high", "positives", "n"]
    return pd.DataFrame(rows, columns=columns)


def expected_calibration_error(
    label: ArrayLike, probability: ArrayLike, *, n_bins: int = 10
) -> CalibrationError:
    """Mean gap between predicted probability and observed share, weighted by bin size.

    Naeini, Cooper & Hauskrecht (2015), AAAI, with bins of equal mass instead of equal width. It grows with
    the number of bins, and on a finite sample calibration alone does not make it 0: compare only figures of
    the same size and bins. Nan without units. The result also holds how many bins there were.

    >>> print(expected_calibration_error([0, 0, 0, 1], [0.1, 0.1, 0.8, 0.8], n_bins=2))
    0.200 (2 bins of equal mass)
    """
    table = reliability_table(label, probability, n_bins=n_bins)
    gap = (table["mean_probability"] - table["observed"]).abs() * table["n"]
    return CalibrationError(float(gap.sum() / table["n"].sum()) if len(table) else math.nan, len(table))


def brier(label: ArrayLike, probability: ArrayLike) -> float:
    """Brier score: the mean squared difference of probability and label.

    In [0, 1], lower is better (Brier 1950). Nan without units.

    >>> f"{brier([0, 1], [0.5, 0.9]):.2f}"
    '0.13'
    """
    labels, p = _labelled_probabilities(label, probability)
    return float(np.mean((p - labels) ** 2)) if p.size else math.nan


def log_loss(label: ArrayLike, probability: ArrayLike) -> float:
    """Mean negative log-likelihood of the labels, in nats.

    Lower is better. Infinite when a label was given probability 0: nothing is clipped. Nan without units.

    >>> f"{log_loss([0, 1], [0.5, 0.5]):.3f}", log_loss([1], [0.0])
    ('0.693', inf)
    """
    labels, p = _labelled_probabilities(label, probability)
    return -float(np.mean(xlogy(labels, p) + xlogy(~labels, 1.0 - p))) if p.size else math.nan


@dataclass(frozen=True)
class Unchanged:
    """The identity map, for comparison."""

    def __call__(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities."""
        return np.asarray(probability, dtype=np.float64)


@dataclass(frozen=True)
class Sigmoid:
    """``1 / (1 + exp(-(slope * log-odds + intercept)))``."""

    slope: float
    intercept: float

    def __call__(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities."""
        return np.asarray(expit(self.slope * _log_odds(probability) + self.intercept))


@dataclass(frozen=True)
class Temperature:
    """``1 / (1 + exp(-log-odds / temperature))``.

    A temperature above 1 moves probabilities towards .5, one below 1 away from it.
    """

    temperature: float

    def __call__(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities."""
        return np.asarray(expit(_log_odds(probability) / self.temperature))


@dataclass(frozen=True)
class Isotonic:
    """Linear interpolation between ``knots`` (rising) and their ``values`` (non-decreasing).

    Outside the knots it is constant.
    """

    knots: tuple[float, ...]
    values: tuple[float, ...]

    def __call__(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities."""
        return np.asarray(np.interp(np.asarray(probability, dtype=np.float64), self.knots, self.values))


def fit_sigmoid(label: ArrayLike, probability: ArrayLike) -> Sigmoid:
    """The sigmoid of least log loss on the log-odds.

    Platt (1999), with his targets ``(n1 + 1) / (n1 + 2)`` and ``1 / (n0 + 2)`` for 1 and 0, which keep it
    finite for separable data. He takes the raw score of a support vector machine where we take log-odds.

    >>> fitted = fit_sigmoid([0, 0, 1, 1], [0.2, 0.6, 0.5, 0.9])
    >>> bool((fitted([0.2, 0.9]) == sorted(fitted([0.2, 0.9]))).all())
    True
    """
    labels, p = _both_labels(label, probability)
    n_positive, n_negative = int(labels.sum()), int((~labels).sum())
    target = np.where(labels, (n_positive + 1.0) / (n_positive + 2.0), 1.0 / (n_negative + 2.0))
    log_odds = _log_odds(p)

    def loss_and_gradient(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = parameters[0] * log_odds + parameters[1]
        gap = expit(z) - target
        loss = float(np.mean(np.logaddexp(0.0, z) - target * z))
        return loss, np.array([np.mean(gap * log_odds), np.mean(gap)])

    fit = minimize(
        loss_and_gradient,
        np.array([1.0, 0.0]),
        jac=True,
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1000},
    )
    return Sigmoid(slope=float(fit.x[0]), intercept=float(fit.x[1]))


def fit_temperature(label: ArrayLike, probability: ArrayLike) -> Temperature:
    """The temperature of least log loss, between 0.01 and 100.

    Guo, Pleiss, Sun & Weinberger (2017), ICML. It never moves a probability across .5.

    >>> f"{fit_temperature([0, 1, 1, 1], [0.9, 0.9, 0.9, 0.9]).temperature:.3f}"
    '2.000'
    """
    labels, p = _both_labels(label, probability)
    log_odds = _log_odds(p)

    def loss(log_temperature: float) -> float:
        z = log_odds * np.exp(-log_temperature)
        return float(np.mean(np.logaddexp(0.0, z) - labels * z))

    bounds = (np.log(0.01), np.log(100.0))
    fit = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-10})
    return Temperature(float(np.exp(fit.x)))


def fit_isotonic(label: ArrayLike, probability: ArrayLike) -> Isotonic:
    """The non-decreasing map of least squared error.

    Zadrozny & Elkan (2002), KDD. It gives probabilities of 0 and 1, so its log loss may be infinite.

    >>> fit_isotonic([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9])([0.1, 0.5, 0.9]).tolist()
    [0.0, 0.5, 1.0]
    """
    from sklearn.isotonic import IsotonicRegression

    labels, p = _both_labels(label, probability)
    fit = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(p, labels.astype(float))
    return Isotonic(tuple(fit.X_thresholds_.tolist()), tuple(fit.y_thresholds_.tolist()))


Calibrator = Callable[[ArrayLike], NDArray[np.float64]]
"""A map from probabilities to calibrated probabilities of the same shape."""

CALIBRATOR_FITS: dict[str, Callable[[ArrayLike, ArrayLike], Calibrator]] = {
    "none": lambda label, probability: Unchanged(),
    "sigmoid": fit_sigmoid,
    "isotonic": fit_isotonic,
    "temperature": fit_temperature,
}
"""The calibrators that are compared, each as a function of labels and probabilities."""


def compare_calibrators(validation: pd.DataFrame, test: pd.DataFrame, *, n_bins: int = 10) -> pd.DataFrame:
    """Each calibrator fitted on ``validation`` and measured on ``test``.

    Both tables have the columns ``label`` (0/1) and ``probability``. Columns of the result: ``calibrator``,
    ``brier``, ``log_loss``, ``calibration_error``, ``n_bins`` (bins in use), ``n``. No winner is named.

    >>> table = pd.DataFrame({"label": [0, 1, 1, 1], "probability": [0.9, 0.9, 0.9, 0.9]})
    >>> compare_calibrators(table, table)[["calibrator", "brier"]].round(3).to_numpy().tolist()
    [['none', 0.21], ['sigmoid', 0.192], ['isotonic', 0.188], ['temperature', 0.188]]
    """
    label = test["label"].to_numpy()
    rows = []
    for name, fit in CALIBRATOR_FITS.items():
        calibrator = fit(validation["label"].to_numpy(), validation["probability"].to_numpy())
        p = calibrator(test["probability"].to_numpy())
        error = expected_calibration_error(label, p, n_bins=n_bins)
        row = {"calibrator": name, "brier": brier(label, p), "log_loss": log_loss(label, p)}
        rows.append(row | {"calibration_error": error.value, "n_bins": error.n_bins, "n": len(p)})
    return pd.DataFrame(rows)


def _log_odds(probability: ArrayLike) -> NDArray[np.float64]:
    p = np.asarray(probability, dtype=np.float64)
    return np.asarray(logit(np.clip(p, SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)))


def _labelled_probabilities(
    label: ArrayLike, probability: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Labels and probabilities as checked arrays of one length."""
    labels, p = labelled_scores(label, probability)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"probability must be in [0, 1], got {float(p.min())!r} to {float(p.max())!r}")
    return labels, p


def _both_labels(label: ArrayLike, probability: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Checked arrays that hold both labels, as a fit needs them."""
    labels, p = _labelled_probabilities(label, probability)
    if not 0 < labels.sum() < labels.size:
        raise ValueError(
            "label must hold both 0 and 1 to fit a calibrator, "
            f"got {int(labels.sum())} positives of {labels.size}"
        )
    return labels, p
