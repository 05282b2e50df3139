"""Readiness is always reported, also when its check fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2 import HealthCheckResponse as Health
from grpc_health.v1.health_pb2_grpc import HealthStub

from serving.core.readiness import READINESS_CACHE_SECONDS, Readiness
from serving.core.scoring_service import ScoringService
from tests.support.scoring_core import capture_service_log, open_grpc_server


class ScriptedCheck:
    """Returns or raises the given answers in turn, and the last one for ever."""

    def __init__(self, answers: list[bool | Exception]) -> None:
        self._answers = answers

    def __call__(self) -> bool:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_check_that_fails_means_not_ready_and_is_repeated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def check_three_times() -> list[bool]:
        readiness = Readiness(ScriptedCheck([True, ZeroDivisionError(), True]))
        answers = []
        for _ in range(3):
            answers.append(await readiness.is_ready())
            await asyncio.sleep(READINESS_CACHE_SECONDS * 1.1)
        return answers

    with capture_service_log(caplog):
        assert asyncio.run(check_three_times()) == [True, False, True]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
        ZeroDivisionError
    ]


def test_health_is_reported_again_after_an_update_failed(
    scoring: ScoringService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    check = ScriptedCheck([ZeroDivisionError(), True])
    statuses: list[Any] = []

    async def is_ready() -> bool:
        return bool(statuses) and check()

    async def watch_until_serving() -> None:
        async with open_grpc_server(scoring) as (channel, _):
            async for answer in HealthStub(channel).Watch(HealthCheckRequest()):
                statuses.append(answer.status)
                if answer.status == Health.SERVING:
                    return

    monkeypatch.setattr(scoring, "is_ready", is_ready)
    with capture_service_log(caplog):
        asyncio.run(asyncio.wait_for(watch_until_serving(), 30))
    assert statuses == [Health.NOT_SERVING, Health.SERVING]
    assert any(record.message == "updating the health status failed" for record in caplog.records)
