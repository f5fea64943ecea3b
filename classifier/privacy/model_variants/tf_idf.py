"""TF-IDF of documents whose terms are numbered and counted already.

Many models are fitted on the same documents in an attack; scikit-learn's vectoriser would count them anew
for each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def term_counts(
    counted: Sequence[tuple[NDArray[np.int32], NDArray[np.int32]]], column_of: NDArray[np.int64], width: int
) -> csr_array:
    """How often each document holds each term: a row per document, a column per kept term.

    ``counted`` holds the numbers of a document's terms and how often each stands in it, ``column_of`` the
    column of each number, -1 for none. A number from ``len(column_of)`` on is of a term that was first seen
    after the fit, and has no column.
    """
    rows = []
    for numbers, counts in counted:
        seen = numbers < len(column_of)
        columns = column_of[numbers[seen]]
        rows.append((columns[columns >= 0], counts[seen][columns >= 0]))
    # liblinear takes no wider indices.
    ends = np.cumsum([0, *(len(columns) for columns, _ in rows)], dtype=np.int32)
    flat = np.concatenate([np.zeros(0, dtype=np.int32), *(columns for columns, _ in rows)], dtype=np.int32)
    values = np.concatenate([np.zeros(0), *(counts for _, counts in rows)])
    table = csr_array((values, flat, ends), shape=(len(rows), width))
    table.sort_indices()
    return table


def tf_idf(counts: csr_array, idf: NDArray[np.float64]) -> csr_array:
    """Rows of length 1 of (1 + ln count) idf, as scikit-learn's with ``sublinear_tf``."""
    from sklearn.preprocessing import normalize

    rows = counts.copy()
    rows.data = (1.0 + np.log(rows.data)) * idf[rows.indices]
    weighted: csr_array = normalize(rows, copy=False)
    return weighted
