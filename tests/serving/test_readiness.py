"""Whether the service is ready is always told, even where it cannot be found out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2 import HealthCheckResponse as Health
from grpc_health.v1.health_pb2_grpc import HealthStub

from serving.core.readiness import READINESS_CACHE_SECONDS, Readiness
from serving.core.scoring_service import ScoringService
from tests.serving.inside import logged, opened


class Fickle:
    """Answers what it is to answer, one after the other; an error is raised."""

    def __init__(self, answers: list[bool | Exception]) -> None:
        self._answers = answers

    def __call__(self) -> bool:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_question_that_fails_means_no_and_is_asked_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def thrice() -> list[bool]:
        readiness = Readiness(Fickle([True, ZeroDivisionError(), True]))
        told = []
        for _ in range(3):
            told.append(await readiness.is_ready())
            await asyncio.sleep(READINESS_CACHE_SECONDS * 1.1)
        return told

    with logged(caplog):
        assert asyncio.run(thrice()) == [True, False, True]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
        ZeroDivisionError
    ]


def test_health_is_told_on_after_it_could_not_be(
    scoring: ScoringService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answer = Fickle([ZeroDivisionError(), True])
    told: list[Any] = []

    async def ready() -> bool:
        return bool(told) and answer()

    async def followed() -> None:
        async with opened(scoring) as (channel, _):
            async for one in HealthStub(channel).Watch(HealthCheckRequest()):
                told.append(one.status)
                if one.status == Health.SERVING:
                    return

    monkeypatch.setattr(scoring, "ready", ready)
    with logged(caplog):
        asyncio.run(asyncio.wait_for(followed(), 30))
    assert told == [Health.NOT_SERVING, Health.SERVING]
    assert any(record.message == "health could not be told" for record in caplog.records)
