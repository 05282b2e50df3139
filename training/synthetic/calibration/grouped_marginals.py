"""Estimate the marginals of history rows, overall or by group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from training.synthetic.calibration.estimators import (
    UNBOUNDED,
    NoKnownValues,
    StoredAggregate,
    TooFewClients,
    compute_normal_scores,
    fit_quantiles,
    fit_shares,
)
from training.synthetic.labels.history_risk import OWNER
from training.synthetic.sampling.marginals import Floats

Estimator = Callable[[pl.DataFrame], StoredAggregate]


def estimate_numbers(
    value: pl.Expr | str,
    *,
    step: float,
    finest_grid: str = "coarse",
    bounds: tuple[float, float] = UNBOUNDED,
) -> Estimator:
    """Create an estimator of quantiles."""

    def estimate(rows: pl.DataFrame) -> StoredAggregate:
        known_rows = rows.select(OWNER, value=_to_expression(value).cast(pl.Float64)).drop_nulls()
        return fit_quantiles(
            known_rows["value"].to_numpy(),
            owners=known_rows[OWNER].to_numpy(),
            step=step,
            finest_grid=finest_grid,
            bounds=bounds,
        )

    return estimate


def estimate_categories(value: pl.Expr | str, order: Sequence[str] | None = None) -> Estimator:
    """Create an estimator of the shares of categories, counts or flags; nulls are ignored."""

    def estimate(rows: pl.DataFrame) -> StoredAggregate:
        known_rows = rows.select(OWNER, value=_to_expression(value)).drop_nulls()
        return fit_shares(known_rows["value"], order, owners=known_rows[OWNER])

    return estimate


def estimate_by_group(
    column: str, rows: pl.DataFrame, group: pl.Expr | str, estimate: Estimator
) -> StoredAggregate:
    """Estimate the column's marginal by group; groups with too few clients get that of all rows.

    Groups without any known value get no marginal.
    """
    groups = rows.select(_to_expression(group)).to_series()
    marginals: StoredAggregate = {}
    for name in sorted(groups.drop_nulls().unique()):
        try:
            marginals[f"{column} of {name}"] = estimate(rows.filter(groups == name))
        except NoKnownValues:
            continue
        except TooFewClients:
            marginals[f"{column} of {name}"] = estimate(rows)
    return marginals


def estimate_known_rate(column: str) -> Estimator:
    """Create an estimator of the rate at which a column is known."""
    return estimate_categories(pl.col(column).is_not_null().cast(pl.Int8))


def estimate_flag_rate(is_set: pl.Expr, among: pl.Expr) -> Estimator:
    """Create an estimator of a flag's rate among some of the rows."""
    return estimate_categories(pl.when(among).then(is_set.cast(pl.Int8)))


def estimate_columns(rows: pl.DataFrame, estimators: Mapping[str, Estimator]) -> StoredAggregate:
    """Estimate the marginals of the declared columns."""
    return {column: estimate(rows) for column, estimate in estimators.items()}


def estimate_columns_by_group(
    rows: pl.DataFrame, groups: Mapping[str, Mapping[str, Estimator]]
) -> StoredAggregate:
    """Estimate the marginals of the declared columns for each value of their grouping column."""
    marginals: StoredAggregate = {}
    for group, estimators in groups.items():
        for column, estimate in estimators.items():
            marginals |= estimate_by_group(column, rows, group, estimate)
    return marginals


def compute_group_scores(
    rows: pl.DataFrame, value: pl.Expr | str, group: pl.Expr | str | None = None
) -> Floats:
    """Compute the normal scores of a number, among all rows or within the row's group."""
    group_expression = pl.lit("all") if group is None else _to_expression(group)
    frame = rows.select(value=_to_expression(value).cast(pl.Float64), group=group_expression)
    group_scores = np.full(rows.height, np.nan)
    for _, group_rows in frame.with_row_index("row").group_by("group", maintain_order=True):
        values = group_rows["value"].fill_null(np.nan).to_numpy()
        if np.isfinite(values).any():
            group_scores[group_rows["row"].to_numpy()] = compute_normal_scores(values)
    return group_scores


def rank_categories(value: pl.Expr | str, order: Sequence[str]) -> pl.Expr:
    """Replace categories by their position in an order; unlisted ones become null."""
    ranks = {category: float(rank) for rank, category in enumerate(order)}
    return _to_expression(value).replace_strict(ranks, default=None, return_dtype=pl.Float64)


def _to_expression(value: pl.Expr | str) -> pl.Expr:
    return pl.col(value) if isinstance(value, str) else value
