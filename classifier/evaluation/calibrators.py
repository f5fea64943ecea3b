"""Which simple map makes probabilities come true most nearly? Sigmoid, isotonic and temperature maps, fitted on validation and compared on test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit

from classifier.evaluation.calibration import (
    brier,
    expected_calibration_error,
    labelled_probabilities,
    log_loss,
)

SMALLEST = 1e-12
"""Probabilities are held this far from 0 and 1 before their log-odds are taken."""


@dataclass(frozen=True)
class Unchanged:
    """The probability itself, the row to compare with."""

    def __call__(self, probability: ArrayLike) -> NDArray[np.float64]:
        """The calibrated probabilities."""
        return np.asarray(probability, dtype=np.float64)


@dataclass(frozen=True)
class Sigmoid:
    """``1 / (1 + exp(-(slope * log-odds + intercept)))``."""

    slope: float
    intercept: float

    def __call__(self, probability: ArrayLike) -> NDArray[np.float64]:
        """The calibrated probabilities."""
        return np.asarray(expit(self.slope * _log_odds(probability) + self.intercept))


@dataclass(frozen=True)
class Temperature:
    """``1 / (1 + exp(-log-odds / temperature))``: above 1 probabilities move towards .5, below 1 away from it."""

    temperature: float

    def __call__(self, probability: ArrayLike) -> NDArray[np.float64]:
        """The calibrated probabilities."""
        return np.asarray(expit(_log_odds(probability) / self.temperature))


@dataclass(frozen=True)
class Isotonic:
    """Straight lines between ``knots`` (rising probabilities) and their ``values`` (which never fall), level outside them."""

    knots: tuple[float, ...]
    values: tuple[float, ...]

    def __call__(self, probability: ArrayLike) -> NDArray[np.float64]:
        """The calibrated probabilities."""
        return np.asarray(np.interp(np.asarray(probability, dtype=np.float64), self.knots, self.values))


def fit_sigmoid(label: ArrayLike, probability: ArrayLike) -> Sigmoid:
    """The sigmoid of least log loss, on the log-odds of the probability.

    Platt (1999), with his targets ``(n1 + 1) / (n1 + 2)`` and ``1 / (n0 + 2)`` for 1 and 0, which keep it finite where the two kinds do not overlap. He takes
    the raw score of a support vector machine where we take log-odds.

    >>> fitted = fit_sigmoid([0, 0, 1, 1], [0.2, 0.6, 0.5, 0.9])
    >>> bool((fitted([0.2, 0.9]) == sorted(fitted([0.2, 0.9]))).all())
    True
    """
    labels, p = _both_kinds(label, probability)
    n_positive, n_negative = int(labels.sum()), int((~labels).sum())
    target = np.where(labels, (n_positive + 1.0) / (n_positive + 2.0), 1.0 / (n_negative + 2.0))
    log_odds = _log_odds(p)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = parameters[0] * log_odds + parameters[1]
        gap = expit(z) - target
        return float(np.mean(np.logaddexp(0.0, z) - target * z)), np.array(
            [np.mean(gap * log_odds), np.mean(gap)]
        )

    fit = minimize(
        loss,
        np.array([1.0, 0.0]),
        jac=True,
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1000},
    )
    return Sigmoid(slope=float(fit.x[0]), intercept=float(fit.x[1]))


def fit_temperature(label: ArrayLike, probability: ArrayLike) -> Temperature:
    """The temperature of least log loss, between 0.01 and 100 (Guo, Pleiss, Sun & Weinberger 2017, ICML). It never moves a probability across .5.

    >>> f"{fit_temperature([0, 1, 1, 1], [0.9, 0.9, 0.9, 0.9]).temperature:.3f}"
    '2.000'
    """
    labels, p = _both_kinds(label, probability)
    log_odds = _log_odds(p)

    def loss(log_temperature: float) -> float:
        z = log_odds * np.exp(-log_temperature)
        return float(np.mean(np.logaddexp(0.0, z) - labels * z))

    fit = minimize_scalar(
        loss, bounds=(np.log(0.01), np.log(100.0)), method="bounded", options={"xatol": 1e-10}
    )
    return Temperature(float(np.exp(fit.x)))


def fit_isotonic(label: ArrayLike, probability: ArrayLike) -> Isotonic:
    """The never falling map of least squared error (Zadrozny & Elkan 2002, KDD). It gives probabilities of 0 and 1, so its log loss may be infinite.

    >>> fit_isotonic([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9])([0.1, 0.5, 0.9]).tolist()
    [0.0, 0.5, 1.0]
    """
    from sklearn.isotonic import IsotonicRegression

    labels, p = _both_kinds(label, probability)
    fit = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(p, labels.astype(float))
    return Isotonic(tuple(fit.X_thresholds_.tolist()), tuple(fit.y_thresholds_.tolist()))


FITS: dict[str, Callable[[ArrayLike, ArrayLike], Callable[[ArrayLike], NDArray[np.float64]]]] = {
    "none": lambda label, probability: Unchanged(),
    "sigmoid": fit_sigmoid,
    "isotonic": fit_isotonic,
    "temperature": fit_temperature,
}
"""The maps that are compared."""


def compare_calibrators(validation: pd.DataFrame, test: pd.DataFrame, *, n_bins: int = 10) -> pd.DataFrame:
    """Each map fitted on ``validation`` and measured on ``test``; both have columns ``label`` (0/1) and ``probability``.

    Columns: ``calibrator``, ``brier``, ``log_loss``, ``calibration_error``, ``n_bins`` (that came to be), ``n``. No winner is named.

    >>> table = pd.DataFrame({"label": [0, 1, 1, 1], "probability": [0.9, 0.9, 0.9, 0.9]})
    >>> compare_calibrators(table, table)[["calibrator", "brier"]].round(3).to_numpy().tolist()
    [['none', 0.21], ['sigmoid', 0.192], ['isotonic', 0.188], ['temperature', 0.188]]
    """
    rows = []
    for name, fit in FITS.items():
        p = fit(validation["label"].to_numpy(), validation["probability"].to_numpy())(
            test["probability"].to_numpy()
        )
        label = test["label"].to_numpy()
        error = expected_calibration_error(label, p, n_bins=n_bins)
        row = {"calibrator": name, "brier": brier(label, p), "log_loss": log_loss(label, p)}
        rows.append(row | {"calibration_error": error.value, "n_bins": error.n_bins, "n": len(p)})
    return pd.DataFrame(rows)


def _log_odds(probability: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(logit(np.clip(np.asarray(probability, dtype=np.float64), SMALLEST, 1.0 - SMALLEST)))


def _both_kinds(label: ArrayLike, probability: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    labels, p = labelled_probabilities(label, probability)
    if not 0 < labels.sum() < labels.size:
        raise ValueError(
            f"label must hold both 0 and 1 to fit a calibrator, got {int(labels.sum())} positives of {labels.size}"
        )
    return labels, p
