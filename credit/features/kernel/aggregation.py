"""The kernel: the rows of history tables in, one number a declared feature out.

Rows are put in a canonical order, the rows that every feature looks at are laid end to end, and
each statistic is a few `reduceat` over them. Values are first rounded to a grid of powers of two,
so that sums are exact and no order of rows, batch or engine can change a bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from credit.columns import Layout
from credit.dossier import Bools, Dossiers, Floats, Integers, Rows
from credit.features.declaration.feature import Unit
from credit.features.declaration.history_features import Source, Statistic
from credit.features.expressions.nan_arithmetic import GREATEST
from credit.features.expressions.sort_order import canonical_order
from credit.features.expressions.vectorised import Together
from credit.features.kernel.plan import arranged
from credit.features.kernel.windows import Laid, Ordered

GRID = {Unit.CURRENCY: 2.0**10}
FINE_GRID = 2.0**20


def step_of(unit: Unit) -> float:
    """Steps in a unit: sums below 2^53 steps, eight billion units, are exact in float64."""
    return GRID.get(unit, FINE_GRID)


class Kernel:
    """Sources, compiled: which value in which window makes which feature.

    A value in the rows of a window is a lane.
    """

    def __init__(self, *sources: Source) -> None:
        self._parts = [_Part(source) for source in sources]
        members = [(part, m) for part in self._parts for m in part.source.members.values()]
        laid = arranged(
            [((part, m.value.name, m.window.name), m.statistic) for part, m in members]
        )
        values = [(part, value.name) for part in self._parts for value in part.values]
        windows = [(part, window.name) for part in self._parts for window in part.windows]
        self._value_of = np.array([values.index((part, value)) for part, value, _ in laid.lanes])
        self._window_of = np.array([windows.index((part, w)) for part, _, w in laid.lanes])
        self._year_of = np.array([float(part.source.year) for part, _, _ in laid.lanes])
        self._stretches = laid.stretches
        self._rows = np.array(laid.rows)
        nothing = [said in {Statistic.COUNT, Statistic.SUM} for said in laid.told]
        self._nothing = np.where(nothing, 0.0, np.nan)

    def features(self, dossiers: Dossiers) -> Floats:
        """Shape (dossiers, members), float64; NaN for every member where the table is unknown."""
        return self.told([part.rows(dossiers) for part in self._parts], len(dossiers)).T

    def told(self, tables: Sequence[Rows], owners: int) -> Floats:
        """Shape (members, owners), whoever owns the rows: dossiers, or rows of another table."""
        told = self._nothing.repeat(owners)
        if any(map(len, tables)):
            pairs = zip(self._parts, tables, strict=True)
            laid = Laid([part.ordered(rows) for part, rows in pairs])
            lanes = laid.lanes(self._value_of, self._window_of, self._year_of)
            places = lanes.lane * owners + lanes.owner
            for stretch in self._stretches:
                mine, segments = lanes.between(stretch.first, stretch.end)
                if len(segments.starts):
                    for word, row in stretch.said.items():
                        at = places[mine] + (row - stretch.first) * owners
                        told[at] = getattr(segments, word)
        told = told.reshape(len(self._nothing), owners)[self._rows]
        end = 0
        for part, rows in zip(self._parts, tables, strict=True):
            begin, end = end, end + len(part.source.members)
            if not rows.known.all():
                told[begin:end, ~rows.known] = np.nan
        return told


class _Part:
    """What the kernel looks at in one table."""

    def __init__(self, source: Source) -> None:
        members = source.members.values()
        self.source = source
        self.values = list({m.value.name: m.value for m in members}.values())
        self.windows = list({m.window.name: m.window for m in members}.values())
        self._compute = Together([value.compute for value in self.values])
        wholes = [value.name in source.wholes for value in self.values]
        self._wholes = np.flatnonzero(wholes)[:, np.newaxis]
        self._steps = np.array([[step_of(value.unit)] for value in self.values])
        self._child = Kernel(source.child) if source.child else None
        windows = list(enumerate(self.windows))
        since = [(at, window.since) for at, window in windows if window.since is not None]
        newest = [(at, window.newest) for at, window in windows if window.newest is not None]
        told = [(at, window.holds) for at, window in windows if window.holds is not None]
        self._since = np.array([at for at, _ in since], dtype=np.int64)
        self._bounds = np.array([[-float(steps)] for _, steps in since]).reshape(-1, 1)
        self._newest = np.array([at for at, _ in newest], dtype=np.int64)
        self._numbers = np.array([[number] for _, number in newest]).reshape(-1, 1)
        self._told = np.array([at for at, _ in told], dtype=np.int64)
        self._predicates = [holds for _, holds in told]

    def rows(self, dossiers: Dossiers) -> Rows:
        """The table's rows, with the features of the rows of its child's table."""
        rows = dossiers.tables[self.source.table.name]
        if not (self._child and self.source.child and self.source.child_key):
            return rows
        children = dossiers.tables[self.source.child.table.name]
        owned = belonging(children, rows, self.source.child_key)
        told = self._child.told([owned], len(rows))
        layout = Layout.of(rows.table.name, (*rows.layout.place, *self.source.child.members))
        return Rows(layout, rows.owner, np.concatenate([rows.raw, told]), rows.texts, rows.known)

    def ordered(self, rows: Rows) -> Ordered:
        """The values of the rows, and the windows that hold them, in canonical order."""
        if not len(rows):
            return self._without_rows
        cells = self._on_grid(self._compute(rows))
        order = canonical_order(rows, self.source.order, cells, self.source.shared)
        owner, cells = rows.owner[order], cells.take(order, axis=1)
        ends = self._ends_of_wholes(rows, order)
        if ends is not None:
            cells[self._wholes, (~ends).nonzero()[0]] = np.nan
        times = rows[self.source.order[0]][order]
        held = np.ones((len(self.windows), len(rows)), dtype=np.bool_)
        held[self._since] = times >= self._bounds
        if len(self._newest):
            held[self._newest] = _from_the_end(owner, ends) <= self._numbers
        if self._predicates:
            said = np.array([holds(rows) for holds in self._predicates])
            held[self._told] = said.take(order, axis=1)
        return Ordered(cells=cells, held=held, owner=owner, times=times)

    def _on_grid(self, cells: Floats) -> Floats:
        """The cells, cut and rounded where they stand."""
        np.maximum(cells, -GREATEST, out=cells)
        np.minimum(cells, GREATEST, out=cells)
        cells *= self._steps
        cells += 0.5
        np.floor(cells, out=cells)
        cells /= self._steps
        return cells

    def _ends_of_wholes(self, rows: Rows, order: Integers) -> Bools | None:
        """Which rows, in their order, are a whole or the newest part of one; None if all are."""
        if not self.source.parts or self.source.parts(rows).none:
            return None
        whole = self.source.parts(rows).whole[order]
        ends = np.ones(len(whole), dtype=np.bool_)
        np.not_equal(whole[1:], whole[:-1], out=ends[:-1])
        return ends

    @cached_property
    def _without_rows(self) -> Ordered:
        return Ordered(
            cells=np.empty((len(self.values), 0)),
            held=np.empty((len(self.windows), 0), dtype=np.bool_),
            owner=np.empty(0, dtype=np.int64),
            times=np.empty(0),
        )


def _from_the_end(owner: Integers, ends: Bools | None) -> Integers:
    """Which whole a row is of, 1 being its owner's newest.

    >>> _from_the_end(np.array([0, 0, 0, 1]), np.array([True, False, True, True])).tolist()
    [2, 1, 1, 1]
    """
    after = np.bincount(owner).cumsum()[owner]
    if ends is None:
        return after - np.arange(len(owner))
    ended: Integers = ends.cumsum()
    return np.add(ended[after - 1] - ended, ends)


def belonging(children: Rows, parents: Rows, key: str) -> Rows:
    """The children owned by the parents' rows instead of by dossiers; orphans are left out."""
    if not (len(children) and len(parents)):
        children = children.take(slice(0))
        return children.owned(children.owner, children.known[parents.owner])
    keys, owner = children[key], children.owner
    begins = np.ones(len(keys), dtype=np.bool_)
    begins[1:] = (keys[1:] != keys[:-1]) | (owner[1:] != owner[:-1])
    heads = begins.nonzero()[0]  # a parent's children mostly follow each other: one is sought
    ids = np.sort(parents[key])
    parent, child = (
        owners * (len(ids) + 1) + ids.searchsorted(sought)
        for owners, sought in ((parents.owner, parents[key]), (owner[heads], keys[heads]))
    )
    by_place = parent.argsort(kind="stable")
    found = parent[by_place].searchsorted(child)
    nearest = by_place.take(found, mode="clip")
    theirs = (parents[key][nearest] == keys[heads]) & (parents.owner[nearest] == owner[heads])
    of_head = begins.cumsum() - 1
    nearest, mine = nearest[of_head], theirs[of_head]
    kept = children if mine.all() else children.take(mine.nonzero()[0])
    return kept.owned(nearest[mine], children.known[parents.owner])
