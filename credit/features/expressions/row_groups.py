"""Rows that are parts of one whole: the source has a row for every payment of an instalment.

rows ──► the whole that each is a part of ──► one value a whole, said alike in all its rows
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.dossier import Bools, Floats, Integers, Rows
from credit.features.expressions.sort_order import sort_oldest_first


@dataclass(frozen=True, kw_only=True)
class RowGroups:
    """Which rows are parts of one whole."""

    group_ids: Integers
    """Of each row: which whole it is a part of."""
    positions: Integers
    """The rows' places, whole by whole."""
    starts: Integers
    """Where each whole begins among those."""

    @classmethod
    def group_by(cls, rows: Rows, key_columns: tuple[str, ...]) -> RowGroups:
        """Rows of one owner that say the same in all these columns are parts of one whole.

        A row that leaves one of them unknown is a whole by itself.
        """
        positions = rows.memoise(sort_oldest_first, key_columns).positions
        key_values = rows.select_columns(key_columns).take(positions, axis=1)
        owner = rows.owner[positions]
        starts_group = np.ones(len(rows), dtype=np.bool_)
        (key_values[:, 1:] != key_values[:, :-1]).any(axis=0, out=starts_group[1:])
        starts_group[1:] |= owner[1:] != owner[:-1]
        group_ids = np.empty(len(rows), dtype=np.int64)
        group_ids[positions] = np.cumsum(starts_group)
        return cls(
            group_ids=group_ids - 1, positions=positions, starts=np.flatnonzero(starts_group)
        )

    @property
    def has_only_single_rows(self) -> bool:
        """Whether every row is a whole."""
        return len(self.starts) == len(self.group_ids)

    @property
    def is_in_multi_row_group(self) -> Bools:
        """Which rows are not a whole by themselves."""
        return np.bincount(self.group_ids, minlength=1)[self.group_ids] > 1

    def broadcast_max(self, values: Floats) -> Floats:
        """The greatest known cell of the whole."""
        return values if self.has_only_single_rows else self._broadcast(np.fmax, values)

    def broadcast_sum(self, values: Floats, steps_per_unit: float) -> Floats:
        """The sum of the known cells of the whole, unknown where there is none.

        Args:
            step: Cells are rounded to so many steps a unit, so that no order changes the sum.
        """
        known = ~np.isnan(values)
        sums = self._broadcast(
            np.add, np.where(known, np.floor(values * steps_per_unit + 0.5) / steps_per_unit, 0.0)
        )
        return np.where(self._broadcast(np.logical_or, known), sums, np.nan)

    def _broadcast(self, ufunc: np.ufunc, values: Floats | Bools) -> Floats:
        broadcast_values: Floats = ufunc.reduceat(values[self.positions], self.starts)[
            self.group_ids
        ]
        return broadcast_values
