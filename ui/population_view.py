"""Render a client's position among others: a histogram of numbers or a table of categories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ui import chart_geometry
from ui.api_models import Bin, Feature, Position
from ui.rendering import TemplateRenderer

MAX_CATEGORIES = 10
"""Number of categories with a row of their own, besides the client's."""

MIN_CLIENTS_IN_BIN = 30
"""Smallest bin for which the share of difficulties is shown."""

BOUND_DECIMALS = 3
"""Decimals of a bin's bounds; one more than for values, since bins can be narrow."""


@dataclass(frozen=True, kw_only=True)
class Category:
    """A row of the table: one category, or yes or no of a flag."""

    label: str
    without_difficulties: int
    with_difficulties: int
    width: float
    """Length of the bar, in percent of the longest."""
    is_client: bool
    """True for the client's own category."""

    @property
    def clients(self) -> int:
        return self.without_difficulties + self.with_difficulties

    @property
    def share(self) -> float:
        """Return the share of clients with difficulties, 0 to 1; 0 if there are no clients."""
        return self.with_difficulties / self.clients if self.clients else 0.0


def render_position(renderer: TemplateRenderer, position: Position, feature: Feature) -> str:
    """Render the client's position by one feature."""
    value = renderer.format_value(position.value, feature)
    client_bin = next(
        (bin_ for bin_ in position.bins if chart_geometry.bin_contains(bin_, position.value)), None
    )
    is_large = client_bin is not None and client_bin.clients >= MIN_CLIENTS_IN_BIN
    context = {
        "position": position,
        "label": renderer.localise(feature.label),
        "value": value,
        "unit": feature.unit,
        "client_bin": client_bin if is_large else None,
        "clients": sum(bin_.clients for bin_ in position.bins),
    }
    if feature.unit == "flag" or any(bin_.word is not None for bin_ in position.bins):
        return renderer.render(
            "categories", rows=_build_categories(renderer, position, feature), **context
        )
    number = position.value if isinstance(position.value, float) else None
    return renderer.render(
        "histogram",
        bars=chart_geometry.layout_histogram(position.bins, position.value),
        ranges=[_format_range(renderer, bin_, feature) for bin_ in position.bins],
        at=chart_geometry.locate_value(position.bins, number),
        at_without=chart_geometry.locate_value(position.bins, position.mean_without_difficulties),
        at_with=chart_geometry.locate_value(position.bins, position.mean_with_difficulties),
        ends=[
            renderer.format_value(bound, feature, BOUND_DECIMALS)
            for bound in _outer_bounds(position)
        ],
        **context,
    )


def _format_range(renderer: TemplateRenderer, bin_: Bin, feature: Feature) -> str:
    """Describe a bin of numbers in words."""
    messages = renderer.messages
    low, high = (
        renderer.format_value(bound, feature, BOUND_DECIMALS) for bound in (bin_.low, bin_.high)
    )
    if bin_.low is None:
        return messages.below.format(high=high)
    if bin_.high is None:
        return messages.and_over.format(low=low)
    return messages.between.format(low=low, high=high)


def _outer_bounds(position: Position) -> tuple[float | None, float | None]:
    """Return the inner bounds of the open bins at both ends."""
    return position.bins[0].high, position.bins[-1].low


def _build_categories(
    renderer: TemplateRenderer, position: Position, feature: Feature
) -> list[Category]:
    """Build the rows: largest categories first, always the client's own, the rest summed."""
    bins: Sequence[Bin] = position.bins
    if feature.unit == "flag":
        bins = chart_geometry.merge_flag_bins(bins)
    ranked = sorted(bins, key=lambda bin_: -bin_.clients)
    shown = [
        bin_
        for index, bin_ in enumerate(ranked)
        if index < MAX_CATEGORIES or chart_geometry.bin_contains(bin_, position.value)
    ]
    widest = max((bin_.clients for bin_ in shown), default=0) or 1
    rows = [
        Category(
            label=renderer.format_value(
                bin_.low if feature.unit == "flag" else bin_.word, feature
            ),
            without_difficulties=bin_.without_difficulties,
            with_difficulties=bin_.with_difficulties,
            width=round(100 * bin_.clients / widest, 1),
            is_client=chart_geometry.bin_contains(bin_, position.value),
        )
        for bin_ in shown
    ]
    other_bins = [bin_ for bin_ in ranked if bin_ not in shown]
    if other_bins:
        rows.append(_merge_bins(renderer, other_bins, widest))
    return rows


def _merge_bins(renderer: TemplateRenderer, bins: Sequence[Bin], widest: int) -> Category:
    clients = sum(bin_.clients for bin_ in bins)
    return Category(
        label=renderer.messages.other_categories.format(count=len(bins)),
        without_difficulties=sum(bin_.without_difficulties for bin_ in bins),
        with_difficulties=sum(bin_.with_difficulties for bin_ in bins),
        width=round(min(100.0, 100 * clients / widest), 1),
        is_client=False,
    )
