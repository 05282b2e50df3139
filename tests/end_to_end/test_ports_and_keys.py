"""Who may come through the doors, and what becomes of those who do not come through."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPResponse
from io import StringIO

import grpc
import httpx
import pytest
from prometheus_client import REGISTRY
from rich.console import Console
from starlette.types import Message, Receive, Scope, Send

from loadtests.target import find_free_ports
from serving.cli.ports import print_access_notice
from serving.http.middleware import RequestMiddleware
from stores.settings import Settings
from tests.support.example_dossiers import make_applicant
from tests.support.grpc_client import CallRejected, ReflectionClient
from tests.support.services import ROOT, TIMEOUT_SECONDS, Home, RunningService, run_service

BAD_KEYS = ["", "k" * 201, "clé"]


@contextmanager
def listening() -> Iterator[int]:
    """A port that is taken by one who would share it, as gRPC's servers do."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        door.bind(("127.0.0.1", 0))
        door.listen()
        yield door.getsockname()[1]


@pytest.mark.parametrize("command", ["serving", "serving.cli.demo"])
def test_a_port_that_another_service_has_is_named_by_its_setting(home: Home, command: str) -> None:
    [free] = find_free_ports(1)
    with listening() as taken:
        done = subprocess.run(
            [sys.executable, "-m", command],
            env=home.environment(http_port=free, grpc_port=taken), cwd=ROOT,
            capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"CREDIT_GRPC_PORT: got {taken}" in done.stdout + done.stderr
    assert "CREDIT_HTTP_PORT" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("host", "shown", "warned"),
    [("127.0.0.1", "127.0.0.1", False), ("::1", "[::1]", False), ("192.0.2.7", "192.0.2.7", True)],
)
def test_who_opens_the_doors_is_told_that_nobody_is_asked_who_he_is(
    host: str, shown: str, *, warned: bool
) -> None:
    console = Console(file=StringIO())
    print_access_notice(Settings(host=host), console)
    said = console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
    assert f"HTTP on {shown}:3000, without login" in said
    assert f"gRPC on {shown}:3001, without login" in said
    assert ("anyone who can reach these ports can call them" in said) is warned


@pytest.mark.parametrize("key", BAD_KEYS)
def test_both_doors_refuse_the_same_keys(service: RunningService, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    over_http = httpx.post(f"{service.url}/predict", json={"client_id": 100_001}, headers=headers)
    assert over_http.status_code == 422
    assert over_http.json()["error"]["faults"][0]["where"] == "idempotency-key"
    # In a message, an empty key is none; and gRPC's clients send no other characters as metadata.
    asked = {"client_id": 100_001} | ({"idempotency_key": key} if key else {})
    metadata = () if key else (("idempotency-key", key),)
    with ReflectionClient(service.grpc) as grpc_client, pytest.raises(CallRejected) as refused:
        grpc_client.call("Predict", asked, metadata=metadata)
    assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.failure == over_http.json()["error"]


def test_many_decisions_at_once_take_no_key_at_either_door(service: RunningService) -> None:
    many = {"requests": [{"client_id": 100_001}]}
    over_http = httpx.post(
        f"{service.url}/predict_many", json=many, headers={"Idempotency-Key": "k"}
    )
    assert over_http.status_code == 422
    with ReflectionClient(service.grpc) as grpc_client, pytest.raises(CallRejected) as refused:
        grpc_client.call("PredictMany", many, metadata=(("idempotency-key", "k"),))
    assert refused.value.failure == over_http.json()["error"]


def begun(service: RunningService, *headers: str) -> closing[socket.socket]:
    """A request whose body is announced, begins, and goes no further."""
    url = httpx.URL(service.url)
    connection = socket.create_connection((url.host, url.port or 80), timeout=TIMEOUT_SECONDS)
    lines = ("POST /predict HTTP/1.1", f"Host: {url.host}", "Content-Length: 999", *headers)
    connection.sendall("\r\n".join([*lines, "", '{"client_id"']).encode())
    return closing(connection)


def test_an_upload_that_does_not_end_is_answered_when_its_time_is_over(
    service: RunningService,
) -> None:
    with begun(service, "X-Request-Timeout: 0.5") as connection:
        answer = HTTPResponse(connection)  # which may come in parts
        answer.begin()
        told = json.load(answer)
    assert answer.status == 503
    assert told["error"]["code"] == "deadline-exceeded"


@pytest.mark.slow
def test_a_caller_who_hangs_up_in_the_middle_is_counted_as_gone(private_home: Home) -> None:
    def counted(status: int) -> float:
        series = dict(
            line.rsplit(" ", 1) for line in api.get("/metrics").text.splitlines() if line[0] != "#"
        )
        name = f'credit_request_seconds_count{{route="/predict",status="{status}"}}'
        return float(series.get(name, 0))

    with run_service(private_home) as service, service.client() as api:
        for _ in range(3):
            with begun(service):
                pass
        end = time.monotonic() + TIMEOUT_SECONDS
        while counted(499) + counted(500) < 3 and time.monotonic() < end:
            api.post("/predict", json={"dossier": make_applicant()}).raise_for_status()
        assert (counted(499), counted(500)) == (3, 0)


def test_what_fails_before_it_answers_is_counted_as_ours() -> None:
    async def fail(_: Scope, __: Receive, ___: Send) -> None:
        raise ZeroDivisionError

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    async def sent(_: Message) -> None:
        raise AssertionError("nothing is to be sent")

    def counted() -> float:
        labels = {"route": "/predict", "status": "500"}
        return REGISTRY.get_sample_value("credit_request_seconds_count", labels) or 0.0

    before = counted()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(
            RequestMiddleware(fail)(
                {"type": "http", "path": "/predict", "headers": []}, nothing, sent
            )
        )
    assert counted() == before + 1
