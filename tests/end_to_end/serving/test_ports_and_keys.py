"""Ports that are taken, idempotency keys that are refused, and uploads that do not end."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPResponse

import grpc
import httpx
import pytest

from loadtests.target import find_free_ports
from tests.support.example_dossiers import make_applicant
from tests.support.grpc_client import CallRejected, ReflectionClient
from tests.support.services import (
    ROOT,
    TIMEOUT_SECONDS,
    Home,
    RunningService,
    run_service,
    wait_until,
)

INVALID_KEYS = ["", "k" * 201, "clé"]


@contextmanager
def listen_on_shared_port() -> Iterator[int]:
    """Take a port that others may share, as gRPC servers do."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("command", ["serving", "serving.cli.demo"])
def test_a_port_that_is_taken_is_reported_with_its_setting(home: Home, command: str) -> None:
    [free] = find_free_ports(1)
    with listen_on_shared_port() as taken:
        completed = subprocess.run(
            [sys.executable, "-m", command],
            env=home.environment(http_port=free, grpc_port=taken), cwd=ROOT,
            capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
    output = completed.stdout + completed.stderr
    assert completed.returncode == 1
    assert f"CREDIT_GRPC_PORT: got {taken}" in output
    assert "CREDIT_HTTP_PORT" not in output


@pytest.mark.parametrize("key", INVALID_KEYS)
def test_both_transports_refuse_the_same_keys(service: RunningService, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    over_http = httpx.post(f"{service.url}/predict", json={"client_id": 100_001}, headers=headers)
    assert over_http.status_code == 422
    assert over_http.json()["error"]["faults"][0]["where"] == "idempotency-key"
    # An empty key in a message means no key; gRPC clients send only ASCII as metadata.
    request = {"client_id": 100_001} | ({"idempotency_key": key} if key else {})
    metadata = () if key else (("idempotency-key", key),)
    with ReflectionClient(service.grpc) as grpc_client, pytest.raises(CallRejected) as rejected:
        grpc_client.call("Predict", request, metadata=metadata)
    assert rejected.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert rejected.value.failure == over_http.json()["error"]


def test_a_call_with_many_requests_takes_no_key_over_either_transport(
    service: RunningService,
) -> None:
    requests = {"requests": [{"client_id": 100_001}]}
    over_http = httpx.post(
        f"{service.url}/predict_many", json=requests, headers={"Idempotency-Key": "k"}
    )
    assert over_http.status_code == 422
    with ReflectionClient(service.grpc) as grpc_client, pytest.raises(CallRejected) as rejected:
        grpc_client.call("PredictMany", requests, metadata=(("idempotency-key", "k"),))
    assert rejected.value.failure == over_http.json()["error"]


def start_upload(service: RunningService, *headers: str) -> closing[socket.socket]:
    """Send the headers and the beginning of a body, and nothing more."""
    url = httpx.URL(service.url)
    connection = socket.create_connection((url.host, url.port or 80), timeout=TIMEOUT_SECONDS)
    lines = ("POST /predict HTTP/1.1", f"Host: {url.host}", "Content-Length: 999", *headers)
    connection.sendall("\r\n".join([*lines, "", '{"client_id"']).encode())
    return closing(connection)


def test_an_upload_that_does_not_end_is_answered_at_its_deadline(service: RunningService) -> None:
    with start_upload(service, "X-Request-Timeout: 0.5") as connection:
        answer = HTTPResponse(connection)  # it may arrive in parts
        answer.begin()
        content = json.load(answer)
    assert answer.status == 503
    assert content["error"]["code"] == "deadline-exceeded"


@pytest.mark.slow
def test_a_caller_that_disconnects_during_an_upload_is_counted_as_499(private_home: Home) -> None:
    def count_calls(status: int) -> float:
        series = dict(
            line.rsplit(" ", 1) for line in api.get("/metrics").text.splitlines() if line[0] != "#"
        )
        name = f'credit_request_seconds_count{{route="/predict",status="{status}"}}'
        return float(series.get(name, 0))

    def has_counted_all() -> bool:
        api.post("/predict", json={"dossier": make_applicant()}).raise_for_status()
        return count_calls(499) + count_calls(500) >= 3

    with run_service(private_home) as service, service.client() as api:
        for _ in range(3):
            with start_upload(service):
                pass
        wait_until(has_counted_all, "the disconnected calls were not counted")
        assert (count_calls(499), count_calls(500)) == (3, 0)
