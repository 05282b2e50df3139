"""How the lanes of features are laid, so that one call computes a statistic of many of them.

Most of what is said of a lane is a sum or an extreme. Each lane is laid once for its sums, those
with extremes side by side; the few of which more is said are laid again, statistic by statistic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from credit.features.declaration.history_features import Statistic

Lane = TypeVar("Lane", bound=Hashable)

ADDED = (Statistic.COUNT, Statistic.SUM, Statistic.MEAN)
EXTREMES = (Statistic.MAX, Statistic.MIN)

SIDE_BY_SIDE = [set(), {Statistic.MAX}, {Statistic.MAX, Statistic.MIN}, {Statistic.MIN}]
"""By their extremes, lanes in this order: those with either lie in one stretch."""


@dataclass(frozen=True)
class Stretch:
    """Lanes that lie side by side, and what is said of all of them."""

    first: int
    end: int
    said: Mapping[str, int]
    """Of each statistic, by its word: where among all that is told that of the first lane stands.
    Those of the next lanes follow."""


@dataclass(frozen=True, kw_only=True)
class Arrangement(Generic[Lane]):
    """Lanes, where which statistics are told of them, and which of the told are features."""

    lanes: Sequence[Lane]
    stretches: Sequence[Stretch]
    told: Sequence[Statistic]
    rows: Sequence[int]
    """Of each feature: where among all that is told it stands."""


def arranged(features: Sequence[tuple[Lane, Statistic]]) -> Arrangement[Lane]:
    """The lanes of these features.

    >>> laid = arranged([("a", Statistic.MEAN), ("b", Statistic.LAST), ("a", Statistic.SUM)])
    >>> laid.lanes, [(one.first, one.end) for one in laid.stretches]
    (['a', 'b', 'b'], [(0, 2), (2, 3)])
    """
    said: defaultdict[Lane, set[Statistic]] = defaultdict(set)
    for lane, statistic in features:
        said[lane].add(statistic)
    once = sorted(said, key=lambda lane: SIDE_BY_SIDE.index(said[lane] & set(EXTREMES)))
    lanes = list(once)
    told: list[tuple[Lane, Statistic]] = []
    stretches = []
    for statistics in (ADDED, *((one,) for one in Statistic if one not in ADDED)):
        mine = [place for place, lane in enumerate(once) if said[lane].intersection(statistics)]
        if not mine:
            continue
        if statistics == ADDED:
            first, end = 0, len(once)
        elif statistics[0] in EXTREMES:
            first, end = mine[0], mine[-1] + 1
        else:
            first, end = len(lanes), len(lanes) + len(mine)
            lanes += [once[place] for place in mine]
        begins = {}
        for statistic in statistics:
            begins[statistic.word] = len(told)
            told += [(lane, statistic) for lane in lanes[first:end]]
        stretches.append(Stretch(first, end, begins))
    row = {one: place for place, one in enumerate(told)}
    return Arrangement(
        lanes=lanes,
        stretches=stretches,
        told=[statistic for _, statistic in told],
        rows=[row[feature] for feature in features],
    )
