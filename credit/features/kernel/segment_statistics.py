"""What is said of groups of values laid end to end: each statistic is one `reduceat` over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from credit.dossier import Bools, Floats, Integers
from credit.features.expressions.nan_arithmetic import UNKNOWN

HALF_LIFE = 0.5
"""Years after which a row weighs half as much in a decayed mean."""

WEIGHTS = 2.0**40
"""Steps of such a weight; what is more than twenty years old weighs nothing."""


@dataclass(frozen=True, kw_only=True)
class Segments:
    """Values laid end to end and cut into groups, none of them empty.

    Its properties are the words of `Statistic`, each with one number a group.
    """

    cells: Floats
    """NaN where unknown."""
    known: Bools
    """Which cells are known."""
    starts: Integers
    """Where each group begins, along the cells."""
    places: Integers
    """Where the row of each cell stands in `all_times`."""
    all_times: Floats
    """When a row was, in steps of its table; 0 is the application. NaN where unknown."""
    years: Floats
    """How many such steps make a year, for each group."""

    @property
    def times(self) -> Floats:
        return self.all_times.take(self.places)

    @property
    def lengths(self) -> Integers:
        return np.append(self.starts[1:], len(self.cells)) - self.starts

    @cached_property
    def count(self) -> Floats:
        return np.add.reduceat(self.known, self.starts, dtype=np.int64).astype(np.float64)

    @cached_property
    def _total(self) -> Floats:
        return self._added(np.where(self.known, self.cells, 0.0))

    @property
    def sum(self) -> Floats:
        return np.where(self.count > 0, self._total, UNKNOWN)

    @property
    def mean(self) -> Floats:
        return self._total / np.where(self.count > 0, self.count, UNKNOWN)

    @property
    def min(self) -> Floats:
        return np.fmin.reduceat(self.cells, self.starts)

    @property
    def max(self) -> Floats:
        return np.fmax.reduceat(self.cells, self.starts)

    @property
    def std(self) -> Floats:
        known, count = self.known, self.count
        off = self.cells - self.mean.repeat(self.lengths)
        squares = self._added(np.where(known, off * off, 0.0))
        return np.sqrt(squares / np.where(count > 1, count - 1, UNKNOWN))

    @property
    def last(self) -> Floats:
        place = np.where(self.known, np.arange(len(self.cells)), -1)
        newest = np.maximum.reduceat(place, self.starts)
        return np.where(newest >= 0, self.cells[newest], UNKNOWN)

    @property
    def trend(self) -> Floats:
        times = self.times
        dated = self.known & ~np.isnan(times)
        values, times = np.where(dated, self.cells, 0.0), np.where(dated, times, 0.0)
        parts = (dated, times, times * times, values, times * values)
        n, t, tt, x, tx = map(self._added, parts)
        spread = n * tt - t * t
        return self.years * (n * tx - t * x) / np.where(spread > 0, spread, UNKNOWN)

    @property
    def decayed(self) -> Floats:
        half_lives = (self.years * HALF_LIFE).repeat(self.lengths)
        weights = np.exp2(np.minimum(self.times, 0.0) / half_lives)
        # Processors differ in a power's last bit; it rounds no whole day or month another way.
        weights = np.floor(weights * WEIGHTS + 0.5) / WEIGHTS
        known = self.known & ~np.isnan(weights)
        weight = self._added(np.where(known, weights, 0.0))
        total = self._added(np.where(known, weights * self.cells, 0.0))
        return total / np.where(weight > 0, weight, UNKNOWN)

    def _added(self, cells: Floats | Bools) -> Floats:
        """The sum over each group."""
        return np.add.reduceat(cells, self.starts, dtype=np.float64)
