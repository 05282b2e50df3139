"""What is said of groups of values laid end to end: each statistic is one `reduceat` over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from credit.dossier import Bools, Floats, Integers
from credit.features.expressions.nan_arithmetic import UNKNOWN

HALF_LIFE_YEARS = 0.5
"""Years after which a row weighs half as much in a decayed mean."""

WEIGHT_GRID_STEPS = 2.0**40
"""Steps of such a weight; what is more than twenty years old weighs nothing."""


@dataclass(frozen=True, kw_only=True)
class Segments:
    """Values laid end to end and cut into groups, none of them empty.

    Its properties are the words of `Statistic`, each with one number a group.
    """

    values: Floats
    """NaN where unknown."""
    known: Bools
    """Which cells are known."""
    starts: Integers
    """Where each group begins, along the cells."""
    row_positions: Integers
    """Where the row of each cell stands in `all_times`."""
    row_times: Floats
    """When a row was, in steps of its table; 0 is the application. NaN where unknown."""
    steps_per_year: Floats
    """How many such steps make a year, for each group."""

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
        # Processors differ in a power's last bit; it rounds no whole day or month another way.
        weights = np.floor(weights * WEIGHT_GRID_STEPS + 0.5) / WEIGHT_GRID_STEPS
        known = self.known & ~np.isnan(weights)
        total_weight = self._sum_segments(np.where(known, weights, 0.0))
        weighted_sum = self._sum_segments(np.where(known, weights * self.values, 0.0))
        return weighted_sum / np.where(total_weight > 0, total_weight, UNKNOWN)

    def _sum_segments(self, values: Floats | Bools) -> Floats:
        """The sum over each group."""
        return np.add.reduceat(values, self.starts, dtype=np.float64)
