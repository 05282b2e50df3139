"""Measures of one column: quantiles, shares, drift; never of fewer than twenty clients."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import floor, log10
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl

from training.synthetic.sampling.marginals import GRIDS, Codes, Numbers, knots

FEW_VALUES = 64
"""A column with no more of them has a bin each when its drift is measured."""

EVERYWHERE = (float("-inf"), float("inf"))

FEWEST = 20
"""The least number of clients that a kept aggregate describes."""

NONE = "(none)"
"""Stands for null where that is an answer of its own and not a gap."""


class TooFewClients(ValueError):
    """An aggregate would describe fewer than twenty clients."""


class NeverKnown(TooFewClients):
    """There is not even one client."""


Stored = dict[str, Any]
"""An aggregate as it stands in the parameters file."""

_NORMAL = NormalDist()
_TRAIT_GRID = np.linspace(-4.5, 4.5, 1801)
_LEVEL_GRID = np.array([_NORMAL.cdf(z) for z in _TRAIT_GRID])


def sensible(number: float, digits: int = 5) -> float:
    """The number to so many significant digits; whole numbers lose their point.

    >>> sensible(1234567.8), sensible(0.0123456), sensible(3.0)
    (1234600, 0.012346, 3)
    """
    if number == 0 or not np.isfinite(number):
        return 0
    rounded = round(number, digits - 1 - floor(log10(abs(number))))
    return int(rounded) if rounded == int(rounded) else rounded


def rate(flags: pl.Series) -> float:
    """How often a flag is set, of the rows that show it."""
    return sensible(float(np.mean(flags.drop_nulls().to_numpy())), 3)


def quantiles(
    values: Numbers,
    *,
    step: float,
    owners: Codes | None = None,
    finest: str = "fine",
    within: tuple[float, float] = EVERYWHERE,
) -> Stored:
    """The values on the finest grid, from `finest` on, that leaves twenty clients in every gap.

    The two ends are placed so that the outermost groups keep their means, but `within` bounds, and
    on no other side of zero than the rest. `owners` says whose each value is; without it each is
    another's.
    """
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        raise NeverKnown("no value is known")
    order = known[np.argsort(values[known], kind="stable")]
    whose = np.arange(len(values)) if owners is None else owners
    grid = _finest_grid(values[order], whose[order], finest=finest)
    values = values[order]
    inner = np.quantile(values, GRIDS[grid], method="inverted_cdf")
    outermost = max(round(len(values) * GRIDS[grid][0]), 1)
    least = inner[0] - _reach(grid) * np.mean(inner[0] - values[:outermost])
    most = inner[-1] + _reach(grid) * np.mean(values[-outermost:] - inner[-1])
    if inner[0] >= 0:
        within = max(within[0], 0.0), within[1]
    if inner[-1] <= 0:
        within = within[0], min(within[1], 0.0)
    kept = [max(least, within[0]), *inner, min(most, within[1])]
    digits = 5 if grid == "fine" else 4
    return {"quantiles": [sensible(v, digits) for v in kept], "step": step}


def _finest_grid(values: Numbers, owners: Codes, *, finest: str) -> str:
    for grid, levels in list(GRIDS.items())[list(GRIDS).index(finest) :]:
        cuts = np.rint(np.array([0, *levels, 1]) * len(values)).astype(np.int64)
        parts = [owners[start:end] for start, end in pairwise(cuts)]
        if min(len(np.unique(part)) for part in parts) >= FEWEST:
            return grid
    raise TooFewClients(f"{len(np.unique(owners))} clients are too few for quantiles")


def _reach(grid: str) -> float:
    """How many mean excesses beyond the outermost quantile the end stands."""
    outer, end = knots(grid)[-2:]
    mean_excess = _NORMAL.pdf(outer) / (1 - _NORMAL.cdf(outer)) - outer
    return float((end - outer) / mean_excess)


def shares(
    values: pl.Series, order: Sequence[str] | None = None, *, owners: pl.Series | None = None
) -> Stored:
    """Each value with its share, numbers from least to greatest, words in the given order.

    Words of fewer than twenty clients are left out; such numbers join the nearest lower one.
    `owners` says whose each value is; without it each is another client's.
    """
    whose = pl.int_range(len(values), eager=True) if owners is None else owners
    counts = (
        pl.DataFrame({"value": values, "owner": whose})
        .drop_nulls()
        .group_by("value")
        .agg(clients=pl.col("owner").n_unique(), rows=pl.len())
        .sort("value")
    )
    if counts.is_empty():
        raise NeverKnown("no value is known")
    pairs = list(counts.iter_rows())
    pairs = _pooled(pairs) if values.dtype.is_numeric() else [p for p in pairs if p[1] >= FEWEST]
    if not pairs:
        raise TooFewClients("no value is that of twenty clients")
    if order is not None:
        pairs = sorted((p for p in pairs if p[0] in order), key=lambda p: order.index(p[0]))
    total = sum(rows for _, _, rows in pairs)
    return {
        "shares": [
            [None if value == NONE else value, sensible(rows / total, 3)]
            for value, _, rows in pairs
        ]
    }


Counted = tuple[float, int, int]
"""A value, of how many clients it is, in how many rows."""


def _pooled(counts: list[Counted]) -> list[Counted]:
    pooled: list[Counted] = []
    for value, clients, rows in reversed(counts):
        if pooled and pooled[-1][1] < FEWEST:
            _, more_clients, more_rows = pooled.pop()
            clients, rows = clients + more_clients, rows + more_rows  # noqa: PLW2901 -- they join
        pooled.append((value, clients, rows))
    if len(pooled) > 1 and pooled[-1][1] < FEWEST:
        _, more_clients, more_rows = pooled.pop()
        value, clients, rows = pooled.pop()
        pooled.append((value, clients + more_clients, rows + more_rows))
    return pooled[::-1]


def normal_scores(values: Numbers) -> Numbers:
    """Each value's place among the known ones as a standard normal; ties share the middle."""
    known = np.isfinite(values)
    _, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    scores = np.full(len(values), np.nan)
    scores[known] = np.interp(middle, _LEVEL_GRID, _TRAIT_GRID)[place]
    return scores


def drift(reference: Numbers, current: Numbers) -> float:
    """Population stability index on the reference's deciles, or its values if few.

    An unknown value is a bin of its own. What two samples of the same clients would show, on
    average, is taken off.
    """
    known = reference[np.isfinite(reference)]
    edges = np.unique(known)
    if len(edges) > FEW_VALUES:
        edges = np.unique(np.quantile(known, np.linspace(0.1, 0.9, 9)))
    bins = len(edges) + 2
    parts = []
    for values in (reference, current):
        place = np.where(
            np.isfinite(values), np.searchsorted(edges, values, side="left"), bins - 1
        )
        parts.append((np.bincount(place, minlength=bins) + 0.5) / (len(values) + 0.5 * bins))
    by_chance = (bins - 1) * (1 / len(reference) + 1 / len(current))
    return float(np.sum((parts[1] - parts[0]) * np.log(parts[1] / parts[0])) - by_chance)
