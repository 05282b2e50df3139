"""The middleware measures every HTTP call, including those that fail before an answer."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import REGISTRY
from starlette.types import Message, Receive, Scope, Send

from serving.http.middleware import RequestMiddleware


def test_an_application_that_fails_before_its_answer_is_counted_as_500() -> None:
    async def fail(_: Scope, __: Receive, ___: Send) -> None:
        raise ZeroDivisionError

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        raise AssertionError("nothing is to be sent")

    def count_failures() -> float:
        labels = {"route": "/predict", "status": "500"}
        return REGISTRY.get_sample_value("credit_request_seconds_count", labels) or 0.0

    before = count_failures()
    scope = {"type": "http", "path": "/predict", "headers": []}
    with pytest.raises(ZeroDivisionError):
        asyncio.run(RequestMiddleware(fail)(scope, receive, send))
    assert count_failures() == before + 1
