"""Statistics of the segments of a flat array, each by a few `reduceat` calls."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from credit.dossier import Bools, Floats, Integers
from credit.features.expressions.nan_arithmetic import UNKNOWN

HALF_LIFE_YEARS = 0.5
"""Age at which the weight of a row in a decayed mean has halved."""

WEIGHT_GRID_STEPS = 2.0**40
"""Grid steps per unit of weight. Rows older than about 20 years round to a weight of 0."""


@dataclass(frozen=True, kw_only=True)
class Segments:
    """A flat array of values, divided into non-empty segments.

    The public properties named like a `Statistic` compute it: float64, one number per segment, NaN
    where unknown.
    """

    values: Floats
    """NaN where unknown."""
    known: Bools
    """True where a value is not NaN."""
    starts: Integers
    """Index of each segment's first value."""
    row_positions: Integers
    """Index into `row_times` of each value's row."""
    row_times: Floats
    """Time of each row, in time steps of its table; 0 is the application. NaN where unknown."""
    steps_per_year: Floats
    """Time steps in a year, for each segment."""

    @property
    def times(self) -> Floats:
        return self.row_times.take(self.row_positions)

    @property
    def lengths(self) -> Integers:
        return np.append(self.starts[1:], len(self.values)) - self.starts

    @cached_property
    def count(self) -> Floats:
        return np.add.reduceat(self.known, self.starts, dtype=np.int64).astype(np.float64)

    @cached_property
    def _total(self) -> Floats:
        return self._sum_segments(np.where(self.known, self.values, 0.0))

    @property
    def sum(self) -> Floats:
        return np.where(self.count > 0, self._total, UNKNOWN)

    @property
    def mean(self) -> Floats:
        return self._total / np.where(self.count > 0, self.count, UNKNOWN)

    @property
    def min(self) -> Floats:
        return np.fmin.reduceat(self.values, self.starts)

    @property
    def max(self) -> Floats:
        return np.fmax.reduceat(self.values, self.starts)

    @property
    def std(self) -> Floats:
        known, count = self.known, self.count
        deviations = self.values - self.mean.repeat(self.lengths)
        squares = self._sum_segments(np.where(known, deviations * deviations, 0.0))
        return np.sqrt(squares / np.where(count > 1, count - 1, UNKNOWN))

    @property
    def last(self) -> Floats:
        positions = np.where(self.known, np.arange(len(self.values)), -1)
        latest_positions = np.maximum.reduceat(positions, self.starts)
        return np.where(latest_positions >= 0, self.values[latest_positions], UNKNOWN)

    @property
    def trend(self) -> Floats:
        times = self.times
        # Least squares by sums: slope = (n Σtx - Σt Σx) / (n Σt² - (Σt)²), over the dated values.
        is_dated = self.known & ~np.isnan(times)
        values, times = np.where(is_dated, self.values, 0.0), np.where(is_dated, times, 0.0)
        terms = (is_dated, times, times * times, values, times * values)
        n, t, tt, x, tx = map(self._sum_segments, terms)
        time_spread = n * tt - t * t
        return (
            self.steps_per_year
            * (n * tx - t * x)
            / np.where(time_spread > 0, time_spread, UNKNOWN)
        )

    @property
    def decayed(self) -> Floats:
        half_lives = (self.steps_per_year * HALF_LIFE_YEARS).repeat(self.lengths)
        weights = np.exp2(np.minimum(self.times, 0.0) / half_lives)
        # Processors differ in the last bit of a power. Rounding to the grid removes the difference
        # for whole days and months.
        weights = np.floor(weights * WEIGHT_GRID_STEPS + 0.5) / WEIGHT_GRID_STEPS
        known = self.known & ~np.isnan(weights)
        total_weight = self._sum_segments(np.where(known, weights, 0.0))
        weighted_sum = self._sum_segments(np.where(known, weights * self.values, 0.0))
        return weighted_sum / np.where(total_weight > 0, total_weight, UNKNOWN)

    def _sum_segments(self, values: Floats | Bools) -> Floats:
        return np.add.reduceat(values, self.starts, dtype=np.float64)
