"""Gather the values of all windows into flat arrays, divided into series and segments.

sorted tables ──► windows ──► series ──► segments ──► one number per feature and owner

A series is a value in the rows of a window; a segment is one owner's part of a series. The arrays
hold all tables together, which needs few NumPy calls for one dossier and few copies for a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from credit.dossier import Bools, Floats, Integers
from credit.features.kernel.segment_statistics import Segments


@dataclass(frozen=True, kw_only=True)
class SortedRows:
    """The rows of one table, in canonical order."""

    values: Floats
    """Shape (values, rows); NaN where unknown."""
    in_window: Bools
    """True where a window contains a row, shape (windows, rows)."""
    owner: Integers
    """Index of each row's owner, ascending."""
    times: Floats
    """Time of each row, in time steps of the table; 0 is the application. NaN where unknown."""


class WindowedRows:
    """The concatenated row indices of all windows of some tables, and the values they index."""

    def __init__(self, tables: Sequence[SortedRows]) -> None:
        sizes = [len(table.owner) for table in tables]
        self._values = np.concatenate([table.values.ravel() for table in tables])
        self._value_offsets = _compute_offsets(
            np.repeat(sizes, [len(table.values) for table in tables])
        )
        window_counts = [len(table.in_window) for table in tables]
        rows_per_window = np.repeat(sizes, window_counts)
        row_offsets = _compute_offsets(np.array(sizes)).repeat(window_counts)
        flat_indices = np.concatenate([table.in_window.ravel() for table in tables]).nonzero()[0]
        window_ids = np.arange(len(rows_per_window)).repeat(rows_per_window).take(flat_indices)
        self._row_in_table = flat_indices - _compute_offsets(rows_per_window).take(window_ids)
        global_rows = self._row_in_table + row_offsets.take(window_ids)
        self._times = np.concatenate([table.times for table in tables]).take(global_rows)
        owner = np.concatenate([table.owner for table in tables]).take(global_rows)
        self._row_runs = Runs.from_sorted_ids(window_ids, len(rows_per_window))
        self._segment_starts = (_flag_changes(window_ids) | _flag_changes(owner)).nonzero()[0]
        self._segment_owner = owner[self._segment_starts]
        self._segment_runs = Runs.from_sorted_ids(
            window_ids[self._segment_starts], len(rows_per_window)
        )

    def gather_series(
        self, value_indices: Integers, window_indices: Integers, steps_per_year: Floats
    ) -> SeriesBatch:
        """Gather one series for each pair of a value and a window.

        Args:
            value_indices: Index of each series' value, counted through all tables.
            window_indices: Index of each series' window, counted through all tables.
            steps_per_year: Time steps in a year, for each series.
        """
        row_positions, value_offsets = self._row_runs.concat(window_indices)
        lengths = value_offsets[1:] - value_offsets[:-1]
        flat_indices = self._row_in_table.take(row_positions)
        flat_indices += self._value_offsets[value_indices].repeat(lengths)
        series_values = self._values.take(flat_indices)
        segment_indices, segment_offsets = self._segment_runs.concat(window_indices)
        series_ids = np.arange(len(window_indices)).repeat(
            segment_offsets[1:] - segment_offsets[:-1]
        )
        shift = value_offsets[:-1] - self._row_runs.starts[window_indices]
        return SeriesBatch(
            values=series_values, known=~np.isnan(series_values), row_positions=row_positions,
            row_times=self._times, steps_per_year=steps_per_year[series_ids],
            segment_starts=self._segment_starts[segment_indices] + shift[series_ids], series_ids=series_ids, owner=self._segment_owner[segment_indices],
            value_offsets=value_offsets.tolist(), segment_offsets=segment_offsets.tolist(),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SeriesBatch:
    """The concatenated values of all series, divided into segments."""

    values: Floats
    known: Bools
    """True where a value is not NaN."""
    row_positions: Integers
    """Index into `row_times` of each value's row."""
    row_times: Floats
    segment_starts: Integers
    """Index of each segment's first value."""
    steps_per_year: Floats
    """Time steps in a year, for each segment."""
    series_ids: Integers
    """Series of each segment."""
    owner: Integers
    """Owner of each segment."""
    value_offsets: Sequence[int]
    """Index of each series' first value; the last entry is the number of values."""
    segment_offsets: Sequence[int]
    """Index of each series' first segment; the last entry is the number of segments."""

    def slice_segments(self, first: int, end: int) -> tuple[slice, Segments]:
        """Return the segments of the series `first` to `end` (exclusive), and their range among all."""
        segment_range = slice(self.segment_offsets[first], self.segment_offsets[end])
        value_range = slice(self.value_offsets[first], self.value_offsets[end])
        segments = Segments(
            values=self.values[value_range], known=self.known[value_range],
            starts=self.segment_starts[segment_range] - value_range.start,
            row_positions=self.row_positions[value_range], row_times=self.row_times, steps_per_year=self.steps_per_year[segment_range],
        )  # fmt: skip
        return segment_range, segments


@dataclass(frozen=True)
class Runs:
    """Ranges of consecutive indices, given by start and length."""

    starts: Integers
    lengths: Integers

    @classmethod
    def from_sorted_ids(cls, sorted_ids: Integers, count: int) -> Runs:
        """Return the index range of each id from 0 to `count` - 1, which may be empty."""
        lengths = np.bincount(sorted_ids, minlength=count)
        return cls(_compute_offsets(lengths), lengths)

    def concat(self, selected: Integers) -> tuple[Integers, Integers]:
        """Concatenate the indices of the selected runs; a run may be selected several times.

        >>> runs = Runs.from_sorted_ids(np.array([0, 0, 1, 1, 1]), 2)
        >>> [array.tolist() for array in runs.concat(np.array([1, 0, 1]))]
        [[2, 3, 4, 0, 1, 2, 3, 4], [0, 3, 5, 8]]

        Returns:
            The indices; and the offset of each selected run in them, with their total at the end.
        """
        lengths = self.lengths[selected]
        offsets = np.zeros(len(selected) + 1, dtype=np.int64)
        lengths.cumsum(out=offsets[1:])
        positions = (self.starts[selected] - offsets[:-1]).repeat(lengths)
        positions += np.arange(len(positions))
        return positions, offsets


def _compute_offsets(lengths: Integers) -> Integers:
    """Return the start of each of some concatenated ranges."""
    return lengths.cumsum() - lengths


def _flag_changes(values: Integers) -> Bools:
    """Flag the elements that differ from the one before, and the first."""
    is_change = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=is_change[1:])
    return is_change
