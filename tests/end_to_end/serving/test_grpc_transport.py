"""The gRPC transport, called by a client that knows only what server reflection reports."""

from __future__ import annotations

import math
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
from tests.support.services import RunningService, wait_until

APPLICANTS = {
    "an applicant": make_applicant(),
    "an unknown income": make_applicant(AMT_INCOME_TOTAL=None),
    "credits with other lenders": make_applicant_with_history(bureau=[{"DAYS_CREDIT": -30}, {}]),
    "known to have no credits": make_applicant_with_history(bureau=[], bureau_balance=[]),
    "an unseen category": make_applicant(ORGANIZATION_TYPE="Space agency"),
    "a pensioner": make_applicant(DAYS_EMPLOYED=365_243),
    "no client id": make_applicant_without_history(SK_ID_CURR=None),
}

INVALID_REQUESTS: dict[str, dict[str, Any]] = {
    "no subject": {},
    "a negative id": {"client_id": -1},
    "out of range": {"dossier": {"application": {"AMT_CREDIT": -1.0, "DAYS_BIRTH": 7}}},
    "not a number": {"dossier": {"application": {"AMT_CREDIT": math.nan}}},
    "infinite": {"dossier": {"application": {"AMT_ANNUITY": math.inf}}},
    "no application": {"dossier": {"bureau": []}},
    "neither yes nor no": {"dossier": {"application": {"FLAG_OWN_CAR": "maybe"}}},
    "a flag of 2": {"dossier": {"application": {"FLAG_MOBIL": 2}}},
    "a very long string": {"dossier": {"application": {"OCCUPATION_TYPE": "x" * 201}}},
    "a key missing": {"dossier": {"application": {}, "bureau": [{"DAYS_CREDIT": -1}]}},
    "a key twice": {"dossier": {"application": {}, "bureau": [{"SK_ID_BUREAU": 1}] * 2}},
    "a row of another client": {
        "dossier": {
            "application": {"SK_ID_CURR": 4},
            "bureau": [{"SK_ID_CURR": 3, "SK_ID_BUREAU": 1}],
        }
    },
    "another client": {"client_id": 100_001, "changes": {"SK_ID_CURR": 7}},
    "an unknown column": {"client_id": 100_001, "changes": {"AMT_CREDT": None}},
    "a label": {"client_id": 100_001, "changes": {"TARGET": None}},
}


@pytest.fixture(scope="module")
def grpc_client(service: RunningService) -> Iterator[ReflectionClient]:
    with ReflectionClient(service.grpc) as client:
        yield client


@pytest.fixture
def clients(api: httpx.Client) -> list[int]:
    client_ids: list[int] = api.get("/v1/clients", params={"limit": 200}).json()["clients"]
    return client_ids


def to_http_form(decision: dict[str, Any]) -> dict[str, Any]:
    """Convert a decision over gRPC to its HTTP form, without the fields that differ by call."""
    converted = {"client_id": None} | decision
    converted["outcome"] = converted["outcome"].removeprefix("OUTCOME_").lower()
    converted["client_id"] = converted["client_id"] and int(converted["client_id"])
    return drop_varying_fields(converted)


def drop_varying_fields(decision: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in decision.items() if k not in {"decision_id", "decided_at"}}


@pytest.mark.parametrize("dossier", APPLICANTS.values(), ids=APPLICANTS)
def test_both_transports_give_bit_identical_answers(
    grpc_client: ReflectionClient, api: httpx.Client, dossier: Dossier
) -> None:
    request = {"dossier": dossier}
    over_http = api.post("/predict", json=request).raise_for_status().json()
    assert to_http_form(grpc_client.call("Predict", request)) == drop_varying_fields(over_http)


def test_both_transports_give_the_same_explanation(
    grpc_client: ReflectionClient, api: httpx.Client, clients: list[int]
) -> None:
    request = {"client_id": clients[0], "changes": {"EXT_SOURCE_2": 0.1, "EXT_SOURCE_3": None}}
    over_http = api.post("/explain", json=request).raise_for_status().json()
    answer = grpc_client.call("Explain", request)
    for contribution in answer["contributions"]:
        contribution["value"] = contribution.pop("word", contribution.pop("number", None))
    assert answer["base_risk"] == over_http["base_risk"]
    assert answer["contributions"] == over_http["contributions"]
    assert answer["reasons"] == over_http["reasons"]
    assert to_http_form(answer["decision"]).items() <= over_http.items()


def test_a_decision_is_on_record_when_it_is_answered(
    grpc_client: ReflectionClient, api: httpx.Client, clients: list[int]
) -> None:
    decision = grpc_client.call("Predict", {"client_id": clients[1]})
    record = api.get(f"/v1/decisions/{decision['decision_id']}").raise_for_status().json()
    assert record["decision"]["risk"] == decision["risk"]


@pytest.mark.parametrize("request_", INVALID_REQUESTS.values(), ids=INVALID_REQUESTS)
def test_every_fault_is_reported_as_over_http(
    grpc_client: ReflectionClient, service: RunningService, request_: dict[str, Any]
) -> None:
    with pytest.raises(CallRejected) as rejected:
        grpc_client.call("Predict", request_)
    assert rejected.value.code is grpc.StatusCode.INVALID_ARGUMENT
    failure = rejected.value.failure
    assert failure["code"] == "invalid-request"
    violations = rejected.value.details["BadRequest"]["field_violations"]
    assert [v["field"] for v in violations] == [fault["where"] for fault in failure["faults"]]
    values = [
        value
        for row in request_.get("dossier", {}).values()
        for value in (row.values() if isinstance(row, dict) else ())
    ]
    if not any(isinstance(value, float) and not math.isfinite(value) for value in values):
        over_http = httpx.post(f"{service.url}/predict", json=request_, timeout=60)
        assert over_http.json()["error"] == failure


def test_an_unknown_client_is_not_found(grpc_client: ReflectionClient) -> None:
    with pytest.raises(CallRejected) as rejected:
        grpc_client.call("Explain", {"client_id": 1})
    assert rejected.value.code is grpc.StatusCode.NOT_FOUND
    assert rejected.value.failure["code"] == "unknown-client"


def test_the_same_key_returns_the_same_decision(
    grpc_client: ReflectionClient, clients: list[int]
) -> None:
    first = grpc_client.call("Predict", {"client_id": clients[2], "idempotency_key": "grpc-once"})
    again = grpc_client.call("Predict", {"client_id": clients[2], "idempotency_key": "grpc-once"})
    assert first == again
    with pytest.raises(CallRejected) as rejected:
        grpc_client.call("Predict", {"client_id": clients[3], "idempotency_key": "grpc-once"})
    assert rejected.value.code is grpc.StatusCode.ALREADY_EXISTS
    assert rejected.value.failure["code"] == "idempotency-key-reused"


def test_a_key_may_travel_in_the_metadata(
    grpc_client: ReflectionClient, clients: list[int]
) -> None:
    options = {"metadata": (("idempotency-key", "grpc-metadata"),)}
    request = {"client_id": clients[2]}
    first = grpc_client.call("Predict", request, **options)
    assert grpc_client.call("Predict", request, **options) == first


@pytest.mark.parametrize("method", ["Predict", "Explain", "PredictMany"])
@pytest.mark.parametrize("body", [b"\xff\xfe", b"\x12\xff\xff\xff\xff\x0f", b"{}", b"\x08"])
def test_malformed_bytes_are_invalid_arguments(
    grpc_client: ReflectionClient, method: str, body: bytes
) -> None:
    with pytest.raises(CallRejected) as rejected:
        grpc_client.call(method, body)
    assert rejected.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert rejected.value.failure["code"] in {"not-protobuf", "invalid-request"}


def test_an_undeclared_field_is_a_fault(grpc_client: ReflectionClient) -> None:
    body = grpc_client.serialize("Predict", {"dossier": make_applicant()})
    with pytest.raises(CallRejected) as rejected:
        grpc_client.call("Predict", body + b"\xf8\x07\x01")  # field 127 is 1
    [fault] = rejected.value.failure["faults"]
    assert fault["got"] == "3 bytes of unknown fields"


def test_a_hundred_faults_fit_into_a_status(grpc_client: ReflectionClient) -> None:
    rows = [{"SK_ID_BUREAU": number, "DAYS_CREDIT": 1} for number in range(300)]
    with pytest.raises(CallRejected) as rejected:
        grpc_client.call("Predict", {"dossier": {"application": {}, "bureau": rows}})
    assert rejected.value.failure["message"] == "101 faults in the request"
    assert rejected.value.failure["faults"][0]["where"] == "bureau[0].DAYS_CREDIT"


def test_of_many_requests_exactly_the_invalid_ones_fail(
    grpc_client: ReflectionClient, clients: list[int]
) -> None:
    invalid = {7, 63, 64, 100, 250, 333, 499}
    requests: list[dict[str, Any]] = [{"client_id": clients[n % 200]} for n in range(500)]
    for index in invalid:
        requests[index] = {"dossier": {"application": {"AMT_CREDIT": -1.0}}}
    answers = list(grpc_client.stream("PredictMany", {"requests": requests}))
    assert [answer["place"] for answer in answers] == list(range(500))
    assert {answer["place"] for answer in answers if "error" in answer} == invalid
    single = grpc_client.call("Predict", requests[498])
    assert answers[498]["decision"]["risk"] == single["risk"]


def test_predict_many_takes_no_key_and_at_most_1000_requests(
    grpc_client: ReflectionClient,
) -> None:
    [answer] = grpc_client.stream("PredictMany", {"requests": [{"idempotency_key": "k"}]})
    assert answer["error"]["faults"][0]["where"] == "idempotency_key"
    with pytest.raises(CallRejected) as rejected:
        list(grpc_client.stream("PredictMany", {"requests": [{"client_id": 1}] * 1_001}))
    assert rejected.value.failure["faults"][0]["got"] == "more than 1,000"


def test_a_message_beyond_the_limit_is_refused(grpc_client: ReflectionClient) -> None:
    for method, size in (("Predict", MAX_REQUEST_BYTES), ("PredictMany", MAX_MESSAGE_BYTES)):
        with pytest.raises(CallRejected) as rejected:
            grpc_client.call(method, b"\x12" + b"\0" * size)
        assert rejected.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_call_past_its_deadline_is_not_answered(
    grpc_client: ReflectionClient, clients: list[int]
) -> None:
    with pytest.raises(CallRejected) as rejected:
        grpc_client.call("Predict", {"client_id": clients[0]}, timeout=1e-4)
    assert rejected.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


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
    label = f'route="/{SERVICE}/Predict",status="NOT_FOUND"'
    # The metric is written after the answer.
    wait_until(lambda: label in api.get("/metrics").text, "the call was not measured")
    series = api.get("/metrics").text
    assert 'credit_queue_seconds_bucket{le="+Inf",runner="predict"}' in series


def test_concurrent_callers_of_both_transports_form_batches(
    grpc_client: ReflectionClient, api: httpx.Client, clients: list[int]
) -> None:
    requests = [{"client_id": client} for client in clients[:20]]
    bodies = [grpc_client.serialize("Predict", request) for request in requests]

    def predict(index: int) -> Any:
        if index % 2:
            return next(grpc_client.call_raw("Predict", bodies[index % 20]))
        return api.post("/predict", json=requests[index % 20]).json()

    def read_batch_metric(suffix: str) -> float:
        """Return the total of all batches so far, including those of earlier tests."""
        series = dict(
            line.rsplit(" ", 1) for line in api.get("/metrics").text.splitlines() if line[0] != "#"
        )
        return float(series.get(f'credit_batch_size_{suffix}{{runner="predict"}}', 0))

    items, batches = read_batch_metric("sum"), read_batch_metric("count")
    with ThreadPoolExecutor(24) as executor:
        answers = list(executor.map(predict, range(480)))
    answers[1::2] = [grpc_client.decode("Predict", part) for part in answers[1::2]]
    risks = [answer["risk"] for answer in answers]
    for index in range(20):
        assert len(set(risks[index::20])) == 1
    assert read_batch_metric("sum") - items == 480
    assert 1.2 * (read_batch_metric("count") - batches) < 480
