"""Checks of texts, and one score for each distinct text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray


def checked_texts(texts: Iterable[str]) -> Iterable[str]:
    """``texts`` as they came, when they are many strings in an order.

    Raises ``TypeError`` for one bare string, which would be scored letter by letter; for a DataFrame,
    which would be scored by the names of its columns; and for ``None`` or anything else that is no
    list, Series, one-dimensional array or other iterable.

    >>> checked_texts(["pizza at 6?", "ok"])
    ['pizza at 6?', 'ok']
    """
    n_dimensions = getattr(texts, "ndim", 1)
    if isinstance(texts, str):
        came = "one string; put it into a list"
    elif n_dimensions > 1:
        came = f"a {type(texts).__name__} of {n_dimensions} dimensions; give one column of it"
    elif texts is None:
        came = "None"
    elif (
        n_dimensions == 0 or not isinstance(texts, Iterable) or isinstance(texts, bytes | bytearray | Mapping)
    ):
        came = f"a {type(texts).__name__}"
    else:
        return texts
    raise TypeError(f"texts must be a list, Series or array of strings, got {came}")


def score_distinct(score: Callable[[list[str]], ArrayLike], texts: Iterable[str]) -> NDArray[np.float64]:
    """``score(texts)``, one row a text, with each distinct text scored once.

    The row of a text must depend on that text alone. People repeat themselves, so this saves time.

    >>> score_distinct(lambda texts: [[float(len(text))] for text in texts], ["ok", "pizza", "ok"]).tolist()
    [[2.0], [5.0], [2.0]]
    """
    texts = list(texts)
    place = {text: position for position, text in enumerate(dict.fromkeys(texts))}
    distinct = np.asarray(score(list(place)), dtype=np.float64)
    return distinct[[place[text] for text in texts]]
