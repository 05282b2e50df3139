"""Read a Parquet file of dossiers in batches.

one row per client ──► batches of dossiers ──► features
histories as lists └─► JSON documents ───────► client store
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from credit.dossier import ALL_COLUMNS, DossierBatch, Integers
from credit.schema import APPLICATION, HISTORIES, TARGET, ColumnKind, Table
from stores.dossiers.arrow import (
    CLIENT_ID_COLUMN,
    list_history_columns,
    name_list_column,
    parse_arrow_batch,
    select_arrow_columns,
)

LABEL_COLUMN = TARGET.name

DOSSIERS_PER_BATCH = 4_096
"""Large enough to amortise a call of the kernel, small enough to stay in the CPU cache."""


class DossierFile:
    """A Parquet file of dossiers, as `group_into_dossiers` writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = pq.ParquetFile(path)
        self._column_names = set(self._file.schema_arrow.names)

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    @property
    def absent_histories(self) -> tuple[str, ...]:
        """Histories that are unknown for every client."""
        return tuple(name for name in HISTORIES if not self._has_history(name))

    @property
    def client_ids(self) -> Integers:
        """Client ids in the order of the file."""
        return self._file.read([CLIENT_ID_COLUMN])[CLIENT_ID_COLUMN].to_numpy()

    @property
    def labels(self) -> NDArray[np.int8]:
        """TARGET in the order of the file: 1 for payment difficulties, else 0."""
        return self._file.read([LABEL_COLUMN])[LABEL_COLUMN].to_numpy().astype(np.int8)

    def read_column(self, name: str) -> list[str | None]:
        """Read a column of the application, raw, for audits; None is unknown."""
        values: list[str | None] = self._file.read([name])[name].to_pylist()
        return values

    def iter_batches(
        self, columns: Mapping[str, Sequence[str]] = ALL_COLUMNS, size: int = DOSSIERS_PER_BATCH
    ) -> Iterator[DossierBatch]:
        """Yield all dossiers in the order of the file.

        Args:
            columns: The raw columns to read, by table.
            size: Maximum number of dossiers per batch.
        """
        present_histories = [name for name in HISTORIES if name not in self.absent_histories]
        column_names = select_arrow_columns(columns, present_histories)
        for batch in self._file.iter_batches(batch_size=size, columns=column_names):
            yield parse_arrow_batch(batch, columns)

    def iter_documents(self) -> Iterator[tuple[int, str]]:
        """Yield each client id with the dossier as JSON text, in the format of a request."""
        for batch in self._file.iter_batches(batch_size=DOSSIERS_PER_BATCH):
            frame = pl.DataFrame(batch)
            json_frame = frame.select(
                CLIENT_ID_COLUMN,
                _encode_json_objects(
                    APPLICATION, {name: name for name in APPLICATION.columns}
                ).alias(APPLICATION.name),
            )
            for name in HISTORIES:
                if self._has_history(name):
                    json_frame = json_frame.join(
                        _encode_json_arrays(frame, name), on=CLIENT_ID_COLUMN, how="left"
                    )
            yield from _iter_documents(json_frame)

    def _has_history(self, history: str) -> bool:
        first_column = list_history_columns(history)[0]
        return name_list_column(history, first_column) in self._column_names


def _iter_documents(json_frame: pl.DataFrame) -> Iterator[tuple[int, str]]:
    """Join the JSON of the application and the histories, a column each, into one document."""
    history_names = json_frame.columns[2:]
    for client_id, form, *histories in json_frame.iter_rows():
        history_json = "".join(
            f',"{name}":[{rows or ""}]'
            for name, rows in zip(history_names, histories, strict=True)
        )
        yield client_id, f'{{"application":{form}{history_json}}}'


def _encode_json_objects(table: Table, column_names: Mapping[str, str]) -> pl.Expr:
    """Encode each row as a JSON object, with whole numbers written without a decimal point.

    Args:
        table: The table of the rows.
        column_names: The columns to encode, and their names in the frame.
    """
    fields = (
        pl.col(column_names[name])
        .cast(pl.Int64 if column.is_whole_number else pl.Float64)
        .alias(name)
        if column.is_numeric and column.kind is not ColumnKind.YES_NO
        else pl.col(column_names[name]).alias(name)
        for name, column in table.columns.items()
        if name in column_names
    )
    return pl.struct(*fields).struct.json_encode()


def _encode_json_arrays(frame: pl.DataFrame, history: str) -> pl.DataFrame:
    """Encode the rows of a history as comma-separated JSON objects, per client."""
    column_names = {
        name: name_list_column(history, name) for name in list_history_columns(history)
    }
    list_columns = list(column_names.values())
    rows = frame.select(CLIENT_ID_COLUMN, *list_columns).explode(
        list_columns, empty_as_null=False, keep_nulls=False
    )
    objects = rows.select(
        CLIENT_ID_COLUMN, _encode_json_objects(HISTORIES[history], column_names).alias(history)
    )
    return objects.group_by(CLIENT_ID_COLUMN, maintain_order=True).agg(
        pl.col(history).str.join(",")
    )
