"""Whether what a decision cannot do without is there."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable

LOG = logging.getLogger("bentoml.credit")

FRESH = 1.0
"""Seconds that an answer is good for."""

LONGEST = 2.0
"""Seconds after which no answer is one; Kubernetes and compose wait three."""


class Readiness:
    """Asks in a thread, once for all who want to know, and never while it still asks."""

    def __init__(self, ask: Callable[[], bool]) -> None:
        self._ask = ask
        self._asked = -math.inf
        self._asking: asyncio.Task[bool] | None = None

    async def now(self) -> bool:
        """What the last answer was; no when it failed, or fails to come."""
        now = time.perf_counter()
        if self._asking is None or (self._asking.done() and now > self._asked + FRESH):
            self._asked = now
            self._asking = asyncio.create_task(self._answer())
        done, _ = await asyncio.wait({self._asking}, timeout=LONGEST)
        return bool(done) and self._asking.result()

    async def _answer(self) -> bool:
        try:
            return await asyncio.to_thread(self._ask)
        except Exception:
            LOG.exception("whether the service is ready could not be found out")
            return False
