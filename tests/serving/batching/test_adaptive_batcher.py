"""Runners: what many need is done for all at once, and nobody suffers from a neighbour."""

import asyncio
import threading
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest

from serving.batching.adaptive_batcher import AdaptiveBatcher, BatchLimits
from serving.errors import DeadlineExceeded, Overloaded


class Doubler:
    """Real work that remembers its batches, and can be held up."""

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
            raise ConnectionError("nobody is there")
        return [2 * item for item in items]


def test_a_lone_item_is_a_batch_of_its_own() -> None:
    work = Doubler()
    assert (
        asyncio.run(AdaptiveBatcher("test", work, BatchLimits(max_batch_size=8)).run_one(4)) == 8
    )
    assert work.batches == [[4]]


def test_items_that_come_while_a_batch_runs_form_the_next() -> None:
    work = Doubler()

    async def crowd() -> list[int]:
        runner = AdaptiveBatcher("test", work, BatchLimits(max_batch_size=8))
        work.gate.clear()
        first = asyncio.create_task(runner.run_one(0))
        await asyncio.sleep(0.05)
        others = [asyncio.create_task(runner.run_one(item)) for item in range(1, 5)]
        await asyncio.sleep(0.05)
        work.gate.set()
        return list(await asyncio.gather(first, *others))

    assert asyncio.run(crowd()) == [0, 2, 4, 6, 8]
    assert work.batches == [[0], [1, 2, 3, 4]]


def test_no_batch_is_larger_than_the_most() -> None:
    work = Doubler()
    results = asyncio.run(
        AdaptiveBatcher("test", work, BatchLimits(max_batch_size=3)).run(range(8))
    )
    assert results == [0, 2, 4, 6, 8, 10, 12, 14]
    assert max(map(len, work.batches)) == 3


def test_a_bad_item_fails_alone() -> None:
    work = Doubler()
    results = asyncio.run(
        AdaptiveBatcher("test", work, BatchLimits(max_batch_size=8)).run([1, 13, 3])
    )
    assert [results[0], results[2]] == [2, 6]
    assert isinstance(results[1], ValueError)


def test_a_runner_works_on_after_a_failure() -> None:
    async def twice() -> int:
        runner = AdaptiveBatcher("test", Doubler(), BatchLimits(max_batch_size=8))
        with pytest.raises(ValueError, match="thirteen"):
            await runner.run_one(13)
        return await runner.run_one(5)

    assert asyncio.run(twice()) == 10


def test_one_who_spoils_a_large_batch_is_found_by_halving() -> None:
    work = Doubler()
    results = asyncio.run(
        AdaptiveBatcher("test", work, BatchLimits(max_batch_size=64)).run(range(64))
    )
    assert [place for place, one in enumerate(results) if isinstance(one, ValueError)] == [13]
    assert len(work.batches) == 1 + 2 * 6


def test_a_caller_who_leaves_gives_its_place_away() -> None:
    work = Doubler()

    async def leave() -> int:
        runner = AdaptiveBatcher("test", work, BatchLimits(max_batch_size=8))
        work.gate.clear()
        first = asyncio.create_task(runner.run_one(0))
        await asyncio.sleep(0.05)
        leaving = asyncio.create_task(runner.run([1, 2, 3]))
        staying = asyncio.create_task(runner.run_one(4))
        await asyncio.sleep(0.05)
        leaving.cancel()
        await asyncio.sleep(0)
        work.gate.set()
        await first
        return await staying

    assert asyncio.run(leave()) == 8
    assert work.batches == [[0], [4]]


def test_nothing_is_computed_for_one_whose_time_is_up() -> None:
    work = Doubler()

    async def late() -> list[int | BaseException]:
        runner = AdaptiveBatcher("test", work, BatchLimits(max_batch_size=8))
        work.gate.clear()
        first = asyncio.create_task(runner.run_one(0))
        await asyncio.sleep(0.05)
        late = asyncio.create_task(runner.run([1], deadline=time.perf_counter() + 0.01))
        await asyncio.sleep(0.05)
        work.gate.set()
        await first
        return await late

    [outcome] = asyncio.run(late())
    assert isinstance(outcome, DeadlineExceeded)
    assert work.batches == [[0]]


def test_nothing_is_tried_again_for_callers_who_left() -> None:
    work = Doubler()

    async def leave() -> int:
        runner = AdaptiveBatcher("test", work, BatchLimits(max_batch_size=8))
        work.gate.clear()
        leaving = asyncio.create_task(runner.run([1, 2, 13, 3]))
        staying = asyncio.create_task(runner.run_one(4))
        await asyncio.sleep(0.05)  # all five are in the works
        leaving.cancel()
        await asyncio.sleep(0)
        work.gate.set()
        return await staying

    assert asyncio.run(leave()) == 8
    assert work.batches == [[1, 4, 2, 13, 3], [4]]


def test_a_fault_that_is_no_item_s_own_is_told_to_all_and_not_tried_again() -> None:
    work = Doubler()
    runner = AdaptiveBatcher(
        "test", work, BatchLimits(max_batch_size=64), batch_wide_errors=(ConnectionError,)
    )
    results = asyncio.run(runner.run(range(64, 128)))
    assert all(isinstance(one, ConnectionError) for one in results)
    assert len(work.batches) == 1


def test_an_item_that_cannot_be_weighed_fails_alone_and_holds_nobody_up() -> None:
    def weigh(item: int) -> float:
        return 12 / (item - 12)

    async def crowd() -> tuple[list[int | BaseException], int]:
        runner = AdaptiveBatcher("test", Doubler(), BatchLimits(max_batch_size=8), weight_of=weigh)
        results = await asyncio.wait_for(runner.run([24, 12, 36]), 5)
        return results, await asyncio.wait_for(runner.run_one(48), 5)

    results, after = asyncio.run(crowd())
    assert (results[0], results[2], after) == (48, 72, 96)
    assert isinstance(results[1], ZeroDivisionError)


def test_callers_take_turns() -> None:
    work = Doubler()

    async def crowd() -> None:
        runner = AdaptiveBatcher("test", work, BatchLimits(max_batch_size=4))
        work.gate.clear()
        first = asyncio.create_task(runner.run_one(0))
        await asyncio.sleep(0.05)
        many = asyncio.create_task(runner.run(range(100, 110)))
        await asyncio.sleep(0.05)
        alone = asyncio.create_task(runner.run_one(1))
        await asyncio.sleep(0.05)
        work.gate.set()
        await asyncio.gather(first, many, alone)

    asyncio.run(crowd())
    assert work.batches[:2] == [[0], [100, 1, 101, 102]]
    assert sum(map(len, work.batches)) == 12


class Clock:
    """The runner's own, which goes on only while work is done."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("serving.batching.adaptive_batcher.time", made)
    return made


def test_a_batch_is_as_large_as_there_is_time_for(clock: Clock) -> None:
    def slow(items: Sequence[int]) -> Sequence[int]:
        batches.append(len(items))
        clock.now += 0.002 * len(items)
        return items

    async def learn_first() -> None:
        runner = AdaptiveBatcher(
            "test", slow, BatchLimits(max_batch_size=64, max_batch_seconds=0.02)
        )
        await runner.run_one(1)
        await runner.run(range(4))
        await runner.run(range(100))

    batches: list[int] = []
    asyncio.run(learn_first())
    assert batches == [1, 4, *[10] * 10]


def test_a_heavy_item_is_a_batch_of_its_own_and_harms_no_other(clock: Clock) -> None:
    def slow(items: Sequence[int]) -> Sequence[int]:
        batches.append(list(items))
        clock.now += 0.001 * sum(items)
        return items

    batches: list[list[int]] = []
    runner = AdaptiveBatcher(
        "test", slow, BatchLimits(max_batch_size=8, max_batch_seconds=0.01), weight_of=float
    )

    async def learn_first() -> None:
        await runner.run_one(1)
        await runner.run([1] * 8)
        await runner.run([1, 1, 1, 50, 1, 1])

    asyncio.run(learn_first())
    assert [50] in batches


def test_more_than_may_wait_is_refused_and_the_rest_is_answered() -> None:
    work = Doubler()

    async def crowd() -> list[int | BaseException]:
        runner = AdaptiveBatcher("test", work, BatchLimits(max_batch_size=2, max_queue_size=3))
        work.gate.clear()
        tasks = [asyncio.create_task(runner.run_one(item)) for item in range(6)]
        await asyncio.sleep(0.05)
        work.gate.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    outcomes = asyncio.run(crowd())
    assert any(isinstance(outcome, Overloaded) for outcome in outcomes)
    answered = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert answered
    assert set(answered) <= {0, 2, 4, 6, 8, 10}


def test_nothing_to_do_is_done_at_once() -> None:
    assert (
        asyncio.run(AdaptiveBatcher("test", Doubler(), BatchLimits(max_batch_size=8)).run([]))
        == []
    )


def test_a_runner_rests_while_the_one_ahead_works_and_not_else() -> None:
    def slow(items: Sequence[int]) -> Sequence[int]:
        time.sleep(0.02)
        began.append(time.perf_counter())
        return items

    async def gaps() -> tuple[float, float]:
        first = AdaptiveBatcher("first", work, BatchLimits(max_batch_size=1))
        second = AdaptiveBatcher(
            "second", slow, BatchLimits(max_batch_size=1, cooldown_ratio=5), yields_to=first
        )
        await second.run(range(8))
        alone = min(later - earlier for earlier, later in pairwise(began))
        work.gate.clear()
        busy = asyncio.create_task(first.run_one(0))
        await second.run(range(2))
        beside = began[-1] - began[-2]
        work.gate.set()
        await busy
        return alone, beside

    began: list[float] = []
    work = Doubler()
    alone, beside = asyncio.run(gaps())
    assert alone < 0.1 < beside
