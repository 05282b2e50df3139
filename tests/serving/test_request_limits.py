"""Large bodies are parsed in a thread and within a memory budget; keys are validated."""

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
    ("length", "in_thread"), [(MAX_INLINE_PARSE_BYTES, False), (MAX_INLINE_PARSE_BYTES + 1, True)]
)
def test_a_large_body_is_parsed_in_a_thread(length: int, *, in_thread: bool) -> None:
    async def parse() -> bool:
        loop_thread = threading.current_thread()
        return await parse_off_loop(
            lambda _: threading.current_thread() is not loop_thread, b" " * length
        )

    assert asyncio.run(parse()) is in_thread


@pytest.mark.parametrize("key", [None, "a", " ", "~" * 200, "5f0c-11", '"quoted"'])
def test_a_key_of_printable_ascii_is_returned_unchanged(key: str | None) -> None:
    assert validate_idempotency_key(key) == key


@pytest.mark.parametrize("key", ["", "k" * 201, "\0", "a\n", "café", "\x7f", "\ud800"])
def test_any_other_key_is_a_fault_that_names_the_header(key: str) -> None:
    with pytest.raises(InvalidDossier) as rejected:
        validate_idempotency_key(key)
    [fault] = rejected.value.faults
    assert (fault.where, fault.got) == ("idempotency-key", key)
    assert fault.expected == "1 to 200 printable ASCII characters"


def test_a_call_with_many_requests_takes_no_key_not_even_an_empty_one() -> None:
    reject_idempotency_key(None)
    for key in ("", "k"):
        with pytest.raises(InvalidDossier):
            reject_idempotency_key(key)


def test_large_bodies_are_limited_by_the_budget_and_small_ones_are_not() -> None:
    budget = MemoryBudget(2 * MAX_INLINE_PARSE_BYTES)
    with budget.reserve() as reserve_more, budget.reserve(MAX_INLINE_PARSE_BYTES):
        reserve_more(2 * MAX_INLINE_PARSE_BYTES)
        with pytest.raises(Overloaded):
            reserve_more(1)
        with pytest.raises(Overloaded), budget.reserve(MAX_INLINE_PARSE_BYTES + 1):
            pytest.fail("the budget is used up")
    with budget.reserve(MAX_INLINE_PARSE_BYTES), budget.reserve(2 * MAX_INLINE_PARSE_BYTES):
        pass


def test_memory_is_released_when_a_request_fails() -> None:
    budget = MemoryBudget(2 * MAX_INLINE_PARSE_BYTES)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), budget.reserve(MAX_INLINE_PARSE_BYTES + 1):
            raise ZeroDivisionError
