"""Where things are drawn: answers ──► coordinates. No words, no HTML, no I/O."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ui.api_models import Bin, Contribution, Value

CENTRE, RADIUS, NEEDLE = (160.0, 150.0), 118.0, 92.0
"""Of the gauge, in its own units: a half circle from 0, on the left, to 1."""

GAP = 0.006
"""Left free on either side of a border between two arcs."""


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """A half circle in three arcs, with a needle."""

    arcs: tuple[tuple[str, str], ...]
    """Outcome, and the path to draw."""
    tip: tuple[float, float]
    cut: tuple[tuple[float, float], tuple[float, float]]
    """The tick at the cut-off."""


def gauge(index: float, band: tuple[float, float]) -> Gauge:
    """The gauge of an index.

    Args:
        index: 0 to 1.
        band: Where an adviser decides.
    """
    low, high = band
    parts = (
        ("approve", 0.0, low - GAP),
        ("refer", low + GAP, high - GAP),
        ("decline", high + GAP, 1.0),
    )
    return Gauge(
        arcs=tuple((outcome, _arc(start, end)) for outcome, start, end in parts),
        tip=_at(index, NEEDLE),
        cut=(_at(0.5, RADIUS - 18), _at(0.5, RADIUS + 18)),
    )


def _at(index: float, radius: float) -> tuple[float, float]:
    """The point of the half circle at an index.

    >>> _at(0.5, 100.0)
    (160.0, 50.0)
    """
    angle = math.pi * index
    return (
        round(CENTRE[0] - radius * math.cos(angle), 1),
        round(CENTRE[1] - radius * math.sin(angle), 1),
    )


def _arc(start: float, end: float) -> str:
    (x0, y0), (x1, y1) = _at(start, RADIUS), _at(end, RADIUS)
    return f"M{x0} {y0}A{RADIUS} {RADIUS} 0 0 1 {x1} {y1}"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Contributions that are told as one."""

    concept: str
    points: float
    heaviest: Contribution
    count: int


def by_concept(contributions: Sequence[Contribution]) -> list[Part]:
    """Contributions summed by concept, the heaviest first; what weighs nothing is left out."""
    grouped: defaultdict[str, list[Contribution]] = defaultdict(list)
    for one in contributions:
        if one.points:
            grouped[one.concept].append(one)
    parts = [
        Part(
            concept=concept,
            points=sum(one.points for one in members),
            heaviest=max(members, key=lambda one: abs(one.points)),
            count=len(members),
        )
        for concept, members in grouped.items()
    ]
    return sorted(parts, key=lambda part: -abs(part.points))


def heaviest(contributions: Sequence[Contribution]) -> list[Contribution]:
    """Contributions that weigh anything, the heaviest first."""
    return sorted((one for one in contributions if one.points), key=lambda one: -abs(one.points))


@dataclass(frozen=True, kw_only=True)
class Span:
    """A bar on a line, in per cent of its width."""

    left: float
    width: float


def steps(start: float, effects: Sequence[float]) -> list[Span]:
    """Bars that each begin where the one before ended; the first and the last are the ends.

    >>> [(bar.left, bar.width) for bar in steps(500, [-50, 25])]
    [(100.0, 0.0), (0.0, 100.0), (0.0, 50.0), (50.0, 0.0)]
    """
    reached = [start]
    for effect in effects:
        reached.append(reached[-1] + effect)
    low, high = min(reached), max(reached)
    scale = 100 / ((high - low) or 1)
    ends = [(start, start), *pairwise(reached), (reached[-1], reached[-1])]
    return [
        Span(left=round(scale * (min(a, b) - low), 2), width=round(scale * abs(b - a), 2))
        for a, b in ends
    ]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Clients of one bin, stacked, in per cent of the plot; `mine` holds this client."""

    bin: Bin
    left: float
    width: float
    without: float
    with_: float
    mine: bool


def histogram(bins: Sequence[Bin], value: Value) -> list[Bar]:
    """Bars of equal width, as high as their share of the highest."""
    width = 100 / len(bins)
    top = max(one.clients for one in bins) or 1
    return [
        Bar(
            bin=one,
            left=round(place * width, 2),
            width=round(width, 2),
            without=round(100 * one.without_difficulties / top, 2),
            with_=round(100 * one.with_difficulties / top, 2),
            mine=holds(one, value),
        )
        for place, one in enumerate(bins)
    ]


def across(bins: Sequence[Bin], value: float | None) -> float | None:
    """Where a value stands across the plot, in per cent; the middle of a bin that is open.

    >>> bins = [Bin(low=low, high=high, word=None, without_difficulties=1, with_difficulties=0)
    ...         for low, high in ((None, 0.0), (0.0, 4.0), (4.0, None))]
    >>> [across(bins, value) for value in (-9.0, 1.0, 4.0, None)]
    [16.67, 41.67, 83.33, None]
    """
    if value is None:
        return None
    for place, one in enumerate(bins):
        if holds(one, value):
            opened = one.low is None or one.high is None
            inside = (
                0.5 if opened else (value - (one.low or 0)) / ((one.high or 0) - (one.low or 0))
            )
            return round(100 * (place + inside) / len(bins), 2)
    return None


def holds(one: Bin, value: Value) -> bool:
    """Whether a bin is that of a value."""
    if value is None or isinstance(value, str) or one.word is not None:
        return value is not None and value == one.word
    return (one.low is None or one.low <= value) and (one.high is None or value < one.high)


def yes_and_no(bins: Sequence[Bin]) -> tuple[Bin, Bin]:
    """The bins of a flag as two: no, then yes."""
    sides: tuple[list[Bin], list[Bin]] = ([], [])
    for one in bins:
        sides[one.low is not None and one.low > 0].append(one)
    no, yes = (
        Bin(
            low=low,
            high=None if low else 1.0,
            word=None,
            without_difficulties=sum(one.without_difficulties for one in side),
            with_difficulties=sum(one.with_difficulties for one in side),
        )
        for low, side in zip((0.0, 1.0), sides, strict=True)
    )
    return no, yes
