"""Where a client stands among others, as HTML: a histogram of numbers, a table of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ui import chart_geometry
from ui.api_models import Bin, Feature, Position
from ui.rendering import Drawing

MOST_WORDS = 10
"""Categories shown one by one, besides the client's own."""

FEWEST_NEAR = 30
"""Clients in a range from which the share of difficulties among them says something."""

FINE = 3
"""Decimals of a bound where a value has two: bins are narrow."""


@dataclass(frozen=True, kw_only=True)
class Category:
    """Clients who share a word, or the yes or no of a flag."""

    label: str
    without: int
    with_: int
    width: float
    """Per cent of the widest."""
    mine: bool

    @property
    def clients(self) -> int:
        return self.without + self.with_

    @property
    def share(self) -> float:
        return self.with_ / self.clients if self.clients else 0.0


def position(drawing: Drawing, found: Position, feature: Feature) -> str:
    """The client's place, by one feature."""
    value = drawing.value(found.value, feature)
    mine = next((one for one in found.bins if chart_geometry.holds(one, found.value)), None)
    shared = {
        "found": found,
        "label": drawing.text(feature.label),
        "value": value,
        "unit": feature.unit,
        "near": mine if mine and mine.clients >= FEWEST_NEAR else None,
        "clients": sum(one.clients for one in found.bins),
    }
    if feature.unit == "flag" or any(one.word is not None for one in found.bins):
        return drawing.fill("categories", rows=_categories(drawing, found, feature), **shared)
    number = found.value if isinstance(found.value, float) else None
    return drawing.fill(
        "histogram",
        bars=chart_geometry.histogram(found.bins, found.value),
        ranges=[_range(drawing, one, feature) for one in found.bins],
        at=chart_geometry.across(found.bins, number),
        at_without=chart_geometry.across(found.bins, found.mean_without_difficulties),
        at_with=chart_geometry.across(found.bins, found.mean_with_difficulties),
        ends=[drawing.value(end, feature, FINE) for end in _ends(found)],
        **shared,
    )


def _range(drawing: Drawing, one: Bin, feature: Feature) -> str:
    """A bin of numbers in words."""
    words = drawing.words
    low, high = (drawing.value(bound, feature, FINE) for bound in (one.low, one.high))
    if one.low is None:
        return words.below.format(high=high)
    if one.high is None:
        return words.from_on.format(low=low)
    return words.between.format(low=low, high=high)


def _ends(found: Position) -> tuple[float | None, float | None]:
    """The bounds of the open bins on either side."""
    return found.bins[0].high, found.bins[-1].low


def _categories(drawing: Drawing, found: Position, feature: Feature) -> list[Category]:
    """Categories with most clients first, the client's among them, the others as one."""
    bins: Sequence[Bin] = found.bins
    if feature.unit == "flag":
        bins = chart_geometry.yes_and_no(bins)
    ranked = sorted(bins, key=lambda one: -one.clients)
    shown = [
        one
        for place, one in enumerate(ranked)
        if place < MOST_WORDS or chart_geometry.holds(one, found.value)
    ]
    widest = max((one.clients for one in shown), default=0) or 1
    rows = [
        Category(
            label=drawing.value(one.low if feature.unit == "flag" else one.word, feature),
            without=one.without_difficulties,
            with_=one.with_difficulties,
            width=round(100 * one.clients / widest, 1),
            mine=chart_geometry.holds(one, found.value),
        )
        for one in shown
    ]
    rest = [one for one in ranked if one not in shown]
    if rest:
        rows.append(_together(drawing, rest, widest))
    return rows


def _together(drawing: Drawing, rest: Sequence[Bin], widest: int) -> Category:
    clients = sum(one.clients for one in rest)
    return Category(
        label=drawing.words.other_words.format(count=len(rest)),
        without=sum(one.without_difficulties for one in rest),
        with_=sum(one.with_difficulties for one in rest),
        width=round(min(100.0, 100 * clients / widest), 1),
        mine=False,
    )
