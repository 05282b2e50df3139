"""Model the distribution of single columns, as a Gaussian copula does.

    trait (standard normal) -> Quantiles or Shares -> value of the column

A high trait gives a high value of the column, in any unit. Correlations are in `latent_traits`;
marginals are independent of one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

STANDARD_NORMAL = NormalDist()

MISSING = "(none)"
"""Stands for null where missing is a category of its own."""

QUANTILE_GRIDS = MappingProxyType(
    {
        "fine": (0.005, *(i / 100 for i in range(1, 100)), 0.995),
        "tailed": (0.005, 0.02, *(i / 20 for i in range(1, 20)), 0.98, 0.995),
        "coarse": tuple(i / 20 for i in range(1, 20)),
        "quartiles": (0.25, 0.5, 0.75),
        "halves": (0.5,),
    }
)
"""Levels of the stored quantiles.

A grid is chosen so that at least 20 clients lie between neighbouring levels: it needs 4,000,
4,000, 400, 80 and 40 clients.
"""

END_STANDARD_DEVIATIONS = MappingProxyType(
    {"fine": 4.5, "tailed": 4.5, "coarse": 3.5, "quartiles": 2.5, "halves": 2.0}
)
"""Position of the two end values, in standard deviations of the trait."""


def compute_knots(grid: str) -> Floats:
    """Return the trait values of a grid's quantiles, with both ends."""
    end = END_STANDARD_DEVIATIONS[grid]
    return np.array(
        [-end, *(STANDARD_NORMAL.inv_cdf(level) for level in QUANTILE_GRIDS[grid]), end]
    )


_KNOTS = {len(QUANTILE_GRIDS[grid]) + 2: compute_knots(grid) for grid in QUANTILE_GRIDS}


def round_to_multiple(numbers: Floats, step: float) -> Floats:
    """Round to multiples of `step`, without float residue: 0.07, not 0.07000000000000001.

    >>> round_to_multiple(np.array([10.0, 0.0701]), 4.5)
    array([9., 0.])
    >>> round_to_multiple(np.array([10.0, 0.0701]), 0.01).tolist()
    [10.0, 0.07]
    """
    if step < 1:
        per_unit = round(1 / step)
        return np.asarray(np.round(numbers * per_unit) / per_unit)
    return np.asarray(np.round(numbers / step) * step)


@dataclass(frozen=True, kw_only=True)
class Quantiles:
    """Quantiles of a numeric column on one of the grids, with an end value on each side.

    >>> heights = Quantiles(values=np.array([0.0, 10, 20, 30, 40]), step=1)
    >>> heights.inverse_transform(np.array([-9.0, 0, 0.3, 9]))
    array([ 0., 20., 24., 40.])
    """

    values: Floats
    step: float
    """Values are multiples of it, as in the source (its currency counts in 4.5)."""

    def inverse_transform(self, trait: Floats) -> Floats:
        raw = np.interp(trait, _KNOTS[len(self.values)], self.values)
        return round_to_multiple(raw, self.step)


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Categories or numbers with their shares, ordered by increasing trait.

    >>> homes = Shares(values=("rented", None, "owned"), shares=np.array([0.2, 0.3, 0.5]))
    >>> homes.inverse_transform(np.array([-2.0, -0.5, 2.0])).to_list()
    ['rented', None, 'owned']
    """

    values: tuple[str | float | None, ...]
    shares: Floats

    @cached_property
    def _cut_points(self) -> Floats:
        total = self.shares.sum()
        return np.array([STANDARD_NORMAL.inv_cdf(s) for s in np.cumsum(self.shares[:-1]) / total])

    @cached_property
    def _series(self) -> pl.Series:
        numbers = all(isinstance(value, int | float) for value in self.values)
        return pl.Series(self.values, dtype=pl.Float64 if numbers else pl.String)

    def assign_codes(self, trait: Floats) -> Integers:
        """Return the index into `values` for each trait value."""
        return np.searchsorted(self._cut_points, trait)

    def inverse_transform(self, trait: Floats) -> pl.Series:
        return self._series.gather(self.assign_codes(trait))

    def inverse_transform_numbers(self, trait: Floats) -> Floats:
        return self.inverse_transform(trait).to_numpy()


Marginal: TypeAlias = Quantiles | Shares


def parse_marginal(stored: Mapping[str, Any]) -> Marginal:
    """Read one marginal of the parameters file."""
    if "quantiles" in stored:
        return Quantiles(values=np.array(stored["quantiles"], dtype=float), step=stored["step"])
    values, shares = zip(*stored["shares"], strict=True)
    return Shares(values=values, shares=np.array(shares, dtype=float))
