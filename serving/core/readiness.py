"""Report whether the service can record decisions."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable

LOG = logging.getLogger("bentoml.credit")

READINESS_CACHE_SECONDS = 1.0
"""How long one answer of the check is reused."""

MAX_WAIT_SECONDS = 2.0
"""How long to wait for the check; Kubernetes and compose wait three seconds for the probe."""


class Readiness:
    """Runs a check in a thread. Concurrent callers share one run."""

    def __init__(self, check: Callable[[], bool]) -> None:
        self._check = check
        self._checked_at = -math.inf
        self._check_task: asyncio.Task[bool] | None = None

    async def is_ready(self) -> bool:
        """Return the result of the last check; False when it failed or takes too long."""
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
            LOG.exception("the readiness check failed")
            return False
