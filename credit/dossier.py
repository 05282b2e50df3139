"""Dossiers side by side: the raw rows of one client or of thousands, as columns.

    documents (a request, a stored client) ─┐
                                            ├──► Dossiers ──► features
    a file of dossiers ─────────────────────┘

Nobody behind this module can tell where a dossier came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from credit.schema import HISTORIES, TABLES, Kind, Table

Document = Mapping[str, Any]
"""A valid dossier: `{"application": {...}, "bureau": [...], ...}` with the schema's columns."""

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
        seen: dict[str | None, int] = dict.fromkeys((None, *unknown), -1)
        count = len(seen)
        codes = [seen.setdefault(cell, len(seen) - count) for cell in cells]
        words = tuple(word for word, code in seen.items() if code >= 0 and word is not None)
        return cls(np.array(codes, dtype=np.int32), words)

    def __eq__(self, word: object) -> Bools:  # type: ignore[override]
        """Like NumPy's arrays, cell by cell."""
        code = self.vocabulary.index(word) if word in self.vocabulary else -2
        return self.codes == code

    __hash__ = None  # type: ignore[assignment]

    def isin(self, words: Sequence[str]) -> Bools:
        codes = [self.vocabulary.index(word) for word in words if word in self.vocabulary]
        return np.isin(self.codes, codes)

    @property
    def known(self) -> Bools:
        return self.codes >= 0

    def take(self, rows: Integers) -> Words:
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

    def __len__(self) -> int:
        return len(self.owner)

    def __getitem__(self, column: str) -> Floats:
        """The numbers of a column, sentinels read as unknown."""
        cells = self.cells[column]
        if isinstance(cells, Words):
            raise TypeError(f"{self.table.name}.{column} holds words, not numbers")
        declared = self.table.columns.get(column)
        for sentinel in declared.sentinels if declared else ():
            cells = np.where(cells == sentinel, np.nan, cells)
        return cells

    def words(self, column: str) -> Words:
        cells = self.cells[column]
        if not isinstance(cells, Words):
            raise TypeError(f"{self.table.name}.{column} holds numbers, not words")
        return cells

    def says(self, column: str, sentinel: float) -> Floats:
        """1 where the cell holds the sentinel, 0 where a number, NaN where nothing."""
        cells = self.cells[column]
        if isinstance(cells, Words):
            raise TypeError(f"{self.table.name}.{column} holds words, not numbers")
        return np.where(np.isnan(cells), np.nan, (cells == sentinel).astype(np.float64))

    def take(self, rows: Integers) -> Rows:
        """These rows, in this order."""
        cells = {
            name: cell.take(rows) if isinstance(cell, Words) else cell[rows]
            for name, cell in self.cells.items()
        }
        return Rows(self.table, self.owner[rows], cells, self.known)


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
    cells = {
        name: cells_of(table, name, [row.get(name) for row in rows])
        for name in columns[table.name]
    }
    return Rows(table, owner, cells, known)


def cells_of(table: Table, name: str, cells: Sequence[Any]) -> Floats | Words:
    """One column out of valid JSON cells."""
    column = table[name]
    if column.kind is Kind.CATEGORY:
        return Words.of(cells, frozenset(map(str, column.sentinels)))
    if column.kind is Kind.YES_NO:
        return np.array([YES_NO[cell] for cell in cells], dtype=np.float64)
    return np.array(cells, dtype=np.float64)
