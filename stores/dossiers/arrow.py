"""Dossiers in Arrow: one row per client, and one list per column of every history.

Parquet files of dossiers and Spark's executors produce such batches. Executors import this module,
so it depends on NumPy and Arrow only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from credit.dossier import YES_NO, CategoricalColumn, DossierBatch, Floats, Rows
from credit.schema import APPLICATION, HISTORIES, ColumnKind, Table

CLIENT_ID_COLUMN = "SK_ID_CURR"


def name_list_column(table: str, column: str) -> str:
    """Return the name of the Arrow column that holds a column of a history."""
    return f"{table}.{column}"


def list_history_columns(history: str) -> list[str]:
    """Return the columns of a history that are stored as lists: all but the client id."""
    return [column for column in HISTORIES[history].columns if column != CLIENT_ID_COLUMN]


def select_arrow_columns(
    columns: Mapping[str, Sequence[str]], present_histories: Iterable[str]
) -> list[str]:
    """Return the Arrow names of raw columns, those of the application first.

    Args:
        columns: Raw columns by table.
        present_histories: The histories that the dossiers have; the others are left out.
    """
    list_columns = (
        name_list_column(name, column)
        for name in present_histories
        for column in columns[name]
        if column != CLIENT_ID_COLUMN
    )  # fmt: skip
    return [*columns[APPLICATION.name], *list_columns]


def parse_arrow_batch(batch: pa.RecordBatch, columns: Mapping[str, Sequence[str]]) -> DossierBatch:
    """Convert an Arrow batch into dossiers.

    A history without any column in the batch is unknown for every client; a null list is an empty
    history.

    Args:
        batch: One row per client.
        columns: The raw columns to read, by table.
    """
    count = batch.num_rows
    row_indices = np.arange(count, dtype=np.int64)
    form = {
        name: _read_values(APPLICATION, name, batch[name]) for name in columns[APPLICATION.name]
    }
    is_known = np.ones(count, dtype=np.bool_)
    tables = {APPLICATION.name: Rows.from_columns(APPLICATION, row_indices, form, is_known)}
    present_columns = set(batch.schema.names)
    for name, table in HISTORIES.items():
        list_names = {c: name_list_column(name, c) for c in columns[name] if c != CLIENT_ID_COLUMN}
        is_present = not present_columns.isdisjoint(list_names.values())
        list_columns = {
            column: batch[list_name] if is_present else _make_null_lists(table, column, count)
            for column, list_name in list_names.items()
        }
        lengths = next(iter(list_columns.values())).value_lengths().fill_null(0).to_numpy()
        values = {
            column: _read_values(table, column, list_columns[column].flatten())
            for column in list_columns
        }
        owner = np.repeat(row_indices, lengths)
        tables[name] = Rows.from_columns(table, owner, values, np.full(count, is_present))
    return DossierBatch(count, tables)


def split_struct_lists(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Split each history, one list of structs, into one list per column.

    Spark groups whole rows, and does not pass column names with dots to Python.
    """
    columns: dict[str, pa.Array] = {}
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        if name not in HISTORIES:
            columns[name] = array
            continue
        ends = np.cumsum(array.value_lengths().fill_null(0).to_numpy(), dtype=np.int32)
        offsets = pa.array(np.concatenate([np.zeros(1, np.int32), ends]))
        rows = array.flatten()
        for field, values in zip(rows.type, rows.flatten(), strict=True):
            columns[name_list_column(name, field.name)] = pa.ListArray.from_arrays(offsets, values)
    return pa.RecordBatch.from_pydict(columns)


def _read_values(table: Table, name: str, array: pa.Array) -> Floats | CategoricalColumn:
    column = table[name]
    if column.kind in {ColumnKind.CATEGORY, ColumnKind.YES_NO}:
        encoded = array.dictionary_encode()
        categories = encoded.dictionary.to_pylist()
        codes = encoded.indices.fill_null(-1).to_numpy().astype(np.int32)
        if column.kind is ColumnKind.YES_NO:
            return np.array([*(YES_NO[category] for category in categories), np.nan])[codes]
        categorical = CategoricalColumn(codes, tuple(categories))
        is_unknown = categorical.isin(tuple(column.unknown_categories))
        return CategoricalColumn(np.where(is_unknown, np.int32(-1), codes), categorical.categories)
    numbers = array.to_numpy(zero_copy_only=False)
    return numbers.astype(np.float64)


def _make_null_lists(table: Table, column: str, count: int) -> pa.ListArray:
    is_text = table[column].kind in {ColumnKind.CATEGORY, ColumnKind.YES_NO}
    return pa.nulls(count, pa.list_(pa.string() if is_text else pa.float64()))
