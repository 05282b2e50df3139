"""How what comes through a door is read: beside the others where it is long, and with its key."""

from __future__ import annotations

import asyncio
import threading

import pytest

from credit.errors import InvalidDossier
from serving.errors import Overloaded
from serving.request_limits import (
    MAX_INLINE_PARSE_BYTES,
    MemoryBudget,
    parse_off_loop,
    reject_idempotency_key,
    validate_idempotency_key,
)


@pytest.mark.parametrize(
    ("length", "beside"), [(MAX_INLINE_PARSE_BYTES, False), (MAX_INLINE_PARSE_BYTES + 1, True)]
)
def test_a_long_body_is_read_beside_the_other_requests(length: int, *, beside: bool) -> None:
    async def where() -> bool:
        loop = threading.current_thread()
        return await parse_off_loop(
            lambda _: threading.current_thread() is not loop, b" " * length
        )

    assert asyncio.run(where()) is beside


@pytest.mark.parametrize("key", [None, "a", " ", "~" * 200, "5f0c-11", '"quoted"'])
def test_a_key_of_printable_ascii_is_taken_as_it_is(key: str | None) -> None:
    assert validate_idempotency_key(key) == key


@pytest.mark.parametrize("key", ["", "k" * 201, "\0", "a\n", "café", "\x7f", "\ud800"])
def test_any_other_key_is_a_fault_that_names_the_header(key: str) -> None:
    with pytest.raises(InvalidDossier) as refused:
        validate_idempotency_key(key)
    [fault] = refused.value.faults
    assert (fault.where, fault.got) == ("idempotency-key", key)
    assert fault.expected == "1 to 200 printable ASCII characters"


def test_many_requests_have_no_key_not_even_an_empty_one() -> None:
    reject_idempotency_key(None)
    for key in ("", "k"):
        with pytest.raises(InvalidDossier):
            reject_idempotency_key(key)


def test_long_bodies_are_held_until_there_is_no_room_and_short_ones_always() -> None:
    room = MemoryBudget(2 * MAX_INLINE_PARSE_BYTES)
    with room.reserve() as take, room.reserve(MAX_INLINE_PARSE_BYTES):
        take(2 * MAX_INLINE_PARSE_BYTES)
        with pytest.raises(Overloaded):
            take(1)
        with pytest.raises(Overloaded), room.reserve(MAX_INLINE_PARSE_BYTES + 1):
            pytest.fail("there is no room")
    with room.reserve(MAX_INLINE_PARSE_BYTES), room.reserve(2 * MAX_INLINE_PARSE_BYTES):
        pass


def test_room_is_given_back_by_those_who_fail() -> None:
    room = MemoryBudget(2 * MAX_INLINE_PARSE_BYTES)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), room.reserve(MAX_INLINE_PARSE_BYTES + 1):
            raise ZeroDivisionError
