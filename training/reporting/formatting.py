"""How numbers are written in the card, the technical file and the report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from training.metrics.fairness import Estimate


def format_number(value: float, decimals: int = 4) -> str:
    """Fixed places, and no minus zero.

    >>> number(-0.00004), number(-0.25, 2)
    ('0.0000', '-0.25')
    """
    rounded = round(value, decimals) + 0.0
    return f"{rounded:,.{decimals}f}"


def format_share(value: float, decimals: int = 1) -> str:
    """A percentage; NaN is unknown.

    >>> share(0.08123)
    '8.1 %'
    """
    return "unknown" if math.isnan(value) else f"{100 * value:.{decimals}f} %"


def format_interval(interval: tuple[float, float], decimals: int = 4) -> str:
    """An interval.

    >>> span((0.1, 0.25), 2)
    '0.10 to 0.25'
    """
    return f"{format_number(interval[0], decimals)} to {format_number(interval[1], decimals)}"


def format_rate(estimate: Estimate, decimals: int = 1) -> str:
    """A share with its interval.

    >>> rate(Rate(value=0.5, interval=(0.4, 0.6)))
    '50.0 % (40.0 to 60.0)'
    """
    if math.isnan(estimate.value):
        return "unknown"
    low, high = (f"{100 * bound:.{decimals}f}" for bound in estimate.interval)
    return f"{format_share(estimate.value, decimals)} ({low} to {high})"


def format_measure(estimate: Estimate, decimals: int = 2) -> str:
    """A number with its interval.

    >>> measure(Rate(value=0.5, interval=(-0.4, 0.6)))
    '0.50 (-0.40 to 0.60)'
    """
    return f"{format_number(estimate.value, decimals)} ({format_interval(estimate.interval, decimals)})"


def escape_table_cell(text: str) -> str:
    r"""Words of the data that can neither end a cell of a Markdown table nor mark it up.

    >>> cell("a|b [c](d)")
    'a\\|b \\[c\\](d)'
    """
    for character in ("\\", "|", "[", "]", "*", "`", "<"):
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


TEMPLATE_FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType({
    "number": format_number,
    "share": format_share,
    "span": format_interval,
    "rate": format_rate,
    "measure": format_measure,
})  # fmt: skip
