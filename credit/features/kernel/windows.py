"""The rows that each feature of the histories looks at, laid end to end.

tables in order ──► windows ──► lanes ──► segments ──► a number a feature and owner

A lane is a value in the rows of a window; a segment is one owner's part of a lane. All of them lie
in flat arrays, whatever their table: few calls of NumPy for a lone dossier, few copies for a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from credit.dossier import Bools, Floats, Integers
from credit.features.kernel.segment_statistics import Segments


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """The rows of one table, in their canonical order."""

    cells: Floats
    """Shape (values, rows); NaN where unknown."""
    held: Bools
    """Which rows each window holds, shape (windows, rows)."""
    owner: Integers
    times: Floats
    """In steps of the table; 0 is the application. NaN where unknown."""


class Laid:
    """The rows of every window of some tables end to end, and the cells they point to."""

    def __init__(self, tables: Sequence[Ordered]) -> None:
        sizes = [len(table.owner) for table in tables]
        self._cells = np.concatenate([table.cells.ravel() for table in tables])
        self._first_cell = _begins(np.repeat(sizes, [len(table.cells) for table in tables]))
        windows = [len(table.held) for table in tables]
        rows_in = np.repeat(sizes, windows)
        first_row = _begins(np.array(sizes)).repeat(windows)
        held = np.concatenate([table.held.ravel() for table in tables]).nonzero()[0]
        window = np.arange(len(rows_in)).repeat(rows_in).take(held)
        self._row = held - _begins(rows_in).take(window)
        row = self._row + first_row.take(window)
        self._times = np.concatenate([table.times for table in tables]).take(row)
        owner = np.concatenate([table.owner for table in tables]).take(row)
        self._rows_of = Stretches.of(window, len(rows_in))
        self._starts = (_differs(window) | _differs(owner)).nonzero()[0]
        self._owner = owner[self._starts]
        self._segments_of = Stretches.of(window[self._starts], len(rows_in))

    def lanes(self, values: Integers, windows: Integers, years: Floats) -> Lanes:
        """These values in the rows of these windows, pair by pair.

        Args:
            years: How many steps of time make a year, for each pair.
        """
        places, cells_before = self._rows_of.joined(windows)
        lengths = cells_before[1:] - cells_before[:-1]
        at = self._row.take(places)
        at += self._first_cell[values].repeat(lengths)
        cells = self._cells.take(at)
        segments, before = self._segments_of.joined(windows)
        lane = np.arange(len(windows)).repeat(before[1:] - before[:-1])
        shift = cells_before[:-1] - self._rows_of.begin[windows]
        return Lanes(
            cells=cells, known=~np.isnan(cells), places=places,
            all_times=self._times, years=years[lane],
            starts=self._starts[segments] + shift[lane], lane=lane, owner=self._owner[segments],
            cells_before=cells_before.tolist(), before=before.tolist(),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """The cells of all lanes end to end, cut into segments."""

    cells: Floats
    known: Bools
    """Which cells are known."""
    places: Integers
    all_times: Floats
    starts: Integers
    """Where each segment begins, along the cells."""
    years: Floats
    """Of each segment: how many steps of time make a year."""
    lane: Integers
    """Of each segment."""
    owner: Integers
    """Of each segment."""
    cells_before: Sequence[int]
    """How many cells, and how many segments, lie before each lane; at last, how many there are."""
    before: Sequence[int]

    def between(self, first: int, end: int) -> tuple[slice, Segments]:
        """The segments of some lanes that lie side by side: where among all, and themselves."""
        mine = slice(self.before[first], self.before[end])
        cells = slice(self.cells_before[first], self.cells_before[end])
        segments = Segments(
            cells=self.cells[cells], known=self.known[cells],
            starts=self.starts[mine] - cells.start,
            places=self.places[cells], all_times=self.all_times, years=self.years[mine],
        )  # fmt: skip
        return mine, segments


@dataclass(frozen=True)
class Stretches:
    """Stretches of places, one after the other."""

    begin: Integers
    length: Integers

    @classmethod
    def of(cls, numbers: Integers, count: int) -> Stretches:
        """The stretches of equal numbers below `count`, from 0 on; the numbers are in order."""
        length = np.bincount(numbers, minlength=count)
        return cls(_begins(length), length)

    def joined(self, chosen: Integers) -> tuple[Integers, Integers]:
        """The places of some stretches end to end; one may be chosen many times.

        >>> stretches = Stretches.of(np.array([0, 0, 1, 1, 1]), 2)
        >>> [part.tolist() for part in stretches.joined(np.array([1, 0, 1]))]
        [[2, 3, 4, 0, 1, 2, 3, 4], [0, 3, 5, 8]]

        Returns:
            The places; and how many there are before each of the chosen, and at last in all.
        """
        length = self.length[chosen]
        before = np.zeros(len(chosen) + 1, dtype=np.int64)
        length.cumsum(out=before[1:])
        shift = (self.begin[chosen] - before[:-1]).repeat(length)
        shift += np.arange(len(shift))
        return shift, before


def _begins(lengths: Integers) -> Integers:
    """Where each of some stretches begins that lie end to end."""
    return lengths.cumsum() - lengths


def _differs(cells: Integers) -> Bools:
    """Which cells differ from the one before; the first does."""
    differs = np.ones(len(cells), dtype=np.bool_)
    np.not_equal(cells[1:], cells[:-1], out=differs[1:])
    return differs
