"""Load shapes: the number of callers over time."""

from __future__ import annotations

import math
from enum import StrEnum

RAMP_LEVELS = 10
"""Levels of a ramp; each lasts long enough to show in the plot."""

CALM_SHARE = 0.25
"""Share of the callers before and after a spike."""

WARM_UP_SHARE = 0.1
"""Share of a soak test in which callers arrive."""

SPIKE_PERIOD = (0.4, 0.6)
"""Start and end of a spike, as shares of the run."""


class Shape(StrEnum):
    """How the number of callers changes during a run."""

    RAMP = "ramp"
    """Steadily more callers, to find the load at which requests queue."""
    SOAK = "soak"
    """Half of the callers for a long time, to check that memory and latency do not grow."""
    SPIKE = "spike"
    """Calm, four times the callers at once, calm again, to check that the service recovers."""


def count_callers(shape: Shape, max_callers: int, elapsed_share: float) -> int:
    """Return the number of callers at a point of the run, at least 1.

    >>> [count_callers(Shape.RAMP, 100, share) for share in (0.0, 0.55, 0.99)]
    [10, 60, 100]
    >>> [count_callers(Shape.SOAK, 100, share) for share in (0.05, 0.5, 0.9)]
    [25, 50, 50]
    >>> [count_callers(Shape.SPIKE, 100, share) for share in (0.2, 0.5, 0.8)]
    [25, 100, 25]

    Args:
        shape: Shape of the load.
        max_callers: Largest number of callers.
        elapsed_share: Share of the run that has passed, 0 to 1.
    """
    if shape is Shape.RAMP:
        active_share = math.floor(elapsed_share * RAMP_LEVELS + 1) / RAMP_LEVELS
    elif shape is Shape.SOAK:
        active_share = min(elapsed_share / WARM_UP_SHARE, 1.0) / 2
    else:
        active_share = 1.0 if SPIKE_PERIOD[0] <= elapsed_share < SPIKE_PERIOD[1] else CALM_SHARE
    return max(math.ceil(max_callers * min(active_share, 1.0)), 1)
