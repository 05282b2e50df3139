"""The canonical order of rows: by owner, by the columns of their table's order, by what they say."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.dossier import Bools, Floats, Integers, Rows

MAX_SINGLE_SORT_STEPS = 2.0**18
"""Steps of time that one sort tells apart beside the owner; what lies further is sorted again."""


class SortOrder(NamedTuple):
    """Some rows in an order."""

    positions: Integers
    """The rows' places."""
    neighbours_differ: Bools
    """Between neighbours in the order: whether they differ in what they were put in order by."""


def compute_canonical_order(
    rows: Rows, order_by: tuple[str, ...], values: Floats, presorted_count: int = 0
) -> Integers:
    """The places of the rows by owner and order, whatever order they came in.

    Rows that agree in owner and order are put in the order of their values, so that the result
    depends on what the rows say alone.

    Args:
        shared: By how many columns of the order the rows have been sorted for another purpose.
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
    """The rows by owner, then by these columns; one that is unknown counts as oldest.

    Most rows are told apart by owner and time, which one number holds: few are sorted again.
    """
    keys = _get_sort_keys(rows, order_by)
    combined_key = rows.owner * (4 * MAX_SINGLE_SORT_STEPS) + np.minimum(
        np.maximum(keys[-1], -MAX_SINGLE_SORT_STEPS), MAX_SINGLE_SORT_STEPS
    )
    positions = combined_key.argsort(kind="stable")
    sorted_key = combined_key[positions]
    return _break_ties(SortOrder(positions, sorted_key[1:] != sorted_key[:-1]), keys)


def _get_sort_keys(rows: Rows, order_by: tuple[str, ...]) -> Floats:
    """What rows are sorted by, the first last; unknown is the least."""
    return np.fmax(rows.select_columns(order_by)[::-1], -np.inf)


def _break_ties(order: SortOrder, keys: Floats) -> SortOrder:
    """The same order, and rows that did not differ in the order of more keys, the last first."""
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
