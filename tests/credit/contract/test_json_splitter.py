"""Splitting a body gives the same requests as parsing it in one piece."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract.json_splitter import split_requests
from credit.contract.request import ScoringRequest, parse_requests
from credit.contract.validation_errors import MAX_REQUESTS_PER_CALL
from credit.contract.wire_types import MAX_REQUEST_BYTES, MAX_ROWS_PER_HISTORY
from credit.errors import InvalidDossier, NotJson

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
JSON_FORMATS = st.fixed_dictionaries({
    "indent": st.sampled_from([None, 0, 1]),
    "separators": st.sampled_from([(",", ":"), (" , ", " : "), (",\r\n\t", ":")]),
    "ensure_ascii": st.booleans(),
})  # fmt: skip


def make_payment(number: int) -> dict[str, Any]:
    return {
        "SK_ID_PREV": 1_000_000 + number, "NUM_INSTALMENT_NUMBER": number % 90 + 1,
        "DAYS_INSTALMENT": -1234, "DAYS_ENTRY_PAYMENT": -1234, "AMT_INSTALMENT": 12345.678,
        "AMT_PAYMENT": 12345.678, "NUM_INSTALMENT_VERSION": 1.0,
    }  # fmt: skip


@given(st.lists(JSON, max_size=6), JSON_FORMATS)
def test_slices_are_the_items_of_the_list(items: list[Any], json_format: dict[str, Any]) -> None:
    body = json.dumps({"requests": items}, **json_format).encode(errors="surrogatepass")
    slices = split_requests(body, 6)
    # Bodies made mostly of brackets are given up early.
    assert slices is None or [json.loads(body[item_slice]) for item_slice in slices] == items
    if len(body) > 16 * body.count(b"[") + 16 * body.count(b"{") + 16 * body.count(b","):
        assert slices is not None


@pytest.mark.parametrize(
    ("body", "location"),
    [
        (b'{"requests": [{"client_id": 1}, {"client_id": 01}]}', "requests[1]"),
        (b'{"requests": [{"client_id": 1},]}', "requests[1]"),
        (b'{"requests": [,]}', "requests[0]"),
        (b'{"requests": [{"client_id": 1]}', "body"),
        (b'{"requests": [{"client_id": 1}}', "body"),
        (b'{"requests": [{"client_id": 1}}}', "body"),
        (b'{"requests": [{"client_id": 1}]} x', "body"),
        (b'{"requests": ["no end]}', "body"),
    ],
)
def test_one_item_that_is_not_json_rejects_the_whole_body(body: bytes, location: str) -> None:
    with pytest.raises(NotJson) as raised:
        parse_requests(body)
    assert raised.value.faults[0].where == location


@pytest.mark.parametrize("body", [
    b'{"\\u0072equests": [{"client_id": 7}]}',
    b'{"requests": [], "requests": [{"client_id": 7}]}',
])  # fmt: skip
def test_a_body_that_cannot_be_split_is_parsed_in_one_piece(body: bytes) -> None:
    assert parse_requests(body) == [ScoringRequest(client_id=7)]


def test_a_long_body_that_cannot_be_split_is_rejected() -> None:
    for body in (
        b'{"x": "' + b"x" * MAX_REQUEST_BYTES + b'"}',
        b'{"requests": [' + b"[" * MAX_REQUEST_BYTES,
    ):
        with pytest.raises(InvalidDossier) as raised:
            parse_requests(body)
        assert raised.value.faults[0].expected.startswith('only {"requests": [...]}')


def test_a_request_that_is_too_large_does_not_affect_the_others() -> None:
    large = json.dumps({"client_id": "x" * MAX_REQUEST_BYTES}).encode()
    first, error, last = parse_requests(
        b'{"requests": [{"client_id": 1}, ' + large + b', {"client_id": 2}]}'
    )
    assert (first, last) == (ScoringRequest(client_id=1), ScoringRequest(client_id=2))
    assert isinstance(error, InvalidDossier)
    assert error.faults[0].expected == "at most 4,194,304"


def test_too_many_requests_are_rejected_without_parsing_them() -> None:
    with pytest.raises(InvalidDossier) as raised:
        parse_requests(b'{"requests": [' + b"no JSON," * (MAX_REQUESTS_PER_CALL + 1) + b"]}")
    assert raised.value.faults[0].got == "more than 1,000"


def test_the_longest_payment_history_fits_into_a_request() -> None:
    rows = [make_payment(number) for number in range(MAX_ROWS_PER_HISTORY)]
    request = {"dossier": {"application": {}, "installments_payments": rows}}
    assert len(json.dumps(request)) < MAX_REQUEST_BYTES
    [parsed] = parse_requests(json.dumps({"requests": [request]}).encode())
    assert isinstance(parsed, ScoringRequest)
