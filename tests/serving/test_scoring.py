"""The core behind the doors, in this process: nobody suffers from a neighbour."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from credit.contract.request import ScoringRequest
from credit.decision import Decision
from credit.dossier import Floats
from credit.errors import KeyReused
from credit.features import CATALOGUE, Matrix
from credit.policy import policy_on
from credit.scorer import Scorer
from serving.errors import DeadlineExceeded
from serving.scoring import EXPLAIN, PREDICT, Call, Scoring
from stores.clients import ClientStore
from stores.ledger import Ledger, digest
from tests.people import applicant

POISON = 123_456.0
INCOME = list(CATALOGUE).index("income")


class Touchy:
    """A real scorer that cannot bear one income."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.batches: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scorer, name)

    def contributions(self, features: Matrix) -> Floats:
        self.batches.append(len(features))
        if (features[:, INCOME] == POISON).any():
            raise ValueError("this income")
        return self._scorer.contributions(features)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")


@pytest.fixture
def scoring(scorer: Scorer, ledger: Ledger, tmp_path: Path) -> Iterator[Scoring]:
    touchy: Any = Touchy(scorer)
    clients = ClientStore(tmp_path / "clients.sqlite")
    made = Scoring(scorer=touchy, clients=clients, ledger=ledger, policy_on=policy_on)
    made.warm()
    yield made
    made.close()


def asked(**changes: Any) -> ScoringRequest:
    return ScoringRequest(dossier=applicant(**changes))


def judged(scoring: Scoring, *calls: tuple[ScoringRequest, Call]) -> list[Any]:
    async def together() -> list[Any]:
        work = [scoring.judge(request, call) for request, call in calls]
        return await asyncio.gather(*work, return_exceptions=True)

    return asyncio.run(together())


def call(kind: str, body: bytes, **how: Any) -> Call:
    return Call(kind=kind, digest=digest(kind, body), **how)


def test_an_explanation_that_fails_fails_alone(scoring: Scoring) -> None:
    incomes = [90_000.0 + n for n in range(12)]
    incomes[5] = POISON
    calls = [
        (asked(AMT_INCOME_TOTAL=income), call(EXPLAIN, b"%d" % n))
        for n, income in enumerate(incomes)
    ]
    outcomes = judged(scoring, *calls)
    assert [n for n, one in enumerate(outcomes) if isinstance(one, ValueError)] == [5]
    assert all(isinstance(one, Decision) for n, one in enumerate(outcomes) if n != 5)


def test_a_record_that_cannot_be_kept_fails_alone(scoring: Scoring, ledger: Ledger) -> None:
    calls = [
        (asked(), call(PREDICT, b"%d" % n, key="same" if n in {3, 8} else f"key-{n}"))
        for n in range(12)
    ]
    outcomes = judged(scoring, *calls)
    refused = [n for n, one in enumerate(outcomes) if isinstance(one, KeyReused)]
    assert refused in ([3], [8])
    for n, one in enumerate(outcomes):
        if n not in refused:
            assert ledger.find(one.decision_id).decision == one


def test_the_same_key_at_the_same_time_is_one_decision(scoring: Scoring) -> None:
    calls = [(asked(), call(PREDICT, b"body", key="once"))] * 8
    assert len({one.decision_id for one in judged(scoring, *calls)}) == 1


def test_nothing_is_recorded_for_one_whose_time_is_up(scoring: Scoring, ledger: Ledger) -> None:
    until = time.perf_counter() + 1e-3
    while time.perf_counter() < until:
        pass
    [outcome] = judged(scoring, (asked(), call(PREDICT, b"late", key="late", until=until)))
    assert outcome.code in {"overloaded", DeadlineExceeded.code}
    assert ledger.answered("late", digest(PREDICT, b"late")) is None


def test_explanations_wait_for_one_another_and_predictions_do_not(scoring: Scoring) -> None:
    explained = [(asked(), call(EXPLAIN, b"e%d" % n)) for n in range(20)]
    predicted = [(asked(), call(PREDICT, b"p%d" % n)) for n in range(20)]
    ended: list[str] = []

    async def noted(request: ScoringRequest, made: Call) -> None:
        await scoring.judge(request, made)
        ended.append(made.kind)

    async def together() -> None:
        await asyncio.gather(*(noted(*one) for one in (*explained, *predicted)))

    asyncio.run(together())
    assert ended.index(PREDICT) < 4
    assert PREDICT not in ended[-10:]
