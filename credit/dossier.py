"""Dossiers side by side: the raw rows of one client or of thousands, as columns.

    documents (a request, a stored client) ─┐
                                            ├──► Dossiers ──► features
    a file of dossiers ─────────────────────┘

Nobody behind this module can tell where a dossier came from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, count
from operator import itemgetter
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from credit.schema import HISTORIES, TABLES, Column, Kind, Table

Document = Mapping[str, Any]
"""A valid dossier: `{"application": {...}, "bureau": [...], ...}` with the schema's columns."""

Told = TypeVar("Told")

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

YES_NO = {"Y": 1.0, "N": 0.0, None: np.nan}

ALL_COLUMNS = MappingProxyType({name: tuple(table.columns) for name, table in TABLES.items()})


@dataclass(frozen=True)
class Words:
    """A column of categories. Comparing with a word gives a mask; an unknown cell is no word."""

    codes: NDArray[np.int32]
    """Position in `vocabulary`, -1 for unknown."""
    vocabulary: tuple[str, ...]

    @classmethod
    def of(cls, cells: Sequence[str | None], unknown: frozenset[str]) -> Words:
        """Number the words as they come.

        >>> Words.of(["Active", None, "XNA", "Active"], frozenset({"XNA"})).codes.tolist()
        [0, -1, -1, 0]
        """
        unknowns = dict.fromkeys((None, *unknown), -1)
        code_of: defaultdict[Any, int] = defaultdict(count().__next__, unknowns)
        codes = np.fromiter(map(code_of.__getitem__, cells), np.int32, len(cells))
        return cls(codes, tuple(code_of)[len(unknowns) :])

    def __eq__(self, word: object) -> Bools:  # type: ignore[override]
        """Like NumPy's arrays, cell by cell."""
        code = self.vocabulary.index(word) if word in self.vocabulary else -2
        return self.codes == code

    __hash__ = None  # type: ignore[assignment]

    def isin(self, words: Sequence[str]) -> Bools:
        return np.array([*(word in words for word in self.vocabulary), False])[self.codes]

    def says(self, words: Sequence[str]) -> Floats:
        """1 for one of the words, 0 for another, NaN for unknown.

        >>> Words.of(["Active", None, "Closed"], frozenset()).says(["Active"]).tolist()
        [1.0, nan, 0.0]
        """
        said = [float(word in words) for word in self.vocabulary]
        return np.array([*said, np.nan])[self.codes]

    @property
    def known(self) -> Bools:
        return self.codes >= 0

    def take(self, rows: Integers | slice) -> Words:
        return Words(self.codes[rows], self.vocabulary)

    @classmethod
    def joined(cls, parts: Sequence[Words]) -> Words:
        """Columns one below the other, each with a vocabulary of its own.

        >>> one, two = Words.of(["a", "b"], frozenset()), Words.of(["b", None], frozenset())
        >>> Words.joined([one, two]).codes.tolist()
        [0, 1, 1, -1]
        """
        vocabulary = tuple(dict.fromkeys(word for part in parts for word in part.vocabulary))
        place = {word: code for code, word in enumerate(vocabulary)}
        codes = [
            np.array([*(place[word] for word in part.vocabulary), -1], np.int32)[part.codes]
            for part in parts
        ]
        return cls(np.concatenate(codes), vocabulary)


@dataclass(frozen=True)
class Rows:
    """The rows of one table that belong to some dossiers.

    Numbers are float64 with NaN for unknown. The source's sentinels (365243 days) are still in
    `cells`; `rows["..."]` reads them as unknown, `says` asks for them.
    """

    table: Table
    owner: Integers
    """Which dossier each row belongs to, shape (rows,), not decreasing."""
    cells: Mapping[str, Floats | Words]
    known: Bools
    """Whether the table is known of each dossier, shape (dossiers,). False is not "no rows"."""
    _told: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was asked of these rows before: many features rest on the same column."""

    def __len__(self) -> int:
        return len(self.owner)

    def __getitem__(self, column: str) -> Floats:
        """The numbers of a column, sentinels read as unknown."""
        if column not in self.table.sentinels:
            return self._numbers(column)
        told = self._told.get(column)
        if told is None:
            told = self._told[column] = self._known_numbers(column)
        return told

    def once(self, compute: Callable[[Rows], Told]) -> Told:
        """What a function says of these rows, computed when it is asked first."""
        told: Told | None = self._told.get(compute)
        if told is None:
            told = self._told[compute] = compute(self)
        return told

    def _known_numbers(self, column: str) -> Floats:
        cells = self._numbers(column)
        for sentinel in self.table.sentinels[column]:
            cells = np.where(cells == sentinel, np.nan, cells)
        return cells

    def _numbers(self, column: str) -> Floats:
        cells = self.cells[column]
        if isinstance(cells, Words):
            raise TypeError(f"{self.table.name}.{column} holds words, not numbers")
        return cells

    def words(self, column: str) -> Words:
        cells = self.cells[column]
        if not isinstance(cells, Words):
            raise TypeError(f"{self.table.name}.{column} holds numbers, not words")
        return cells

    def says(self, column: str, sentinel: float) -> Floats:
        """1 where the cell holds the sentinel, 0 where a number, NaN where nothing."""
        cells = self._numbers(column)
        return np.where(np.isnan(cells), np.nan, (cells == sentinel).astype(np.float64))

    def take(self, rows: Integers | slice) -> Rows:
        """These rows, in this order."""
        cells = {
            name: cell.take(rows) if isinstance(cell, Words) else cell[rows]
            for name, cell in self.cells.items()
        }
        return Rows(self.table, self.owner[rows], cells, self.known)

    def of_owners(self, begin: int, end: int) -> Rows:
        """The rows of some dossiers that stand side by side, numbered from 0 on."""
        mine = self.take(slice(*np.searchsorted(self.owner, [begin, end]).tolist()))
        return Rows(self.table, mine.owner - begin, mine.cells, self.known[begin:end])


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
            tables[name] = Rows(kept.table, at[kept.owner], kept.cells, rows.known[places])
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
        hidden = Rows(kept.table, kept.owner, kept.cells, rows.known & ~whose)
        return Dossiers(self.size, {**self.tables, name: hidden})


def _rows(
    table: Table,
    owner: Integers,
    rows: Sequence[Mapping[str, Any]],
    known: Bools,
    columns: Mapping[str, Sequence[str]],
) -> Rows:
    numbers, texts = _numbers_and_texts(table.name, tuple(columns[table.name]))
    cells: dict[str, Floats | Words] = dict(zip(numbers, numbers_of(rows, numbers), strict=True))
    for name in texts:
        cells[name] = _text(table[name], _texts_of(rows, name))
    return Rows(table, owner, cells, known)


@cache
def _numbers_and_texts(table: str, names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    texts = {name for name in names if TABLES[table][name].kind in {Kind.CATEGORY, Kind.YES_NO}}
    return [name for name in names if name not in texts], sorted(texts)


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


def _text(column: Column, cells: Sequence[str | None]) -> Floats | Words:
    if column.kind is Kind.YES_NO:
        return np.fromiter(map(YES_NO.__getitem__, cells), np.float64, len(cells))
    return Words.of(cells, column.unknown_words)
