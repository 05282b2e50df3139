"""Admission: who would wait too long, or for nothing, is told at once."""

import asyncio
import math
import threading
import time
from collections.abc import Sequence

import pytest

from serving.batching.adaptive_batcher import AdaptiveBatcher, BatchLimits
from serving.core.scoring_service import admit
from serving.errors import DeadlineExceeded, Overloaded


def test_one_who_would_wait_too_long_is_refused_at_once() -> None:
    def slow(items: Sequence[int]) -> Sequence[int]:
        time.sleep(0.05 * len(items))
        return items

    async def crowd() -> None:
        runner = AdaptiveBatcher("test", slow, BatchLimits(max_batch_size=1))
        admit(runner, patience=1e-9, deadline=math.inf)  # nobody waits: nobody is refused
        await runner.run_one(1)
        waiting = asyncio.create_task(runner.run(range(3)))
        others = [asyncio.create_task(runner.run_one(item)) for item in range(9)]
        await asyncio.sleep(0.01)
        admit(runner, patience=10, deadline=math.inf)
        with pytest.raises(Overloaded):
            admit(runner, patience=0.3, deadline=math.inf)
        with pytest.raises(Overloaded):
            admit(runner, patience=10, deadline=time.perf_counter() + 0.3)
        await asyncio.gather(waiting, *others)

    asyncio.run(crowd())


def test_a_batch_that_overruns_is_taken_to_go_on() -> None:
    stalled = threading.Event()

    def held_up(items: Sequence[int]) -> Sequence[int]:
        if 0 not in items:
            stalled.wait(timeout=10)
        return items

    async def crowd() -> None:
        runner = AdaptiveBatcher("test", held_up, BatchLimits(max_batch_size=1))
        for _ in range(20):  # each of them quick
            await runner.run_one(0)
        stuck = asyncio.create_task(runner.run_one(1))
        await asyncio.sleep(0.3)
        with pytest.raises(Overloaded):
            admit(runner, patience=0.1, deadline=math.inf)
        stalled.set()
        await stuck
        admit(runner, patience=0.1, deadline=math.inf)

    asyncio.run(crowd())


def test_one_whose_time_is_up_is_told_so_and_not_that_too_much_is_asked() -> None:
    runner: AdaptiveBatcher[int, int] = AdaptiveBatcher(
        "test", list, BatchLimits(max_batch_size=1)
    )
    with pytest.raises(DeadlineExceeded):
        admit(runner, patience=10, deadline=time.perf_counter())
