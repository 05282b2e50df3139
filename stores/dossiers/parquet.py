"""Raw tables grouped into dossiers, and a Parquet file of dossiers read back in batches.

Tables ──► one row a client ──► batches of Dossiers ──► features
           histories as lists └─► JSON documents ─────► client store
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from credit.dossier import ALL_COLUMNS, DossierBatch, Integers
from credit.errors import Fault, InvalidTables
from credit.schema import APPLICATION, BUREAU, BUREAU_BALANCE, HISTORIES, TABLES, ColumnKind, Table
from stores.atomic_files import atomic_write
from stores.dossiers.arrow import (
    CLIENT_ID_COLUMN,
    dossiers_from_arrow,
    name_list_column,
    select_arrow_columns,
)
from stores.progress import ProgressReporter
from stores.raw_tables.tables import Tables

LABEL_COLUMN = "TARGET"
DOSSIERS_PER_BATCH = 4_096
"""Dossiers a batch: large enough to amortise a call, small enough to stay in cache."""
CLIENTS_PER_SLICE = 12 * DOSSIERS_PER_BATCH
"""Clients grouped in one go: about two gigabytes of the public data. In whole batches, so that
files written slice by slice and batch by batch are cut alike."""

RowSelector = Callable[[pl.Expr], pl.LazyFrame]
"""From a condition on the client's id to the rows of dossiers that meet it."""


@dataclass(frozen=True)
class GroupingSummary:
    """What grouping did."""

    client_count: int
    absent_histories: tuple[str, ...]
    """Histories without a file: unknown of everyone."""
    dropped_rows: Mapping[str, int]
    """History rows left out because their client, or bureau credit, is not among the dossiers."""

    @classmethod
    def from_tables(cls, tables: Tables) -> Self:
        """What grouping some tables does, without doing it.

        Raises:
            InvalidTables: there is nobody.
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
        """Say in one line what is absent and what was left out; nothing when all is there."""
        dropped = [f"{rows:,} of {name}" for name, rows in self.dropped_rows.items() if rows]
        sections = {
            "absent, so unknown of everyone": self.absent_histories,
            "rows of other clients left out": dropped,
        }
        if line := "; ".join(
            f"{title}: {', '.join(entries)}" for title, entries in sections.items() if entries
        ):
            progress.log(line)


def group_into_dossiers(tables: Tables, out: Path) -> GroupingSummary:
    """Write one row a client, by client id, with every history table as lists, one a column.

    Clients are grouped a slice at a time, which bounds the memory whatever their number.

    Raises:
        InvalidTables: there is nobody.
    """
    return write_dossiers(
        tables, partial(_group_rows, tables.application, _add_client_ids(tables)), out
    )


def write_dossiers(tables: Tables, select_rows: RowSelector, out: Path) -> GroupingSummary:
    """Write what some engine grouped, a slice of clients at a time, by client id.

    Raises:
        InvalidTables: there is nobody.
    """
    retained_counts: Counter[str] = Counter()
    ids = read_client_ids(tables)
    with atomic_write(out) as temp_path, ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for frame in iter_client_slices(ids, select_rows):
            for name in tables.histories:
                if (
                    list_name := name_list_column(name, _select_history_columns(name)[0])
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
    """Everybody's id, in order.

    Raises:
        InvalidTables: there is nobody.
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
    """The rows of some clients at a time, in the order of their sorted ids."""
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
    """The histories with a client in every row; months of unknown bureau credits drop out."""
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
            for column in _select_history_columns(name)
        )
        lists = history.filter(condition).group_by(CLIENT_ID_COLUMN).agg(*columns)
        frame = frame.join(lists, on=CLIENT_ID_COLUMN, how="left")
    return frame


def _select_history_columns(table: str) -> list[str]:
    return [column for column in TABLES[table].columns if column != CLIENT_ID_COLUMN]


class DossierFile:
    """A Parquet file that `group` wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = pq.ParquetFile(path)
        self._column_names = set(self._file.schema_arrow.names)

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    @property
    def absent_histories(self) -> tuple[str, ...]:
        """Histories unknown of everyone."""
        return tuple(name for name in HISTORIES if not self._has_history(name))

    @property
    def client_ids(self) -> Integers:
        return self._file.read([CLIENT_ID_COLUMN])[CLIENT_ID_COLUMN].to_numpy()

    @property
    def labels(self) -> NDArray[np.int8]:
        """TARGET: 1 for payment difficulties."""
        return self._file.read([LABEL_COLUMN])[LABEL_COLUMN].to_numpy().astype(np.int8)

    def read_column(self, name: str) -> list[str | None]:
        """One column of the application as it stands, for audits."""
        values: list[str | None] = self._file.read([name])[name].to_pylist()
        return values

    def iter_batches(
        self, columns: Mapping[str, Sequence[str]] = ALL_COLUMNS, size: int = DOSSIERS_PER_BATCH
    ) -> Iterator[DossierBatch]:
        """All dossiers in the file's order, `size` at a time, with only these columns."""
        present_histories = [name for name in HISTORIES if name not in self.absent_histories]
        column_names = select_arrow_columns(columns, present_histories)
        for batch in self._file.iter_batches(batch_size=size, columns=column_names):
            yield dossiers_from_arrow(batch, columns)

    def iter_documents(self) -> Iterator[tuple[int, str]]:
        """Every client's id and dossier as JSON text, as a request would write it."""
        for batch in self._file.iter_batches(batch_size=DOSSIERS_PER_BATCH):
            frame = pl.DataFrame(batch)
            json_frame = frame.select(
                CLIENT_ID_COLUMN, _encode_json_objects(APPLICATION).alias(APPLICATION.name)
            )
            for name in HISTORIES:
                if self._has_history(name):
                    json_frame = json_frame.join(
                        _encode_json_arrays(frame, name), on=CLIENT_ID_COLUMN, how="left"
                    )
            for client_id, form, *histories in json_frame.iter_rows():
                named_histories = zip(json_frame.columns[2:], histories, strict=True)
                history_json = "".join(
                    f',"{name}":[{rows or ""}]' for name, rows in named_histories
                )
                yield client_id, f'{{"application":{form}{history_json}}}'

    def _has_history(self, history: str) -> bool:
        return f"{history}.{_select_history_columns(history)[0]}" in self._column_names


def _encode_json_objects(table: Table, prefix: str = "") -> pl.Expr:
    """Each row as a JSON object, whole numbers written without a point."""
    fields = (
        pl.col(f"{prefix}{name}")
        .cast(pl.Int64 if column.is_whole_number else pl.Float64)
        .alias(name)
        if column.is_numeric and column.kind is not ColumnKind.YES_NO
        else pl.col(f"{prefix}{name}").alias(name)
        for name, column in table.columns.items()
        if not (prefix and name == CLIENT_ID_COLUMN)
    )
    return pl.struct(*fields).struct.json_encode()


def _encode_json_arrays(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows of a history as JSON objects with commas between, by client."""
    list_columns = [f"{name}.{column}" for column in _select_history_columns(name)]
    rows = frame.select(CLIENT_ID_COLUMN, *list_columns).explode(
        list_columns, empty_as_null=False, keep_nulls=False
    )
    objects = rows.select(
        CLIENT_ID_COLUMN, _encode_json_objects(TABLES[name], f"{name}.").alias(name)
    )
    return objects.group_by(CLIENT_ID_COLUMN, maintain_order=True).agg(pl.col(name).str.join(","))
