from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

import pytest

from tests.support.page.api_responses import DECLINED, FEATURES
from tests.support.page.fake_api import FakeApi, make_failure
from ui.api_client import (
    ApiClient,
    ApiError,
    ApiFailure,
    ApiUnreachable,
    RequestRejected,
    UnknownClient,
    new_idempotency_key,
)

ResultT = TypeVar("ResultT")


def call_api(fake_api: FakeApi, call: Callable[[ApiClient], Awaitable[ResultT]]) -> ResultT:
    """Make one call with a new client of the API, and return its result."""

    async def call_and_close() -> ResultT:
        client = ApiClient(fake_api.url)
        try:
            return await call(client)
        finally:
            await client.close()

    return asyncio.run(call_and_close())


def test_a_decision_is_parsed_with_its_contributions(api: FakeApi) -> None:
    explanation = call_api(api, lambda client: client.explain(DECLINED, "a key"))
    assert explanation.outcome == "decline"
    assert len(explanation.contributions) == len(FEATURES)
    assert api.decision_keys == ["a key"]


def test_a_search_returns_at_most_the_requested_number_of_clients(api: FakeApi) -> None:
    matches = call_api(api, lambda client: client.search_clients("1000", 20))
    assert (len(matches.clients), matches.total) == (20, 99)


def test_an_unknown_client_has_its_own_error(api: FakeApi) -> None:
    with pytest.raises(UnknownClient, match="no client 42"):
        call_api(api, lambda client: client.explain(42, new_idempotency_key()))


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (make_failure(422, "invalid-request"), RequestRejected),
        (make_failure(409, "idempotency-key-reused"), RequestRejected),
        (make_failure(500, "internal-error"), ApiFailure),
        (make_failure(503, "overloaded"), ApiFailure),
        ((502, b"<html>Bad Gateway</html>"), ApiFailure),
        ((404, b"[]"), RequestRejected),
        ((200, b"not JSON"), ApiFailure),
        ((200, b'{"another": "shape"}'), ApiFailure),
    ],
)
def test_every_failure_raises_its_error(
    api: FakeApi, response: tuple[int, bytes], error: type[ApiError]
) -> None:
    api.overrides["/v1/model"] = response
    with pytest.raises(error):
        call_api(api, lambda client: client.fetch_model())


def test_a_stopped_api_is_reported_within_two_seconds() -> None:
    fake_api = FakeApi()
    fake_api.start()
    fake_api.stop()
    start = monotonic()
    with pytest.raises(ApiUnreachable):
        call_api(fake_api, lambda client: client.fetch_model())
    assert monotonic() - start < 2


def test_a_restart_of_the_api_between_two_requests_causes_no_error() -> None:
    fake_api = FakeApi()
    fake_api.start()

    async def fetch_before_and_after_restart() -> None:
        client = ApiClient(fake_api.url)
        await client.fetch_model()
        fake_api.stop()
        fake_api.start()
        await client.fetch_model()
        await client.close()

    asyncio.run(fetch_before_and_after_restart())
    fake_api.stop()


def test_idempotency_keys_are_unique() -> None:
    assert len({new_idempotency_key() for _ in range(100)}) == 100
