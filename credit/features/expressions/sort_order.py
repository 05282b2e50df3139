"""Sort rows canonically: by owner, then by the table's sort columns, then by their values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.dossier import Bools, Floats, Integers, Rows

MAX_SINGLE_SORT_STEPS = 2.0**18
"""Largest time, in steps, that fits into one sort key with the owner. Rows beyond are tied there
and sorted again."""


class SortOrder(NamedTuple):
    """A permutation of rows."""

    positions: Integers
    """Row indices, in sorted order."""
    neighbours_differ: Bools
    """For each pair of adjacent rows, True if their sort keys differ."""


def compute_canonical_order(
    rows: Rows, order_by: tuple[str, ...], values: Floats, presorted_count: int = 0
) -> Integers:
    """Return the row indices, sorted by owner, then `order_by`, then `values`.

    Ties are broken by the values, so that the result does not depend on the input order: rows
    that are still tied have equal values.

    Args:
        presorted_count: Leading columns of `order_by` that `RowGroups.group_by` sorts by as well.
            That sort is memoised and reused.
    """
    leading_columns, remaining_columns = (
        (order_by[:presorted_count], order_by[presorted_count:])
        if presorted_count
        else (order_by, ())
    )
    sort_order = rows.memoise(sort_oldest_first, leading_columns)
    if remaining_columns:
        sort_order = _break_ties(sort_order, _get_sort_keys(rows, remaining_columns))
    return _break_ties(sort_order, values).positions


def sort_oldest_first(rows: Rows, order_by: tuple[str, ...]) -> SortOrder:
    """Sort the rows by owner, then by the columns; an unknown value counts as oldest.

    Owner and time are packed into one float64 key, because one `argsort` is much cheaper than a
    `lexsort` of all columns. Only the few rows with equal keys are sorted again.
    """
    keys = _get_sort_keys(rows, order_by)
    combined_key = rows.owner * (4 * MAX_SINGLE_SORT_STEPS) + np.minimum(
        np.maximum(keys[-1], -MAX_SINGLE_SORT_STEPS), MAX_SINGLE_SORT_STEPS
    )
    positions = combined_key.argsort(kind="stable")
    sorted_key = combined_key[positions]
    return _break_ties(SortOrder(positions, sorted_key[1:] != sorted_key[:-1]), keys)


def _get_sort_keys(rows: Rows, order_by: tuple[str, ...]) -> Floats:
    """Return the sort keys with the most significant last, as `lexsort` takes them; NaN becomes -inf."""
    return np.fmax(rows.select_columns(order_by)[::-1], -np.inf)


def _break_ties(order: SortOrder, keys: Floats) -> SortOrder:
    """Sort tied rows by further keys (most significant last) and keep all other rows in place."""
    positions, neighbours_differ = order
    if neighbours_differ.all():
        return order
    starts_group = np.ones(len(positions), dtype=np.bool_)
    starts_group[1:] = neighbours_differ
    is_tied = ~starts_group
    is_tied[:-1] |= ~neighbours_differ
    tied_indices = is_tied.nonzero()[0]
    tied_positions = positions[tied_indices]
    tied_positions = tied_positions[
        np.lexsort((*keys.take(tied_positions, axis=1), starts_group.cumsum()[tied_indices]))
    ]
    tied_keys = keys.take(tied_positions, axis=1)
    positions, neighbours_differ = positions.copy(), neighbours_differ.copy()
    positions[tied_indices] = tied_positions
    neighbours_differ[tied_indices[:-1]] |= (tied_keys[:, 1:] != tied_keys[:, :-1]).any(axis=0)
    return SortOrder(positions, neighbours_differ)
