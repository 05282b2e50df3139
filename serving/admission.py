"""Who is let in, and who is refused before anything is done for him."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from serving.errors import DeadlineExceeded, Overloaded
from serving.runners import QUEUED, Runner

MEMORY = 1 / 16
"""How much the last stay counts, once there were as many."""


class Gate:
    """Lets a few in at once, first come, first served: their share of the machine is bounded."""

    def __init__(self, name: str, *, most: int) -> None:
        self._most = most
        self._inside = asyncio.Semaphore(most)
        self._waiting = 0
        self._stay = 0.0
        self._stays = 0
        self._queued = QUEUED.labels(runner=name)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and take it."""
        came = time.perf_counter()
        self._waiting += 1
        try:
            await self._inside.acquire()
        finally:
            self._waiting -= 1
        began = time.perf_counter()
        self._queued.observe(began - came)
        try:
            yield
        finally:
            self._inside.release()
            self._stays += 1
            took = time.perf_counter() - began
            self._stay += (took - self._stay) * max(MEMORY, 1 / self._stays)

    def wait(self) -> float:
        """Seconds until a newcomer would be let in, as far as is known."""
        return (self._waiting + self._inside.locked()) * self._stay / self._most


def admit(*ahead: Runner[Any, Any] | Gate, patience: float, until: float) -> None:
    """Refuse now what would wait too long on its way.

    Args:
        ahead: Where it will wait, one after the other.
        patience: The longest wait in seconds.
        until: When the caller stops waiting, on `time.perf_counter`'s clock.

    Raises:
        DeadlineExceeded: he stopped already.
        Overloaded: the way takes longer than that.
    """
    left = until - time.perf_counter()
    if left <= 0:
        raise DeadlineExceeded
    wait = sum(one.wait() for one in ahead)
    if wait > min(patience, left):
        raise Overloaded(wait)
