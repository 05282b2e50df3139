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

from serving.batching.latency_model import LatencyModel
from serving.errors import DeadlineExceeded, Overloaded

Item = TypeVar("Item")
Result = TypeVar("Result")

Work = Callable[[Sequence[Item]], Sequence[Result | Exception]]
"""A list in, a list of results out, in order; a fault in the place of an item that has none."""

BATCH_SIZE_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LATENCY_BUCKETS_SECONDS = (
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
)  # fmt: skip

BATCH_SIZE = Histogram(
    "credit_batch_size", "Items in a batch", ["runner"], buckets=BATCH_SIZE_BUCKETS
)
QUEUE_SECONDS = Histogram(
    "credit_queue_seconds",
    "An item's wait for its batch",
    ["runner"],
    buckets=LATENCY_BUCKETS_SECONDS,
)
COMPUTE_SECONDS = Histogram(
    "credit_compute_seconds", "Time of a batch", ["runner"], buckets=LATENCY_BUCKETS_SECONDS
)


@dataclass(frozen=True, kw_only=True)
class BatchLimits:
    """How much a runner takes on."""

    max_batch_size: int
    """Items in one batch."""
    max_batch_seconds: float = math.inf
    """Seconds that one batch is meant to take at most; one item alone may take longer."""
    max_queue_size: int = 4_096
    """Items that may wait; more are refused."""
    cooldown_ratio: float = 0.0
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
    deadline: float
    enqueued_at: float


class AdaptiveBatcher(Generic[Item, Result]):
    """Runs work on batches. A lone item never waits; while a batch runs, the next one gathers.

    Callers take turns, an item each, so that a call with a thousand items does not hold up one
    with a single item. A caller who leaves, and one whose time is up, gives its place away.
    """

    def __init__(
        self,
        name: str,
        work: Work[Item, Result],
        limits: BatchLimits,
        *,
        weight_of: Callable[[Item], float] = lambda _: 1.0,
        batch_wide_errors: tuple[type[Exception], ...] = (),
        yields_to: AdaptiveBatcher[Any, Any] | None = None,
    ) -> None:
        """Make a runner with a queue and a thread of its own.

        Args:
            weigh: What an item weighs; a batch's time is taken to grow with its weight.
            shared: Faults that no single item is guilty of; a whole batch has them.
            ahead: The runner whose work goes before this one's.
        """
        self._work = work
        self._limits = limits
        self._weight_of = weight_of
        self._batch_wide_errors = batch_wide_errors
        self._yields_to = yields_to
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._callers: deque[_Caller[Item, Result]] = deque()
        self._queue_size = 0
        self._drain_task: asyncio.Task[None] | None = None
        self._batch_started_at: float | None = None
        """When the batch that runs began."""
        self._expected_free_at = 0.0
        self._mean_weight = 1.0
        self._latency_model = LatencyModel()
        self._batch_size_metric, self._queue_seconds_metric, self._compute_seconds_metric = (
            histogram.labels(runner=name)
            for histogram in (BATCH_SIZE, QUEUE_SECONDS, COMPUTE_SECONDS)
        )

    async def run(
        self, items: Sequence[Item], *, deadline: float = math.inf
    ) -> list[Result | BaseException]:
        """The results in order, a fault in the place of an item that failed.

        Args:
            until: When nobody waits for them any more, on `time.perf_counter`'s clock.

        Raises:
            Overloaded: too many wait already; nothing was taken on.
        """
        if self._queue_size + len(items) > self._limits.max_queue_size and self._queue_size:
            raise Overloaded(self.estimate_wait())
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Result]] = [loop.create_future() for _ in items]
        caller = _Caller(self._make_jobs(items, futures), deadline, time.perf_counter())
        if caller.jobs:
            self._callers.append(caller)
            self._queue_size += len(caller.jobs)
        if self._drain_task is None or self._drain_task.done():
            self._drain_task = loop.create_task(self._drain())
        try:
            return await asyncio.gather(*futures, return_exceptions=True)
        except asyncio.CancelledError:
            self._remove_caller(caller)
            raise

    async def run_one(self, item: Item, *, deadline: float = math.inf) -> Result:
        """The result of one item, or its fault raised."""
        [outcome] = await self.run([item], deadline=deadline)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    @property
    def is_busy(self) -> bool:
        """Whether it works, or has something to work on."""
        return self._drain_task is not None and not self._drain_task.done()

    def estimate_wait(self) -> float:
        """Seconds until a new caller's first item would be in a batch, as far as is known."""
        weight = len(self._callers) * self._mean_weight
        batch_weight = min(
            self._limits.max_batch_size * self._mean_weight,
            max(self._latency_model.max_weight(self._limits.max_batch_seconds), self._mean_weight),
        )
        batches = math.ceil(weight / batch_weight)
        return (
            self._estimate_remaining_seconds()
            + batches * self._latency_model.fixed_seconds
            + weight * self._latency_model.seconds_per_weight
        )

    def close(self) -> None:
        """Finish what runs and stop the thread."""
        self._executor.shutdown(wait=True)

    def _make_jobs(
        self, items: Sequence[Item], futures: Sequence[asyncio.Future[Result]]
    ) -> list[_Job[Item, Result]]:
        """Jobs in reverse order. What cannot be weighed fails before it is among the others."""
        jobs: list[_Job[Item, Result]] = []
        for item, future in zip(items, futures, strict=True):
            try:
                jobs.append(_Job(item, future, self._weight_of(item)))
            except Exception as error:  # noqa: BLE001 -- whatever failed, the caller is answered
                _settle_future(future, error)
        return jobs[::-1]

    def _estimate_remaining_seconds(self) -> float:
        """Seconds that the batch that runs will take on; one that overruns as long as it did."""
        if self._batch_started_at is None:
            return 0.0
        now = time.perf_counter()
        return max(
            self._expected_free_at - now,
            now - self._batch_started_at - self._latency_model.fixed_seconds,
            0.0,
        )

    async def _drain(self) -> None:
        while batch := self._take_batch():
            weight = sum(job.weight for job in batch)
            self._mean_weight += (weight / len(batch) - self._mean_weight) / 16
            self._batch_started_at = started_at = time.perf_counter()
            self._expected_free_at = started_at + self._latency_model.predict(weight)
            self._batch_size_metric.observe(len(batch))
            await self._run_batch(batch)
            elapsed = time.perf_counter() - started_at
            self._compute_seconds_metric.observe(elapsed)
            if self._yields_to and self._yields_to.is_busy:
                cooldown = self._limits.cooldown_ratio * elapsed
                await asyncio.sleep(cooldown)
                elapsed += cooldown
            self._latency_model.update(weight, elapsed)
            self._batch_started_at = None

    def _take_batch(self) -> list[_Job[Item, Result]]:
        """The next batch: an item of every caller in turn, as many as there is time for."""
        batch: list[_Job[Item, Result]] = []
        remaining_weight = self._latency_model.max_weight(self._limits.max_batch_seconds)
        now = time.perf_counter()
        while self._callers and len(batch) < self._limits.max_batch_size:
            caller = self._callers[0]
            if now >= caller.deadline:
                self._expire_caller(caller)
                continue
            weight = caller.jobs[-1].weight
            if batch and weight > remaining_weight:
                break
            remaining_weight -= weight
            batch.append(caller.jobs.pop())
            self._queue_size -= 1
            self._queue_seconds_metric.observe(now - caller.enqueued_at)
            self._callers.popleft()
            if caller.jobs:
                self._callers.append(caller)
        return batch

    async def _run_batch(self, batch: Sequence[_Job[Item, Result]]) -> None:
        """Work on a batch. When it fails its halves are tried, until the culprit is alone."""
        batch = [job for job in batch if not job.future.done()]  # who left meanwhile is not tried
        if not batch:
            return
        loop = asyncio.get_running_loop()
        items = [job.item for job in batch]
        try:
            results = await loop.run_in_executor(self._executor, self._work, items)
            job_results = list(zip(batch, results, strict=True))
        except Exception as error:  # noqa: BLE001 -- whatever failed, every caller is answered
            if len(batch) == 1 or isinstance(error, self._batch_wide_errors):
                for job in batch:
                    _settle_future(job.future, error)
                return
            await self._run_batch(batch[: len(batch) // 2])
            await self._run_batch(batch[len(batch) // 2 :])
            return
        for job, result in job_results:
            _settle_future(job.future, result)

    def _remove_caller(self, caller: _Caller[Item, Result]) -> None:
        if caller in self._callers:
            self._callers.remove(caller)
            self._queue_size -= len(caller.jobs)

    def _expire_caller(self, caller: _Caller[Item, Result]) -> None:
        self._remove_caller(caller)
        for job in caller.jobs:
            _settle_future(job.future, DeadlineExceeded())


def _settle_future(future: asyncio.Future[Result], outcome: Result | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
