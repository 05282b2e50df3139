"""Compare matrices bit by bit, with NaN equal to NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_bit_identical(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Return True if all values have equal bits, signs of zero included, or are NaN in both."""
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    is_nan = np.isnan(first)
    if not np.array_equal(is_nan, np.isnan(second)):
        return False
    return bool(first[~is_nan].tobytes() == second[~is_nan].tobytes())


def find_differences(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.bool_]:
    """Flag the columns that differ, with NaN equal to NaN and 0.0 equal to -0.0."""
    equal = (first == second) | (np.isnan(first) & np.isnan(second))
    columns: NDArray[np.bool_] = ~equal.all(axis=0)
    return columns
