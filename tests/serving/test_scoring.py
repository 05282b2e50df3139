"""The core behind the doors, in this process: nobody suffers from a neighbour."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from credit.contract.request import ScoringRequest
from credit.decision import Decision
from credit.errors import IdempotencyKeyReused, LedgerUnavailable
from credit.policy import load_policy
from credit.scorer import Scorer
from serving.core.decision_engine import EXPLAIN, PREDICT, CallContext, DecisionEngine, ScoringJob
from serving.core.scoring_service import MAX_REQUESTS_PER_CHUNK, ScoringService
from serving.errors import DeadlineExceeded, ModelReplaced, Overloaded
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger, digest_request
from tests.serving.inside import UNSCORED, UNTOLD, asked, call, dropped, judged, logged, working


def test_an_explanation_that_fails_fails_alone(scoring: ScoringService) -> None:
    incomes = [90_000.0 + n for n in range(12)]
    incomes[5] = UNTOLD
    calls = [
        (asked(AMT_INCOME_TOTAL=income), call(EXPLAIN, b"%d" % n))
        for n, income in enumerate(incomes)
    ]
    outcomes = judged(scoring, *calls)
    assert [n for n, one in enumerate(outcomes) if isinstance(one, ValueError)] == [5]
    assert all(isinstance(one, Decision) for n, one in enumerate(outcomes) if n != 5)


@pytest.mark.parametrize("kind", [PREDICT, EXPLAIN])
def test_a_record_that_cannot_be_kept_fails_alone(
    scoring: ScoringService, ledger: Ledger, kind: str
) -> None:
    calls = [
        (asked(), call(kind, b"%d" % n, key="same" if n in {3, 8} else f"key-{n}"))
        for n in range(12)
    ]
    outcomes = judged(scoring, *calls)
    refused = [n for n, one in enumerate(outcomes) if isinstance(one, IdempotencyKeyReused)]
    assert refused in ([3], [8])
    for n, one in enumerate(outcomes):
        if n not in refused:
            assert ledger.find(one.decision_id).decision.risk == one.risk


@pytest.mark.parametrize("kind", [PREDICT, EXPLAIN])
def test_the_same_key_at_the_same_time_is_one_decision(scoring: ScoringService, kind: str) -> None:
    calls = [(asked(), call(kind, b"body", key="once"))] * 8
    assert len({one.decision_id for one in judged(scoring, *calls)}) == 1


def test_nothing_is_recorded_for_one_whose_time_is_up(
    scoring: ScoringService, ledger: Ledger
) -> None:
    until = time.perf_counter() + 1e-3
    while time.perf_counter() < until:
        pass
    [outcome] = judged(scoring, (asked(), call(PREDICT, b"late", key="late", until=until)))
    assert isinstance(outcome, DeadlineExceeded)
    assert ledger.find_by_key("late", digest_request(PREDICT, b"late")) is None


def test_explanations_are_made_four_at_once_and_predictions_do_not_wait_for_them(
    scoring: ScoringService, touchy: Any
) -> None:
    explained = [(asked(), call(EXPLAIN, b"e%d" % n)) for n in range(40)]
    predicted = [(asked(), call(PREDICT, b"p%d" % n)) for n in range(20)]
    ended: list[str] = []

    async def noted(request: ScoringRequest, made: CallContext) -> None:
        await scoring.decide(request, made)
        ended.append(made.kind)

    async def together() -> None:
        await asyncio.gather(*(noted(*one) for one in (*explained, *predicted)))

    asyncio.run(together())
    assert PREDICT not in ended[-10:]
    assert touchy.batches == [1, *[4] * 10]  # one to get warm


def test_of_many_only_what_is_our_fault_is_logged(
    scoring: ScoringService, caplog: pytest.LogCaptureFixture
) -> None:
    async def all_of(requests: list[ScoringRequest]) -> list[Any]:
        return [one async for one in scoring.decide_many(requests, call(PREDICT, b"many"))]

    requests = [asked(), asked(AMT_INCOME_TOTAL=UNSCORED), ScoringRequest(client_id=7)]
    with logged(caplog):
        good, ours, theirs = asyncio.run(all_of(requests))
    assert isinstance(good, Decision)
    assert (type(ours), theirs.code) == (ValueError, "unknown-client")
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [ours]


@pytest.mark.parametrize("error", [Overloaded(1), DeadlineExceeded(), ZeroDivisionError()])
def test_of_many_the_recorded_are_told_whatever_becomes_of_the_rest(
    scoring: ScoringService, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    run, parts = scoring._predict_batcher.run, iter(range(9))  # noqa: SLF001 -- the second part is to fail

    async def failing(part: Sequence[ScoringJob], *, until: float) -> Any:
        if next(parts) == 1:
            raise error
        return await run(part, deadline=until)

    async def all_of() -> list[Any]:
        requests = [asked()] * (2 * MAX_REQUESTS_PER_CHUNK + 1)
        return [one async for one in scoring.decide_many(requests, call(PREDICT, b"many"))]

    monkeypatch.setattr(scoring._predict_batcher, "run", failing)  # noqa: SLF001
    told = asyncio.run(all_of())
    assert (
        told[MAX_REQUESTS_PER_CHUNK : 2 * MAX_REQUESTS_PER_CHUNK]
        == [error] * MAX_REQUESTS_PER_CHUNK
    )
    for one in (*told[:MAX_REQUESTS_PER_CHUNK], *told[2 * MAX_REQUESTS_PER_CHUNK :]):
        assert ledger.find(one.decision_id).decision == one


def test_of_many_whose_time_is_over_at_once_nothing_is_told(scoring: ScoringService) -> None:
    async def first() -> Any:
        late = call(PREDICT, b"late", until=time.perf_counter())
        return [one async for one in scoring.decide_many([asked()], late)]

    with pytest.raises(DeadlineExceeded):
        asyncio.run(first())


def test_an_explanation_is_not_told_again_in_the_words_of_another_model(
    scoring: ScoringService, scorer: Scorer, clients: ClientStore, ledger: Ledger
) -> None:
    explained, predicted = (EXPLAIN, b"e"), (PREDICT, b"p")
    keyed = [(asked(), call(*one, key=one[0])) for one in (explained, predicted)]
    first, other = judged(scoring, *keyed)
    following = Scorer(scorer.model_text, scorer.metadata, version="credit-scorer:next")
    with working(following, clients, ledger) as after:
        again, same = judged(after, *keyed)
    assert isinstance(again, ModelReplaced)
    assert str(first.decision_id) in str(again)
    assert same == other


def test_getting_warm_goes_the_whole_way_and_records_nothing(
    touchy: Any, clients: ClientStore, ledger: Ledger, database: Path
) -> None:
    judge = DecisionEngine(scorer=touchy, clients=clients, ledger=ledger, policy_on=load_policy)
    judge.warm_up()
    assert touchy.rows > 0
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM decision").fetchone() == (0,)
    connection.close()
    dropped(database, "payload")
    with pytest.raises(LedgerUnavailable):
        judge.warm_up()
