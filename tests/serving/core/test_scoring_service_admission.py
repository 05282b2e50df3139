"""Admission: a request that would wait too long, or past its deadline, is refused at once."""

import asyncio
import math
import threading
import time
from collections.abc import Sequence

import pytest

from serving.batching.adaptive_batcher import AdaptiveBatcher, BatchLimits
from serving.core.scoring_service import admit
from serving.errors import DeadlineExceeded, Overloaded


def test_a_request_that_would_wait_too_long_is_refused_at_once() -> None:
    def work_slowly(items: Sequence[int]) -> Sequence[int]:
        time.sleep(0.05 * len(items))
        return items

    async def run() -> None:
        batcher = AdaptiveBatcher("test", work_slowly, BatchLimits(max_batch_size=1))
        admit(batcher, patience=1e-9, deadline=math.inf)  # the queue is empty
        await batcher.run_one(1)
        tasks = [asyncio.create_task(batcher.run(range(3)))]
        tasks += [asyncio.create_task(batcher.run([item])) for item in range(9)]
        await asyncio.sleep(0.01)
        admit(batcher, patience=10, deadline=math.inf)
        with pytest.raises(Overloaded):
            admit(batcher, patience=0.3, deadline=math.inf)
        with pytest.raises(Overloaded):
            admit(batcher, patience=10, deadline=time.perf_counter() + 0.3)
        await asyncio.gather(*tasks)

    asyncio.run(run())


def test_a_batch_that_overruns_is_expected_to_continue() -> None:
    released = threading.Event()

    def work(items: Sequence[int]) -> Sequence[int]:
        if 0 not in items:
            released.wait(timeout=10)
        return items

    async def run() -> None:
        batcher = AdaptiveBatcher("test", work, BatchLimits(max_batch_size=1))
        for _ in range(20):  # each of them fast
            await batcher.run_one(0)
        stalled = asyncio.create_task(batcher.run_one(1))
        await asyncio.sleep(0.3)
        with pytest.raises(Overloaded):
            admit(batcher, patience=0.1, deadline=math.inf)
        released.set()
        await stalled
        admit(batcher, patience=0.1, deadline=math.inf)

    asyncio.run(run())


def test_a_request_past_its_deadline_is_not_reported_as_overload() -> None:
    batcher: AdaptiveBatcher[int, int] = AdaptiveBatcher(
        "test", list, BatchLimits(max_batch_size=1)
    )
    with pytest.raises(DeadlineExceeded):
        admit(batcher, patience=10, deadline=time.perf_counter())
