"""How many callers there are at a moment of a run."""

from __future__ import annotations

import math
from enum import StrEnum

RAMP_LEVELS = 10
"""Levels of a ramp: each lasts long enough to be seen in the plot."""

CALM_SHARE, WARM_UP_SHARE, SPIKE_PERIOD = 0.25, 0.1, (0.4, 0.6)
"""Callers around a spike, of all; the share of a run that warms up; when the spike is."""


class Shape(StrEnum):
    """The course of a run."""

    RAMP = "ramp"
    """More and more callers: where does it begin to queue?"""
    SOAK = "soak"
    """Half of them, for long: do memory and latency stay flat?"""
    SPIKE = "spike"
    """A calm day, four times the callers at once, and calm again: does it recover?"""


def count_callers(shape: Shape, max_callers: int, elapsed_share: float) -> int:
    """Callers when this share of the run has passed, at least 1.

    >>> [callers(Shape.RAMP, 100, share) for share in (0.0, 0.55, 0.99)]
    [10, 60, 100]
    >>> [callers(Shape.SOAK, 100, share) for share in (0.05, 0.5, 0.9)]
    [25, 50, 50]
    >>> [callers(Shape.SPIKE, 100, share) for share in (0.2, 0.5, 0.8)]
    [25, 100, 25]
    """
    if shape is Shape.RAMP:
        active_share = math.floor(elapsed_share * RAMP_LEVELS + 1) / RAMP_LEVELS
    elif shape is Shape.SOAK:
        active_share = min(elapsed_share / WARM_UP_SHARE, 1.0) / 2
    else:
        active_share = 1.0 if SPIKE_PERIOD[0] <= elapsed_share < SPIKE_PERIOD[1] else CALM_SHARE
    return max(math.ceil(max_callers * min(active_share, 1.0)), 1)
