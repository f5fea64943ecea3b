"""Differentially private logistic regression, by output or objective perturbation.

Algorithms 1 and 2 of Chaudhuri, Monteleoni & Sarwate (2011), Differentially private empirical risk
minimization, JMLR 12, for the logistic loss with L2 regularisation. We depart from them in three points:

- The intercept is the weight of a constant feature, for which rows are scaled by 1/sqrt(2). So it is
  penalised and protected like the other weights.
- There is one problem for each label, and the labels share the budget evenly.
- Epsilon may be infinite, which gives the plain fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, hstack
from scipy.sparse.linalg import LinearOperator, cg
from scipy.special import expit

Numbers = NDArray[np.float64]
Method = Literal["output_perturbation", "objective_perturbation"]

CURVATURE = 0.25
"""c, the upper bound of the second derivative of the logistic loss.

The first derivative is at most 1, as both proofs need.
"""

GRADIENT_TOLERANCE = 1e-9
"""Length of the gradient at which a minimum counts as found.

The point is then within GRADIENT_TOLERANCE / Lambda of the exact minimum; the scale of the noise is
2 / (n Lambda epsilon).
"""


@dataclass(frozen=True)
class Weights:
    """Weights for rows of length at most 1.

    ``coef`` has shape (labels, terms) and ``intercept`` shape (labels,).
    """

    coef: Numbers
    intercept: Numbers

    def probabilities(self, rows: csr_array) -> Numbers:
        """Probabilities of the labels, in [0, 1], shape (rows, labels)."""
        from scipy.special import expit

        return np.asarray(expit(rows @ self.coef.T + self.intercept), dtype=np.float64)


def fit_private(
    rows: csr_array, labels: ArrayLike, *, method: Method, epsilon: float, regularisation: float, seed: int
) -> Weights:
    """Weights that are ``epsilon``-differentially private, all labels together.

    Neighbouring data sets differ in one row and its labels. Raises ``ValueError`` for a row longer than 1
    (the bound on which the noise rests would not hold) and for a method, epsilon or regularisation out of
    range.

    Parameters
    ----------
    rows
        Shape (n, terms), each of length at most 1, over a vocabulary that was chosen beforehand
        (``vocabulary.bounded_rows``).
    labels
        0/1, shape (n, labels).
    epsilon
        Above 0.
    regularisation
        The paper's Lambda, above 0, fixed beforehand too.
    seed
        Of the noise, which is only as secret as the seed.

    >>> from scipy.sparse import csr_array
    >>> rows, labels = csr_array(np.eye(2)[[0, 1] * 50]), [[1], [0]] * 50
    >>> options = {"method": "output_perturbation", "regularisation": 0.1, "seed": 0}
    >>> fit_private(rows, labels, epsilon=100.0, **options).coef.round(1).tolist()
    [[0.8, -0.8]]
    """
    if method not in ("output_perturbation", "objective_perturbation"):
        raise ValueError(f"method must be output_perturbation or objective_perturbation, got {method!r}")
    rng = np.random.default_rng(seed)
    bounded, signs = _checked(rows, labels, epsilon, regularisation)
    perturbed = _output_perturbed if method == "output_perturbation" else _objective_perturbed
    share = epsilon / signs.shape[1]
    weights = [perturbed(bounded, column, share, regularisation, rng) for column in signs.T]
    return _unscaled(np.vstack(weights))


def fit_plain(rows: csr_array, labels: ArrayLike, *, regularisation: float) -> Weights:
    """Weights of the same problem without noise.

    A label that no row or every row carries is not an error: the penalty keeps its weights finite.
    """
    bounded, signs = _checked(rows, labels, math.inf, regularisation)
    # A term that no row has keeps a weight of exactly 0, so the many empty cells of hashed features can be
    # left out.
    used = np.unique(bounded.indices)
    weights = np.zeros((signs.shape[1], bounded.shape[1]))
    for label, column in enumerate(signs.T):
        weights[label, used] = logistic_minimum(bounded[:, used], column, regularisation=regularisation)
    return _unscaled(weights)


def output_noise_scale(epsilon: float, n: int, regularisation: float) -> float:
    """Scale of the length of the output noise.

    The length is Gamma-distributed, with scale 2 / (n Lambda epsilon): the minimiser's sensitivity
    (corollary 8) over epsilon.

    >>> output_noise_scale(1.0, 100, 0.01)
    2.0
    """
    return 2.0 / (n * regularisation * epsilon)


def objective_budget(epsilon: float, n: int, regularisation: float) -> tuple[float, float]:
    """epsilon' and the extra regularisation Delta of Algorithm 2.

    The noise in the objective has length Gamma(d, 2 / epsilon'). A part of the budget, 2 ln(1 + c / (n
    Lambda)), pays for the curvature. Where this exceeds the budget, the penalty is strengthened by Delta
    and half of the budget is left.

    >>> round(objective_budget(1.0, 1000, 0.01)[0], 4), objective_budget(0.01, 10, 0.01)[0]
    (0.9506, 0.005)
    """
    left = epsilon - 2.0 * math.log1p(CURVATURE / (n * regularisation))
    if left > 0:
        return left, 0.0
    return epsilon / 2.0, CURVATURE / (n * math.expm1(epsilon / 4.0)) - regularisation


def spherical_noise(dimension: int, scale: float, rng: np.random.Generator) -> Numbers:
    """A random vector whose density is proportional to exp(-length / scale).

    Its direction is uniform on the sphere, and its length is Gamma(dimension, scale).
    """
    direction = rng.standard_normal(dimension)
    return np.asarray(direction / np.linalg.norm(direction) * rng.gamma(dimension, scale))


def logistic_minimum(
    bounded: csr_array, signs: Numbers, *, regularisation: float, slope: Numbers | float = 0.0
) -> Numbers:
    """Minimiser w of the regularised logistic loss with a linear term.

    The loss is mean log(1 + exp(-signs (rows w))) + regularisation / 2 |w|^2 + slope . w. Newton's method
    with conjugate gradients for the step, which is halved until the loss falls, to a gradient of length
    ``GRADIENT_TOLERANCE``. The problem is strongly convex, so the minimum is unique. Raises ``ValueError``
    when 200 steps do not reach it.
    """
    n, dimension = bounded.shape
    linear = np.broadcast_to(np.asarray(slope, dtype=np.float64), (dimension,))
    transposed = bounded.T.tocsr()

    def loss(w: Numbers) -> float:
        mean_loss = np.logaddexp(0.0, -signs * (bounded @ w)).mean()
        return float(mean_loss + regularisation / 2.0 * (w @ w) + linear @ w)

    def hessian(probabilities: Numbers) -> LinearOperator:
        curvature = probabilities * (1.0 - probabilities) / n

        def product(v: Numbers) -> Numbers:
            return np.asarray(transposed @ (curvature * (bounded @ v)) + regularisation * v)

        return LinearOperator((dimension, dimension), matvec=product, dtype=np.float64)

    w = np.zeros(dimension)
    tolerance = GRADIENT_TOLERANCE * max(1.0, float(np.linalg.norm(linear)))
    for _ in range(200):
        probabilities = expit(bounded @ w)
        gradient = transposed @ ((probabilities - (signs > 0)) / n) + regularisation * w + linear
        length = float(np.linalg.norm(gradient))
        if length <= tolerance:
            return w
        step = cg(hessian(probabilities), gradient, rtol=min(0.1, length), maxiter=1000)[0]
        # Near the minimum losses differ by less than their rounding, so a rise by so little is allowed.
        highest = loss(w) + 1e-14 * (1.0 + abs(loss(w)))
        while loss(w - step) > highest and np.linalg.norm(step) > 1e-14 * (1.0 + np.linalg.norm(w)):
            step = step / 2.0
        w = w - step
    raise ValueError(
        f"no minimum found for regularisation {regularisation!r} and {n} rows; "
        "a stronger regularisation makes the problem easier"
    )


def _output_perturbed(
    bounded: csr_array, signs: Numbers, epsilon: float, regularisation: float, rng: np.random.Generator
) -> Numbers:
    """Algorithm 1: the minimiser plus noise."""
    n, dimension = bounded.shape
    exact = logistic_minimum(bounded, signs, regularisation=regularisation)
    return exact + spherical_noise(dimension, output_noise_scale(epsilon, n, regularisation), rng)


def _objective_perturbed(
    bounded: csr_array, signs: Numbers, epsilon: float, regularisation: float, rng: np.random.Generator
) -> Numbers:
    """Algorithm 2: the minimiser of the randomly tilted loss."""
    n, dimension = bounded.shape
    left, extra = objective_budget(epsilon, n, regularisation)
    slope = spherical_noise(dimension, 2.0 / left, rng) / n
    return logistic_minimum(bounded, signs, regularisation=regularisation + extra, slope=slope)


def with_intercept_column(rows: csr_array) -> csr_array:
    """``rows`` with a column for the intercept, scaled by 1/sqrt(2).

    The last column holds ones before the scaling, so no row becomes longer than 1. Raises ``ValueError``
    for a row longer than 1.
    """
    squared = np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    if not (squared <= 1.0 + 1e-9).all():
        worst = int(np.argmax(squared))
        raise ValueError(
            "every row must be finite and have a length of at most 1, "
            f"got {math.sqrt(squared[worst]):g} for row {worst}: the noise would be too small for it"
        )
    return csr_array(hstack([rows, csr_array(np.ones((rows.shape[0], 1)))], format="csr") * math.sqrt(0.5))


def _unscaled(weights: Numbers) -> Weights:
    """Weights for the caller's rows, without the intercept column."""
    scaled = weights * math.sqrt(0.5)
    return Weights(np.ascontiguousarray(scaled[:, :-1]), scaled[:, -1].copy())


def _checked(
    rows: csr_array, labels: ArrayLike, epsilon: float, regularisation: float
) -> tuple[csr_array, Numbers]:
    """Rows with the intercept column, and labels as -1 and 1."""
    marks = np.asarray(labels)
    fits = marks.ndim == 2 and marks.shape[0] == rows.shape[0] and marks.size > 0
    if not fits or not np.isin(marks, (0, 1)).all():
        raise ValueError(f"labels must be 0/1 of shape ({rows.shape[0]}, labels), got shape {marks.shape}")
    if not epsilon > 0 or not 0 < regularisation < math.inf:
        raise ValueError(
            f"epsilon and regularisation must be above 0, got {epsilon!r} and {regularisation!r}"
        )
    return with_intercept_column(rows), marks.astype(np.float64) * 2.0 - 1.0
