"""A ledger that is slow, stalled or gone: nobody is told a decision, and everybody is told why."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse as Health

from credit.decision import Decision, Explanation
from credit.errors import LedgerUnavailable, NotJson
from credit.scorer import Scorer
from serving.core.decision_engine import EXPLAIN, PREDICT
from serving.core.scoring_service import ScoringService
from serving.errors import Overloaded
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger
from tests.serving.conftest import PATIENCE, Home, serving, wait_until_ready
from tests.serving.foreign import SERVICE, Foreigner, Refused
from tests.serving.inside import asked, call, dropped, held, judged, logged, working
from tests.support.example_dossiers import make_applicant


def test_the_next_explanation_waits_until_one_is_recorded(
    scoring: ScoringService, touchy: Any, database: Path
) -> None:
    async def together() -> list[Any]:
        with held(database):
            work = [
                asyncio.create_task(scoring.decide(asked(), call(EXPLAIN, b"%d" % n)))
                for n in range(8)
            ]
            for _ in range(40):  # as long as the next batch would take, and longer
                await asyncio.sleep(0.05)
            computed = len(touchy.batches)
        return [computed, *await asyncio.gather(*work)]

    computed, *outcomes = asyncio.run(together())
    assert computed == 1 + 1  # one to get warm, and four of the eight
    assert all(isinstance(one, Explanation) for one in outcomes)


@pytest.mark.parametrize(("table", "key"), [("payload", None), ("decision", "asked before?")])
def test_what_is_recorded_nowhere_needs_no_ledger(
    scoring: ScoringService, database: Path, table: str, key: str | None
) -> None:
    async def together() -> list[Any]:
        work = [
            scoring.decide(asked(), call(EXPLAIN, b"recorded", key=key)),
            scoring.simulate(asked()),
            scoring.decide(asked(), call(EXPLAIN, b"recorded, too")),
        ]
        return await asyncio.gather(*work, return_exceptions=True)

    dropped(database, table)
    first, simulated, last = asyncio.run(together())
    assert isinstance(first, LedgerUnavailable)
    assert isinstance(simulated, Explanation)
    assert isinstance(last, LedgerUnavailable)


def test_a_stalled_ledger_is_told_as_overload(
    scorer: Scorer, clients: ClientStore, ledger: Ledger, database: Path
) -> None:
    async def together() -> list[Any]:
        for n in range(5):  # how long one takes is learnt
            await scoring.decide(asked(), call(PREDICT, b"before %d" % n))
        with held(database):
            first = asyncio.create_task(scoring.decide(asked(), call(PREDICT, b"first")))
            await asyncio.sleep(1)
            with pytest.raises(Overloaded):
                await asyncio.wait_for(scoring.decide(asked(), call(PREDICT, b"second")), 5)
        return [await first, await scoring.decide(asked(), call(PREDICT, b"after"))]

    with working(scorer, clients, ledger, patience=0.05) as scoring:
        assert all(isinstance(one, Decision) for one in asyncio.run(together()))


def test_many_requests_are_refused_together_where_nothing_can_be_recorded(
    scoring: ScoringService, database: Path
) -> None:
    async def all_of_them() -> list[Any]:
        many: list[Any] = [asked(), NotJson([]), *[asked()] * 150]
        return [one async for one in scoring.decide_many(many, call(PREDICT, b"many"))]

    dropped(database, "payload")
    with pytest.raises(LedgerUnavailable):
        asyncio.run(all_of_them())


def test_a_ledger_that_goes_half_way_is_not_asked_again_for_every_part(
    scoring: ScoringService, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = NotJson([])

    async def half_way() -> list[Any]:
        told: list[Any] = []
        async for one in scoring.decide_many([*[asked()] * 500, bad], call(PREDICT, b"many")):
            if not told:
                dropped(database, "payload")
            told.append(one)
        return told

    with logged(caplog):
        *outcomes, last = asyncio.run(half_way())
    recorded = [one for one in outcomes if isinstance(one, Decision)]
    assert 0 < len(recorded) < 500
    assert {type(one) for one in outcomes[len(recorded) :]} == {LedgerUnavailable}
    assert last is bad
    assert 0 < len(caplog.records) < 5


@pytest.mark.parametrize("key", [None, "of {}"])
def test_a_ledger_that_fails_is_told_to_all_at_once(
    scoring: ScoringService, database: Path, caplog: pytest.LogCaptureFixture, key: str | None
) -> None:
    dropped(database, "payload")
    calls = [call(PREDICT, b"%d" % n, key=key and key.format(n)) for n in range(12)]
    with logged(caplog):
        outcomes = judged(scoring, *((asked(), one) for one in calls))
    assert all(isinstance(one, LedgerUnavailable) for one in outcomes)
    assert 0 < len(caplog.records) < 12


def test_a_service_is_ready_while_its_ledger_answers(
    scoring: ScoringService, ledger: Ledger, database: Path
) -> None:
    assert asyncio.run(scoring.is_ready())
    dropped(database, "decision")
    assert not ledger.is_available()
    assert not asyncio.run(later(scoring))


async def later(scoring: ScoringService) -> bool:
    await asyncio.sleep(1.1)
    return await scoring.is_ready()


def renamed(database: Path, table: str, name: str) -> None:
    with sqlite3.connect(database, timeout=PATIENCE) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {name}")
    connection.close()


@pytest.mark.slow
def test_both_doors_tell_of_a_ledger_that_is_down_until_it_is_back(home_of_its_own: Home) -> None:
    database, request = home_of_its_own.path / "ledger.sqlite", {"dossier": make_applicant()}
    with (
        serving(home_of_its_own) as service,
        service.client() as api,
        Foreigner(service.grpc) as foreigner,
    ):

        def wait_until_told(status: int) -> None:
            asked = health_pb2.HealthCheckRequest(service=SERVICE)
            stub = health_pb2_grpc.HealthStub(foreigner.channel)
            end = time.monotonic() + PATIENCE
            while stub.Check(asked, timeout=PATIENCE).status != status:
                assert time.monotonic() < end, f"health is not told to be {status}"
                time.sleep(0.1)

        renamed(database, "decision", "away")
        answer = api.post("/predict", json=request)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["error"]["code"] == "ledger-unavailable"
        with pytest.raises(Refused) as refused:
            foreigner.call("Predict", request)
        assert refused.value.code is grpc.StatusCode.UNAVAILABLE
        assert refused.value.details["RetryInfo"]["retry_delay"] == "5s"
        wait_until_told(Health.NOT_SERVING)
        assert api.get("/readyz").status_code == 503
        renamed(database, "away", "decision")
        wait_until_ready(service)
        wait_until_told(Health.SERVING)
        assert api.post("/predict", json=request).is_success
        assert foreigner.call("Predict", request)["risk"]
