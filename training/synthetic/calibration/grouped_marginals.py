"""Marginals of history rows: of all of them, or group by group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from training.synthetic.calibration.estimators import (
    EVERYWHERE,
    NeverKnown,
    Stored,
    TooFewClients,
    normal_scores,
    quantiles,
    shares,
)
from training.synthetic.labels.history_risk import OWNER
from training.synthetic.sampling.marginals import Numbers

Measure = Callable[[pl.DataFrame], Stored]


def numbers(
    value: pl.Expr | str,
    *,
    step: float,
    finest: str = "coarse",
    within: tuple[float, float] = EVERYWHERE,
) -> Measure:
    """How to keep a number: by its quantiles."""

    def measure(rows: pl.DataFrame) -> Stored:
        known = rows.select(OWNER, value=_expression(value).cast(pl.Float64)).drop_nulls()
        return quantiles(
            known["value"].to_numpy(),
            owners=known[OWNER].to_numpy(),
            step=step,
            finest=finest,
            within=within,
        )

    return measure


def words(value: pl.Expr | str, order: Sequence[str] | None = None) -> Measure:
    """How to keep words, counts or flags: by their shares; null is left out."""

    def measure(rows: pl.DataFrame) -> Stored:
        known = rows.select(OWNER, value=_expression(value)).drop_nulls()
        return shares(known["value"], order, owners=known[OWNER])

    return measure


def by_group(column: str, rows: pl.DataFrame, group: pl.Expr | str, measure: Measure) -> Stored:
    """The column's marginal for each group; of all rows for groups of too few clients.

    Nothing is kept for groups in which the column is never known.
    """
    groups = rows.select(_expression(group)).to_series()
    kept: Stored = {}
    for name in sorted(groups.drop_nulls().unique()):
        try:
            kept[f"{column} of {name}"] = measure(rows.filter(groups == name))
        except NeverKnown:
            continue
        except TooFewClients:
            kept[f"{column} of {name}"] = measure(rows)
    return kept


def known(column: str) -> Measure:
    """How to keep how often a column is known."""
    return words(pl.col(column).is_not_null().cast(pl.Int8))


def flag(is_set: pl.Expr, among: pl.Expr) -> Measure:
    """How to keep how often a flag is set, among some of the rows."""
    return words(pl.when(among).then(is_set.cast(pl.Int8)))


def kept_of(rows: pl.DataFrame, measures: Mapping[str, Measure]) -> Stored:
    """The marginals of columns as declared."""
    return {column: measure(rows) for column, measure in measures.items()}


def kept_by_group(rows: pl.DataFrame, groups: Mapping[str, Mapping[str, Measure]]) -> Stored:
    """The marginals of columns as declared, for each value of the column that groups rows."""
    kept: Stored = {}
    for group, measures in groups.items():
        for column, measure in measures.items():
            kept |= by_group(column, rows, group, measure)
    return kept


def scores(
    rows: pl.DataFrame, value: pl.Expr | str, group: pl.Expr | str | None = None
) -> Numbers:
    """Normal scores of a number, among all rows or among those of the row's group."""
    grouping = pl.lit("all") if group is None else _expression(group)
    picked = rows.select(value=_expression(value).cast(pl.Float64), group=grouping)
    found = np.full(rows.height, np.nan)
    for _, part in picked.with_row_index("row").group_by("group", maintain_order=True):
        values = part["value"].fill_null(np.nan).to_numpy()
        if np.isfinite(values).any():
            found[part["row"].to_numpy()] = normal_scores(values)
    return found


def places(value: pl.Expr | str, order: Sequence[str]) -> pl.Expr:
    """Words as numbers, by their place in an order; words not in it are unknown."""
    ranks = {word: float(place) for place, word in enumerate(order)}
    return _expression(value).replace_strict(ranks, default=None, return_dtype=pl.Float64)


def _expression(value: pl.Expr | str) -> pl.Expr:
    return pl.col(value) if isinstance(value, str) else value
