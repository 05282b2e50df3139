"""Whether what a decision cannot do without is there."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable

LOG = logging.getLogger("bentoml.credit")

READINESS_CACHE_SECONDS = 1.0
"""Seconds that an answer is good for."""

MAX_WAIT_SECONDS = 2.0
"""Seconds after which no answer is one; Kubernetes and compose wait three."""


class Readiness:
    """Asks in a thread, once for all who want to know, and never while it still asks."""

    def __init__(self, check: Callable[[], bool]) -> None:
        self._check = check
        self._checked_at = -math.inf
        self._check_task: asyncio.Task[bool] | None = None

    async def is_ready(self) -> bool:
        """What the last answer was; no when it failed, or fails to come."""
        now = time.perf_counter()
        if self._check_task is None or (
            self._check_task.done() and now > self._checked_at + READINESS_CACHE_SECONDS
        ):
            self._checked_at = now
            self._check_task = asyncio.create_task(self._run_check())
        done, _ = await asyncio.wait({self._check_task}, timeout=MAX_WAIT_SECONDS)
        return bool(done) and self._check_task.result()

    async def _run_check(self) -> bool:
        try:
            return await asyncio.to_thread(self._check)
        except Exception:
            LOG.exception("whether the service is ready could not be found out")
            return False
