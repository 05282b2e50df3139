"""Hypothesis strategies for dossiers: few columns and rows, any value that the schema allows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from credit.schema import APPLICATION, HISTORIES, Column, ColumnKind, Table
from tests.support.example_dossiers import Dossier
from tests.support.random_dossiers import CATEGORIES

SMALLEST = 5e-324
"""The smallest positive float64; a denominator may be as small."""


def cell_values(column: Column) -> SearchStrategy[Any]:
    """Values that a request may have in a cell: null, sentinels, limits and values between."""
    known = _known(column)
    for sentinel in column.sentinels:
        known |= st.just(sentinel)
    return known if column.required else known | st.none()


def _known(column: Column) -> SearchStrategy[Any]:
    if column.kind is ColumnKind.YES_NO:
        return st.sampled_from(["Y", "N"])
    if column.kind is ColumnKind.CATEGORY:
        return st.sampled_from(CATEGORIES.get(column.name, ("a", "b"))) | st.text(max_size=9)
    low, high = column.low or 0.0, column.high or 0.0
    if column.is_whole_number:
        integers = st.integers(int(low), int(high))
        return integers | st.sampled_from([int(low), int(high)]) | integers.map(float)
    edges = [low, high, 0.0, -0.0, SMALLEST, -SMALLEST, 1e-300, 0.5, 100]
    return st.floats(low, high) | st.sampled_from([edge for edge in edges if low <= edge <= high])


def table_rows(table: Table, *, max_rows: int = 4) -> SearchStrategy[list[dict[str, Any]]]:
    """Rows with distinct primary keys, each with some of the table's columns."""
    listed = st.lists(_row(table), max_size=max_rows)
    if not table.primary_key:
        return listed
    return listed.map(lambda rows: _drop_duplicate_keys(table, rows))


def _row(table: Table) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {c.name: _keys(c) for c in table.columns.values() if c.required},
        optional={
            c.name: cell_values(c)
            for c in table.columns.values()
            if not c.required and c.name != "SK_ID_CURR"
        },
    )


def _keys(column: Column) -> SearchStrategy[int]:
    """A small range of keys, so that rows of different tables match."""
    low = -13 if column.unit == "months" else 0
    return st.integers(low, low + 13)


def _drop_duplicate_keys(table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_key = {tuple(row[column] for column in table.primary_key): row for row in rows}
    return list(by_key.values())


def application_forms() -> SearchStrategy[dict[str, Any]]:
    """Application forms with some of the columns."""
    optional = {column.name: cell_values(column) for column in APPLICATION.columns.values()}
    return st.fixed_dictionaries({}, optional=optional)


def history_tables(name: str) -> SearchStrategy[list[dict[str, Any]] | None]:
    """A history: unknown, empty, or a few rows."""
    return st.none() | table_rows(HISTORIES[name])


def dossier_documents() -> SearchStrategy[Dossier]:
    """Valid dossiers."""
    histories: dict[str, SearchStrategy[Any]] = {name: history_tables(name) for name in HISTORIES}
    return st.fixed_dictionaries({"application": application_forms()}, optional=histories)
