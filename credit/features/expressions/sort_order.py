"""The canonical order of rows: by owner, by the columns of their table's order, by what they say."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.dossier import Bools, Floats, Integers, Rows

REACH = 2.0**18
"""Steps of time that one sort tells apart beside the owner; what lies further is sorted again."""


class Order(NamedTuple):
    """Some rows in an order."""

    places: Integers
    """The rows' places."""
    differs: Bools
    """Between neighbours in the order: whether they differ in what they were put in order by."""


def canonical_order(
    rows: Rows, order: tuple[str, ...], cells: Floats, shared: int = 0
) -> Integers:
    """The places of the rows by owner and order, whatever order they came in.

    Rows that agree in owner and order are put in the order of their values, so that the result
    depends on what the rows say alone.

    Args:
        shared: By how many columns of the order the rows have been sorted for another purpose.
    """
    first, then = (order[:shared], order[shared:]) if shared else (order, ())
    placed = rows.once(oldest_first, first)
    if then:
        placed = _settled(placed, _keys(rows, then))
    return _settled(placed, cells).places


def oldest_first(rows: Rows, order: tuple[str, ...]) -> Order:
    """The rows by owner, then by these columns; one that is unknown counts as oldest.

    Most rows are told apart by owner and time, which one number holds: few are sorted again.
    """
    keys = _keys(rows, order)
    along = rows.owner * (4 * REACH) + np.minimum(np.maximum(keys[-1], -REACH), REACH)
    places = along.argsort(kind="stable")
    told = along[places]
    return _settled(Order(places, told[1:] != told[:-1]), keys)


def _keys(rows: Rows, order: tuple[str, ...]) -> Floats:
    """What rows are sorted by, the first last; unknown is the least."""
    return np.fmax(rows.columns(order)[::-1], -np.inf)


def _settled(order: Order, keys: Floats) -> Order:
    """The same order, and rows that did not differ in the order of more keys, the last first."""
    places, differs = order
    if differs.all():
        return order
    begins = np.ones(len(places), dtype=np.bool_)
    begins[1:] = differs
    ties = ~begins
    ties[:-1] |= ~differs
    tied = ties.nonzero()[0]
    mine = places[tied]
    mine = mine[np.lexsort((*keys.take(mine, axis=1), begins.cumsum()[tied]))]
    told = keys.take(mine, axis=1)
    places, differs = places.copy(), differs.copy()
    places[tied] = mine
    differs[tied[:-1]] |= (told[:, 1:] != told[:, :-1]).any(axis=0)
    return Order(places, differs)
