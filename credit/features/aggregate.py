"""The kernel: the rows of a history table in, one number a declared feature out.

Rows are put in a canonical order, every window's rows are laid end to end, and each statistic is
one `reduceat` over them. Values are first rounded to a grid of powers of two, so that sums are
exact and no order of rows, batch or engine can change a bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from credit.dossier import Bools, Dossiers, Floats, Integers, Rows
from credit.features.cells import GREATEST
from credit.features.declare import Unit
from credit.features.source import Source, Statistic, Window

GRID = {Unit.CURRENCY: 2.0**10}
FINE_GRID = 2.0**20
"""Steps in a unit: sums below 2^53 steps, eight billion units, are exact in float64."""

HALF_LIFE = 0.5
"""Years after which a row weighs half as much in a decayed mean."""


@dataclass(frozen=True)
class Segments:
    """The values of all windows laid end to end, cut into groups."""

    cells: Floats
    """Shape (values, rows of all windows); NaN where unknown."""
    starts: Integers
    """Where each group begins, along the rows."""
    times: Floats
    """When each row was, in steps of the table; 0 is the application. NaN where unknown."""
    year: int
    """A year in steps of the table."""

    @cached_property
    def known(self) -> Bools:
        return ~np.isnan(self.cells)

    @cached_property
    def count(self) -> Floats:
        return np.add.reduceat(self.known, self.starts, axis=1, dtype=np.float64)

    @cached_property
    def sum(self) -> Floats:
        total = np.add.reduceat(np.where(self.known, self.cells, 0.0), self.starts, axis=1)
        return np.where(self.count > 0, total, np.nan)

    @cached_property
    def mean(self) -> Floats:
        return self.sum / np.where(self.count > 0, self.count, np.nan)

    @cached_property
    def min(self) -> Floats:
        return np.fmin.reduceat(self.cells, self.starts, axis=1)

    @cached_property
    def max(self) -> Floats:
        return np.fmax.reduceat(self.cells, self.starts, axis=1)

    @cached_property
    def std(self) -> Floats:
        lengths = np.diff(self.starts, append=self.cells.shape[1])
        off = self.cells - np.repeat(self.mean, lengths, axis=1)
        squares = np.add.reduceat(np.where(self.known, off * off, 0.0), self.starts, axis=1)
        return np.sqrt(squares / np.where(self.count > 1, self.count - 1, np.nan))

    @cached_property
    def last(self) -> Floats:
        place = np.where(self.known, np.arange(self.cells.shape[1]), -1)
        newest = np.maximum.reduceat(place, self.starts, axis=1)
        cells = np.take_along_axis(self.cells, np.maximum(newest, 0), axis=1)
        return np.where(newest >= 0, cells, np.nan)

    @cached_property
    def trend(self) -> Floats:
        dated = self.known & ~np.isnan(self.times)
        values, times = np.where(dated, self.cells, 0.0), np.where(dated, self.times, 0.0)
        n, t, tt, x, tx = (
            np.add.reduceat(part, self.starts, axis=1, dtype=np.float64)
            for part in (dated, times, times * times, values, times * values)
        )
        spread = n * tt - t * t
        return self.year * (n * tx - t * x) / np.where(spread > 0, spread, np.nan)

    @cached_property
    def decayed(self) -> Floats:
        halvings = np.minimum(self.times, 0.0) / (self.year * HALF_LIFE)
        weights = np.where(self.known, np.exp2(halvings), np.nan)
        total, weight = (
            np.add.reduceat(np.nan_to_num(part), self.starts, axis=1)
            for part in (weights * self.cells, weights)
        )
        return total / np.where(weight > 0, weight, np.nan)


class Kernel:
    """A source, compiled: which values in which windows, and where each statistic goes."""

    def __init__(self, source: Source) -> None:
        members = list(source.members.values())
        self.source = source
        self.child = Kernel(source.child) if source.child else None
        self._values = list({m.value.name: m.value for m in members}.values())
        self._windows = list({m.window.name: m.window for m in members}.values())
        self._steps = np.array([[GRID.get(value.unit, FINE_GRID)] for value in self._values])
        self._value_of = np.array([self._values.index(m.value) for m in members])
        self._window_of = np.array([self._windows.index(m.window) for m in members])
        self._columns = {
            statistic: np.flatnonzero([m.statistic is statistic for m in members])
            for statistic in {m.statistic: None for m in members}
        }

    def features(self, dossiers: Dossiers) -> Floats:
        """Shape (dossiers, members), float64; NaN for every member where the table is unknown."""
        rows = dossiers.tables[self.source.table.name]
        if self.child and self.source.child_key:
            children = dossiers.tables[self.child.source.table.name]
            owned = belonging(children, rows, self.source.child_key)
            told = self.child._aggregate(owned, len(rows))  # noqa: SLF001 -- a Kernel of its own
            derived = dict(zip(self.child.source.members, told.T, strict=True))
            rows = Rows(rows.table, rows.owner, {**rows.cells, **derived}, rows.known)
        return self._aggregate(rows, len(dossiers))

    def _aggregate(self, rows: Rows, groups: int) -> Floats:
        cells = np.stack([value.compute(rows) for value in self._values]).astype(np.float64)
        cells = np.clip(cells, -GREATEST, GREATEST)
        cells = np.floor(cells * self._steps + 0.5) / self._steps
        order = canonical_order(rows, self.source.order, cells)
        owner = rows.owner[order]
        held = np.stack([_holds(window, rows, order, owner) for window in self._windows])
        window, row = np.nonzero(held)
        group = window * groups + owner[row]
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        times = rows[self.source.order[0]][order[row]]
        segments = Segments(cells[:, order[row]], starts, times, self.source.year)
        result = np.empty((groups, len(self._value_of)))
        for statistic, columns in self._columns.items():
            nothing = 0.0 if statistic in {Statistic.COUNT, Statistic.SUM} else np.nan
            cube = np.full((len(self._values), len(self._windows) * groups), nothing)
            if len(starts):
                cube[:, group[starts]] = getattr(segments, statistic.word)
            by_window = cube.reshape(len(self._values), len(self._windows), groups)
            result[:, columns] = by_window[self._value_of[columns], self._window_of[columns]].T
        result[~rows.known] = np.nan
        return result


def belonging(children: Rows, parents: Rows, key: str) -> Rows:
    """The children owned by the parents' rows instead of by dossiers; orphans are left out."""
    ids = np.unique(np.concatenate([parents[key], children[key]]))
    parent = parents.owner * len(ids) + np.searchsorted(ids, parents[key])
    child = children.owner * len(ids) + np.searchsorted(ids, children[key])
    by_place = np.argsort(parent)
    found = np.searchsorted(parent[by_place], child)
    mine = np.append(parent[by_place], -1)[found] == child
    kept = children.take(np.flatnonzero(mine))
    return Rows(kept.table, by_place[found[mine]], kept.cells, children.known[parents.owner])


def canonical_order(rows: Rows, order: Sequence[str], cells: Floats) -> Integers:
    """The places of the rows by owner and order, whatever order they came in.

    A row whose order is unknown counts as oldest. Rows that agree in owner and order are put in
    the order of their values, so that the result depends on what the rows say alone.
    """
    keys = [np.nan_to_num(rows[name], nan=-np.inf) for name in reversed(order)]
    places = np.lexsort((*keys, rows.owner))
    same = np.ones(max(len(rows) - 1, 0), dtype=np.bool_)
    for key in (*keys, rows.owner):
        same &= key[places[1:]] == key[places[:-1]]
    return np.lexsort((*cells, *keys, rows.owner)) if same.any() else places


def _holds(window: Window, rows: Rows, order: Integers, owner: Integers) -> Bools:
    """Which of the ordered rows a window holds."""
    if window.newest is not None:
        ends = np.searchsorted(owner, owner, side="right")
        return ends - np.arange(len(owner)) <= window.newest
    if window.holds is not None:
        return window.holds(rows)[order]
    return np.ones(len(rows), dtype=np.bool_)
