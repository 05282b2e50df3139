"""Computations over the same rows, done together.

Columns as they are and quotients of two columns are most of what is declared: all of a kind are
one call of NumPy, which is what a lone dossier's time goes into.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar

import numpy as np

from credit.dossier import Bools, Floats, Rows
from credit.features.cells import ratio

Told = TypeVar("Told")

Computation = Callable[[Rows], Floats | Bools]
"""From the rows of a table to one cell a row; NaN where unknown."""


@dataclass(frozen=True)
class Column:
    """A column as it is, or with its sign turned."""

    name: str
    sign: int = 1

    def __call__(self, rows: Rows) -> Floats:
        return self.sign * rows[self.name]


@dataclass(frozen=True)
class Quotient:
    """One column by another."""

    part: str
    whole: str

    def __call__(self, rows: Rows) -> Floats:
        return ratio(rows[self.part], rows[self.whole])


class Together:
    """Some computations; calling them gives a row of cells for each, in their order."""

    def __init__(self, computations: Sequence[Computation]) -> None:
        numbered = list(enumerate(computations))
        columns = [(at, one) for at, one in numbered if isinstance(one, Column)]
        quotients = [(at, one) for at, one in numbered if isinstance(one, Quotient)]
        taken = {at for at, _ in (*columns, *quotients)}
        self._others = [(at, one) for at, one in numbered if at not in taken]
        self._columns = tuple(column.name for _, column in columns)
        self._signs = np.array([[float(column.sign)] for _, column in columns])
        self._parts = tuple(quotient.part for _, quotient in quotients)
        self._wholes = tuple(quotient.whole for _, quotient in quotients)
        self._at_columns = np.array([at for at, _ in columns], dtype=np.int64)
        self._at_quotients = np.array([at for at, _ in quotients], dtype=np.int64)
        self._count = len(numbered)

    def __call__(self, rows: Rows) -> Floats:
        """Shape (computations, rows)."""
        cells = np.empty((self._count, len(rows)))
        if self._columns:
            cells[self._at_columns] = self._signs * rows.columns(self._columns)
        if self._parts:
            parts, wholes = rows.columns(self._parts), rows.columns(self._wholes)
            cells[self._at_quotients] = ratio(parts, wholes)
        for at, compute in self._others:
            cells[at] = compute(rows)
        return cells


def once(compute: Callable[[Rows], Told]) -> Callable[[Rows], Told]:
    """Compute something of the same rows once, however many features rest on it."""

    @wraps(compute)
    def remembered(rows: Rows) -> Told:
        return rows.once(compute)

    return remembered
