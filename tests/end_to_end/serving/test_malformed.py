"""Malformed requests get an error that names the fault; they never cause a 500 or end a worker."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit.schema import TABLES, ColumnKind
from tests.support.services import Home, RunningService

VALID_REQUEST = {
    "dossier": {
        "application": {"AMT_CREDIT": 250_000, "AMT_INCOME_TOTAL": 90_000, "DAYS_BIRTH": -12_000},
        "bureau": [{"SK_ID_BUREAU": 1, "DAYS_CREDIT": -100}],
        "bureau_balance": [{"SK_ID_BUREAU": 1, "MONTHS_BALANCE": -1, "STATUS": "0"}],
    },
    "changes": {"AMT_CREDIT": 200_000},
}
PATHS = st.sampled_from(["/predict", "/explain", "/simulate"])

Corrupt = Callable[[dict[str, Any]], None]

NUMERIC_COLUMNS = [
    (table.name, column.name)
    for table in TABLES.values()
    for column in table.columns.values()
    if column.kind in {ColumnKind.NUMBER, ColumnKind.INTEGER}
]
WRONG_NUMBERS: st.SearchStrategy[Any] = st.one_of(
    st.text(max_size=20), st.booleans(), st.lists(st.integers(), min_size=1, max_size=2),
    st.just({"x": 1}), st.sampled_from([float("nan"), float("inf"), 1e300, -1e300, 10**30]),
)  # fmt: skip
NOT_JSON = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [b"", b"{", b"null", b"[]", b'"a"', b"[" * 5_000, b"\xff\xfe{}", b"1" * 5_000]
    ),
)


@st.composite
def invalid_requests(draw: st.DrawFn) -> bytes:
    """Draw a valid request with one fault."""
    request = copy.deepcopy(VALID_REQUEST)
    table, column = draw(st.sampled_from(NUMERIC_COLUMNS))
    wrong = draw(WRONG_NUMBERS)
    corrupt: Corrupt = draw(st.sampled_from([
        lambda r: set_value(r, table, column, wrong),
        lambda r: set_value(r, "application", draw(st.text(min_size=1, max_size=12)), 1),
        lambda r: set_value(r, "application", "TARGET", draw(st.sampled_from([0, 1, None]))),
        lambda r: r["changes"].update({"SK_ID_CURR": draw(st.integers(0, 9))}),
        lambda r: r["changes"].update({column + "_": 1}),
        lambda r: r.update({draw(st.text(min_size=1, max_size=8)) + "!": 1}),
        lambda r: r.update({"client_id": draw(st.integers(0, 10**6))}),
        lambda r: r.pop("dossier"),
        lambda r: r["dossier"].pop("application"),
        lambda r: r["dossier"].update({table: wrong}),
        lambda r: r["dossier"]["bureau"].append(draw(st.integers())),
        lambda r: r["dossier"]["bureau"].append({"DAYS_CREDIT": -1}),
        lambda r: r["dossier"]["bureau"].append({"SK_ID_BUREAU": 1}),
        set_two_client_ids,
    ]))  # fmt: skip
    corrupt(request)
    return json.dumps(request).encode()


def set_two_client_ids(request: dict[str, Any]) -> None:
    request["dossier"]["application"]["SK_ID_CURR"] = 4
    request["dossier"]["bureau"][0]["SK_ID_CURR"] = 3


def set_value(request: dict[str, Any], table: str, column: str, value: object) -> None:
    if table == "application":
        request["dossier"]["application"][column] = value
        return
    keys = dict.fromkeys(TABLES[table].primary_key, 7) | {"SK_ID_PREV": 7}
    known_keys = {
        key: -1 if key == "MONTHS_BALANCE" else 7 for key in keys if key in TABLES[table].columns
    }
    request["dossier"][table] = [{**known_keys, column: value}]


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=PATHS,
    content=st.one_of(invalid_requests(), invalid_requests(), invalid_requests(), NOT_JSON),
)
def test_every_fault_is_named(service: RunningService, path: str, content: bytes) -> None:
    answer = httpx.post(f"{service.url}{path}", content=content, timeout=30)
    assert answer.status_code in {400, 422}, (content[:300], answer.text)
    error = answer.json()["error"]
    assert error["code"] in {"not-json", "invalid-request"}
    assert error["faults"], content
    for fault in error["faults"]:
        assert fault.keys() == {"where", "got", "expected"}
        assert fault["where"]
        assert fault["expected"]


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(items=st.lists(invalid_requests().map(json.loads), min_size=1, max_size=5))
def test_a_valid_request_among_invalid_ones_is_decided(
    service: RunningService, items: list[Any]
) -> None:
    content = json.dumps({"requests": [*items, VALID_REQUEST]})
    answer = httpx.post(f"{service.url}/predict_many", content=content, timeout=30)
    *errors, decision = answer.raise_for_status().json()
    assert all("error" in error for error in errors)
    assert 0 < decision["risk"] < 1


@pytest.mark.parametrize("path", ["/predict", "/predict_many"])
def test_a_body_of_60_megabytes_is_refused(service: RunningService, path: str) -> None:
    body = b'{"requests": "' + b"x" * 60_000_000 + b'"}'
    answer = httpx.post(f"{service.url}{path}", content=body, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body-too-large")


def test_a_large_body_without_a_content_length_is_refused(service: RunningService) -> None:
    chunks = (b"x" * 1_000_000 for _ in range(20))
    answer = httpx.post(f"{service.url}/predict", content=chunks, timeout=60)
    assert answer.status_code == 413


def test_more_than_1000_requests_are_refused(service: RunningService) -> None:
    requests = {"requests": [{"client_id": 1}] * 1_001}
    answer = httpx.post(f"{service.url}/predict_many", json=requests, timeout=60)
    [fault] = answer.json()["error"]["faults"]
    assert (fault["where"], fault["got"]) == ("requests", "more than 1,000")


@pytest.mark.slow
def test_a_thousand_malformed_requests_over_both_transports_affect_no_other_caller(
    home: Home,
) -> None:
    output = home.run("benchmarks.malformed", "--count", "1000", patience=60)
    assert "1,000 sent" in output
    assert "No worker died" in output
    assert sum(map(int, re.findall(r"^gRPC \S+ +(\d+)$", output, re.MULTILINE))) > 300
