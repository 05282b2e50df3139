"""Runners: what many requests need, done for all of them at once.

caller ─┐
caller ─┼─► a turn each ─► one batch at a time, in a thread of its own ─► results or faults
caller ─┘
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from prometheus_client import Histogram

from serving.batching.latency_model import Cost
from serving.errors import DeadlineExceeded, Overloaded

Item = TypeVar("Item")
Result = TypeVar("Result")

Work = Callable[[Sequence[Item]], Sequence[Result | Exception]]
"""A list in, a list of results out, in order; a fault in the place of an item that has none."""

SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SECONDS = (
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
)  # fmt: skip

BATCH = Histogram("credit_batch_size", "Items in a batch", ["runner"], buckets=SIZES)
QUEUED = Histogram(
    "credit_queue_seconds", "An item's wait for its batch", ["runner"], buckets=SECONDS
)
COMPUTED = Histogram("credit_compute_seconds", "Time of a batch", ["runner"], buckets=SECONDS)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a runner takes on."""

    most: int
    """Items in one batch."""
    target: float = math.inf
    """Seconds that one batch is meant to take at most; one item alone may take longer."""
    waiting: int = 4_096
    """Items that may wait; more are refused."""
    rest: float = 0.0
    """How long it rests after a batch while the runner ahead of it works, as a share of the
    batch's time: their threads share one interpreter, half and half if both always want it."""


class _Job(NamedTuple, Generic[Item, Result]):
    """One item of one caller."""

    item: Item
    future: asyncio.Future[Result]
    weight: float


@dataclass(eq=False)
class _Caller(Generic[Item, Result]):
    """One caller's items that wait, the next one last."""

    jobs: list[_Job[Item, Result]]
    until: float
    came: float


class Runner(Generic[Item, Result]):
    """Runs work on batches. A lone item never waits; while a batch runs, the next one gathers.

    Callers take turns, an item each, so that a call with a thousand items does not hold up one
    with a single item. A caller who leaves, and one whose time is up, gives its place away.
    """

    def __init__(
        self,
        name: str,
        work: Work[Item, Result],
        limits: Limits,
        *,
        weigh: Callable[[Item], float] = lambda _: 1.0,
        shared: tuple[type[Exception], ...] = (),
        ahead: Runner[Any, Any] | None = None,
    ) -> None:
        """Make a runner with a queue and a thread of its own.

        Args:
            weigh: What an item weighs; a batch's time is taken to grow with its weight.
            shared: Faults that no single item is guilty of; a whole batch has them.
            ahead: The runner whose work goes before this one's.
        """
        self._work = work
        self._limits = limits
        self._weigh = weigh
        self._shared = shared
        self._ahead = ahead
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._callers: deque[_Caller[Item, Result]] = deque()
        self._waiting = 0
        self._running: asyncio.Task[None] | None = None
        self._began: float | None = None
        """When the batch that runs began."""
        self._free_at = 0.0
        self._mean = 1.0
        self._cost = Cost()
        self._sizes, self._queued, self._computed = (
            histogram.labels(runner=name) for histogram in (BATCH, QUEUED, COMPUTED)
        )

    async def run(
        self, items: Sequence[Item], *, until: float = math.inf
    ) -> list[Result | BaseException]:
        """The results in order, a fault in the place of an item that failed.

        Args:
            until: When nobody waits for them any more, on `time.perf_counter`'s clock.

        Raises:
            Overloaded: too many wait already; nothing was taken on.
        """
        if self._waiting + len(items) > self._limits.waiting and self._waiting:
            raise Overloaded(self.wait())
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Result]] = [loop.create_future() for _ in items]
        caller = _Caller(self._weighed(items, futures), until, time.perf_counter())
        if caller.jobs:
            self._callers.append(caller)
            self._waiting += len(caller.jobs)
        if self._running is None or self._running.done():
            self._running = loop.create_task(self._drain())
        try:
            return await asyncio.gather(*futures, return_exceptions=True)
        except asyncio.CancelledError:
            self._leave(caller)
            raise

    async def one(self, item: Item, *, until: float = math.inf) -> Result:
        """The result of one item, or its fault raised."""
        [outcome] = await self.run([item], until=until)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    @property
    def busy(self) -> bool:
        """Whether it works, or has something to work on."""
        return self._running is not None and not self._running.done()

    def wait(self) -> float:
        """Seconds until a new caller's first item would be in a batch, as far as is known."""
        weight = len(self._callers) * self._mean
        batch = min(
            self._limits.most * self._mean,
            max(self._cost.affordable(self._limits.target), self._mean),
        )
        batches = math.ceil(weight / batch)
        return self._running_on() + batches * self._cost.fixed + weight * self._cost.unit

    def close(self) -> None:
        """Finish what runs and stop the thread."""
        self._thread.shutdown(wait=True)

    def _weighed(
        self, items: Sequence[Item], futures: Sequence[asyncio.Future[Result]]
    ) -> list[_Job[Item, Result]]:
        """Jobs in reverse order. What cannot be weighed fails before it is among the others."""
        jobs: list[_Job[Item, Result]] = []
        for item, future in zip(items, futures, strict=True):
            try:
                jobs.append(_Job(item, future, self._weigh(item)))
            except Exception as error:  # noqa: BLE001 -- whatever failed, the caller is answered
                _settle(future, error)
        return jobs[::-1]

    def _running_on(self) -> float:
        """Seconds that the batch that runs will take on; one that overruns as long as it did."""
        if self._began is None:
            return 0.0
        now = time.perf_counter()
        return max(self._free_at - now, now - self._began - self._cost.fixed, 0.0)

    async def _drain(self) -> None:
        while batch := self._gather():
            weight = sum(job.weight for job in batch)
            self._mean += (weight / len(batch) - self._mean) / 16
            self._began = began = time.perf_counter()
            self._free_at = began + self._cost.seconds(weight)
            self._sizes.observe(len(batch))
            await self._do(batch)
            took = time.perf_counter() - began
            self._computed.observe(took)
            if self._ahead and self._ahead.busy:
                rest = self._limits.rest * took
                await asyncio.sleep(rest)
                took += rest
            self._cost.learn(weight, took)
            self._began = None

    def _gather(self) -> list[_Job[Item, Result]]:
        """The next batch: an item of every caller in turn, as many as there is time for."""
        batch: list[_Job[Item, Result]] = []
        room = self._cost.affordable(self._limits.target)
        now = time.perf_counter()
        while self._callers and len(batch) < self._limits.most:
            caller = self._callers[0]
            if now >= caller.until:
                self._give_up(caller)
                continue
            weight = caller.jobs[-1].weight
            if batch and weight > room:
                break
            room -= weight
            batch.append(caller.jobs.pop())
            self._waiting -= 1
            self._queued.observe(now - caller.came)
            self._callers.popleft()
            if caller.jobs:
                self._callers.append(caller)
        return batch

    async def _do(self, batch: Sequence[_Job[Item, Result]]) -> None:
        """Work on a batch. When it fails its halves are tried, until the culprit is alone."""
        batch = [job for job in batch if not job.future.done()]  # who left meanwhile is not tried
        if not batch:
            return
        loop = asyncio.get_running_loop()
        items = [job.item for job in batch]
        try:
            results = await loop.run_in_executor(self._thread, self._work, items)
            answered = list(zip(batch, results, strict=True))
        except Exception as error:  # noqa: BLE001 -- whatever failed, every caller is answered
            if len(batch) == 1 or isinstance(error, self._shared):
                for job in batch:
                    _settle(job.future, error)
                return
            await self._do(batch[: len(batch) // 2])
            await self._do(batch[len(batch) // 2 :])
            return
        for job, result in answered:
            _settle(job.future, result)

    def _leave(self, caller: _Caller[Item, Result]) -> None:
        if caller in self._callers:
            self._callers.remove(caller)
            self._waiting -= len(caller.jobs)

    def _give_up(self, caller: _Caller[Item, Result]) -> None:
        self._leave(caller)
        for job in caller.jobs:
            _settle(job.future, DeadlineExceeded())


def _settle(future: asyncio.Future[Result], outcome: Result | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
