"""Dossiers side by side: the raw rows of one client or of thousands, as columns.

    documents (a request, a stored client) ─┐
                                            ├──► Dossiers ──► features
    a file of dossiers ─────────────────────┘

Nobody behind this module can tell where a dossier came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import itemgetter
from types import MappingProxyType
from typing import Any

import numpy as np

from credit.columns import Bools, Floats, Integers, Layout, Rows, Words
from credit.schema import HISTORIES, TABLES, Kind, Table

__all__ = [
    "ALL_COLUMNS",
    "YES_NO",
    "Bools",
    "Document",
    "Dossiers",
    "Floats",
    "Integers",
    "Rows",
    "Words",
    "numbers_of",
]

Document = Mapping[str, Any]
"""A valid dossier: `{"application": {...}, "bureau": [...], ...}` with the schema's columns."""

YES_NO = {"Y": 1.0, "N": 0.0, None: np.nan}

ALL_COLUMNS = MappingProxyType({name: tuple(table.columns) for name, table in TABLES.items()})


@dataclass(frozen=True)
class Dossiers:
    """Some clients' raw rows, table by table."""

    size: int
    tables: Mapping[str, Rows]
    """Every table by name; the application has exactly one row a dossier, in order."""

    def __len__(self) -> int:
        return self.size

    @classmethod
    def of(
        cls,
        documents: Sequence[Document],
        columns: Mapping[str, Sequence[str]] = ALL_COLUMNS,
    ) -> Dossiers:
        """Set documents side by side.

        Args:
            documents: Valid dossiers; nothing is checked here. A missing key, a missing table
                and `None` are unknown, an empty list is known to be empty.
            columns: The columns to take, table by table; fewer are quicker.
        """
        everyone = np.arange(len(documents), dtype=np.int64)
        forms = [document["application"] for document in documents]
        known = np.ones(len(documents), dtype=np.bool_)
        tables = {"application": _rows(TABLES["application"], everyone, forms, known, columns)}
        for name, table in HISTORIES.items():
            held = [document.get(name) for document in documents]
            known = np.array([rows is not None for rows in held], dtype=np.bool_)
            lengths = [len(rows) if rows else 0 for rows in held]
            rows = [row for part in held if part for row in part]
            tables[name] = _rows(table, np.repeat(everyone, lengths), rows, known, columns)
        return cls(len(documents), tables)

    def only(self, places: Integers) -> Dossiers:
        """Some of the dossiers, by their ascending places."""
        at = np.full(self.size, -1)
        at[places] = np.arange(len(places))
        tables = {}
        for name, rows in self.tables.items():
            kept = rows.take(np.flatnonzero(at[rows.owner] >= 0))
            tables[name] = kept.owned(at[kept.owner], rows.known[places])
        return Dossiers(len(places), tables)

    def parts(self, size: int) -> Iterator[Dossiers]:
        """The same dossiers in their order, at most `size` at a time."""
        for begin in range(0, len(self), size):
            end = min(begin + size, len(self))
            tables = {name: rows.of_owners(begin, end) for name, rows in self.tables.items()}
            yield Dossiers(end - begin, tables)

    def without(self, name: str, whose: Bools) -> Dossiers:
        """The same dossiers with one history unknown for some of them, shape (dossiers,)."""
        rows = self.tables[name]
        kept = rows.take(np.flatnonzero(~whose[rows.owner]))
        hidden = kept.owned(kept.owner, rows.known & ~whose)
        return Dossiers(self.size, {**self.tables, name: hidden})


def _rows(
    table: Table,
    owner: Integers,
    rows: Sequence[Mapping[str, Any]],
    known: Bools,
    columns: Mapping[str, Sequence[str]],
) -> Rows:
    kinds = _kinds(table.name, tuple(columns[table.name]))
    raw = numbers_of(rows, kinds.numbers)
    if kinds.yes_no:
        raw = np.concatenate([raw, [_yes_no(_texts_of(rows, name)) for name in kinds.yes_no]])
    texts = {
        name: Words.of(_texts_of(rows, name), table[name].unknown_words) for name in kinds.words
    }
    return Rows(kinds.layout, owner, raw, texts, known)


@dataclass(frozen=True, kw_only=True)
class _Kinds:
    """The columns to take of a table, by how they are read."""

    numbers: tuple[str, ...]
    yes_no: tuple[str, ...]
    words: tuple[str, ...]
    layout: Layout


@cache
def _kinds(table: str, names: tuple[str, ...]) -> _Kinds:
    kind = {name: TABLES[table][name].kind for name in names}
    yes_no = tuple(name for name in names if kind[name] is Kind.YES_NO)
    words = tuple(name for name in names if kind[name] is Kind.CATEGORY)
    numbers = tuple(name for name in names if name not in {*yes_no, *words})
    layout = Layout.of(table, numbers + yes_no)
    return _Kinds(numbers=numbers, yes_no=yes_no, words=words, layout=layout)


def numbers_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Floats:
    """Columns of numbers out of valid JSON rows, shape (columns, rows); NaN where there is none.

    All columns are read in one go, row by row as they lie in memory.

    >>> numbers_of([{"AMT_CREDIT": 1000, "AMT_ANNUITY": None}], ["AMT_CREDIT", "AMT_ANNUITY"])
    array([[1000.],
           [  nan]])
    """
    size = len(rows) * len(names)
    try:
        cells = chain.from_iterable(map(_taking(tuple(names)), rows))
        numbers = np.fromiter(cells, np.float64, size)
    except KeyError:  # a cell left out is unknown
        cells = chain.from_iterable(map(row.get, names) for row in rows)
        numbers = np.fromiter(cells, np.float64, size)
    return np.ascontiguousarray(numbers.reshape(len(rows), len(names)).T)


@cache
def _taking(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """What takes these cells out of a row that has them all, in half the time of asking each."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: tuple(row[name] for name in names)


def _texts_of(rows: Sequence[Mapping[str, Any]], name: str) -> list[str | None]:
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:  # a cell left out is unknown
        return [row.get(name) for row in rows]


def _yes_no(cells: Sequence[str | None]) -> Floats:
    return np.fromiter(map(YES_NO.__getitem__, cells), np.float64, len(cells))
