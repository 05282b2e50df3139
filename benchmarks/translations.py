"""Features of the histories in other engines, translated from their declarations.

A translation takes what can be said alike everywhere: a column, or a quotient of two, over all
rows or the newest, and its mean, minimum, maximum or standard deviation. Unknown stays unknown.

    documents ──► rows of a table ──► an engine's frame ──► one row a client
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
from credit.features import HISTORIES
from credit.features.declaration.history_features import EVER, Member, Source, Statistic
from credit.features.expressions.vectorised import Quotient, Sum
from credit.features.kernel.aggregation import step_of

CLIENT = "client"

IN_SQL = {
    Statistic.MEAN: "avg",
    Statistic.MIN: "min",
    Statistic.MAX: "max",
    Statistic.STD: "stddev_samp",
}
"""The statistics that are translated, which pandas and Polars call as we do."""

Engine = Callable[[Sequence[Document]], Floats]
"""From documents to the translated features, shape (documents, features)."""


@dataclass(frozen=True, kw_only=True)
class Translated:
    """A feature in the words that all engines share."""

    name: str
    part: str
    whole: str
    """Empty for a column as it is."""
    sign: int
    step: float
    """Steps in a unit: values are rounded to them, as the kernel does."""
    newest: int | None
    statistic: Statistic


@dataclass(frozen=True, kw_only=True)
class History:
    """What is translated of one table."""

    table: str
    order: Sequence[str]
    features: Sequence[Translated]

    @property
    def columns(self) -> list[str]:
        """The raw columns that are needed, the clients' places first."""
        used = {column for f in self.features for column in (f.part, f.whole) if column}
        return [CLIENT, *sorted(used | set(self.order))]

    def rows(self, documents: Sequence[Document]) -> dict[str, list[Any]]:
        """These columns of the rows of all documents."""
        rows = [
            (place, row)
            for place, document in enumerate(documents)
            for row in document.get(self.table) or ()
        ]
        cells = {name: [row.get(name) for _, row in rows] for name in self.columns[1:]}
        return {CLIENT: [place for place, _ in rows], **cells}


def histories() -> list[History]:
    """Every feature that can be translated, table by table."""
    return [
        History(
            table=source.table.name,
            order=source.order,
            features=list(_translated(source, source.members.values())),
        )
        for source in HISTORIES
    ]


def _translated(source: Source, members: Iterable[Member]) -> Iterable[Translated]:
    for member in members:
        match member.value.compute:
            case Sum(columns=alone) if len(alone) == 1:
                [(part, sign)], columns = alone.items(), [*alone]
            case Quotient(part=Sum(columns=above), whole=Sum(columns=below)):
                [part], columns, sign = above, [*above, *below], 1
            case _:
                continue
        everywhere = set(columns) <= source.table.columns.keys() - source.table.sentinels.keys()
        # Rows without a primary key may tie: which are newest is then ours to say.
        counted = member.window.newest if source.table.primary_key else None
        if everywhere and member.statistic in IN_SQL and (member.window is EVER or counted):
            yield Translated(
                name=member.feature.name, part=part, whole="".join(columns[1:]), sign=int(sign),
                step=step_of(member.value.unit), newest=counted, statistic=member.statistic,
            )  # fmt: skip


def with_pandas(histories: Sequence[History]) -> Engine:
    def compute(documents: Sequence[Document]) -> Floats:
        parts = []
        for history in histories:
            frame = pd.DataFrame(history.rows(documents), dtype=np.float64)
            ordered = frame.sort_values([CLIENT, *history.order], na_position="first")
            told = pd.DataFrame(index=range(len(documents)))
            for (newest, statistic), some in _alike(history.features).items():
                rows = ordered.groupby(CLIENT).tail(newest) if newest else ordered
                values = {feature.name: _in_pandas(rows, feature) for feature in some}
                grouped = pd.DataFrame(values).groupby(rows[CLIENT])
                told = told.join(getattr(grouped, statistic.word)())
            parts.append(told[[feature.name for feature in history.features]].to_numpy())
        return np.hstack(parts)

    return compute


def _alike(
    features: Sequence[Translated],
) -> Mapping[tuple[int | None, Statistic], list[Translated]]:
    found: dict[tuple[int | None, Statistic], list[Translated]] = {}
    for feature in features:
        found.setdefault((feature.newest, feature.statistic), []).append(feature)
    return found


def _in_pandas(rows: pd.DataFrame, feature: Translated) -> pd.Series[float]:
    value = feature.sign * rows[feature.part]
    if feature.whole:
        value /= rows[feature.whole].replace(0, np.nan)
    rounded: pd.Series[float] = (value * feature.step + 0.5).floordiv(1) / feature.step
    return rounded


def with_polars(histories: Sequence[History]) -> Engine:
    said = [[_in_polars(feature) for feature in history.features] for history in histories]

    def compute(documents: Sequence[Document]) -> Floats:
        everyone = pl.DataFrame({CLIENT: range(len(documents))}, schema={CLIENT: pl.Float64})
        parts = []
        for history, expressions in zip(histories, said, strict=True):
            schema = dict.fromkeys(history.columns, pl.Float64)
            frame = pl.DataFrame(history.rows(documents), schema=schema, strict=False)
            ordered = frame.sort(CLIENT, *history.order)
            told = ordered.group_by(CLIENT, maintain_order=True).agg(*expressions)
            joined = everyone.join(told, on=CLIENT, how="left", maintain_order="left")
            parts.append(joined.drop(CLIENT).to_numpy())
        return np.hstack(parts)

    return compute


def _in_polars(feature: Translated) -> pl.Expr:
    value = feature.sign * pl.col(feature.part)
    if feature.whole:
        value /= pl.when(pl.col(feature.whole) != 0).then(pl.col(feature.whole))
    value = (value * feature.step + 0.5).floor() / feature.step
    chosen = value.tail(feature.newest) if feature.newest else value
    said: pl.Expr = getattr(chosen, feature.statistic.word)()
    return said.alias(feature.name)


def with_duckdb(histories: Sequence[History]) -> Engine:
    connection = duckdb.connect()
    queries = [_in_sql(history) for history in histories]

    def compute(documents: Sequence[Document]) -> Floats:
        parts = []
        for history, query in zip(histories, queries, strict=True):
            schema = pa.schema([(name, pa.float64()) for name in history.columns])
            connection.register("history", pa.table(history.rows(documents), schema))
            told = connection.execute(query).fetchnumpy()
            cells = np.full((len(documents), len(history.features)), np.nan)
            clients = np.asarray(told.pop(CLIENT), dtype=np.int64)
            for place, column in enumerate(told.values()):
                cells[clients, place] = np.ma.filled(column, np.nan)
            parts.append(cells)
        return np.hstack(parts)

    return compute


def _in_sql(history: History) -> str:
    newest_first = ", ".join(f"{column} DESC NULLS LAST" for column in history.order)
    said = []
    for f in history.features:
        value = f"{f.sign} * {f.part}" + (f" / nullif({f.whole}, 0)" if f.whole else "")
        value = f"floor(({value}) * {f.step} + 0.5) / {f.step}"
        chosen = f" FILTER (WHERE place <= {f.newest})" if f.newest else ""
        said.append(f"{IN_SQL[f.statistic]}({value}){chosen} AS {f.name}")
    place = f"row_number() OVER (PARTITION BY {CLIENT} ORDER BY {newest_first}) AS place"
    return (
        f"SELECT {CLIENT}, {', '.join(said)} FROM (SELECT *, {place} FROM history)"  # noqa: S608
        f" GROUP BY {CLIENT}"
    )


ENGINES: Mapping[str, Callable[[Sequence[History]], Engine]] = {
    "Polars": with_polars,
    "DuckDB": with_duckdb,
    "pandas": with_pandas,
}
