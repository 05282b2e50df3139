"""Rubbish gets an error that names it: never a 500, never a dead worker."""

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

VALID = {
    "dossier": {
        "application": {"AMT_CREDIT": 250_000, "AMT_INCOME_TOTAL": 90_000, "DAYS_BIRTH": -12_000},
        "bureau": [{"SK_ID_BUREAU": 1, "DAYS_CREDIT": -100}],
        "bureau_balance": [{"SK_ID_BUREAU": 1, "MONTHS_BALANCE": -1, "STATUS": "0"}],
    },
    "changes": {"AMT_CREDIT": 200_000},
}
CALLS = st.sampled_from(["/predict", "/explain", "/simulate"])

Spoil = Callable[[dict[str, Any]], None]

numbers = [
    (table.name, column.name)
    for table in TABLES.values()
    for column in table.columns.values()
    if column.kind in {ColumnKind.NUMBER, ColumnKind.INTEGER}
]
not_a_number: st.SearchStrategy[Any] = st.one_of(
    st.text(max_size=20), st.booleans(), st.lists(st.integers(), min_size=1, max_size=2),
    st.just({"x": 1}), st.sampled_from([float("nan"), float("inf"), 1e300, -1e300, 10**30]),
)  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A valid request with one thing wrong."""
    request = copy.deepcopy(VALID)
    table, column = draw(st.sampled_from(numbers))
    wrong = draw(not_a_number)
    spoil: Spoil = draw(st.sampled_from([
        lambda r: put(r, table, column, wrong),
        lambda r: put(r, "application", draw(st.text(min_size=1, max_size=12)), 1),
        lambda r: put(r, "application", "TARGET", draw(st.sampled_from([0, 1, None]))),
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
        another_client,
    ]))  # fmt: skip
    spoil(request)
    return json.dumps(request).encode()


def another_client(request: dict[str, Any]) -> None:
    request["dossier"]["application"]["SK_ID_CURR"] = 4
    request["dossier"]["bureau"][0]["SK_ID_CURR"] = 3


def put(request: dict[str, Any], table: str, column: str, value: object) -> None:
    if table == "application":
        request["dossier"]["application"][column] = value
    else:
        keys = dict.fromkeys(TABLES[table].primary_key, 7) | {"SK_ID_PREV": 7}
        known = {
            key: -1 if key == "MONTHS_BALANCE" else 7
            for key in keys
            if key in TABLES[table].columns
        }
        request["dossier"][table] = [{**known, column: value}]


not_json = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [b"", b"{", b"null", b"[]", b'"a"', b"[" * 5_000, b"\xff\xfe{}", b"1" * 5_000]
    ),
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(call=CALLS, content=st.one_of(spoilt(), spoilt(), spoilt(), not_json))
def test_whatever_is_wrong_is_named(service: RunningService, call: str, content: bytes) -> None:
    answer = httpx.post(f"{service.url}{call}", content=content, timeout=30)
    assert answer.status_code in {400, 422}, (content[:300], answer.text)
    problem = answer.json()["error"]
    assert problem["code"] in {"not-json", "invalid-request"}
    assert problem["faults"], content
    for fault in problem["faults"]:
        assert fault.keys() == {"where", "got", "expected"}
        assert fault["where"]
        assert fault["expected"]


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(items=st.lists(spoilt().map(json.loads), min_size=1, max_size=5))
def test_a_neighbour_of_rubbish_is_decided(service: RunningService, items: list[Any]) -> None:
    asked = json.dumps({"requests": [*items, VALID]})
    answer = httpx.post(f"{service.url}/predict_many", content=asked, timeout=30)
    *wrong, right = answer.raise_for_status().json()
    assert all("error" in one for one in wrong)
    assert 0 < right["risk"] < 1


@pytest.mark.parametrize("call", ["/predict", "/predict_many"])
def test_sixty_megabytes_are_not_read(service: RunningService, call: str) -> None:
    body = b'{"requests": "' + b"x" * 60_000_000 + b'"}'
    answer = httpx.post(f"{service.url}{call}", content=body, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body-too-large")


def test_a_body_that_hides_its_length_is_cut_off_all_the_same(service: RunningService) -> None:
    parts = (b"x" * 1_000_000 for _ in range(20))
    answer = httpx.post(f"{service.url}/predict", content=parts, timeout=60)
    assert answer.status_code == 413


def test_more_than_a_thousand_requests_are_refused(service: RunningService) -> None:
    asked = {"requests": [{"client_id": 1}] * 1_001}
    answer = httpx.post(f"{service.url}/predict_many", json=asked, timeout=60)
    [fault] = answer.json()["error"]["faults"]
    assert (fault["where"], fault["got"]) == ("requests", "more than 1,000")


@pytest.mark.slow
def test_a_thousand_pieces_of_rubbish_at_both_doors_harm_neither_worker_nor_neighbour(
    home: Home,
) -> None:
    said = home.run("benchmarks.malformed", "--count", "1000", patience=60)
    assert "1,000 sent" in said
    assert "The workers are those of the beginning" in said
    assert sum(map(int, re.findall(r"^gRPC \S+ +(\d+)$", said, re.MULTILINE))) > 300
