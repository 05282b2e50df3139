"""Geometry of the charts: values ──► coordinates. No texts, no HTML, no I/O."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ui.api_models import Bin, Contribution, FeatureValue

GAUGE_CENTRE, GAUGE_RADIUS, NEEDLE_LENGTH = (160.0, 150.0), 118.0, 92.0
"""Gauge in SVG units: a half circle from index 0 on the left to 1 on the right."""

ARC_GAP = 0.006
"""Gap on either side of a border between two arcs, in units of the index."""


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """A half circle of three arcs with a needle."""

    arcs: tuple[tuple[str, str], ...]
    """Outcome and SVG path of each arc."""
    tip: tuple[float, float]
    """Tip of the needle."""
    cut: tuple[tuple[float, float], tuple[float, float]]
    """Ends of the tick at the cut-off."""


def layout_gauge(index: float, band: tuple[float, float]) -> Gauge:
    """Compute the gauge of an index.

    Args:
        index: Position relative to the cut-off, 0 to 1; the cut-off is 0.5.
        band: Lowest and highest index that an adviser decides.
    """
    low, high = band
    ranges = (
        ("approve", 0.0, low - ARC_GAP),
        ("refer", low + ARC_GAP, high - ARC_GAP),
        ("decline", high + ARC_GAP, 1.0),
    )
    return Gauge(
        arcs=tuple((outcome, _arc_path(start, end)) for outcome, start, end in ranges),
        tip=_point_at(index, NEEDLE_LENGTH),
        cut=(_point_at(0.5, GAUGE_RADIUS - 18), _point_at(0.5, GAUGE_RADIUS + 18)),
    )


def _point_at(index: float, radius: float) -> tuple[float, float]:
    """Return the point of a half circle at an index.

    >>> _point_at(0.5, 100.0)
    (160.0, 50.0)
    """
    angle = math.pi * index
    return (
        round(GAUGE_CENTRE[0] - radius * math.cos(angle), 1),
        round(GAUGE_CENTRE[1] - radius * math.sin(angle), 1),
    )


def _arc_path(start: float, end: float) -> str:
    (x0, y0), (x1, y1) = _point_at(start, GAUGE_RADIUS), _point_at(end, GAUGE_RADIUS)
    return f"M{x0} {y0}A{GAUGE_RADIUS} {GAUGE_RADIUS} 0 0 1 {x1} {y1}"


@dataclass(frozen=True, kw_only=True)
class ConceptContribution:
    """The contributions of one concept, summed."""

    concept: str
    points: float
    """Sum of the contributions, in score points."""
    heaviest: Contribution
    """The contribution with the largest absolute value."""
    count: int
    """Number of contributions other than 0."""


def group_by_concept(contributions: Sequence[Contribution]) -> list[ConceptContribution]:
    """Sum contributions by concept, largest effect first; leave out contributions of 0."""
    grouped: defaultdict[str, list[Contribution]] = defaultdict(list)
    for contribution in contributions:
        if contribution.points:
            grouped[contribution.concept].append(contribution)
    groups = [
        ConceptContribution(
            concept=concept,
            points=sum(contribution.points for contribution in members),
            heaviest=max(members, key=lambda contribution: abs(contribution.points)),
            count=len(members),
        )
        for concept, members in grouped.items()
    ]
    return sorted(groups, key=lambda group: -abs(group.points))


def rank_contributions(contributions: Sequence[Contribution]) -> list[Contribution]:
    """Sort contributions, largest effect first; leave out contributions of 0."""
    return sorted(
        (contribution for contribution in contributions if contribution.points),
        key=lambda contribution: -abs(contribution.points),
    )


@dataclass(frozen=True, kw_only=True)
class Span:
    """A horizontal bar, in percent of the line's width."""

    offset: float
    width: float


def layout_waterfall(start: float, effects: Sequence[float]) -> list[Span]:
    """Compute waterfall bars: each starts where the previous one ended.

    The first and the last bar have no width; they mark the start and the end.

    >>> [(bar.offset, bar.width) for bar in layout_waterfall(500, [-50, 25])]
    [(100.0, 0.0), (0.0, 100.0), (0.0, 50.0), (50.0, 0.0)]
    """
    levels = [start]
    for effect in effects:
        levels.append(levels[-1] + effect)
    low, high = min(levels), max(levels)
    scale = 100 / ((high - low) or 1)
    segments = [(start, start), *pairwise(levels), (levels[-1], levels[-1])]
    return [
        Span(offset=round(scale * (min(a, b) - low), 2), width=round(scale * abs(b - a), 2))
        for a, b in segments
    ]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A stacked bar of one bin, in percent of the plot's width and height."""

    bin: Bin
    offset: float
    width: float
    height_without: float
    """Height of the clients without difficulties."""
    height_with: float
    """Height of the clients with difficulties, stacked above."""
    is_client: bool
    """True if the client's value is in this bin."""


def layout_histogram(bins: Sequence[Bin], value: FeatureValue) -> list[Bar]:
    """Compute bars of equal width; the bin with most clients has the full height."""
    width = 100 / len(bins)
    max_clients = max(bin_.clients for bin_ in bins) or 1
    return [
        Bar(
            bin=bin_,
            offset=round(index * width, 2),
            width=round(width, 2),
            height_without=round(100 * bin_.without_difficulties / max_clients, 2),
            height_with=round(100 * bin_.with_difficulties / max_clients, 2),
            is_client=bin_contains(bin_, value),
        )
        for index, bin_ in enumerate(bins)
    ]


def locate_value(bins: Sequence[Bin], value: float | None) -> float | None:
    """Return a value's horizontal position in percent of the plot; None if it is unknown.

    A value in an open bin is placed at its middle.

    >>> bins = [Bin(low=low, high=high, word=None, without_difficulties=1, with_difficulties=0)
    ...         for low, high in ((None, 0.0), (0.0, 4.0), (4.0, None))]
    >>> [locate_value(bins, value) for value in (-9.0, 1.0, 4.0, None)]
    [16.67, 41.67, 83.33, None]
    """
    if value is None:
        return None
    for index, bin_ in enumerate(bins):
        if bin_contains(bin_, value):
            is_open = bin_.low is None or bin_.high is None
            fraction = (
                0.5
                if is_open
                else (value - (bin_.low or 0)) / ((bin_.high or 0) - (bin_.low or 0))
            )
            return round(100 * (index + fraction) / len(bins), 2)
    return None


def bin_contains(bin_: Bin, value: FeatureValue) -> bool:
    """Return True if a value is in a bin; an unknown value is in none."""
    if value is None or isinstance(value, str) or bin_.word is not None:
        return value is not None and value == bin_.word
    return (bin_.low is None or bin_.low <= value) and (bin_.high is None or value < bin_.high)


def merge_flag_bins(bins: Sequence[Bin]) -> tuple[Bin, Bin]:
    """Merge the bins of a flag into two: no, then yes."""
    groups: tuple[list[Bin], list[Bin]] = ([], [])
    for bin_ in bins:
        groups[bin_.low is not None and bin_.low > 0].append(bin_)
    no, yes = (
        Bin(
            low=low,
            high=None if low else 1.0,
            word=None,
            without_difficulties=sum(bin_.without_difficulties for bin_ in group),
            with_difficulties=sum(bin_.with_difficulties for bin_ in group),
        )
        for low, group in zip((0.0, 1.0), groups, strict=True)
    )
    return no, yes
