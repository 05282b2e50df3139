"""The history features once more, in Polars: written from their meaning, not from their code.

dossiers ──► frames ──► rows with every value ──► one group-by a feature
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from credit.features import Unit
from credit.features.declaration.history_features import HistoryFeatures, Statistic
from credit.schema import ColumnKind, Table
from tests.credit.features.oracle_values import INSTALMENT, VALUES, WHOLES, WINDOWS
from tests.support.example_dossiers import Dossier

NEVER = 365_243


SAID: Mapping[Statistic, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    Statistic.COUNT: lambda value, _: value.count().cast(pl.Float64),
    Statistic.SUM: lambda value, _: pl.when(value.count() > 0).then(value.sum()),
    Statistic.MEAN: lambda value, _: value.mean(),
    Statistic.MIN: lambda value, _: value.min(),
    Statistic.MAX: lambda value, _: value.max(),
    Statistic.STD: lambda value, _: value.std(ddof=1),
    Statistic.LAST: lambda value, _: value.drop_nulls().last(),
    Statistic.TREND: lambda value, years: slope(years, value),
    Statistic.DECAYED: lambda value, years: weighted(
        value, (2.0 ** (years.clip(upper_bound=0) / 0.5) * 2**40 + 0.5).floor() / 2**40
    ),
}


def slope(years: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Covariance over variance, of the rows where both are known; null at one moment."""
    both = years.is_not_null() & value.is_not_null()
    spread = years.filter(both).var(ddof=0)
    return pl.when(spread > 0).then(pl.cov(years, value, ddof=0) / spread)


def weighted(value: pl.Expr, weight: pl.Expr) -> pl.Expr:
    known = pl.when(value.is_not_null()).then(weight)
    return (value * weight).sum() / pl.when(known.sum() > 0).then(known.sum())


def frame(people: Sequence[Dossier], table: Table) -> pl.DataFrame:
    """The rows of a history, each with the place of its client; unknown cells are null."""
    rows = [
        {"client": place, **row}
        for place, person in enumerate(people)
        for row in person.get(table.name) or ()
    ]
    schema = {
        name: pl.String()
        if column.kind in {ColumnKind.CATEGORY, ColumnKind.YES_NO}
        else pl.Float64()
        for name, column in table.columns.items()
    }
    raw = pl.DataFrame(rows, schema={"client": pl.Int64(), **schema}, strict=False)
    ended = pl.col("DAYS_TERMINATION") if "DAYS_TERMINATION" in schema else pl.lit(0)
    known = (
        pl.when(~pl.col(name).is_in(list(column.sentinels))).then(pl.col(name)).alias(name)
        for name, column in table.columns.items()
        if column.sentinels
    )
    return raw.with_columns((ended == NEVER).alias("never_ended")).with_columns(*known)


def features(people: Sequence[Dossier], source: HistoryFeatures) -> pl.DataFrame:
    """One row a client, one column a feature of a source."""
    rows = frame(people, source.table)
    if source.child:
        months = frame(people, source.child.table)
        credit = ["client", "SK_ID_BUREAU"]
        told = _told(
            _numbered(months.sort("MONTHS_BALANCE")), source.child, rows.select(credit), credit
        )
        known = pl.Series([person.get("bureau_balance") is not None for person in people])
        unknown = pl.when(known.gather(rows["client"]))
        named = [unknown.then(pl.col(name)).alias(name) for name in source.child.members]
        rows = rows.join(told, on=credit, how="left").with_columns(named)
    rows = rows.sort("client", *source.order_by, nulls_last=False, maintain_order=True)
    rows = _numbered(rows)
    everyone = pl.DataFrame({"client": range(len(people))})
    told = _told(rows, source, everyone, ["client"])
    known = pl.Series([person.get(source.table.name) is not None for person in people])
    return told.select(pl.when(known).then(pl.col(name)).alias(name) for name in source.members)


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Which whole each row is of: its own, or that of all that say the same of an instalment."""
    rows = rows.with_row_index("whole")
    if set(INSTALMENT) <= set(rows.columns):
        said = pl.all_horizontal(pl.col(INSTALMENT).is_not_null())
        first = pl.col("whole").first().over("client", *INSTALMENT)
        rows = rows.with_columns(pl.when(said).then(first).otherwise("whole").alias("whole"))
    return rows.with_columns(pl.col("whole").is_last_distinct().alias("newest"))


def _told(
    rows: pl.DataFrame, source: HistoryFeatures, groups: pl.DataFrame, by: list[str]
) -> pl.DataFrame:
    table = source.table.name
    years = pl.col(source.order_by[0]) / (12 if "MONTHS" in source.order_by[0] else 365)
    for member in source.members.values():
        step = 2.0 ** (10 if member.value.unit is Unit.CURRENCY else 20)
        said = VALUES[table][member.value.name]
        if member.value.name in WHOLES.get(table, ()):
            said = pl.when("newest").then(said)
        value = ((said * step + 0.5).floor() / step).alias("value")
        window = WINDOWS[table].get(member.window.name, pl.lit(value=True))
        chosen = rows.with_columns(value).filter(window).sort(by, maintain_order=True)
        told = chosen.group_by(by, maintain_order=True).agg(
            SAID[member.statistic](pl.col("value"), years).alias(member.feature.name),
            pl.lit(value=True).alias("rows"),
        )
        groups = groups.join(told, on=by, how="left", maintain_order="left")
        if member.statistic in {Statistic.COUNT, Statistic.SUM}:
            nothing = pl.when(pl.col("rows")).then(pl.col(member.feature.name)).otherwise(0.0)
            groups = groups.with_columns(nothing.alias(member.feature.name))
        groups = groups.drop("rows")
    return groups
