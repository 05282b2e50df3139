"""The rows of a table as columns: a matrix of numbers, and words with their codes.

The columns of numbers lie side by side, so that many of them are taken in one call of NumPy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from itertools import count
from typing import Any, TypeVar, TypeVarTuple

import numpy as np
from numpy.typing import NDArray

from credit.schema import TABLES, Table

Told = TypeVar("Told")
About = TypeVarTuple("About")

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

FEW = 32
"""Words of a vocabulary that will be met again. Longer ones may be anybody's, and are not kept."""


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

    def isin(self, words: tuple[str, ...]) -> Bools:
        return self.says(words) == 1

    def says(self, words: tuple[str, ...]) -> Floats:
        """1 for one of the words, 0 for another, NaN for unknown.

        >>> Words.of(["Active", None, "Closed"], frozenset()).says(("Active",)).tolist()
        [1.0, nan, 0.0]
        """
        return _meant(self.vocabulary, words, (1.0,) * len(words))[self.codes]

    def means(self, words: tuple[str, ...], numbers: tuple[float, ...]) -> Floats:
        """What each word means; 0 for another, NaN for unknown.

        >>> Words.of(["2", "C", None, "X"], frozenset()).means(("2", "X"), (2.0, np.nan)).tolist()
        [2.0, 0.0, nan, nan]
        """
        return _meant(self.vocabulary, words, numbers)[self.codes]

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


def _meant(
    vocabulary: tuple[str, ...], words: tuple[str, ...], numbers: tuple[float, ...]
) -> Floats:
    """The number of each word of a vocabulary, and NaN for what is no word."""
    look = _looked_up_before if len(vocabulary) <= FEW else _looked_up
    return look(vocabulary, words, numbers)


def _looked_up(
    vocabulary: tuple[str, ...], words: tuple[str, ...], numbers: tuple[float, ...]
) -> Floats:
    meaning = dict(zip(words, numbers, strict=True))
    return np.array([*(meaning.get(word, 0.0) for word in vocabulary), np.nan])


_looked_up_before = lru_cache(maxsize=1_024)(_looked_up)
"""Kept, because a dossier's rows say the same few words as those of many others."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Which column of numbers of a table stands where; one for all rows that are alike."""

    table: Table
    place: Mapping[str, int]
    _places: dict[tuple[str, ...], Integers] = field(default_factory=dict, init=False, repr=False)

    @staticmethod
    @cache
    def of(table: str, names: tuple[str, ...]) -> Layout:
        """These columns, in their order: the same object whenever it is asked for."""
        return Layout(TABLES[table], {name: place for place, name in enumerate(names)})

    def places(self, names: tuple[str, ...]) -> Integers:
        """Where these columns stand, sought once."""
        places = self._places.get(names)
        if places is None:
            places = np.array([self.place[name] for name in names], dtype=np.int64)
            self._places[names] = places
        return places

    @cached_property
    def sentinels(self) -> tuple[Integers, Floats]:
        """Every sentinel of a column: where the column stands, and the number, shape (n, 1)."""
        of = self.table.sentinels
        found = [(at, float(s)) for name, at in self.place.items() for s in of.get(name, ())]
        return (
            np.array([place for place, _ in found], dtype=np.int64),
            np.array([[sentinel] for _, sentinel in found], dtype=np.float64),
        )


@dataclass(frozen=True)
class Rows:
    """The rows of one table that belong to some dossiers."""

    layout: Layout
    owner: Integers
    """Which dossier each row belongs to, shape (rows,), not decreasing."""
    raw: Floats
    """Columns of numbers, shape (columns, rows); NaN where unknown. The source's sentinels (365243
    days) still stand here; `numbers` reads them as unknown, `says` asks for them."""
    texts: Mapping[str, Words]
    known: Bools
    """Whether the table is known of each dossier, shape (dossiers,). False is not "no rows"."""
    _told: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was asked of these rows before: many features rest on the same."""

    @classmethod
    def of(
        cls, table: Table, owner: Integers, cells: Mapping[str, Floats | Words], known: Bools
    ) -> Rows:
        """Rows out of single columns."""
        texts = {name: cell for name, cell in cells.items() if isinstance(cell, Words)}
        numbers = {name: cell for name, cell in cells.items() if not isinstance(cell, Words)}
        raw = np.empty((len(numbers), len(owner)))
        for place, column in enumerate(numbers.values()):
            raw[place] = column
        return cls(Layout.of(table.name, tuple(numbers)), owner, raw, texts, known)

    def __len__(self) -> int:
        return len(self.owner)

    @property
    def table(self) -> Table:
        return self.layout.table

    @property
    def cells(self) -> Mapping[str, Floats | Words]:
        """Every column by its name, as it stands."""
        return {**dict(zip(self.layout.place, self.raw, strict=True)), **self.texts}

    @cached_property
    def numbers(self) -> Floats:
        """Columns of numbers, sentinels read as unknown, shape (columns, rows)."""
        places, sentinels = self.layout.sentinels
        if not len(places):
            return self.raw
        which, row = np.nonzero(self.raw[places] == sentinels)
        numbers = self.raw.copy()
        numbers[places[which], row] = np.nan
        return numbers

    def __getitem__(self, column: str) -> Floats:
        """The numbers of a column, sentinels read as unknown."""
        if column in self.texts:
            raise TypeError(f"{self.table.name}.{column} holds words, not numbers")
        return self.numbers[self.layout.place[column]]

    def columns(self, names: tuple[str, ...]) -> Floats:
        """The numbers of many columns, shape (names, rows)."""
        return self.numbers.take(self.layout.places(names), axis=0)

    def once(self, compute: Callable[[Rows, *About], Told], *about: *About) -> Told:
        """What a function says of these rows, computed when it is asked first."""
        asked = (compute, *about)
        told: Told | None = self._told.get(asked)
        if told is None:
            told = self._told[asked] = compute(self, *about)
        return told

    def words(self, column: str) -> Words:
        if column in self.layout.place:
            raise TypeError(f"{self.table.name}.{column} holds numbers, not words")
        return self.texts[column]

    def says(self, column: str, sentinel: float) -> Floats:
        """1 where the cell holds the sentinel, 0 where a number, NaN where nothing."""
        if column in self.texts:
            raise TypeError(f"{self.table.name}.{column} holds words, not numbers")
        cells = self.raw[self.layout.place[column]]
        return np.where(np.isnan(cells), np.nan, (cells == sentinel).astype(np.float64))

    def take(self, rows: Integers | slice) -> Rows:
        """These rows, in this order."""
        texts = {name: words.take(rows) for name, words in self.texts.items()}
        return Rows(self.layout, self.owner[rows], self.raw[:, rows], texts, self.known)

    def of_owners(self, begin: int, end: int) -> Rows:
        """The rows of some dossiers that stand side by side, numbered from 0 on."""
        mine = self.take(slice(*np.searchsorted(self.owner, [begin, end]).tolist()))
        return mine.owned(mine.owner - begin, self.known[begin:end])

    def owned(self, owner: Integers, known: Bools) -> Rows:
        """The same rows, as others own them."""
        return Rows(self.layout, owner, self.raw, self.texts, known)
