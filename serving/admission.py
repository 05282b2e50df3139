"""Who is let in, and who is refused before anything is done for him."""

from __future__ import annotations

import time
from typing import Any

from serving.batching.adaptive_batcher import AdaptiveBatcher
from serving.errors import DeadlineExceeded, Overloaded


def admit(batcher: AdaptiveBatcher[Any, Any], *, patience: float, deadline: float) -> None:
    """Refuse now what would wait too long for its batch.

    Args:
        patience: The longest wait in seconds.
        until: When the caller stops waiting, on `time.perf_counter`'s clock.

    Raises:
        DeadlineExceeded: he stopped already.
        Overloaded: the wait is longer than that.
    """
    remaining = deadline - time.perf_counter()
    if remaining <= 0:
        raise DeadlineExceeded
    expected_wait = batcher.estimate_wait()
    if expected_wait > min(patience, remaining):
        raise Overloaded(expected_wait)
