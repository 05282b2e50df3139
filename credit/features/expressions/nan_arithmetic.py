"""The small words that feature formulas are made of. Unknown in, unknown out."""

from __future__ import annotations

import numpy as np

from credit.dossier import Bools, Floats, Rows

MAX_FEATURE_MAGNITUDE = 1e30
"""A quotient of tiny numbers must stay a number in float32, and in JSON."""

UNKNOWN = np.array(np.nan)
"""NumPy chooses between two arrays in half the time that a number beside an array takes it."""

DAYS_PER_YEAR = 365
"""Days in a year, as the source counts."""

MONTHS_PER_YEAR = 12
"""Months in a year."""


def count_each_row(rows: Rows) -> Floats:
    """One for every row: its count is the number of rows."""
    return np.ones(len(rows))


def divide_or_nan(numerator: Floats, denominator: Floats) -> Floats:
    """Part by whole; unknown where the whole is zero.

    >>> ratio(np.array([1.0, 1.0, np.nan]), np.array([4.0, 0.0, 2.0])).tolist()
    [0.25, nan, nan]
    """
    return numerator / np.where(denominator == 0, UNKNOWN, denominator)


def flag(condition: Bools, known: Bools) -> Floats:
    """1 where it holds, 0 where it does not, NaN where it is not known.

    >>> mark(np.array([True, False, False]), np.array([True, True, False])).tolist()
    [1.0, 0.0, nan]
    """
    return np.where(known, condition, np.nan)


def flag_above(values: Floats, threshold: float) -> Floats:
    """1 where a number is above the bound, 0 where it is not, NaN where it is unknown."""
    return flag(values > threshold, ~np.isnan(values))


def clip_at_zero(values: Floats) -> Floats:
    """The number itself, or zero where it is below.

    >>> at_least_zero(np.array([-2.0, 3.0, np.nan])).tolist()
    [0.0, 3.0, nan]
    """
    return np.maximum(values, 0.0)
