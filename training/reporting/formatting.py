"""Number formats of the model card, the technical file, the report and the console."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from training.metrics.fairness import Estimate


def format_number(value: float, decimals: int = 4) -> str:
    """Format a number with fixed decimals and without a negative zero.

    >>> format_number(-0.00004), format_number(-0.25, 2)
    ('0.0000', '-0.25')
    """
    rounded = round(value, decimals) + 0.0
    return f"{rounded:,.{decimals}f}"


def format_share(value: float, decimals: int = 1) -> str:
    """Format a fraction as a percentage; NaN becomes "unknown".

    >>> format_share(0.08123)
    '8.1 %'
    """
    return "unknown" if math.isnan(value) else f"{100 * value:.{decimals}f} %"


def format_interval(interval: tuple[float, float], decimals: int = 4) -> str:
    """Format an interval.

    >>> format_interval((0.1, 0.25), 2)
    '0.10 to 0.25'
    """
    return f"{format_number(interval[0], decimals)} to {format_number(interval[1], decimals)}"


def format_rate(estimate: Estimate, decimals: int = 1) -> str:
    """Format a fraction and its interval as percentages; NaN becomes "unknown".

    >>> format_rate(Estimate(value=0.5, interval=(0.4, 0.6)))
    '50.0 % (40.0 to 60.0)'
    """
    if math.isnan(estimate.value):
        return "unknown"
    low, high = (f"{100 * bound:.{decimals}f}" for bound in estimate.interval)
    return f"{format_share(estimate.value, decimals)} ({low} to {high})"


def format_share_interval(interval: tuple[float, float], decimals: int = 1) -> str:
    """Format an interval of fractions as percentages; NaN becomes "unknown".

    >>> format_share_interval((0.4, 0.6))
    '40.0 to 60.0'
    """
    if math.isnan(interval[0]):
        return "unknown"
    return format_interval((100 * interval[0], 100 * interval[1]), decimals)


def format_measure(estimate: Estimate, decimals: int = 2) -> str:
    """Format a number and its interval.

    >>> format_measure(Estimate(value=0.5, interval=(-0.4, 0.6)))
    '0.50 (-0.40 to 0.60)'
    """
    interval = format_interval(estimate.interval, decimals)
    return f"{format_number(estimate.value, decimals)} ({interval})"


def escape_table_cell(text: str) -> str:
    r"""Escape text so that it cannot end a cell of a Markdown table or add markup.

    >>> escape_table_cell("a|b [c](d)")
    'a\\|b \\[c\\](d)'
    """
    for character in ("\\", "|", "[", "]", "*", "`", "<"):
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def format_gain(value: float, interval: tuple[float, float]) -> str:
    """Format a signed difference and its interval.

    >>> format_gain(0.0012, (-0.0003, 0.0027))
    '+0.0012 (-0.0003 to +0.0027)'
    """
    low, high = interval
    return f"{value:+.4f} ({low:+.4f} to {high:+.4f})"


def format_count(count: int) -> str:
    """Format a count with separators of thousands.

    >>> format_count(14323)
    '14,323'
    """
    return f"{count:,}"


def format_limit(limit: float) -> str:
    """Format a limit with as many digits as it has.

    >>> format_limit(0.50)
    '0.5'
    """
    return f"{limit:g}"


TEMPLATE_FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType({
    "number": format_number,
    "thousands": format_count,
    "limit": format_limit,
    "gain": format_gain,
    "share": format_share,
    "span": format_interval,
    "share_span": format_share_interval,
    "rate": format_rate,
    "measure": format_measure,
})  # fmt: skip
"""Filters of the templates, by their name there."""
