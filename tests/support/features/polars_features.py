"""A second implementation of the history features, in Polars, written from their definitions.

dossiers ──► data frames ──► values of each row ──► one group-by per feature
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from credit.features import Unit
from credit.features.declaration.history_features import HistoryFeatures
from credit.features.declaration.statistic import Statistic
from credit.schema import ColumnKind, Table
from tests.support.example_dossiers import Dossier
from tests.support.features.polars_row_values import (
    GROUPED_VALUES,
    INSTALMENT_COLUMNS,
    VALUES,
    WINDOWS,
)

NEVER_DAYS = 365_243

STATISTIC_EXPRESSIONS: Mapping[Statistic, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    Statistic.COUNT: lambda value, _: value.count().cast(pl.Float64),
    Statistic.SUM: lambda value, _: pl.when(value.count() > 0).then(value.sum()),
    Statistic.MEAN: lambda value, _: value.mean(),
    Statistic.MIN: lambda value, _: value.min(),
    Statistic.MAX: lambda value, _: value.max(),
    Statistic.STD: lambda value, _: value.std(ddof=1),
    Statistic.LAST: lambda value, _: value.drop_nulls().last(),
    Statistic.TREND: lambda value, years: compute_slope(years, value),
    Statistic.DECAYED: lambda value, years: compute_weighted_mean(
        value, (2.0 ** (years.clip(upper_bound=0) / 0.5) * 2**40 + 0.5).floor() / 2**40
    ),
}
"""Functions of a value and its time in years."""


def compute_slope(years: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Return covariance / variance of the rows where both are known; null if times are equal."""
    both_known = years.is_not_null() & value.is_not_null()
    variance = years.filter(both_known).var(ddof=0)
    return pl.when(variance > 0).then(pl.cov(years, value, ddof=0) / variance)


def compute_weighted_mean(value: pl.Expr, weight: pl.Expr) -> pl.Expr:
    known_weight = pl.when(value.is_not_null()).then(weight)
    total = known_weight.sum()
    return (value * weight).sum() / pl.when(total > 0).then(total)


def build_frame(dossiers: Sequence[Dossier], table: Table) -> pl.DataFrame:
    """Return the rows of a history with the index of their client; unknown cells are null."""
    rows = [
        {"client": index, **row}
        for index, dossier in enumerate(dossiers)
        for row in dossier.get(table.name) or ()
    ]
    schema = {
        name: pl.String()
        if column.kind in {ColumnKind.CATEGORY, ColumnKind.YES_NO}
        else pl.Float64()
        for name, column in table.columns.items()
    }
    raw = pl.DataFrame(rows, schema={"client": pl.Int64(), **schema}, strict=False)
    termination = pl.col("DAYS_TERMINATION") if "DAYS_TERMINATION" in schema else pl.lit(0)
    known = (
        pl.when(~pl.col(name).is_in(list(column.sentinels))).then(pl.col(name)).alias(name)
        for name, column in table.columns.items()
        if column.sentinels
    )
    return raw.with_columns((termination == NEVER_DAYS).alias("never_ended")).with_columns(*known)


def compute_features(dossiers: Sequence[Dossier], history: HistoryFeatures) -> pl.DataFrame:
    """Return one row per dossier and one column per feature of a history."""
    rows = build_frame(dossiers, history.table)
    if history.child:
        rows = _join_child_features(dossiers, rows, history.child)
    rows = rows.sort("client", *history.order_by, nulls_last=False, maintain_order=True)
    rows = _add_groups(rows)
    clients = pl.DataFrame({"client": range(len(dossiers))})
    features = _aggregate(rows, history, clients, ["client"])
    known = pl.Series([dossier.get(history.table.name) is not None for dossier in dossiers])
    return features.select(
        pl.when(known).then(pl.col(name)).alias(name) for name in history.members
    )


def _join_child_features(
    dossiers: Sequence[Dossier], credits_frame: pl.DataFrame, child: HistoryFeatures
) -> pl.DataFrame:
    months = build_frame(dossiers, child.table)
    keys = ["client", "SK_ID_BUREAU"]
    features = _aggregate(
        _add_groups(months.sort("MONTHS_BALANCE")), child, credits_frame.select(keys), keys
    )
    known = pl.Series([dossier.get("bureau_balance") is not None for dossier in dossiers])
    when_known = pl.when(known.gather(credits_frame["client"]))
    columns = [when_known.then(pl.col(name)).alias(name) for name in child.members]
    return credits_frame.join(features, on=keys, how="left").with_columns(columns)


def _add_groups(rows: pl.DataFrame) -> pl.DataFrame:
    """Number the groups: payments of one instalment, where its key is known, else single rows."""
    rows = rows.with_row_index("group")
    if set(INSTALMENT_COLUMNS) <= set(rows.columns):
        is_key_known = pl.all_horizontal(pl.col(INSTALMENT_COLUMNS).is_not_null())
        first = pl.col("group").first().over("client", *INSTALMENT_COLUMNS)
        rows = rows.with_columns(
            pl.when(is_key_known).then(first).otherwise("group").alias("group")
        )
    return rows.with_columns(pl.col("group").is_last_distinct().alias("newest"))


def _aggregate(
    rows: pl.DataFrame, history: HistoryFeatures, owners: pl.DataFrame, keys: list[str]
) -> pl.DataFrame:
    """Add one column per feature to the owners, which are identified by the keys."""
    table = history.table.name
    years = pl.col(history.order_by[0]) / (12 if "MONTHS" in history.order_by[0] else 365)
    for member in history.members.values():
        grid_steps = 2.0 ** (10 if member.value.unit is Unit.CURRENCY else 20)
        value = VALUES[table][member.value.name]
        if member.value.name in GROUPED_VALUES.get(table, ()):
            value = pl.when("newest").then(value)
        rounded = ((value * grid_steps + 0.5).floor() / grid_steps).alias("value")
        window = WINDOWS[table].get(member.window.name, pl.lit(value=True))
        selected = rows.with_columns(rounded).filter(window).sort(keys, maintain_order=True)
        features = selected.group_by(keys, maintain_order=True).agg(
            STATISTIC_EXPRESSIONS[member.statistic](pl.col("value"), years).alias(
                member.feature.name
            ),
            pl.lit(value=True).alias("has_rows"),
        )
        owners = owners.join(features, on=keys, how="left", maintain_order="left")
        if member.statistic in {Statistic.COUNT, Statistic.SUM}:
            zero_without_rows = (
                pl.when(pl.col("has_rows")).then(pl.col(member.feature.name)).otherwise(0.0)
            )
            owners = owners.with_columns(zero_without_rows.alias(member.feature.name))
        owners = owners.drop("has_rows")
    return owners
