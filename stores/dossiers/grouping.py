"""Group raw tables into a Parquet file of dossiers: one row per client, histories as lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import polars as pl
import pyarrow.parquet as pq

from credit.errors import Fault, InvalidTables
from credit.schema import BUREAU, BUREAU_BALANCE
from stores.atomic_files import atomic_write
from stores.dossiers.arrow import CLIENT_ID_COLUMN, list_history_columns, name_list_column
from stores.dossiers.parquet import DOSSIERS_PER_BATCH
from stores.progress import ProgressReporter
from stores.raw_tables.tables import Tables

CLIENTS_PER_SLICE = 12 * DOSSIERS_PER_BATCH
"""Clients grouped at a time: about 2 GB of the public data. A multiple of the batch size, so that
files written by slice and files written by batch have equal row groups."""

RowSelector = Callable[[pl.Expr], pl.LazyFrame]
"""Return the rows of dossiers that meet a condition on the client id."""


@dataclass(frozen=True)
class GroupingSummary:
    """Counts of a grouping."""

    client_count: int
    absent_histories: tuple[str, ...]
    """Histories without a file, which are unknown for every client."""
    dropped_rows: Mapping[str, int]
    """Rows dropped from each history because no dossier has their client or bureau credit."""

    @classmethod
    def from_tables(cls, tables: Tables) -> Self:
        """Count what grouping would do, without grouping.

        Raises:
            InvalidTables: there are no applications.
        """
        ids = read_client_ids(tables)
        client_frame, histories = ids.to_frame().lazy(), _add_client_ids(tables)
        retained_counts = {
            name: _count_rows(
                rows.select(CLIENT_ID_COLUMN).join(client_frame, on=CLIENT_ID_COLUMN, how="semi")
            )
            for name, rows in histories.items()
        }
        return cls(len(ids), tables.absent_histories, _count_dropped_rows(tables, retained_counts))

    def log_summary(self, progress: ProgressReporter) -> None:
        """Log absent histories and dropped rows in one line; log nothing if there are none."""
        dropped = [f"{rows:,} of {name}" for name, rows in self.dropped_rows.items() if rows]
        sections = {
            "absent, so unknown for every client": self.absent_histories,
            "rows of unknown clients dropped": dropped,
        }
        if line := "; ".join(
            f"{title}: {', '.join(entries)}" for title, entries in sections.items() if entries
        ):
            progress.log(line)


def group_into_dossiers(tables: Tables, out: Path) -> GroupingSummary:
    """Group tables into a Parquet file: one row per client, sorted by id, histories as lists.

    Clients are grouped in slices of `CLIENTS_PER_SLICE`, which bounds the memory.

    Raises:
        InvalidTables: there are no applications.
    """
    return write_dossiers(
        tables, partial(_group_rows, tables.application, _add_client_ids(tables)), out
    )


def write_dossiers(tables: Tables, select_rows: RowSelector, out: Path) -> GroupingSummary:
    """Write the dossiers that an engine grouped to a Parquet file, sorted by client id.

    Args:
        tables: The tables that were grouped.
        select_rows: Returns the grouped rows of a slice of clients.
        out: The file to write.

    Raises:
        InvalidTables: there are no applications.
    """
    retained_counts: Counter[str] = Counter()
    ids = read_client_ids(tables)
    with atomic_write(out) as temp_path, ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for frame in iter_client_slices(ids, select_rows):
            for name in tables.histories:
                if (
                    list_name := name_list_column(name, list_history_columns(name)[0])
                ) in frame.columns:
                    retained_counts[name] += int(frame[list_name].list.len().sum())
            table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
            if writer is None:
                new_writer = pq.ParquetWriter(temp_path, table.schema, compression="zstd")
                writer = stack.enter_context(new_writer)
            writer.write_table(table, row_group_size=DOSSIERS_PER_BATCH)
    return GroupingSummary(
        len(ids), tables.absent_histories, _count_dropped_rows(tables, retained_counts)
    )


def read_client_ids(tables: Tables) -> pl.Series:
    """Read the ids of all applications, in ascending order.

    Raises:
        InvalidTables: there are no applications.
    """
    ids = (
        tables.application.select(CLIENT_ID_COLUMN)
        .collect(engine="streaming")[CLIENT_ID_COLUMN]
        .sort()
    )
    if ids.is_empty():
        raise InvalidTables([Fault(str(tables.folder), "no applications", "at least one row")])
    return ids


def iter_client_slices(ids: pl.Series, select_rows: RowSelector) -> Iterator[pl.DataFrame]:
    """Yield the rows of `CLIENTS_PER_SLICE` clients at a time, sorted by id.

    Args:
        ids: All client ids in ascending order.
        select_rows: Returns the rows of a slice of clients.
    """
    for start in range(0, len(ids), CLIENTS_PER_SLICE):
        slice_ids = ids[start : start + CLIENTS_PER_SLICE]
        condition = pl.col(CLIENT_ID_COLUMN).is_between(slice_ids[0], slice_ids[-1])
        yield select_rows(condition).collect(engine="streaming").sort(CLIENT_ID_COLUMN)


def _count_dropped_rows(tables: Tables, retained_counts: Mapping[str, int]) -> dict[str, int]:
    return {
        name: _count_rows(rows) - retained_counts.get(name, 0)
        for name, rows in tables.histories.items()
    }


def _count_rows(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def _add_client_ids(tables: Tables) -> dict[str, pl.LazyFrame]:
    """Return the histories with a client id in every row.

    `bureau_balance` names bureau credits only. Joining it to them drops months of unknown credits.
    """
    histories = dict(tables.histories)
    if BUREAU_BALANCE.name in histories:
        months = histories.pop(BUREAU_BALANCE.name)
        if BUREAU.name in histories:
            credit_owners = histories[BUREAU.name].select(CLIENT_ID_COLUMN, "SK_ID_BUREAU")
            histories[BUREAU_BALANCE.name] = months.join(credit_owners, on="SK_ID_BUREAU")
    return histories


def _group_rows(
    application: pl.LazyFrame, histories: Mapping[str, pl.LazyFrame], condition: pl.Expr
) -> pl.LazyFrame:
    frame = application.filter(condition)
    for name, history in histories.items():
        columns = (
            pl.col(column).alias(name_list_column(name, column))
            for column in list_history_columns(name)
        )
        lists = history.filter(condition).group_by(CLIENT_ID_COLUMN).agg(*columns)
        frame = frame.join(lists, on=CLIENT_ID_COLUMN, how="left")
    return frame
