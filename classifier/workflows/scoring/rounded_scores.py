"""Scores rounded to eight significant digits, as results have them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_TEN_TO = np.array([float(f"1e{exponent}") for exponent in range(23)])


def eight_digits(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """``numbers`` from 0 on, to eight significant digits, as ``%.8g`` writes them.

    >>> eight_digits(np.array([1 / 3, 0.0, 2e-17 / 3])).tolist()
    [0.33333333, 0.0, 6.6666667e-18]
    """
    exponent = np.floor(np.log10(np.where(numbers > 0, numbers, 1.0))).astype(np.int64)
    scale = _TEN_TO[np.clip(7 - exponent, 0, 22)]
    rounded: NDArray[np.float64] = np.rint(numbers * scale) / scale
    beyond = exponent < -15
    if beyond.any():
        rounded[beyond] = [float(f"{number:.8g}") for number in numbers[beyond].tolist()]
    return rounded
