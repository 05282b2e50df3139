from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

import pytest

from tests.ui import made
from tests.ui.fake_api import FakeApi, failure
from ui.api_client import (
    ApiClient,
    ApiError,
    ApiFailure,
    ApiUnreachable,
    RequestRejected,
    UnknownClient,
    new_idempotency_key,
)

T = TypeVar("T")


def asked(fake: FakeApi, ask: Callable[[ApiClient], Awaitable[T]]) -> T:
    """What a question to the API comes to."""

    async def one() -> T:
        api = ApiClient(fake.url)
        try:
            return await ask(api)
        finally:
            await api.close()

    return asyncio.run(one())


def test_a_decision_is_read_with_its_contributions(api: FakeApi) -> None:
    told = asked(api, lambda one: one.explain(made.DECLINED, "a key"))
    assert told.outcome == "decline"
    assert len(told.contributions) == len(made.FEATURES)
    assert api.decided == ["a key"]


def test_a_search_asks_for_no_more_than_it_shows(api: FakeApi) -> None:
    found = asked(api, lambda one: one.search_clients("1000", 20))
    assert (len(found.clients), found.total) == (20, 99)


def test_an_unknown_client_is_named_so(api: FakeApi) -> None:
    with pytest.raises(UnknownClient, match="no client 42"):
        asked(api, lambda one: one.explain(42, new_idempotency_key()))


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (failure(422, "invalid-request"), RequestRejected),
        (failure(409, "idempotency-key-reused"), RequestRejected),
        (failure(500, "internal-error"), ApiFailure),
        (failure(503, "overloaded"), ApiFailure),
        ((502, b"<html>Bad Gateway</html>"), ApiFailure),
        ((404, b"[]"), RequestRejected),
        ((200, b"not JSON"), ApiFailure),
        ((200, b'{"another": "shape"}'), ApiFailure),
    ],
)
def test_what_goes_wrong_has_a_name(
    api: FakeApi, told: tuple[int, bytes], error: type[ApiError]
) -> None:
    api.instead["/v1/model"] = told
    with pytest.raises(error):
        asked(api, lambda one: one.fetch_model())


def test_an_api_that_is_down_is_said_to_be_within_two_seconds() -> None:
    fake = FakeApi()
    fake.start()
    fake.stop()
    begun = monotonic()
    with pytest.raises(ApiUnreachable):
        asked(fake, lambda one: one.fetch_model())
    assert monotonic() - begun < 2


def test_a_restart_of_the_api_between_two_questions_goes_unseen() -> None:
    fake = FakeApi()
    fake.start()

    async def before_and_after() -> None:
        api = ApiClient(fake.url)
        await api.fetch_model()
        fake.stop()
        fake.start()
        await api.fetch_model()
        await api.close()

    asyncio.run(before_and_after())
    fake.stop()


def test_no_two_keys_are_the_same() -> None:
    assert len({new_idempotency_key() for _ in range(100)}) == 100
