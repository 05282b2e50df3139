"""SVG charts of a fairness audit: each group with its interval, and the policy's limits.

Next to the charts, the report has a table with the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from credit.governance import FairnessLimit
from credit.localised_text import Text
from training.metrics.fairness import Estimate, FairnessAudit, GroupMetrics
from training.reporting.formatting import format_number
from training.reporting.languages import Language, localise_number, translate

WIDTH_PX, LABEL_WIDTH_PX, ROW_HEIGHT_PX = 280.0, 150.0, 26.0
MARGIN_SHARE = 0.06
"""Empty share of the axis on each side."""


@dataclass(frozen=True, kw_only=True)
class LimitLine:
    """A labelled vertical line at `x` pixels."""

    x: float
    label: Text


@dataclass(frozen=True, kw_only=True)
class IntervalRow:
    """An estimate with its interval, in pixels."""

    label: str
    y: float
    low: float
    value: float
    high: float
    is_outside: bool
    """True: the whole interval is beyond a limit, as the gates decide."""


@dataclass(frozen=True, kw_only=True)
class IntervalChart:
    """Estimates with intervals, one row each, the first at the top."""

    title: Text
    alt: Text
    """Text alternative for screen readers, with every estimate."""
    rows: tuple[IntervalRow, ...]
    limit_lines: tuple[LimitLine, ...]
    ticks: tuple[tuple[float, str], ...]
    width: float = WIDTH_PX
    label_width: float = LABEL_WIDTH_PX

    @property
    def height(self) -> float:
        return ROW_HEIGHT_PX * len(self.rows)


def build_fairness_charts(
    audit: FairnessAudit, limits: Sequence[FairnessLimit]
) -> tuple[IntervalChart, ...]:
    """Build the charts of the approval ratio and of the calibration of an attribute's groups.

    Args:
        audit: The groups of the attribute.
        limits: Limits of all jurisdictions; the strictest that names the attribute is drawn.
    """
    applicable = [limit for limit in limits if audit.attribute in limit.attributes]
    lowest_ratio = max((limit.least_approval_ratio for limit in applicable), default=None)
    widest_gap = min((limit.most_calibration_gap for limit in applicable), default=None)
    return (
        _build_chart(
            audit.groups,
            lambda group: group.approval_ratio,
            title=Text("Rapport des taux d'acceptation", "Approval ratio"),
            lowest=lowest_ratio,
        ),
        _build_chart(
            audit.groups,
            lambda group: group.calibration,
            title=Text("Calibration, en log-odds", "Calibration, in log-odds"),
            lowest=None if widest_gap is None else -widest_gap,
            highest=widest_gap,
        ),
    )


def _build_chart(
    groups: Sequence[GroupMetrics],
    select: Callable[[GroupMetrics], Estimate],
    *,
    title: Text,
    lowest: float | None = None,
    highest: float | None = None,
) -> IntervalChart:
    limits = [limit for limit in (lowest, highest) if limit is not None]
    estimates = [select(group) for group in groups]
    bounds = [*limits, *(x for item in estimates for x in (item.value, *item.interval))]
    margin = MARGIN_SHARE * ((max(bounds) - min(bounds)) or 1.0)
    start, end = min(bounds) - margin, max(bounds) + margin

    def to_pixels(value: float) -> float:
        return WIDTH_PX * (value - start) / (end - start)

    rows = tuple(
        IntervalRow(
            label=group.name,
            y=ROW_HEIGHT_PX * (number + 0.5),
            low=to_pixels(item.interval[0]),
            value=to_pixels(item.value),
            high=to_pixels(item.interval[1]),
            is_outside=(lowest is not None and item.interval[1] < lowest)
            or (highest is not None and item.interval[0] > highest),
        )
        for number, (group, item) in enumerate(zip(groups, estimates, strict=True))
    )
    return IntervalChart(
        title=title,
        alt=Text(
            _describe(title.fr, groups, estimates, limits, Language.FR),
            _describe(title.en, groups, estimates, limits, Language.EN),
        ),
        rows=rows,
        limit_lines=tuple(
            LimitLine(x=to_pixels(x), label=Text(f"limite {x:g}", f"limit {x:g}")) for x in limits
        ),
        ticks=tuple((to_pixels(x), format_number(x, 2)) for x in (start + margin, end - margin)),
    )


def _describe(
    title: str,
    groups: Sequence[GroupMetrics],
    estimates: Sequence[Estimate],
    limits: Sequence[float],
    language: Language,
) -> str:
    """Describe a chart: the title, the estimate of every group, and the limits."""
    colon = ": " if language is Language.EN else " : "
    values = ", ".join(
        f"{translate(group.name, language)} "
        f"{localise_number(format_number(item.value, 2), language)}"
        for group, item in zip(groups, estimates, strict=True)
    )
    bounds = ", ".join(localise_number(f"{limit:g}", language) for limit in limits)
    suffix = f"; {translate('limit', language)} {bounds}" if limits else ""
    return f"{title}{colon}{values}{suffix}."
