"""Many requests are read one by one, and what is read is what reading them all at once would."""

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
WRITTEN = st.fixed_dictionaries({
    "indent": st.sampled_from([None, 0, 1]),
    "separators": st.sampled_from([(",", ":"), (" , ", " : "), (",\r\n\t", ":")]),
    "ensure_ascii": st.booleans(),
})  # fmt: skip


def payment(number: int) -> dict[str, Any]:
    return {
        "SK_ID_PREV": 1_000_000 + number, "NUM_INSTALMENT_NUMBER": number % 90 + 1,
        "DAYS_INSTALMENT": -1234, "DAYS_ENTRY_PAYMENT": -1234, "AMT_INSTALMENT": 12345.678,
        "AMT_PAYMENT": 12345.678, "NUM_INSTALMENT_VERSION": 1.0,
    }  # fmt: skip


@given(st.lists(JSON, max_size=6), WRITTEN)
def test_every_item_is_found_whole(listed: list[Any], how: dict[str, Any]) -> None:
    body = json.dumps({"requests": listed}, **how).encode(errors="surrogatepass")
    places = split_requests(body, 6)
    # What is little else than brackets is not looked through to its end.
    assert places is None or [json.loads(body[place]) for place in places] == listed
    if len(body) > 16 * body.count(b"[") + 16 * body.count(b"{") + 16 * body.count(b","):
        assert places is not None


@pytest.mark.parametrize(
    ("body", "where"),
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
def test_where_one_item_is_no_json_nothing_is_read(body: bytes, where: str) -> None:
    with pytest.raises(NotJson) as refused:
        parse_requests(body)
    assert refused.value.faults[0].where == where


@pytest.mark.parametrize("body", [
    b'{"\\u0072equests": [{"client_id": 7}]}',
    b'{"requests": [], "requests": [{"client_id": 7}]}',
])  # fmt: skip
def test_an_unusual_way_of_writing_is_read_all_the_same(body: bytes) -> None:
    assert parse_requests(body) == [ScoringRequest(client_id=7)]


def test_a_long_body_is_not_read_in_one_go() -> None:
    for body in (
        b'{"x": "' + b"x" * MAX_REQUEST_BYTES + b'"}',
        b'{"requests": [' + b"[" * MAX_REQUEST_BYTES,
    ):
        with pytest.raises(InvalidDossier) as refused:
            parse_requests(body)
        assert refused.value.faults[0].expected.startswith('plainly {"requests": [...]}')


def test_one_that_is_too_large_harms_no_other() -> None:
    large = json.dumps({"client_id": "x" * MAX_REQUEST_BYTES}).encode()
    first, refused, last = parse_requests(
        b'{"requests": [{"client_id": 1}, ' + large + b', {"client_id": 2}]}'
    )
    assert (first, last) == (ScoringRequest(client_id=1), ScoringRequest(client_id=2))
    assert isinstance(refused, InvalidDossier)
    assert refused.faults[0].expected == "at most 4,194,304"


def test_what_is_too_many_is_not_read() -> None:
    with pytest.raises(InvalidDossier) as refused:
        parse_requests(b'{"requests": [' + b"no JSON," * (MAX_REQUESTS_PER_CALL + 1) + b"]}")
    assert refused.value.faults[0].got == "more than 1,000"


def test_the_longest_history_of_payments_fits_into_a_request() -> None:
    rows = [payment(number) for number in range(MAX_ROWS_PER_HISTORY)]
    request = {"dossier": {"application": {}, "installments_payments": rows}}
    assert len(json.dumps(request)) < MAX_REQUEST_BYTES
    [read] = parse_requests(json.dumps({"requests": [request]}).encode())
    assert isinstance(read, ScoringRequest)
