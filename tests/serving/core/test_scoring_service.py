"""The scoring service in this process: a request that fails harms no other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from credit.contract.request import ScoringRequest
from credit.decision import Decision
from credit.errors import IdempotencyKeyReused
from credit.scorer import Scorer
from serving.core.decision_engine import EXPLAIN, PREDICT, CallContext, ScoringJob
from serving.core.scoring_service import MAX_REQUESTS_PER_CHUNK, ScoringService
from serving.errors import DeadlineExceeded, ModelReplaced, Overloaded
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger, digest_request
from tests.support.scoring_core import (
    UNEXPLAINABLE_INCOME,
    UNSCORABLE_INCOME,
    capture_service_log,
    decide_together,
    make_call,
    make_request,
    run_scoring_service,
)


async def collect_outcomes(
    scoring: ScoringService, requests: Sequence[Any], call: CallContext
) -> list[Any]:
    return [outcome async for outcome in scoring.decide_many(requests, call)]


def test_an_explanation_that_fails_fails_alone(scoring: ScoringService) -> None:
    incomes = [90_000.0 + n for n in range(12)]
    incomes[5] = UNEXPLAINABLE_INCOME
    calls = [
        (make_request(AMT_INCOME_TOTAL=income), make_call(EXPLAIN, b"%d" % n))
        for n, income in enumerate(incomes)
    ]
    outcomes = decide_together(scoring, *calls)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, ValueError)] == [5]
    assert all(isinstance(outcome, Decision) for n, outcome in enumerate(outcomes) if n != 5)


@pytest.mark.parametrize("kind", [PREDICT, EXPLAIN])
def test_a_record_that_cannot_be_stored_fails_alone(
    scoring: ScoringService, ledger: Ledger, kind: str
) -> None:
    calls = [
        (make_request(), make_call(kind, b"%d" % n, key="same" if n in {3, 8} else f"key-{n}"))
        for n in range(12)
    ]
    outcomes = decide_together(scoring, *calls)
    rejected = [n for n, item in enumerate(outcomes) if isinstance(item, IdempotencyKeyReused)]
    assert rejected in ([3], [8])
    for n, outcome in enumerate(outcomes):
        if n not in rejected:
            assert ledger.find(outcome.decision_id).decision.risk == outcome.risk


@pytest.mark.parametrize("kind", [PREDICT, EXPLAIN])
def test_the_same_key_at_the_same_time_is_one_decision(scoring: ScoringService, kind: str) -> None:
    calls = [(make_request(), make_call(kind, b"body", key="once"))] * 8
    decisions = decide_together(scoring, *calls)
    assert len({decision.decision_id for decision in decisions}) == 1


def test_nothing_is_recorded_for_a_call_past_its_deadline(
    scoring: ScoringService, ledger: Ledger
) -> None:
    call = make_call(PREDICT, b"late", key="late", deadline=time.perf_counter())
    [outcome] = decide_together(scoring, (make_request(), call))
    assert isinstance(outcome, DeadlineExceeded)
    assert ledger.find_by_key("late", digest_request(PREDICT, b"late")) is None


def test_explanations_run_four_at_once_and_predictions_do_not_wait_for_them(
    scoring: ScoringService, failing_scorer: Any
) -> None:
    explanations = [(make_request(), make_call(EXPLAIN, b"e%d" % n)) for n in range(40)]
    predictions = [(make_request(), make_call(PREDICT, b"p%d" % n)) for n in range(20)]
    finished: list[str] = []

    async def decide_and_note(request: ScoringRequest, call: CallContext) -> None:
        await scoring.decide(request, call)
        finished.append(call.kind)

    async def decide_all() -> None:
        await asyncio.gather(*(decide_and_note(*item) for item in (*explanations, *predictions)))

    asyncio.run(decide_all())
    assert PREDICT not in finished[-10:]
    assert failing_scorer.batches == [1, *[4] * 10]  # the warm-up comes first


def test_of_many_requests_only_internal_failures_are_logged(
    scoring: ScoringService, caplog: pytest.LogCaptureFixture
) -> None:
    requests = [
        make_request(),
        make_request(AMT_INCOME_TOTAL=UNSCORABLE_INCOME),
        ScoringRequest(client_id=7),
    ]
    with capture_service_log(caplog):
        decision, internal, unknown = asyncio.run(
            collect_outcomes(scoring, requests, make_call(PREDICT, b"many"))
        )
    assert isinstance(decision, Decision)
    assert (type(internal), unknown.code) == (ValueError, "unknown-client")
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [internal]


@pytest.mark.parametrize("error", [Overloaded(1), DeadlineExceeded(), ZeroDivisionError()])
def test_recorded_decisions_are_returned_when_a_later_chunk_fails(
    scoring: ScoringService, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    run, chunks = scoring._predict_batcher.run, iter(range(9))  # noqa: SLF001 -- the second chunk must fail

    async def fail_second_chunk(jobs: Sequence[ScoringJob], *, deadline: float) -> Any:
        if next(chunks) == 1:
            raise error
        return await run(jobs, deadline=deadline)

    monkeypatch.setattr(scoring._predict_batcher, "run", fail_second_chunk)  # noqa: SLF001
    n = MAX_REQUESTS_PER_CHUNK
    requests = [make_request()] * (2 * n + 1)
    outcomes = asyncio.run(collect_outcomes(scoring, requests, make_call(PREDICT, b"many")))
    assert outcomes[n : 2 * n] == [error] * n
    for outcome in (*outcomes[:n], *outcomes[2 * n :]):
        assert ledger.find(outcome.decision_id).decision == outcome


def test_a_call_with_many_requests_past_its_deadline_fails_as_a_whole(
    scoring: ScoringService,
) -> None:
    call = make_call(PREDICT, b"late", deadline=time.perf_counter())
    with pytest.raises(DeadlineExceeded):
        asyncio.run(collect_outcomes(scoring, [make_request()], call))


def test_an_explanation_is_not_repeated_by_another_model(
    scoring: ScoringService, scorer: Scorer, clients: ClientStore, ledger: Ledger
) -> None:
    calls = [
        (make_request(), make_call(kind, body, key=kind))
        for kind, body in ((EXPLAIN, b"e"), (PREDICT, b"p"))
    ]
    explanation, prediction = decide_together(scoring, *calls)
    successor = Scorer(scorer.model_text, scorer.metadata, version="credit-scorer:next")
    with run_scoring_service(successor, clients, ledger) as later:
        rejected, repeated = decide_together(later, *calls)
    assert isinstance(rejected, ModelReplaced)
    assert str(explanation.decision_id) in str(rejected)
    assert repeated == prediction
