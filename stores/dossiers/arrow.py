"""Dossiers in Arrow: one row a client, every history as lists, one a column.

Parquet files of dossiers and Spark's executors hand out such batches; the executors import this
module, so that it needs NumPy and Arrow alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from credit.dossier import YES_NO, Dossiers, Floats, Rows, Words
from credit.schema import APPLICATION, HISTORIES, Kind, Table

CLIENT = "SK_ID_CURR"


def list_of(table: str, column: str) -> str:
    """The name under which a column of a history stands in a row of dossiers."""
    return f"{table}.{column}"


def arrow_columns(columns: Mapping[str, Sequence[str]], present: Iterable[str]) -> list[str]:
    """The names of these raw columns in a row of dossiers.

    Args:
        columns: Raw columns, table by table.
        present: The histories that the dossiers hold.
    """
    lists = (
        list_of(name, column)
        for name in present
        for column in columns[name]
        if column != CLIENT
    )  # fmt: skip
    return [*columns[APPLICATION.name], *lists]


def dossiers_of(batch: pa.RecordBatch, columns: Mapping[str, Sequence[str]]) -> Dossiers:
    """The dossiers of a batch; a history none of whose columns is there is unknown of everyone."""
    count = batch.num_rows
    everyone = np.arange(count, dtype=np.int64)
    form = {name: _cells(APPLICATION, name, batch[name]) for name in columns[APPLICATION.name]}
    known = np.ones(count, dtype=np.bool_)
    tables = {APPLICATION.name: Rows.of(APPLICATION, everyone, form, known)}
    there = set(batch.schema.names)
    for name, table in HISTORIES.items():
        names = {c: list_of(name, c) for c in columns[name] if c != CLIENT}
        held = not there.isdisjoint(names.values())
        lists = {
            column: batch[place] if held else _no_lists(table, column, count)
            for column, place in names.items()
        }
        lengths = next(iter(lists.values())).value_lengths().fill_null(0).to_numpy()
        cells = {column: _cells(table, column, lists[column].flatten()) for column in lists}
        owner = np.repeat(everyone, lengths)
        tables[name] = Rows.of(table, owner, cells, np.full(count, held))
    return Dossiers(count, tables)


def split(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same dossiers with a list for every column, out of one list of rows a history.

    Spark groups rows, and does not let names with dots into Python.
    """
    columns: dict[str, pa.Array] = {}
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        if name not in HISTORIES:
            columns[name] = array
            continue
        ends = np.cumsum(array.value_lengths().fill_null(0).to_numpy(), dtype=np.int32)
        offsets = pa.array(np.concatenate([np.zeros(1, np.int32), ends]))
        rows = array.flatten()
        for field, cells in zip(rows.type, rows.flatten(), strict=True):
            columns[list_of(name, field.name)] = pa.ListArray.from_arrays(offsets, cells)
    return pa.RecordBatch.from_pydict(columns)


def _cells(table: Table, name: str, array: pa.Array) -> Floats | Words:
    column = table[name]
    if column.kind in {Kind.CATEGORY, Kind.YES_NO}:
        encoded = array.dictionary_encode()
        vocabulary = encoded.dictionary.to_pylist()
        codes = encoded.indices.fill_null(-1).to_numpy().astype(np.int32)
        if column.kind is Kind.YES_NO:
            return np.array([*(YES_NO[word] for word in vocabulary), np.nan])[codes]
        words = Words(codes, tuple(vocabulary))
        unknown = words.isin(tuple(column.unknown_words))
        return Words(np.where(unknown, np.int32(-1), codes), words.vocabulary)
    numbers = array.to_numpy(zero_copy_only=False)
    return numbers.astype(np.float64)


def _no_lists(table: Table, column: str, count: int) -> pa.ListArray:
    text = table[column].kind in {Kind.CATEGORY, Kind.YES_NO}
    return pa.nulls(count, pa.list_(pa.string() if text else pa.float64()))
