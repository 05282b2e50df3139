"""The gRPC door, asked by a client that knows only what reflection tells."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from credit.contract.wire_types import MAX_REQUEST_BYTES
from serving.grpc.server import MAX_MESSAGE_BYTES
from tests.support.example_dossiers import (
    Dossier,
    make_applicant,
    make_applicant_with_history,
    make_applicant_without_history,
)
from tests.support.grpc_client import SERVICE, CallRejected, ReflectionClient
from tests.support.services import TIMEOUT_SECONDS, RunningService

PEOPLE = {
    "an applicant": make_applicant(),
    "one of unknown income": make_applicant(AMT_INCOME_TOTAL=None),
    "one with credits elsewhere": make_applicant_with_history(bureau=[{"DAYS_CREDIT": -30}, {}]),
    "one known to have no credits": make_applicant_with_history(bureau=[], bureau_balance=[]),
    "one of a word nobody knows": make_applicant(ORGANIZATION_TYPE="Space agency"),
    "a pensioner": make_applicant(DAYS_EMPLOYED=365_243),
    "a stranger without a number": make_applicant_without_history(SK_ID_CURR=None),
}

FAULTY: dict[str, dict[str, Any]] = {
    "nobody": {},
    "a negative id": {"client_id": -1},
    "out of range": {"dossier": {"application": {"AMT_CREDIT": -1.0, "DAYS_BIRTH": 7}}},
    "not a number": {"dossier": {"application": {"AMT_CREDIT": math.nan}}},
    "infinite": {"dossier": {"application": {"AMT_ANNUITY": math.inf}}},
    "no application": {"dossier": {"bureau": []}},
    "neither yes nor no": {"dossier": {"application": {"FLAG_OWN_CAR": "maybe"}}},
    "a flag of 2": {"dossier": {"application": {"FLAG_MOBIL": 2}}},
    "a word without end": {"dossier": {"application": {"OCCUPATION_TYPE": "x" * 201}}},
    "a key missing": {"dossier": {"application": {}, "bureau": [{"DAYS_CREDIT": -1}]}},
    "a key twice": {"dossier": {"application": {}, "bureau": [{"SK_ID_BUREAU": 1}] * 2}},
    "somebody else's row": {
        "dossier": {
            "application": {"SK_ID_CURR": 4},
            "bureau": [{"SK_ID_CURR": 3, "SK_ID_BUREAU": 1}],
        }
    },
    "another client": {"client_id": 100_001, "changes": {"SK_ID_CURR": 7}},
    "a column nobody knows": {"client_id": 100_001, "changes": {"AMT_CREDT": None}},
    "a label": {"client_id": 100_001, "changes": {"TARGET": None}},
}


@pytest.fixture(scope="module")
def grpc_client(service: RunningService) -> Iterator[ReflectionClient]:
    with ReflectionClient(service.grpc) as client:
        yield client


@pytest.fixture
def clients(api: httpx.Client) -> list[int]:
    found: list[int] = api.get("/v1/clients", params={"limit": 200}).json()["clients"]
    return found


def as_over_http(decision: dict[str, Any]) -> dict[str, Any]:
    """A decision over gRPC in the words of HTTP, without what differs from call to call."""
    told = {"client_id": None} | decision
    told["outcome"] = told["outcome"].removeprefix("OUTCOME_").lower()
    told["client_id"] = told["client_id"] and int(told["client_id"])
    return {k: v for k, v in told.items() if k not in {"decision_id", "decided_at"}}


def lasting(decision: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in decision.items() if k not in {"decision_id", "decided_at"}}


@pytest.mark.parametrize("person", PEOPLE.values(), ids=PEOPLE)
def test_both_doors_answer_the_same_to_the_last_bit(
    grpc_client: ReflectionClient, api: httpx.Client, person: Dossier
) -> None:
    request = {"dossier": person}
    over_http = api.post("/predict", json=request).raise_for_status().json()
    assert as_over_http(grpc_client.call("Predict", request)) == lasting(over_http)


def test_both_doors_explain_alike(
    grpc_client: ReflectionClient, api: httpx.Client, clients: list[int]
) -> None:
    request = {"client_id": clients[0], "changes": {"EXT_SOURCE_2": 0.1, "EXT_SOURCE_3": None}}
    over_http = api.post("/explain", json=request).raise_for_status().json()
    told = grpc_client.call("Explain", request)
    for contribution in told["contributions"]:
        contribution["value"] = contribution.pop("word", contribution.pop("number", None))
    assert told["base_risk"] == over_http["base_risk"]
    assert told["contributions"] == over_http["contributions"]
    assert told["reasons"] == over_http["reasons"]
    assert as_over_http(told["decision"]).items() <= over_http.items()


def test_a_decision_is_on_record_when_it_is_answered(
    grpc_client: ReflectionClient, api: httpx.Client, clients: list[int]
) -> None:
    decision = grpc_client.call("Predict", {"client_id": clients[1]})
    record = api.get(f"/v1/decisions/{decision['decision_id']}").raise_for_status().json()
    assert record["decision"]["risk"] == decision["risk"]


@pytest.mark.parametrize("request_", FAULTY.values(), ids=FAULTY)
def test_every_fault_is_told_as_over_http(
    grpc_client: ReflectionClient, service: RunningService, request_: dict[str, Any]
) -> None:
    with pytest.raises(CallRejected) as refused:
        grpc_client.call("Predict", request_)
    assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT
    failure = refused.value.failure
    assert failure["code"] == "invalid-request"
    violations = refused.value.details["BadRequest"]["field_violations"]
    assert [one["field"] for one in violations] == [one["where"] for one in failure["faults"]]
    values = [
        value
        for row in request_.get("dossier", {}).values()
        for value in (row.values() if isinstance(row, dict) else ())
    ]
    if not any(isinstance(value, float) and not math.isfinite(value) for value in values):
        over_http = httpx.post(f"{service.url}/predict", json=request_, timeout=60)
        assert over_http.json()["error"] == failure


def test_an_unknown_client_is_not_found(grpc_client: ReflectionClient) -> None:
    with pytest.raises(CallRejected) as refused:
        grpc_client.call("Explain", {"client_id": 1})
    assert refused.value.code is grpc.StatusCode.NOT_FOUND
    assert refused.value.failure["code"] == "unknown-client"


def test_the_same_key_answers_the_same_decision(
    grpc_client: ReflectionClient, clients: list[int]
) -> None:
    first = grpc_client.call("Predict", {"client_id": clients[2], "idempotency_key": "grpc-once"})
    again = grpc_client.call("Predict", {"client_id": clients[2], "idempotency_key": "grpc-once"})
    assert first == again
    with pytest.raises(CallRejected) as refused:
        grpc_client.call("Predict", {"client_id": clients[3], "idempotency_key": "grpc-once"})
    assert refused.value.code is grpc.StatusCode.ALREADY_EXISTS
    assert refused.value.failure["code"] == "idempotency-key-reused"


def test_a_key_may_travel_in_the_metadata(
    grpc_client: ReflectionClient, clients: list[int]
) -> None:
    how = {"metadata": (("idempotency-key", "grpc-metadata"),)}
    asked = {"client_id": clients[2]}
    assert grpc_client.call("Predict", asked, **how) == grpc_client.call("Predict", asked, **how)


@pytest.mark.parametrize("call", ["Predict", "Explain", "PredictMany"])
@pytest.mark.parametrize("body", [b"\xff\xfe", b"\x12\xff\xff\xff\xff\x0f", b"{}", b"\x08"])
def test_malformed_bytes_are_the_callers_fault(
    grpc_client: ReflectionClient, call: str, body: bytes
) -> None:
    with pytest.raises(CallRejected) as refused:
        grpc_client.call(call, body)
    assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.failure["code"] in {"not-protobuf", "invalid-request"}


def test_a_field_that_nobody_declared_is_a_fault(grpc_client: ReflectionClient) -> None:
    known = grpc_client.serialize("Predict", {"dossier": make_applicant()})
    with pytest.raises(CallRejected) as refused:
        grpc_client.call("Predict", known + b"\xf8\x07\x01")  # field 127 is 1
    [fault] = refused.value.failure["faults"]
    assert fault["got"] == "3 bytes of unknown fields"


def test_a_hundred_faults_fit_into_a_status(grpc_client: ReflectionClient) -> None:
    rows = [{"SK_ID_BUREAU": number, "DAYS_CREDIT": 1} for number in range(300)]
    with pytest.raises(CallRejected) as refused:
        grpc_client.call("Predict", {"dossier": {"application": {}, "bureau": rows}})
    assert refused.value.failure["message"] == "101 faults in the request"
    assert refused.value.failure["faults"][0]["where"] == "bureau[0].DAYS_CREDIT"


def test_of_many_exactly_the_bad_ones_fail(
    grpc_client: ReflectionClient, clients: list[int]
) -> None:
    bad = {7, 63, 64, 100, 250, 333, 499}
    asked: list[dict[str, Any]] = [{"client_id": clients[n % 200]} for n in range(500)]
    for place in bad:
        asked[place] = {"dossier": {"application": {"AMT_CREDIT": -1.0}}}
    answers = list(grpc_client.stream("PredictMany", {"requests": asked}))
    assert [one["place"] for one in answers] == list(range(500))
    assert {one["place"] for one in answers if "error" in one} == bad
    alone = grpc_client.call("Predict", asked[498])
    assert answers[498]["decision"]["risk"] == alone["risk"]


def test_many_takes_no_key_and_no_more_than_a_thousand(grpc_client: ReflectionClient) -> None:
    [answer] = grpc_client.stream("PredictMany", {"requests": [{"idempotency_key": "k"}]})
    assert answer["error"]["faults"][0]["where"] == "idempotency_key"
    with pytest.raises(CallRejected) as refused:
        list(grpc_client.stream("PredictMany", {"requests": [{"client_id": 1}] * 1_001}))
    assert refused.value.failure["faults"][0]["got"] == "more than 1,000"


def test_a_message_beyond_the_limit_is_refused(grpc_client: ReflectionClient) -> None:
    for call, size in (("Predict", MAX_REQUEST_BYTES), ("PredictMany", MAX_MESSAGE_BYTES)):
        with pytest.raises(CallRejected) as refused:
            grpc_client.call(call, b"\x12" + b"\0" * size)
        assert refused.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_client_that_waits_no_longer_is_not_answered(
    grpc_client: ReflectionClient, clients: list[int]
) -> None:
    with pytest.raises(CallRejected) as refused:
        grpc_client.call("Predict", {"client_id": clients[0]}, timeout=1e-4)
    assert refused.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_health_and_reflection_are_answered(grpc_client: ReflectionClient) -> None:
    probe = health_pb2_grpc.HealthStub(grpc_client.channel)
    for name in ("", SERVICE):
        answer = probe.Check(health_pb2.HealthCheckRequest(service=name), timeout=60)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert {SERVICE, "grpc.health.v1.Health"} <= set(grpc_client.services)


def test_calls_are_measured_by_name_and_status(
    grpc_client: ReflectionClient, api: httpx.Client
) -> None:
    with pytest.raises(CallRejected):
        grpc_client.call("Predict", {"client_id": 1})
    end = time.monotonic() + TIMEOUT_SECONDS
    while f'route="/{SERVICE}/Predict",status="NOT_FOUND"' not in api.get("/metrics").text:
        assert time.monotonic() < end, "the call is not among the measured"  # it was told before
        time.sleep(0.05)
    series = api.get("/metrics").text
    assert 'credit_queue_seconds_bucket{le="+Inf",runner="predict"}' in series


def test_crowds_at_both_doors_form_batches(
    grpc_client: ReflectionClient, api: httpx.Client, clients: list[int]
) -> None:
    requests = [{"client_id": client} for client in clients[:20]]
    written = [grpc_client.serialize("Predict", request) for request in requests]

    def ask(place: int) -> Any:
        if place % 2:
            return next(grpc_client.call_raw("Predict", written[place % 20]))
        return api.post("/predict", json=requests[place % 20]).json()

    def counted(what: str) -> float:
        """Of the batches until now, whoever else asked before."""
        series = dict(
            line.rsplit(" ", 1) for line in api.get("/metrics").text.splitlines() if line[0] != "#"
        )
        return float(series.get(f'credit_batch_size_{what}{{runner="predict"}}', 0))

    items, batches = counted("sum"), counted("count")
    with ThreadPoolExecutor(24) as crowd:
        told = list(crowd.map(ask, range(480)))
    told[1::2] = [grpc_client.decode("Predict", part) for part in told[1::2]]
    risks = [one["risk"] for one in told]
    for place in range(20):
        assert len(set(risks[place::20])) == 1
    assert counted("sum") - items == 480
    assert 1.2 * (counted("count") - batches) < 480
