"""Store the rows of a table as columns: a matrix of numbers, and categories as codes.

Numeric columns share one matrix, so that NumPy selects many of them in one call.
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

Result = TypeVar("Result")
Args = TypeVarTuple("Args")

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

MAX_CACHED_CATEGORIES = 32
"""Lookup tables are cached up to this size; larger ones may hold arbitrary client input."""


@dataclass(frozen=True)
class CategoricalColumn:
    """A column of categories. Comparison with a category gives a mask; unknown equals none."""

    codes: NDArray[np.int32]
    """Index into `categories`, -1 for unknown."""
    categories: tuple[str, ...]

    @classmethod
    def from_values(
        cls, values: Sequence[str | None], unknown_values: frozenset[str]
    ) -> CategoricalColumn:
        """Encode values; categories are numbered in order of appearance.

        >>> values = ["Active", None, "XNA", "Active"]
        >>> CategoricalColumn.from_values(values, frozenset({"XNA"})).codes.tolist()
        [0, -1, -1, 0]
        """
        unknown_codes = dict.fromkeys((None, *unknown_values), -1)
        code_of: defaultdict[Any, int] = defaultdict(count().__next__, unknown_codes)
        codes = np.fromiter(map(code_of.__getitem__, values), np.int32, len(values))
        return cls(codes, tuple(code_of)[len(unknown_codes) :])

    def __eq__(self, category: object) -> Bools:  # type: ignore[override]
        """Compare element by element, as NumPy's arrays do."""
        code = self.categories.index(category) if category in self.categories else -2
        return self.codes == code

    __hash__ = None  # type: ignore[assignment]

    def isin(self, values: tuple[str, ...]) -> Bools:
        return self.flag_values(values) == 1

    def flag_values(self, values: tuple[str, ...]) -> Floats:
        """Return 1 for one of the values, 0 for another, NaN for unknown.

        >>> column = CategoricalColumn.from_values(["Active", None, "Closed"], frozenset())
        >>> column.flag_values(("Active",)).tolist()
        [1.0, nan, 0.0]
        """
        return _map_categories(self.categories, values, (1.0,) * len(values))[self.codes]

    def map_values(self, values: tuple[str, ...], numbers: tuple[float, ...]) -> Floats:
        """Return the number of each value; 0 for another value, NaN for unknown.

        >>> column = CategoricalColumn.from_values(["2", "C", None, "X"], frozenset())
        >>> column.map_values(("2", "X"), (2.0, np.nan)).tolist()
        [2.0, 0.0, nan, nan]
        """
        return _map_categories(self.categories, values, numbers)[self.codes]

    @property
    def known(self) -> Bools:
        return self.codes >= 0

    def take(self, rows: Integers | slice) -> CategoricalColumn:
        return CategoricalColumn(self.codes[rows], self.categories)

    @classmethod
    def concat(cls, columns: Sequence[CategoricalColumn]) -> CategoricalColumn:
        """Concatenate columns, each with its own categories.

        >>> first = CategoricalColumn.from_values(["a", "b"], frozenset())
        >>> second = CategoricalColumn.from_values(["b", None], frozenset())
        >>> CategoricalColumn.concat([first, second]).codes.tolist()
        [0, 1, 1, -1]
        """
        categories = tuple(
            dict.fromkeys(category for column in columns for category in column.categories)
        )
        code_by_category = {category: code for code, category in enumerate(categories)}
        codes = [
            np.array(
                [*(code_by_category[category] for category in column.categories), -1], np.int32
            )[column.codes]
            for column in columns
        ]
        return cls(np.concatenate(codes), categories)


def _map_categories(
    categories: tuple[str, ...], values: tuple[str, ...], numbers: tuple[float, ...]
) -> Floats:
    """Return the number of each category, and NaN at the end, where code -1 finds it."""
    lookup = _cached_lookup if len(categories) <= MAX_CACHED_CATEGORIES else _build_lookup
    return lookup(categories, values, numbers)


def _build_lookup(
    categories: tuple[str, ...], values: tuple[str, ...], numbers: tuple[float, ...]
) -> Floats:
    number_by_value = dict(zip(values, numbers, strict=True))
    return np.array([*(number_by_value.get(category, 0.0) for category in categories), np.nan])


_cached_lookup = lru_cache(maxsize=1_024)(_build_lookup)
"""Cached, because the rows of most dossiers have the same few categories."""


@dataclass(frozen=True, eq=False)
class ColumnLayout:
    """Map the numeric columns of a table to rows of the matrix; shared by equal selections."""

    table: Table
    column_index: Mapping[str, int]
    _indices_by_names: dict[tuple[str, ...], Integers] = field(
        default_factory=dict, init=False, repr=False
    )

    @staticmethod
    @cache
    def from_names(table: str, names: tuple[str, ...]) -> ColumnLayout:
        """Return the layout of these columns, in this order; equal calls share one object."""
        return ColumnLayout(TABLES[table], {name: index for index, name in enumerate(names)})

    def get_indices(self, names: tuple[str, ...]) -> Integers:
        """Return the matrix rows of these columns; the result is cached."""
        indices = self._indices_by_names.get(names)
        if indices is None:
            indices = np.array([self.column_index[name] for name in names], dtype=np.int64)
            self._indices_by_names[names] = indices
        return indices

    @cached_property
    def sentinels(self) -> tuple[Integers, Floats]:
        """Return matrix rows, shape (n,), and the sentinel of each, shape (n, 1)."""
        sentinels_by_column = self.table.sentinels
        entries = [
            (index, float(s))
            for name, index in self.column_index.items()
            for s in sentinels_by_column.get(name, ())
        ]
        return (
            np.array([column_index for column_index, _ in entries], dtype=np.int64),
            np.array([[sentinel] for _, sentinel in entries], dtype=np.float64),
        )


@dataclass(frozen=True)
class Rows:
    """The rows of one table that belong to some dossiers."""

    layout: ColumnLayout
    owner: Integers
    """Index of the dossier that each row belongs to, shape (rows,), not decreasing."""
    raw: Floats
    """Numeric columns, shape (columns, rows); NaN where unknown. Sentinels of the source (365243
    days) are kept; `numbers` replaces them by NaN, `flag_sentinel` finds them."""
    categoricals: Mapping[str, CategoricalColumn]
    known: Bools
    """True where a dossier's table is known, shape (dossiers,). False differs from no rows."""
    _memo: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Cached results of `memoise`: many features share them."""

    @classmethod
    def from_columns(
        cls,
        table: Table,
        owner: Integers,
        columns: Mapping[str, Floats | CategoricalColumn],
        known: Bools,
    ) -> Rows:
        """Assemble rows from single columns."""
        categoricals = {
            name: values
            for name, values in columns.items()
            if isinstance(values, CategoricalColumn)
        }
        numbers = {
            name: values
            for name, values in columns.items()
            if not isinstance(values, CategoricalColumn)
        }
        raw = np.empty((len(numbers), len(owner)))
        for index, column in enumerate(numbers.values()):
            raw[index] = column
        return cls(
            ColumnLayout.from_names(table.name, tuple(numbers)), owner, raw, categoricals, known
        )

    def __len__(self) -> int:
        return len(self.owner)

    @property
    def table(self) -> Table:
        return self.layout.table

    @property
    def columns_by_name(self) -> Mapping[str, Floats | CategoricalColumn]:
        """Return every column by name, sentinels included."""
        return {**dict(zip(self.layout.column_index, self.raw, strict=True)), **self.categoricals}

    @cached_property
    def numbers(self) -> Floats:
        """Return numeric columns with NaN for sentinels, shape (columns, rows)."""
        indices, sentinels = self.layout.sentinels
        if not len(indices):
            return self.raw
        sentinel_index, row = np.nonzero(self.raw[indices] == sentinels)
        numbers = self.raw.copy()
        numbers[indices[sentinel_index], row] = np.nan
        return numbers

    def __getitem__(self, column: str) -> Floats:
        """Return a numeric column with NaN for sentinels, shape (rows,)."""
        if column in self.categoricals:
            raise TypeError(f"{self.table.name}.{column} holds words, not numbers")
        return self.numbers[self.layout.column_index[column]]

    def select_columns(self, names: tuple[str, ...]) -> Floats:
        """Return numeric columns with NaN for sentinels, shape (names, rows)."""
        return self.numbers.take(self.layout.get_indices(names), axis=0)

    def memoise(self, compute: Callable[[Rows, *Args], Result], *args: *Args) -> Result:
        """Return what a function computes from these rows, and cache it."""
        key = (compute, *args)
        result: Result | None = self._memo.get(key)
        if result is None:
            result = self._memo[key] = compute(self, *args)
        return result

    def get_categorical(self, column: str) -> CategoricalColumn:
        if column in self.layout.column_index:
            raise TypeError(f"{self.table.name}.{column} holds numbers, not words")
        return self.categoricals[column]

    def flag_sentinel(self, column: str, sentinel: float) -> Floats:
        """Return 1 where the value is the sentinel, 0 for other numbers, NaN for unknown."""
        if column in self.categoricals:
            raise TypeError(f"{self.table.name}.{column} holds words, not numbers")
        values = self.raw[self.layout.column_index[column]]
        return np.where(np.isnan(values), np.nan, (values == sentinel).astype(np.float64))

    def take(self, rows: Integers | slice) -> Rows:
        """Select rows, in this order."""
        categoricals = {name: column.take(rows) for name, column in self.categoricals.items()}
        return Rows(self.layout, self.owner[rows], self.raw[:, rows], categoricals, self.known)

    def mask_columns(self, is_masked: Mapping[str, Bools]) -> Rows:
        """Return the same rows with columns unknown in the rows of a mask each."""
        raw, categoricals = self.raw.copy(), dict(self.categoricals)
        for name, mask in is_masked.items():
            if name in categoricals:
                column = categoricals[name]
                codes = np.where(mask, np.int32(-1), column.codes)
                categoricals[name] = CategoricalColumn(codes, column.categories)
            else:
                raw[self.layout.column_index[name], mask] = np.nan
        return Rows(self.layout, self.owner, raw, categoricals, self.known)

    def slice_owners(self, begin: int, end: int) -> Rows:
        """Select the rows of dossiers `begin` to `end`, and renumber the dossiers from 0."""
        subset = self.take(slice(*np.searchsorted(self.owner, [begin, end]).tolist()))
        return subset.with_owners(subset.owner - begin, self.known[begin:end])

    def with_owners(self, owner: Integers, known: Bools) -> Rows:
        """Return the same rows with other owners."""
        return Rows(self.layout, owner, self.raw, self.categoricals, known)
