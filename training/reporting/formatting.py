"""How numbers are written in the card, the technical file and the report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from training.metrics.fairness import Rate


def number(value: float, places: int = 4) -> str:
    """Fixed places, and no minus zero.

    >>> number(-0.00004), number(-0.25, 2)
    ('0.0000', '-0.25')
    """
    rounded = round(value, places) + 0.0
    return f"{rounded:,.{places}f}"


def share(value: float, places: int = 1) -> str:
    """A percentage; NaN is unknown.

    >>> share(0.08123)
    '8.1 %'
    """
    return "unknown" if math.isnan(value) else f"{100 * value:.{places}f} %"


def span(interval: tuple[float, float], places: int = 4) -> str:
    """An interval.

    >>> span((0.1, 0.25), 2)
    '0.10 to 0.25'
    """
    return f"{number(interval[0], places)} to {number(interval[1], places)}"


def rate(told: Rate, places: int = 1) -> str:
    """A share with its interval.

    >>> rate(Rate(value=0.5, interval=(0.4, 0.6)))
    '50.0 % (40.0 to 60.0)'
    """
    if math.isnan(told.value):
        return "unknown"
    low, high = (f"{100 * bound:.{places}f}" for bound in told.interval)
    return f"{share(told.value, places)} ({low} to {high})"


def measure(told: Rate, places: int = 2) -> str:
    """A number with its interval.

    >>> measure(Rate(value=0.5, interval=(-0.4, 0.6)))
    '0.50 (-0.40 to 0.60)'
    """
    return f"{number(told.value, places)} ({span(told.interval, places)})"


def cell(text: str) -> str:
    r"""Words of the data that can neither end a cell of a Markdown table nor mark it up.

    >>> cell("a|b [c](d)")
    'a\\|b \\[c\\](d)'
    """
    for sign in ("\\", "|", "[", "]", "*", "`", "<"):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType({
    "number": number,
    "share": share,
    "span": span,
    "rate": rate,
    "measure": measure,
})  # fmt: skip
