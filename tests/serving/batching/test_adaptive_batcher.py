"""Adaptive batches: items are computed together, and no caller suffers from another."""

import asyncio
import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from serving.batching.adaptive_batcher import AdaptiveBatcher, BatchLimits
from serving.errors import DeadlineExceeded, Overloaded


class Doubler:
    """Doubles numbers, remembers its batches, fails on 13 and 99, and can be blocked."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.gate.wait(timeout=10)
        self.batches.append(list(items))
        if 13 in items:
            raise ValueError("thirteen")
        if 99 in items:
            raise ConnectionError("no connection")
        return [2 * item for item in items]


def make_batcher(work: Any, max_batch_size: int, **options: Any) -> AdaptiveBatcher[int, int]:
    return AdaptiveBatcher("test", work, BatchLimits(max_batch_size=max_batch_size), **options)


async def let_tasks_start() -> None:
    """Give new tasks and the batcher's thread time to reach their next wait."""
    await asyncio.sleep(0.05)


def test_a_lone_item_is_a_batch_of_its_own() -> None:
    work = Doubler()
    assert asyncio.run(make_batcher(work, 8).run_one(4)) == 8
    assert work.batches == [[4]]


def test_items_that_arrive_while_a_batch_runs_form_the_next() -> None:
    work = Doubler()

    async def run() -> list[int]:
        batcher = make_batcher(work, 8)
        work.gate.clear()
        tasks = [asyncio.create_task(batcher.run_one(0))]
        await let_tasks_start()
        tasks += [asyncio.create_task(batcher.run_one(item)) for item in range(1, 5)]
        await let_tasks_start()
        work.gate.set()
        return list(await asyncio.gather(*tasks))

    assert asyncio.run(run()) == [0, 2, 4, 6, 8]
    assert work.batches == [[0], [1, 2, 3, 4]]


def test_no_batch_exceeds_the_maximum_size() -> None:
    work = Doubler()
    results = asyncio.run(make_batcher(work, 3).run(range(8)))
    assert results == [0, 2, 4, 6, 8, 10, 12, 14]
    assert max(map(len, work.batches)) == 3


def test_a_faulty_item_fails_alone() -> None:
    results = asyncio.run(make_batcher(Doubler(), 8).run([1, 13, 3]))
    assert [results[0], results[2]] == [2, 6]
    assert isinstance(results[1], ValueError)


def test_a_batcher_continues_after_a_failure() -> None:
    async def run() -> int:
        batcher = make_batcher(Doubler(), 8)
        with pytest.raises(ValueError, match="thirteen"):
            await batcher.run_one(13)
        return await batcher.run_one(5)

    assert asyncio.run(run()) == 10


def test_a_faulty_item_in_a_large_batch_is_found_by_bisection() -> None:
    work = Doubler()
    results = asyncio.run(make_batcher(work, 64).run(range(64)))
    failed = [index for index, result in enumerate(results) if isinstance(result, ValueError)]
    assert failed == [13]
    assert len(work.batches) == 1 + 2 * 6


def test_a_cancelled_caller_leaves_the_queue() -> None:
    work = Doubler()

    async def run() -> int:
        batcher = make_batcher(work, 8)
        work.gate.clear()
        first = asyncio.create_task(batcher.run_one(0))
        await let_tasks_start()
        leaving = asyncio.create_task(batcher.run([1, 2, 3]))
        staying = asyncio.create_task(batcher.run_one(4))
        await let_tasks_start()
        leaving.cancel()
        await asyncio.sleep(0)
        work.gate.set()
        await first
        return await staying

    assert asyncio.run(run()) == 8
    assert work.batches == [[0], [4]]


def test_nothing_is_computed_for_a_caller_past_its_deadline() -> None:
    work = Doubler()

    async def run() -> list[int | BaseException]:
        batcher = make_batcher(work, 8)
        work.gate.clear()
        first = asyncio.create_task(batcher.run_one(0))
        await let_tasks_start()
        late = asyncio.create_task(batcher.run([1], deadline=time.perf_counter() + 0.01))
        await let_tasks_start()
        work.gate.set()
        await first
        return await late

    [outcome] = asyncio.run(run())
    assert isinstance(outcome, DeadlineExceeded)
    assert work.batches == [[0]]


def test_items_of_cancelled_callers_are_not_retried() -> None:
    work = Doubler()

    async def run() -> int:
        batcher = make_batcher(work, 8)
        work.gate.clear()
        leaving = asyncio.create_task(batcher.run([1, 2, 13, 3]))
        staying = asyncio.create_task(batcher.run_one(4))
        await let_tasks_start()  # all five are in the running batch
        leaving.cancel()
        await asyncio.sleep(0)
        work.gate.set()
        return await staying

    assert asyncio.run(run()) == 8
    assert work.batches == [[1, 4, 2, 13, 3], [4]]


def test_a_batch_wide_error_fails_the_batch_without_retries() -> None:
    work = Doubler()
    batcher = make_batcher(work, 64, batch_wide_errors=(ConnectionError,))
    results = asyncio.run(batcher.run(range(64, 128)))
    assert all(isinstance(result, ConnectionError) for result in results)
    assert len(work.batches) == 1


def test_an_item_without_a_computable_weight_fails_alone_and_blocks_no_other() -> None:
    def weight_of(item: int) -> float:
        return 12 / (item - 12)

    async def run() -> tuple[list[int | BaseException], int]:
        batcher = make_batcher(Doubler(), 8, weight_of=weight_of)
        results = await asyncio.wait_for(batcher.run([24, 12, 36]), 5)
        return results, await asyncio.wait_for(batcher.run_one(48), 5)

    results, later_result = asyncio.run(run())
    assert (results[0], results[2], later_result) == (48, 72, 96)
    assert isinstance(results[1], ZeroDivisionError)


def test_callers_take_turns() -> None:
    work = Doubler()

    async def run() -> None:
        batcher = make_batcher(work, 4)
        work.gate.clear()
        tasks = []
        for items in ([0], range(100, 110), [1]):
            tasks.append(asyncio.create_task(batcher.run(items)))
            await let_tasks_start()
        work.gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert work.batches[:2] == [[0], [100, 1, 101, 102]]
    assert sum(map(len, work.batches)) == 12


class FakeClock:
    """A clock that advances only when a test does."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    fake_clock = FakeClock()
    monkeypatch.setattr("serving.batching.adaptive_batcher.time", fake_clock)
    return fake_clock


def test_a_batch_is_as_large_as_its_time_limit_allows(clock: FakeClock) -> None:
    def work_slowly(items: Sequence[int]) -> Sequence[int]:
        batches.append(len(items))
        clock.now += 0.002 * len(items)
        return items

    async def run() -> None:
        limits = BatchLimits(max_batch_size=64, max_batch_seconds=0.02)
        batcher = AdaptiveBatcher("test", work_slowly, limits)
        await batcher.run_one(1)  # the first batches train the latency model
        await batcher.run(range(4))
        await batcher.run(range(100))

    batches: list[int] = []
    asyncio.run(run())
    assert batches == [1, 4, *[10] * 10]


def test_a_heavy_item_is_a_batch_of_its_own(clock: FakeClock) -> None:
    def work_slowly(items: Sequence[int]) -> Sequence[int]:
        batches.append(list(items))
        clock.now += 0.001 * sum(items)
        return items

    batches: list[list[int]] = []
    limits = BatchLimits(max_batch_size=8, max_batch_seconds=0.01)
    batcher = AdaptiveBatcher("test", work_slowly, limits, weight_of=float)

    async def run() -> None:
        await batcher.run_one(1)
        await batcher.run([1] * 8)
        await batcher.run([1, 1, 1, 50, 1, 1])

    asyncio.run(run())
    assert [50] in batches


def test_items_beyond_the_queue_limit_are_refused_and_the_others_answered() -> None:
    work = Doubler()

    async def run() -> list[int | BaseException]:
        limits = BatchLimits(max_batch_size=2, max_queue_size=3)
        batcher = AdaptiveBatcher("test", work, limits)
        work.gate.clear()
        tasks = [asyncio.create_task(batcher.run_one(item)) for item in range(6)]
        await let_tasks_start()
        work.gate.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    outcomes = asyncio.run(run())
    assert any(isinstance(outcome, Overloaded) for outcome in outcomes)
    answered = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert answered
    assert set(answered) <= {0, 2, 4, 6, 8, 10}


def test_an_empty_list_of_items_returns_at_once() -> None:
    assert asyncio.run(make_batcher(Doubler(), 8).run([])) == []


def test_a_batcher_pauses_only_while_the_one_with_priority_is_busy() -> None:
    def work_slowly(items: Sequence[int]) -> Sequence[int]:
        time.sleep(0.02)
        times.append(time.perf_counter())
        return items

    async def run() -> tuple[float, float]:
        first = AdaptiveBatcher("first", work, BatchLimits(max_batch_size=1))
        limits = BatchLimits(max_batch_size=1, cooldown_ratio=5)
        second = AdaptiveBatcher("second", work_slowly, limits, yields_to=first)
        await second.run(range(8))
        gap_alone = min(later - earlier for earlier, later in pairwise(times))
        work.gate.clear()
        busy = asyncio.create_task(first.run_one(0))
        await second.run(range(2))
        gap_with_priority = times[-1] - times[-2]
        work.gate.set()
        await busy
        return gap_alone, gap_with_priority

    times: list[float] = []
    work = Doubler()
    gap_alone, gap_with_priority = asyncio.run(run())
    assert gap_alone < 0.1 < gap_with_priority
