"""Computations over the same rows, done together.

Sums of columns and quotients of two sums are most of what is declared: all of them are few calls
of NumPy, which are what a lone dossier's time goes into.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce, wraps
from typing import Self, TypeVar

import numpy as np

from credit.dossier import Bools, Floats, Rows
from credit.features.expressions.nan_arithmetic import ratio

Told = TypeVar("Told")

Computation = Callable[[Rows], Floats | Bools]
"""From the rows of a table to one cell a row; NaN where unknown."""


@dataclass(frozen=True)
class Sum:
    """Columns added up, each so many times: `Sum({"CNT_FAM_MEMBERS": 1, "CNT_CHILDREN": -1})`."""

    columns: Mapping[str, float]

    @classmethod
    def of(cls, *names: str) -> Self:
        """Each column once."""
        return cls(dict.fromkeys(names, 1))

    def __call__(self, rows: Rows) -> Floats:
        return reduce(np.add, [times * rows[name] for name, times in self.columns.items()])


@dataclass(frozen=True)
class Quotient:
    """One sum by another, either of which may be a column alone."""

    part: Sum
    whole: Sum

    @classmethod
    def of(cls, part: Sum | str, whole: Sum | str) -> Self:
        one, other = (Sum.of(side) if isinstance(side, str) else side for side in (part, whole))
        return cls(one, other)

    def __call__(self, rows: Rows) -> Floats:
        return ratio(self.part(rows), self.whole(rows))


class Together:
    """Some computations; calling them gives a row of cells for each, in their order."""

    def __init__(self, computations: Sequence[Computation]) -> None:
        numbered = list(enumerate(computations))
        sums = [(at, one) for at, one in numbered if isinstance(one, Sum)]
        quotients = [(at, one) for at, one in numbered if isinstance(one, Quotient)]
        taken = {at for at, _ in (*sums, *quotients)}
        self._others = [(at, one) for at, one in numbered if at not in taken]
        parts, wholes = [one.part for _, one in quotients], [one.whole for _, one in quotients]
        every = [*(one for _, one in sums), *parts, *wholes]
        lengths = np.array([len(one.columns) for one in every], dtype=np.int64)
        self._columns = tuple(name for one in every for name in one.columns)
        self._times = np.array([[float(n)] for one in every for n in one.columns.values()])
        self._starts = np.cumsum(lengths) - lengths
        self._at_sums = np.array([at for at, _ in sums], dtype=np.int64)
        self._at_quotients = np.array([at for at, _ in quotients], dtype=np.int64)
        self._count = len(numbered)

    def __call__(self, rows: Rows) -> Floats:
        """Shape (computations, rows)."""
        cells = np.empty((self._count, len(rows)))
        if self._columns:
            sums = self._sums(rows)
            parts = len(self._at_sums)
            wholes = parts + len(self._at_quotients)
            cells[self._at_sums] = sums[:parts]
            cells[self._at_quotients] = ratio(sums[parts:wholes], sums[wholes:])
        for at, compute in self._others:
            cells[at] = compute(rows)
        return cells

    def _sums(self, rows: Rows) -> Floats:
        terms = rows.columns(self._columns)
        terms *= self._times
        if len(self._starts) == len(terms):
            return terms
        return np.add.reduceat(terms, self._starts, axis=0)


def once(compute: Callable[[Rows], Told]) -> Callable[[Rows], Told]:
    """Compute something of the same rows once, however many features rest on it."""

    @wraps(compute)
    def remembered(rows: Rows) -> Told:
        return rows.once(compute)

    return remembered
