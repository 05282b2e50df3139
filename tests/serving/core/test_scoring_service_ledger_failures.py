"""A slow, stalled or unavailable ledger: callers get an error and no unrecorded decision."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from credit.decision import Decision, Explanation
from credit.errors import LedgerUnavailable, NotJson
from credit.scorer import Scorer
from serving.core.decision_engine import EXPLAIN, PREDICT
from serving.core.readiness import READINESS_CACHE_SECONDS
from serving.core.scoring_service import EXPLAIN_LIMITS, ScoringService
from serving.errors import Overloaded
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger
from tests.support.scoring_core import (
    capture_service_log,
    decide_together,
    drop_table,
    hold_write_lock,
    make_call,
    make_request,
    run_scoring_service,
)


def test_the_next_explanations_wait_until_the_batch_before_is_recorded(
    scoring: ScoringService, failing_scorer: Any, database: Path
) -> None:
    async def explain_eight() -> list[Any]:
        with hold_write_lock(database):
            work = [
                asyncio.create_task(scoring.decide(make_request(), make_call(EXPLAIN, b"%d" % n)))
                for n in range(8)
            ]
            await asyncio.sleep(2)  # longer than the next batch takes
            computed = len(failing_scorer.batches)
        return [computed, *await asyncio.gather(*work)]

    computed, *outcomes = asyncio.run(explain_eight())
    assert EXPLAIN_LIMITS.max_batch_size == 4
    assert computed == 1 + 1  # the warm-up, and four of the eight
    assert all(isinstance(outcome, Explanation) for outcome in outcomes)


@pytest.mark.parametrize(("table", "key"), [("payload", None), ("decision", "used before?")])
def test_a_simulation_needs_no_ledger(
    scoring: ScoringService, database: Path, table: str, key: str | None
) -> None:
    async def run_all() -> list[Any]:
        work = [
            scoring.decide(make_request(), make_call(EXPLAIN, b"recorded", key=key)),
            scoring.simulate(make_request()),
            scoring.decide(make_request(), make_call(EXPLAIN, b"recorded, too")),
        ]
        return await asyncio.gather(*work, return_exceptions=True)

    drop_table(database, table)
    first, simulated, last = asyncio.run(run_all())
    assert isinstance(first, LedgerUnavailable)
    assert isinstance(simulated, Explanation)
    assert isinstance(last, LedgerUnavailable)


def test_a_stalled_ledger_is_reported_as_overload(
    scorer: Scorer, clients: ClientStore, ledger: Ledger, database: Path
) -> None:
    async def decide_during_stall() -> list[Any]:
        for n in range(5):  # the batcher learns how long one takes
            await scoring.decide(make_request(), make_call(PREDICT, b"before %d" % n))
        with hold_write_lock(database):
            first = asyncio.create_task(
                scoring.decide(make_request(), make_call(PREDICT, b"first"))
            )
            await asyncio.sleep(1)
            with pytest.raises(Overloaded):
                await asyncio.wait_for(
                    scoring.decide(make_request(), make_call(PREDICT, b"second")), 5
                )
        return [await first, await scoring.decide(make_request(), make_call(PREDICT, b"after"))]

    with run_scoring_service(scorer, clients, ledger, patience=0.05) as scoring:
        outcomes = asyncio.run(decide_during_stall())
    assert all(isinstance(outcome, Decision) for outcome in outcomes)


def test_a_call_with_many_requests_fails_as_a_whole_when_nothing_can_be_recorded(
    scoring: ScoringService, database: Path
) -> None:
    async def decide_all() -> list[Any]:
        requests: list[Any] = [make_request(), NotJson([]), *[make_request()] * 150]
        call = make_call(PREDICT, b"many")
        return [outcome async for outcome in scoring.decide_many(requests, call)]

    drop_table(database, "payload")
    with pytest.raises(LedgerUnavailable):
        asyncio.run(decide_all())


def test_a_ledger_that_fails_during_a_call_is_not_tried_again_for_every_chunk(
    scoring: ScoringService, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = NotJson([])

    async def decide_all() -> list[Any]:
        outcomes: list[Any] = []
        requests: list[Any] = [*[make_request()] * 500, bad]
        async for outcome in scoring.decide_many(requests, make_call(PREDICT, b"many")):
            if not outcomes:
                drop_table(database, "payload")
            outcomes.append(outcome)
        return outcomes

    with capture_service_log(caplog):
        *outcomes, last = asyncio.run(decide_all())
    recorded = [outcome for outcome in outcomes if isinstance(outcome, Decision)]
    assert 0 < len(recorded) < 500
    assert {type(outcome) for outcome in outcomes[len(recorded) :]} == {LedgerUnavailable}
    assert last is bad
    assert 0 < len(caplog.records) < 5


@pytest.mark.parametrize("key", [None, "of {}"])
def test_a_ledger_failure_is_reported_to_a_whole_batch_at_once(
    scoring: ScoringService, database: Path, caplog: pytest.LogCaptureFixture, key: str | None
) -> None:
    drop_table(database, "payload")
    calls = [make_call(PREDICT, b"%d" % n, key=key and key.format(n)) for n in range(12)]
    with capture_service_log(caplog):
        outcomes = decide_together(scoring, *((make_request(), call) for call in calls))
    assert all(isinstance(outcome, LedgerUnavailable) for outcome in outcomes)
    assert 0 < len(caplog.records) < 12


def test_a_service_is_ready_while_its_ledger_answers(
    scoring: ScoringService, ledger: Ledger, database: Path
) -> None:
    async def is_ready_after_the_cache_expires() -> bool:
        await asyncio.sleep(READINESS_CACHE_SECONDS * 1.1)
        return await scoring.is_ready()

    assert asyncio.run(scoring.is_ready())
    drop_table(database, "decision")
    assert not ledger.is_available()
    assert not asyncio.run(is_ready_after_the_cache_expires())
