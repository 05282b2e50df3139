"""Adaptive batching: items that arrive while a batch runs form the next batch.

caller ─┐
caller ─┼─► round robin ─► one batch at a time, in a separate thread ─► results or errors
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

from serving.batching.latency_model import LatencyModel
from serving.errors import DeadlineExceeded, Overloaded
from serving.metrics import BATCH_SIZE, COMPUTE_SECONDS, QUEUE_SECONDS

Item = TypeVar("Item")
Result = TypeVar("Result")

Work = Callable[[Sequence[Item]], Sequence[Result | Exception]]
"""Maps items to results in order, with an exception for an item that has no result."""


@dataclass(frozen=True, kw_only=True)
class BatchLimits:
    """Limits of a batcher's batches and queue."""

    max_batch_size: int
    """Maximum number of items in a batch."""
    max_batch_seconds: float = math.inf
    """Target for the longest batch; a single item may take longer."""
    max_queue_size: int = 4_096
    """Maximum number of waiting items; more are refused."""
    cooldown_ratio: float = 0.0
    """Pause after a batch as a multiple of its duration, while the batcher with priority is busy.
    Their threads share one interpreter, which would otherwise be split evenly between them."""


class _Job(NamedTuple, Generic[Item, Result]):
    """An item and the future of its result."""

    item: Item
    future: asyncio.Future[Result]
    weight: float


@dataclass(eq=False)
class _Caller(Generic[Item, Result]):
    """The waiting items of one caller, the next one last."""

    jobs: list[_Job[Item, Result]]
    deadline: float
    enqueued_at: float


class AdaptiveBatcher(Generic[Item, Result]):
    """Runs a function on batches. A lone item starts at once; others wait for the next batch.

    Batches take one item of each caller in turn, so that a call with 1,000 items does not delay
    a call with one. Callers that were cancelled or are past their deadline leave the queue.
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
        """Create a batcher with its own queue and thread.

        Args:
            name: Value of the metrics' label.
            work: Computes a batch.
            limits: Limits of batches and queue.
            weight_of: Returns an item's weight; a batch's duration is linear in its total weight.
            batch_wide_errors: Errors that no single item causes; they fail the whole batch.
            yields_to: The batcher that has priority over this one.
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
        """Start of the running batch; None when none runs."""
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
        """Return the results in order, with the exception of each item that failed.

        Args:
            items: Items of one caller.
            deadline: When the caller stops waiting, on the clock of `time.perf_counter`.

        Raises:
            Overloaded: The queue is full; nothing was started.
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
        """Return the result of one item, or raise its exception."""
        [outcome] = await self.run([item], deadline=deadline)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    @property
    def is_busy(self) -> bool:
        """Whether a batch runs or items wait."""
        return self._drain_task is not None and not self._drain_task.done()

    def estimate_wait(self) -> float:
        """Return the expected seconds until the first item of a new caller starts."""
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
        """Finish the running batch and stop the thread."""
        self._executor.shutdown(wait=True)

    def _make_jobs(
        self, items: Sequence[Item], futures: Sequence[asyncio.Future[Result]]
    ) -> list[_Job[Item, Result]]:
        """Return jobs in reverse order. An item without a computable weight fails here."""
        jobs: list[_Job[Item, Result]] = []
        for item, future in zip(items, futures, strict=True):
            try:
                jobs.append(_Job(item, future, self._weight_of(item)))
            except Exception as error:  # noqa: BLE001 -- every failure is answered
                _settle_future(future, error)
        return jobs[::-1]

    def _estimate_remaining_seconds(self) -> float:
        """Return the expected seconds until the running batch ends.

        A batch that takes longer than expected is assumed to need as long again as it has run.
        """
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
        """Take the next batch off the queue: one item per caller in turn, within the limits."""
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
        """Compute a batch. If it fails, retry each half, until only the faulty item fails."""
        batch = [job for job in batch if not job.future.done()]  # callers may have left
        if not batch:
            return
        loop = asyncio.get_running_loop()
        items = [job.item for job in batch]
        try:
            results = await loop.run_in_executor(self._executor, self._work, items)
            job_results = list(zip(batch, results, strict=True))
        except Exception as error:  # noqa: BLE001 -- every failure is answered
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
