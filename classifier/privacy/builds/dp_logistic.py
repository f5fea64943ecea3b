"""How can a model be trained so that no single row shows in its weights? Regularised logistic regression with output or objective perturbation.

Algorithms 1 and 2 of Chaudhuri, Monteleoni & Sarwate (2011), Differentially private empirical risk minimization, JMLR 12, for the logistic loss. We depart from
them in three things: the intercept is the weight of a constant feature (rows are scaled by 1/sqrt(2) to make room for it), so it is penalised and protected like
the others; there is one problem per label, and the labels share the budget evenly; and epsilon may be infinite, which gives the plain fit.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.privacy.policies.release import lot

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Numbers = NDArray[np.float64]
Method = Literal["output_perturbation", "objective_perturbation"]

CURVATURE = 0.25
"""c: the second derivative of the logistic loss is at most this; its first is at most 1, as both proofs need."""

SOLVED = 1e-9
"""The gradient's length at which a minimum counts as found. The point is then within SOLVED / Lambda of the exact one; the noise is 2 / (n Lambda epsilon) long."""


@dataclass(frozen=True)
class Weights:
    """``coef`` of shape (labels, terms) and ``intercept`` (labels,), on rows of length at most 1."""

    coef: Numbers
    intercept: Numbers

    def probabilities(self, rows: csr_array) -> Numbers:
        """Shape (rows, labels), each in [0, 1]."""
        from scipy.special import expit

        return np.asarray(expit(rows @ self.coef.T + self.intercept), dtype=np.float64)


def fit_private(
    rows: csr_array, labels: ArrayLike, *, method: Method, epsilon: float, regularisation: float, seed: int
) -> Weights:
    """Weights that are ``epsilon``-differentially private for the replacement of one row and its labels, all labels together.

    ``rows`` of shape (n, terms), each of length at most 1 over a vocabulary chosen beforehand (``vocabulary.bounded_rows``); ``labels`` 0/1 of shape (n, labels);
    ``regularisation`` is the paper's Lambda, fixed beforehand too. The noise is only as secret as ``seed``.

    Raises ``ValueError`` for a longer row (the bound on which the noise rests would not hold) and for a method, epsilon or regularisation out of range.

    >>> from scipy.sparse import csr_array
    >>> rows, labels = csr_array(np.eye(2)[[0, 1] * 50]), [[1], [0]] * 50
    >>> fit_private(rows, labels, method="output_perturbation", epsilon=100.0, regularisation=0.1, seed=0).coef.round(1).tolist()
    [[0.8, -0.8]]
    """
    if method not in ("output_perturbation", "objective_perturbation"):
        raise ValueError(f"method must be output_perturbation or objective_perturbation, got {method!r}")
    rng = np.random.default_rng(seed)
    bounded, signs = _checked(rows, labels, epsilon, regularisation)
    perturbed = _output_perturbed if method == "output_perturbation" else _objective_perturbed
    return _unscaled(
        np.vstack(
            [perturbed(bounded, column, epsilon / signs.shape[1], regularisation, rng) for column in signs.T]
        )
    )


def fit_plain(rows: csr_array, labels: ArrayLike, *, regularisation: float) -> Weights:
    """The same problem without noise. A label that no row or every row carries is no error: the penalty keeps its weights finite."""
    bounded, signs = _checked(rows, labels, math.inf, regularisation)
    # A term that no row has keeps a weight of exactly 0, so the many empty cells of hashed features need not be carried along.
    used = np.unique(bounded.indices)
    weights = np.zeros((signs.shape[1], bounded.shape[1]))
    for label, column in enumerate(signs.T):
        weights[label, used] = minimum(bounded[:, used], column, regularisation=regularisation)
    return _unscaled(weights)


def output_noise_scale(epsilon: float, n: int, regularisation: float) -> float:
    """The scale of the Gamma-distributed length of the noise added to the minimiser: 2 / (n Lambda epsilon), its sensitivity (corollary 8) over epsilon.

    >>> output_noise_scale(1.0, 100, 0.01)
    2.0
    """
    return 2.0 / (n * regularisation * epsilon)


def objective_budget(epsilon: float, n: int, regularisation: float) -> tuple[float, float]:
    """epsilon' and the extra regularisation Delta of Algorithm 2; the noise in the objective has length Gamma(d, 2 / epsilon').

    A part of the budget, 2 ln(1 + c / (n Lambda)), pays for the curvature. Where that is more than all of it, the penalty is strengthened by Delta and half is left.

    >>> objective_budget(1.0, 1000, 0.01)[0].__round__(4), objective_budget(0.01, 10, 0.01)[0]
    (0.9506, 0.005)
    """
    left = epsilon - 2.0 * math.log1p(CURVATURE / (n * regularisation))
    if left > 0:
        return left, 0.0
    return epsilon / 2.0, CURVATURE / (n * math.expm1(epsilon / 4.0)) - regularisation


def spherical_noise(dimension: int, scale: float, rng: np.random.Generator) -> Numbers:
    """A vector of density proportional to exp(-length / scale): direction uniform on the sphere, length Gamma(dimension, scale)."""
    direction = rng.standard_normal(dimension)
    return np.asarray(direction / np.linalg.norm(direction) * rng.gamma(dimension, scale))


def capped(people: Sequence[Hashable], *, cap: int, seed: int) -> NDArray[np.int64]:
    """Positions to keep, in order, so that no person keeps more than ``cap`` rows, drawn by lot. Nobody's draw depends on another's, and smaller caps are nested.

    >>> capped(["ayo", "mei", "ayo", "ayo"], cap=1, seed=0).size
    2
    """
    if cap < 1:
        raise ValueError(f"cap must be at least 1, got {cap!r}")
    own: dict[Hashable, list[int]] = {}
    for position, person in enumerate(people):
        own.setdefault(person, []).append(position)
    kept = []
    for person, positions in own.items():
        drawn = sorted(
            range(len(positions)), key=lambda number, person=person: lot(seed, "cap", f"{person}:{number}")
        )  # type: ignore[misc]
        kept += [positions[number] for number in drawn[:cap]]
    return np.array(sorted(kept), dtype=np.int64)


def minimum(
    bounded: csr_array, signs: Numbers, *, regularisation: float, slope: Numbers | float = 0.0
) -> Numbers:
    """The w that minimises mean log(1 + exp(-signs (rows w))) + regularisation / 2 |w|^2 + slope . w, to a gradient of length ``SOLVED``.

    Newton's method with conjugate gradients for the step, which is halved until it goes downhill; the problem is strongly convex, so there is one minimum.
    """
    from scipy.sparse.linalg import LinearOperator, cg
    from scipy.special import expit

    n, dimension = bounded.shape
    linear = np.broadcast_to(np.asarray(slope, dtype=np.float64), (dimension,))
    transposed = bounded.T.tocsr()

    def value(w: Numbers) -> float:
        return float(
            np.logaddexp(0.0, -signs * (bounded @ w)).mean() + regularisation / 2.0 * (w @ w) + linear @ w
        )

    w = np.zeros(dimension)
    enough = SOLVED * max(1.0, float(np.linalg.norm(linear)))
    for _ in range(200):
        chance = expit(bounded @ w)
        gradient = transposed @ ((chance - (signs > 0)) / n) + regularisation * w + linear
        length = float(np.linalg.norm(gradient))
        if length <= enough:
            return w
        curvature = chance * (1.0 - chance) / n
        hessian = LinearOperator(
            (dimension, dimension),
            matvec=lambda v, curvature=curvature: (
                transposed @ (curvature * (bounded @ v)) + regularisation * v
            ),
            dtype=np.float64,
        )  # type: ignore[misc]
        step = cg(hessian, gradient, rtol=min(0.1, length), maxiter=1000)[0]
        # Near the minimum values differ by less than their rounding, so a step that does not go up by more than that will do.
        here, slack = value(w), 1e-14 * (1.0 + abs(value(w)))
        while value(w - step) > here + slack and np.linalg.norm(step) > 1e-14 * (1.0 + np.linalg.norm(w)):
            step = step / 2.0
        w = w - step
    raise ValueError(
        f"no minimum found for regularisation {regularisation!r} and {n} rows; a stronger regularisation makes the problem easier"
    )


def _output_perturbed(
    bounded: csr_array, signs: Numbers, epsilon: float, regularisation: float, rng: np.random.Generator
) -> Numbers:
    """Algorithm 1: the minimiser plus noise."""
    n, dimension = bounded.shape
    exact = minimum(bounded, signs, regularisation=regularisation)
    return exact + spherical_noise(dimension, output_noise_scale(epsilon, n, regularisation), rng)


def _objective_perturbed(
    bounded: csr_array, signs: Numbers, epsilon: float, regularisation: float, rng: np.random.Generator
) -> Numbers:
    """Algorithm 2: the minimiser of an objective tilted by noise."""
    n, dimension = bounded.shape
    left, extra = objective_budget(epsilon, n, regularisation)
    return minimum(
        bounded,
        signs,
        regularisation=regularisation + extra,
        slope=spherical_noise(dimension, 2.0 / left, rng) / n,
    )


def with_constant(rows: csr_array) -> csr_array:
    """``rows`` with a last column of ones for the intercept, scaled by 1/sqrt(2) so that no row becomes longer than 1.

    Raises ``ValueError`` for a row longer than 1.
    """
    from scipy.sparse import csr_array, hstack

    squared = np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    if not (squared <= 1.0 + 1e-9).all():
        worst = int(np.argmax(squared))
        raise ValueError(
            f"every row must be finite and have a length of at most 1, got {math.sqrt(squared[worst]):g} for row {worst}: the noise would be too small for it"
        )
    return csr_array(hstack([rows, csr_array(np.ones((rows.shape[0], 1)))], format="csr") * math.sqrt(0.5))


def _unscaled(weights: Numbers) -> Weights:
    """Weights on the caller's rows, from those on rows with the constant."""
    scaled = weights * math.sqrt(0.5)
    return Weights(np.ascontiguousarray(scaled[:, :-1]), scaled[:, -1].copy())


def _checked(
    rows: csr_array, labels: ArrayLike, epsilon: float, regularisation: float
) -> tuple[csr_array, Numbers]:
    """Rows with the constant, and labels as -1 and 1."""
    marks = np.asarray(labels)
    if (
        marks.ndim != 2
        or marks.shape[0] != rows.shape[0]
        or not marks.size
        or not np.isin(marks, (0, 1)).all()
    ):
        raise ValueError(f"labels must be 0/1 of shape ({rows.shape[0]}, labels), got shape {marks.shape}")
    if not epsilon > 0 or not 0 < regularisation < math.inf:
        raise ValueError(
            f"epsilon and regularisation must be above 0, got {epsilon!r} and {regularisation!r}"
        )
    return with_constant(rows), marks.astype(np.float64) * 2.0 - 1.0
