"""Estimate quantiles, shares and drift of one column, each over at least 20 clients."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import floor, log10
from typing import Any

import numpy as np
import polars as pl

from training.synthetic.sampling.marginals import (
    MISSING,
    QUANTILE_GRIDS,
    STANDARD_NORMAL,
    Floats,
    Integers,
    compute_knots,
)

MAX_VALUE_BINS = 64
"""Columns with at most this many values get one bin per value when drift is computed."""

UNBOUNDED = (float("-inf"), float("inf"))

MIN_CLIENTS_PER_AGGREGATE = 20
"""Minimum number of clients behind each stored aggregate."""


class TooFewClients(ValueError):
    """An aggregate would describe fewer than 20 clients."""


class NoKnownValues(TooFewClients):
    """A column has no known value."""


StoredAggregate = dict[str, Any]
"""An aggregate in the form stored in the parameters file."""

_TRAIT_GRID = np.linspace(-4.5, 4.5, 1801)
_LEVEL_GRID = np.array([STANDARD_NORMAL.cdf(z) for z in _TRAIT_GRID])


def round_significant(number: float, digits: int = 5) -> float:
    """Round to significant digits; whole numbers become integers.

    >>> round_significant(1234567.8), round_significant(0.0123456), round_significant(3.0)
    (1234600, 0.012346, 3)
    """
    if number == 0 or not np.isfinite(number):
        return 0
    rounded = round(number, digits - 1 - floor(log10(abs(number))))
    return int(rounded) if rounded == int(rounded) else rounded


def to_floats(values: pl.Series) -> Floats:
    """Convert a column to numbers, with NaN for null."""
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()


def estimate_rate(flags: pl.Series) -> float:
    """Return the rate of a flag among the rows where it is known."""
    return round_significant(float(np.mean(flags.drop_nulls().to_numpy())), 3)


def fit_quantiles(
    values: Floats,
    *,
    step: float,
    owners: Integers | None = None,
    finest_grid: str = "fine",
    bounds: tuple[float, float] = UNBOUNDED,
) -> StoredAggregate:
    """Estimate quantiles on the finest grid, from `finest_grid` on, with 20 clients per gap.

    The two end values keep the means of the outermost groups. They are clipped to `bounds` and
    never
    cross zero. `owners` gives each value's client; by default all clients are distinct.
    """
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        raise NoKnownValues("the column has no known value")
    order = known[np.argsort(values[known], kind="stable")]
    owner_ids = np.arange(len(values)) if owners is None else owners
    grid = _select_grid(values[order], owner_ids[order], finest_grid=finest_grid)
    values = values[order]
    inner_values = np.quantile(values, QUANTILE_GRIDS[grid], method="inverted_cdf")
    outermost = max(round(len(values) * QUANTILE_GRIDS[grid][0]), 1)
    lower_end = inner_values[0] - _compute_end_distance(grid) * np.mean(
        inner_values[0] - values[:outermost]
    )
    upper_end = inner_values[-1] + _compute_end_distance(grid) * np.mean(
        values[-outermost:] - inner_values[-1]
    )
    if inner_values[0] >= 0:
        bounds = max(bounds[0], 0.0), bounds[1]
    if inner_values[-1] <= 0:
        bounds = bounds[0], min(bounds[1], 0.0)
    knot_values = [max(lower_end, bounds[0]), *inner_values, min(upper_end, bounds[1])]
    digits = 5 if grid == "fine" else 4
    return {"quantiles": [round_significant(v, digits) for v in knot_values], "step": step}


def _select_grid(values: Floats, owners: Integers, *, finest_grid: str) -> str:
    for grid, levels in list(QUANTILE_GRIDS.items())[list(QUANTILE_GRIDS).index(finest_grid) :]:
        cuts = np.rint(np.array([0, *levels, 1]) * len(values)).astype(np.int64)
        owners_by_gap = [owners[start:end] for start, end in pairwise(cuts)]
        if (
            min(len(np.unique(gap_owners)) for gap_owners in owners_by_gap)
            >= MIN_CLIENTS_PER_AGGREGATE
        ):
            return grid
    raise TooFewClients(f"{len(np.unique(owners))} clients are too few for quantiles")


def _compute_end_distance(grid: str) -> float:
    """Return the distance of the end from the outermost quantile, in mean excesses."""
    outer, end = compute_knots(grid)[-2:]
    mean_excess = STANDARD_NORMAL.pdf(outer) / (1 - STANDARD_NORMAL.cdf(outer)) - outer
    return float((end - outer) / mean_excess)


def fit_shares(
    values: pl.Series, order: Sequence[str] | None = None, *, owners: pl.Series | None = None
) -> StoredAggregate:
    """Estimate the share of each value: numbers ascending, categories in the given order.

    Categories with fewer than 20 clients are dropped; such numbers join the nearest lower one.
    `owners` gives each value's client; by default all clients are distinct.
    """
    owner_ids = pl.int_range(len(values), eager=True) if owners is None else owners
    counts = (
        pl.DataFrame({"value": values, "owner": owner_ids})
        .drop_nulls()
        .group_by("value")
        .agg(clients=pl.col("owner").n_unique(), rows=pl.len())
        .sort("value")
    )
    if counts.is_empty():
        raise NoKnownValues("the column has no known value")
    pairs = list(counts.iter_rows())
    pairs = (
        _pool_rare_values(pairs)
        if values.dtype.is_numeric()
        else [p for p in pairs if p[1] >= MIN_CLIENTS_PER_AGGREGATE]
    )
    if not pairs:
        raise TooFewClients(f"no value has {MIN_CLIENTS_PER_AGGREGATE} clients")
    if order is not None:
        pairs = sorted((p for p in pairs if p[0] in order), key=lambda p: order.index(p[0]))
    total = sum(rows for _, _, rows in pairs)
    return {
        "shares": [
            [None if value == MISSING else value, round_significant(rows / total, 3)]
            for value, _, rows in pairs
        ]
    }


ValueCount = tuple[float, int, int]
"""A value, the number of its clients, and the number of its rows."""


def _pool_rare_values(counts: list[ValueCount]) -> list[ValueCount]:
    pooled: list[ValueCount] = []
    for value, clients, rows in reversed(counts):
        if pooled and pooled[-1][1] < MIN_CLIENTS_PER_AGGREGATE:
            _, more_clients, more_rows = pooled.pop()
            clients, rows = clients + more_clients, rows + more_rows  # noqa: PLW2901 -- they join
        pooled.append((value, clients, rows))
    if len(pooled) > 1 and pooled[-1][1] < MIN_CLIENTS_PER_AGGREGATE:
        _, more_clients, more_rows = pooled.pop()
        value, clients, rows = pooled.pop()
        pooled.append((value, clients + more_clients, rows + more_rows))
    return pooled[::-1]


def compute_normal_scores(values: Floats) -> Floats:
    """Convert values to normal scores of their ranks; ties share the middle rank."""
    known = np.isfinite(values)
    _, value_index, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    mid_ranks = (np.cumsum(counts) - counts / 2) / counts.sum()
    scores = np.full(len(values), np.nan)
    scores[known] = np.interp(mid_ranks, _LEVEL_GRID, _TRAIT_GRID)[value_index]
    return scores


def compute_drift(reference: Floats, current: Floats) -> float:
    """Compute the population stability index on the reference's deciles, or its values if few.

    Missing is a bin of its own. The expected index of two samples of one population is subtracted.
    """
    known = reference[np.isfinite(reference)]
    edges = np.unique(known)
    if len(edges) > MAX_VALUE_BINS:
        edges = np.unique(np.quantile(known, np.linspace(0.1, 0.9, 9)))
    bins = len(edges) + 2
    proportions = []
    for values in (reference, current):
        bin_index = np.where(
            np.isfinite(values), np.searchsorted(edges, values, side="left"), bins - 1
        )
        proportions.append(
            (np.bincount(bin_index, minlength=bins) + 0.5) / (len(values) + 0.5 * bins)
        )
    expected_by_chance = (bins - 1) * (1 / len(reference) + 1 / len(current))
    return float(
        np.sum((proportions[1] - proportions[0]) * np.log(proportions[1] / proportions[0]))
        - expected_by_chance
    )
