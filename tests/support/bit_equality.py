"""When two matrices are the same: to the last bit, and unknown is as good as unknown."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_bit_identical(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether every cell holds the same number, zeros of the same sign, or is unknown in both."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    unknown = np.isnan(one)
    if not np.array_equal(unknown, np.isnan(other)):
        return False
    return bool(one[~unknown].tobytes() == other[~unknown].tobytes())


def find_differences(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Which columns differ between two matrices of the same rows."""
    equal = (one == other) | (np.isnan(one) & np.isnan(other))
    columns: NDArray[np.bool_] = ~equal.all(axis=0)
    return columns
