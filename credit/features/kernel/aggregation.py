"""Compute all declared features of history tables. The package docstring explains the method."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from credit.columns import ColumnLayout
from credit.dossier import Bools, DossierBatch, Floats, Integers, Rows
from credit.features.declaration.feature import Unit
from credit.features.declaration.history_features import HistoryFeatures
from credit.features.declaration.statistic import Statistic
from credit.features.expressions.nan_arithmetic import MAX_FEATURE_MAGNITUDE
from credit.features.expressions.sort_order import compute_canonical_order
from credit.features.expressions.vectorised import VectorisedExpressions
from credit.features.kernel.plan import plan_aggregations
from credit.features.kernel.windows import SortedRows, WindowedRows

GRID_STEPS_PER_UNIT = {Unit.CURRENCY: 2.0**10}
"""Units with a grid of their own: money is rounded to multiples of 2^-10."""

DEFAULT_STEPS_PER_UNIT = 2.0**20


def get_steps_per_unit(unit: Unit) -> float:
    """Return the number of grid steps per unit.

    Sums are exact in float64 below 2^53 steps, which is 8.6e9 at the default grid.
    """
    return GRID_STEPS_PER_UNIT.get(unit, DEFAULT_STEPS_PER_UNIT)


class Kernel:
    """The features of some history tables, compiled to index arrays for one pass over all rows."""

    def __init__(self, *histories: HistoryFeatures) -> None:
        self._table_kernels = [_TableKernel(history) for history in histories]
        members = [
            (table_kernel, member)
            for table_kernel in self._table_kernels
            for member in table_kernel.history.members.values()
        ]
        plan = plan_aggregations(
            [
                ((table_kernel, member.value.name, member.window.name), member.statistic)
                for table_kernel, member in members
            ]
        )
        values = [
            (table_kernel, value.name)
            for table_kernel in self._table_kernels
            for value in table_kernel.values
        ]
        windows = [
            (table_kernel, window.name)
            for table_kernel in self._table_kernels
            for window in table_kernel.windows
        ]
        self._value_indices = np.array(
            [values.index((table_kernel, value)) for table_kernel, value, _ in plan.series]
        )
        self._window_indices = np.array(
            [
                windows.index((table_kernel, window_name))
                for table_kernel, _, window_name in plan.series
            ]
        )
        self._steps_per_year = np.array(
            [float(table_kernel.history.steps_per_year) for table_kernel, _, _ in plan.series]
        )
        self._runs = plan.runs
        self._feature_rows = np.array(plan.feature_rows)
        is_additive = [
            statistic in {Statistic.COUNT, Statistic.SUM} for statistic in plan.output_statistics
        ]
        self._empty_values = np.where(is_additive, 0.0, np.nan)

    def compute_features(self, dossiers: DossierBatch) -> Floats:
        """Compute the features of dossiers.

        Returns:
            Shape (dossiers, features), float64. NaN for all features of a table that is unknown.
        """
        return self.aggregate(
            [table_kernel.extract_rows(dossiers) for table_kernel in self._table_kernels],
            len(dossiers),
        ).T

    def aggregate(self, tables: Sequence[Rows], owner_count: int) -> Floats:
        """Compute the features of the owners of the rows: dossiers, or rows of a parent table.

        Args:
            tables: The rows of each history, in the order of the constructor's arguments.
            owner_count: Number of owners, including those without rows.

        Returns:
            Shape (features, owners), float64.
        """
        output = self._empty_values.repeat(owner_count)
        if any(map(len, tables)):
            pairs = zip(self._table_kernels, tables, strict=True)
            windowed_rows = WindowedRows(
                [table_kernel.sort_rows(rows) for table_kernel, rows in pairs]
            )
            series = windowed_rows.gather_series(
                self._value_indices, self._window_indices, self._steps_per_year
            )
            output_index = series.series_ids * owner_count + series.owner
            for run in self._runs:
                segment_range, segments = series.slice_segments(run.first, run.end)
                if len(segments.starts):
                    for statistic_key, first_row in run.output_rows.items():
                        target_index = (
                            output_index[segment_range] + (first_row - run.first) * owner_count
                        )
                        output[target_index] = getattr(segments, statistic_key)
        output = output.reshape(len(self._empty_values), owner_count)[self._feature_rows]
        end = 0
        for table_kernel, rows in zip(self._table_kernels, tables, strict=True):
            begin, end = end, end + len(table_kernel.history.members)
            if not rows.known.all():
                output[begin:end, ~rows.known] = np.nan
        return output


class _TableKernel:
    """The values and windows of one history table, compiled."""

    def __init__(self, history: HistoryFeatures) -> None:
        members = history.members.values()
        self.history = history
        self.values = list({member.value.name: member.value for member in members}.values())
        self.windows = list({member.window.name: member.window for member in members}.values())
        self._compute = VectorisedExpressions([value.compute for value in self.values])
        is_grouped = [value.name in history.grouped_values for value in self.values]
        self._grouped_indices = np.flatnonzero(is_grouped)[:, np.newaxis]
        self._grid_steps = np.array([[get_steps_per_unit(value.unit)] for value in self.values])
        self._child_kernel = Kernel(history.child) if history.child else None
        indexed_windows = list(enumerate(self.windows))
        age_windows = [
            (index, window.max_age_steps)
            for index, window in indexed_windows
            if window.max_age_steps is not None
        ]
        count_windows = [
            (index, window.max_rows)
            for index, window in indexed_windows
            if window.max_rows is not None
        ]
        predicate_windows = [
            (index, window.predicate)
            for index, window in indexed_windows
            if window.predicate is not None
        ]
        self._age_window_indices = np.array([index for index, _ in age_windows], dtype=np.int64)
        self._earliest_times = np.array([[-float(max_age)] for _, max_age in age_windows]).reshape(
            -1, 1
        )
        self._count_window_indices = np.array(
            [index for index, _ in count_windows], dtype=np.int64
        )
        self._max_counts = np.array([[max_count] for _, max_count in count_windows]).reshape(-1, 1)
        self._predicate_window_indices = np.array(
            [index for index, _ in predicate_windows], dtype=np.int64
        )
        self._predicates = [predicate for _, predicate in predicate_windows]

    def extract_rows(self, dossiers: DossierBatch) -> Rows:
        """Return the table's rows, with the features of their child rows as further columns."""
        rows = dossiers.tables[self.history.table.name]
        if not (self._child_kernel and self.history.child and self.history.child_key):
            return rows
        children = dossiers.tables[self.history.child.table.name]
        child_rows = join_children_to_parents(children, rows, self.history.child_key)
        child_features = self._child_kernel.aggregate([child_rows], len(rows))
        layout = ColumnLayout.from_names(
            rows.table.name, (*rows.layout.column_index, *self.history.child.members)
        )
        return Rows(
            layout,
            rows.owner,
            np.concatenate([rows.raw, child_features]),
            rows.categoricals,
            rows.known,
        )

    def sort_rows(self, rows: Rows) -> SortedRows:
        """Compute the values and window masks of the rows, in canonical order."""
        if not len(rows):
            return self._empty_rows
        values = self._round_to_grid(self._compute(rows))
        order = compute_canonical_order(
            rows, self.history.order_by, values, self.history.group_key_length
        )
        owner, values = rows.owner[order], values.take(order, axis=1)
        group_ends = self._find_group_ends(rows, order)
        if group_ends is not None:
            values[self._grouped_indices, (~group_ends).nonzero()[0]] = np.nan
        times = rows[self.history.order_by[0]][order]
        in_window = np.ones((len(self.windows), len(rows)), dtype=np.bool_)
        in_window[self._age_window_indices] = times >= self._earliest_times
        if len(self._count_window_indices):
            in_window[self._count_window_indices] = (
                _rank_from_newest(owner, group_ends) <= self._max_counts
            )
        if self._predicates:
            matches = np.array([predicate(rows) for predicate in self._predicates])
            in_window[self._predicate_window_indices] = matches.take(order, axis=1)
        return SortedRows(values=values, in_window=in_window, owner=owner, times=times)

    def _round_to_grid(self, values: Floats) -> Floats:
        """Clip the values and round them to the grid, in place."""
        np.maximum(values, -MAX_FEATURE_MAGNITUDE, out=values)
        np.minimum(values, MAX_FEATURE_MAGNITUDE, out=values)
        values *= self._grid_steps
        values += 0.5
        np.floor(values, out=values)
        values /= self._grid_steps
        return values

    def _find_group_ends(self, rows: Rows, order: Integers) -> Bools | None:
        """Flag, in sorted order, the newest row of each group; None if every group has one row."""
        if not self.history.row_groups or self.history.row_groups(rows).has_only_single_rows:
            return None
        group_ids = self.history.row_groups(rows).group_ids[order]
        group_ends = np.ones(len(group_ids), dtype=np.bool_)
        np.not_equal(group_ids[1:], group_ids[:-1], out=group_ends[:-1])
        return group_ends

    @cached_property
    def _empty_rows(self) -> SortedRows:
        return SortedRows(
            values=np.empty((len(self.values), 0)),
            in_window=np.empty((len(self.windows), 0), dtype=np.bool_),
            owner=np.empty(0, dtype=np.int64),
            times=np.empty(0),
        )


def _rank_from_newest(owner: Integers, group_ends: Bools | None) -> Integers:
    """Rank the group of each row within its owner; 1 is the newest.

    >>> _rank_from_newest(np.array([0, 0, 0, 1]), np.array([True, False, True, True])).tolist()
    [2, 1, 1, 1]
    """
    owner_ends = np.bincount(owner).cumsum()[owner]
    if group_ends is None:
        return owner_ends - np.arange(len(owner))
    cumulative_group_ends: Integers = group_ends.cumsum()
    return np.add(cumulative_group_ends[owner_ends - 1] - cumulative_group_ends, group_ends)


def join_children_to_parents(children: Rows, parents: Rows, key: str) -> Rows:
    """Return the child rows with parent rows as owners; children without a parent are dropped.

    A parent is identified by owner and key. The two are packed into one integer code, using the
    key's rank, and codes are matched by binary search. Children of one parent are mostly adjacent,
    so that only the first of each stretch is searched for.
    """
    if not (len(children) and len(parents)):
        children = children.take(slice(0))
        return children.with_owners(children.owner, children.known[parents.owner])
    keys, owner = children[key], children.owner
    is_head = np.ones(len(keys), dtype=np.bool_)
    is_head[1:] = (keys[1:] != keys[:-1]) | (owner[1:] != owner[:-1])
    head_indices = is_head.nonzero()[0]
    parent_ids = np.sort(parents[key])
    parent_codes, child_codes = (
        owners * (len(parent_ids) + 1) + parent_ids.searchsorted(key_values)
        for owners, key_values in (
            (parents.owner, parents[key]),
            (owner[head_indices], keys[head_indices]),
        )
    )
    parent_order = parent_codes.argsort(kind="stable")
    insertion_points = parent_codes[parent_order].searchsorted(child_codes)
    parent_rows = parent_order.take(insertion_points, mode="clip")
    head_matches = (parents[key][parent_rows] == keys[head_indices]) & (
        parents.owner[parent_rows] == owner[head_indices]
    )
    head_of_row = is_head.cumsum() - 1
    parent_rows, has_parent = parent_rows[head_of_row], head_matches[head_of_row]
    matched_children = children if has_parent.all() else children.take(has_parent.nonzero()[0])
    return matched_children.with_owners(parent_rows[has_parent], children.known[parents.owner])
