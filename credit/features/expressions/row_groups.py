"""Rows that are parts of one whole: the source has a row for every payment of an instalment.

rows ──► the whole that each is a part of ──► one value a whole, said alike in all its rows
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.dossier import Bools, Floats, Integers, Rows
from credit.features.expressions.sort_order import oldest_first


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Which rows are parts of one whole."""

    whole: Integers
    """Of each row: which whole it is a part of."""
    places: Integers
    """The rows' places, whole by whole."""
    starts: Integers
    """Where each whole begins among those."""

    @classmethod
    def sharing(cls, rows: Rows, names: tuple[str, ...]) -> Parts:
        """Rows of one owner that say the same in all these columns are parts of one whole.

        A row that leaves one of them unknown is a whole by itself.
        """
        places = rows.once(oldest_first, names).places
        told = rows.columns(names).take(places, axis=1)
        owner = rows.owner[places]
        begins = np.ones(len(rows), dtype=np.bool_)
        (told[:, 1:] != told[:, :-1]).any(axis=0, out=begins[1:])
        begins[1:] |= owner[1:] != owner[:-1]
        whole = np.empty(len(rows), dtype=np.int64)
        whole[places] = np.cumsum(begins)
        return cls(whole=whole - 1, places=places, starts=np.flatnonzero(begins))

    @property
    def none(self) -> bool:
        """Whether every row is a whole."""
        return len(self.starts) == len(self.whole)

    @property
    def several(self) -> Bools:
        """Which rows are not a whole by themselves."""
        return np.bincount(self.whole, minlength=1)[self.whole] > 1

    def greatest(self, cells: Floats) -> Floats:
        """The greatest known cell of the whole."""
        return cells if self.none else self._told(np.fmax, cells)

    def total(self, cells: Floats, step: float) -> Floats:
        """The sum of the known cells of the whole, unknown where there is none.

        Args:
            step: Cells are rounded to so many steps a unit, so that no order changes the sum.
        """
        known = ~np.isnan(cells)
        total = self._told(np.add, np.where(known, np.floor(cells * step + 0.5) / step, 0.0))
        return np.where(self._told(np.logical_or, known), total, np.nan)

    def _told(self, combine: np.ufunc, cells: Floats | Bools) -> Floats:
        told: Floats = combine.reduceat(cells[self.places], self.starts)[self.whole]
        return told
