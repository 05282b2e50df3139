"""Group rows that are parts of one thing, such as the payments of one instalment.

rows ──► group of each row ──► one value for each group, repeated in all its rows
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.dossier import Bools, Floats, Integers, Rows
from credit.features.expressions.sort_order import sort_oldest_first


@dataclass(frozen=True, kw_only=True)
class RowGroups:
    """A partition of rows into groups."""

    group_ids: Integers
    """Group of each row, numbered from 0."""
    positions: Integers
    """Row indices, sorted by group."""
    starts: Integers
    """Start of each group in `positions`."""

    @classmethod
    def group_by(cls, rows: Rows, key_columns: tuple[str, ...]) -> RowGroups:
        """Group the rows of one owner that are equal in all key columns.

        A row with an unknown key is a group by itself.
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
        """True if every group has exactly one row."""
        return len(self.starts) == len(self.group_ids)

    @property
    def is_in_multi_row_group(self) -> Bools:
        """True for each row that shares its group with another row."""
        return np.bincount(self.group_ids, minlength=1)[self.group_ids] > 1

    def broadcast_max(self, values: Floats) -> Floats:
        """Return, for each row, the greatest known value of its group; NaN if none is known."""
        return values if self.has_only_single_rows else self._broadcast(np.fmax, values)

    def broadcast_sum(self, values: Floats, steps_per_unit: float) -> Floats:
        """Return, for each row, the sum of the known values of its group; NaN if none is known.

        Args:
            steps_per_unit: Values are rounded to this many grid steps per unit, so that the sum
                is exact and does not depend on the order of rows.
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
