"""Translate history features from their declarations to other engines.

Only features that every engine supports are translated: the mean, minimum, maximum or standard
deviation of a column, or of a ratio of columns, over all rows or the newest. Missing values stay
missing.

    documents ──► rows of a table ──► an engine's frame ──► one row per client
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from credit.dossier import Document, Floats
from credit.features import HISTORY_FEATURES
from credit.features.declaration.history_features import (
    EVER,
    FamilyMember,
    HistoryFeatures,
)
from credit.features.declaration.statistic import Statistic
from credit.features.expressions.vectorised import Ratio, WeightedSum
from credit.features.kernel.aggregation import get_steps_per_unit

CLIENT_COLUMN = "client"

SQL_FUNCTIONS = {
    Statistic.MEAN: "avg",
    Statistic.MIN: "min",
    Statistic.MAX: "max",
    Statistic.STD: "stddev_samp",
}
"""SQL functions of the translated statistics; pandas and Polars use our names for them."""

EngineFunction = Callable[[Sequence[Document]], Floats]
"""Computes the translated features of documents, shape (documents, features)."""


@dataclass(frozen=True, kw_only=True)
class TranslatedFeature:
    """A feature in terms that all engines share."""

    name: str
    numerator: str
    denominator: str
    """Empty if the feature is a plain column."""
    sign: int
    steps_per_unit: float
    """Values are rounded to this many steps per unit, as in the kernel."""
    newest_rows: int | None
    statistic: Statistic


@dataclass(frozen=True, kw_only=True)
class TranslatedHistory:
    """Translated features of one table."""

    table: str
    order: Sequence[str]
    features: Sequence[TranslatedFeature]

    @property
    def columns(self) -> list[str]:
        """The required raw columns, with the client's position first."""
        used = {column for f in self.features for column in (f.numerator, f.denominator) if column}
        return [CLIENT_COLUMN, *sorted(used | set(self.order))]

    def rows(self, documents: Sequence[Document]) -> dict[str, list[Any]]:
        """Collect these columns from the rows of all documents."""
        rows = [
            (index, row)
            for index, document in enumerate(documents)
            for row in document.get(self.table) or ()
        ]
        values = {name: [row.get(name) for _, row in rows] for name in self.columns[1:]}
        return {CLIENT_COLUMN: [index for index, _ in rows], **values}


def translate_histories() -> list[TranslatedHistory]:
    """Translate all supported features, by table."""
    return [
        TranslatedHistory(
            table=source.table.name,
            order=source.order_by,
            features=list(_translate_features(source, source.members.values())),
        )
        for source in HISTORY_FEATURES
    ]


def _translate_features(
    source: HistoryFeatures, members: Iterable[FamilyMember]
) -> Iterable[TranslatedFeature]:
    for member in members:
        match member.value.compute:
            case WeightedSum(weights=alone) if len(alone) == 1:
                [(numerator, sign)], columns = alone.items(), [*alone]
            case Ratio(
                numerator=WeightedSum(weights=above), denominator=WeightedSum(weights=below)
            ):
                [numerator], columns, sign = above, [*above, *below], 1
            case _:
                continue
        is_translatable = (
            set(columns) <= source.table.columns.keys() - source.table.sentinels.keys()
        )
        # Rows without a primary key may tie, and engines could then choose different newest rows.
        newest_rows = member.window.max_rows if source.table.primary_key else None
        if (
            is_translatable
            and member.statistic in SQL_FUNCTIONS
            and (member.window is EVER or newest_rows)
        ):
            yield TranslatedFeature(
                name=member.feature.name,
                numerator=numerator,
                denominator="".join(columns[1:]),
                sign=int(sign),
                steps_per_unit=get_steps_per_unit(member.value.unit),
                newest_rows=newest_rows,
                statistic=member.statistic,
            )


def build_pandas_engine(histories: Sequence[TranslatedHistory]) -> EngineFunction:
    def compute(documents: Sequence[Document]) -> Floats:
        parts = []
        for history in histories:
            frame = pd.DataFrame(history.rows(documents), dtype=np.float64)
            ordered = frame.sort_values([CLIENT_COLUMN, *history.order], na_position="first")
            aggregated = pd.DataFrame(index=range(len(documents)))
            for (newest_rows, statistic), group in _group_by_window(history.features).items():
                rows = ordered.groupby(CLIENT_COLUMN).tail(newest_rows) if newest_rows else ordered
                values = {feature.name: _compute_with_pandas(rows, feature) for feature in group}
                grouped = pd.DataFrame(values).groupby(rows[CLIENT_COLUMN])
                aggregated = aggregated.join(getattr(grouped, statistic.key)())
            parts.append(aggregated[[feature.name for feature in history.features]].to_numpy())
        return np.hstack(parts)

    return compute


def _group_by_window(
    features: Sequence[TranslatedFeature],
) -> Mapping[tuple[int | None, Statistic], list[TranslatedFeature]]:
    groups: dict[tuple[int | None, Statistic], list[TranslatedFeature]] = {}
    for feature in features:
        groups.setdefault((feature.newest_rows, feature.statistic), []).append(feature)
    return groups


def _compute_with_pandas(rows: pd.DataFrame, feature: TranslatedFeature) -> pd.Series[float]:
    value = feature.sign * rows[feature.numerator]
    if feature.denominator:
        value /= rows[feature.denominator].replace(0, np.nan)
    rounded: pd.Series[float] = (value * feature.steps_per_unit + 0.5).floordiv(
        1
    ) / feature.steps_per_unit
    return rounded


def build_polars_engine(histories: Sequence[TranslatedHistory]) -> EngineFunction:
    expression_lists = [
        [_build_polars_expression(feature) for feature in history.features]
        for history in histories
    ]

    def compute(documents: Sequence[Document]) -> Floats:
        clients = pl.DataFrame(
            {CLIENT_COLUMN: range(len(documents))}, schema={CLIENT_COLUMN: pl.Float64}
        )
        parts = []
        for history, expressions in zip(histories, expression_lists, strict=True):
            schema = dict.fromkeys(history.columns, pl.Float64)
            frame = pl.DataFrame(history.rows(documents), schema=schema, strict=False)
            ordered = frame.sort(CLIENT_COLUMN, *history.order)
            aggregated = ordered.group_by(CLIENT_COLUMN, maintain_order=True).agg(*expressions)
            joined = clients.join(aggregated, on=CLIENT_COLUMN, how="left", maintain_order="left")
            parts.append(joined.drop(CLIENT_COLUMN).to_numpy())
        return np.hstack(parts)

    return compute


def _build_polars_expression(feature: TranslatedFeature) -> pl.Expr:
    value = feature.sign * pl.col(feature.numerator)
    if feature.denominator:
        value /= pl.when(pl.col(feature.denominator) != 0).then(pl.col(feature.denominator))
    value = (value * feature.steps_per_unit + 0.5).floor() / feature.steps_per_unit
    windowed = value.tail(feature.newest_rows) if feature.newest_rows else value
    expression: pl.Expr = getattr(windowed, feature.statistic.key)()
    return expression.alias(feature.name)


def build_duckdb_engine(histories: Sequence[TranslatedHistory]) -> EngineFunction:
    connection = duckdb.connect()
    queries = [_build_sql_query(history) for history in histories]

    def compute(documents: Sequence[Document]) -> Floats:
        parts = []
        for history, query in zip(histories, queries, strict=True):
            schema = pa.schema([(name, pa.float64()) for name in history.columns])
            connection.register("history", pa.table(history.rows(documents), schema))
            result = connection.execute(query).fetchnumpy()
            values = np.full((len(documents), len(history.features)), np.nan)
            clients = np.asarray(result.pop(CLIENT_COLUMN), dtype=np.int64)
            for index, column in enumerate(result.values()):
                values[clients, index] = np.ma.filled(column, np.nan)
            parts.append(values)
        return np.hstack(parts)

    return compute


def _build_sql_query(history: TranslatedHistory) -> str:
    newest_first = ", ".join(f"{column} DESC NULLS LAST" for column in history.order)
    expressions = []
    for f in history.features:
        value = f"{f.sign} * {f.numerator}" + (
            f" / nullif({f.denominator}, 0)" if f.denominator else ""
        )
        value = f"floor(({value}) * {f.steps_per_unit} + 0.5) / {f.steps_per_unit}"
        window = f" FILTER (WHERE place <= {f.newest_rows})" if f.newest_rows else ""
        expressions.append(f"{SQL_FUNCTIONS[f.statistic]}({value}){window} AS {f.name}")
    row_number = f"row_number() OVER (PARTITION BY {CLIENT_COLUMN} ORDER BY {newest_first})"
    numbered_rows = f"SELECT *, {row_number} AS place FROM history"  # noqa: S608 -- our own names
    return (
        f"SELECT {CLIENT_COLUMN}, {', '.join(expressions)} FROM ({numbered_rows})"  # noqa: S608 -- our own names
        f" GROUP BY {CLIENT_COLUMN}"
    )


ENGINES: Mapping[str, Callable[[Sequence[TranslatedHistory]], EngineFunction]] = {
    "Polars": build_polars_engine,
    "DuckDB": build_duckdb_engine,
    "pandas": build_pandas_engine,
}
