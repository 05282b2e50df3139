"""Who is let in, and who is refused before anything is done for him."""

from __future__ import annotations

import time
from typing import Any

from serving.batching.adaptive_batcher import Runner
from serving.errors import DeadlineExceeded, Overloaded


def admit(runner: Runner[Any, Any], *, patience: float, until: float) -> None:
    """Refuse now what would wait too long for its batch.

    Args:
        patience: The longest wait in seconds.
        until: When the caller stops waiting, on `time.perf_counter`'s clock.

    Raises:
        DeadlineExceeded: he stopped already.
        Overloaded: the wait is longer than that.
    """
    left = until - time.perf_counter()
    if left <= 0:
        raise DeadlineExceeded
    wait = runner.wait()
    if wait > min(patience, left):
        raise Overloaded(wait)
