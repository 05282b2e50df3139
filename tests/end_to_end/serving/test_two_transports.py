"""HTTP and gRPC in every worker: they start, refuse, stop and recover together."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import httpx
import psutil
import pytest

from stores.ledger.store import Ledger
from tests.support.example_dossiers import make_applicant
from tests.support.grpc_client import ReflectionClient
from tests.support.services import (
    TIMEOUT_SECONDS,
    Home,
    RunningService,
    run_service,
    wait_until,
)
from tests.support.transport_load import N_CALLERS, Load

MAX_TRANSIT_SECONDS = 1.0
"""Longest time between a caller and a busy worker."""

MAX_CUT_SECONDS = 2.0
"""Longest time until callers notice that the connections to a killed worker are cut."""

LONG_PATIENCE = 60.0
"""Patience at which no request is refused, however slow the machine."""


def find_workers(service: RunningService) -> list[psutil.Process]:
    workers = []
    for child in psutil.Process(service.process.pid).children(recursive=True):
        try:
            if "_bentoml_impl.worker.service" in child.cmdline():
                workers.append(child)
        except psutil.Error:  # it ended meanwhile
            continue
    return workers


def wait_for_two_workers(service: RunningService) -> list[psutil.Process]:
    """Return the workers once both listen on the gRPC port, which they open last."""
    port = int(service.grpc.rpartition(":")[2])

    def find_listening() -> list[psutil.Process]:
        return [worker for worker in find_workers(service) if port in find_ports(worker)]

    wait_until(lambda: len(find_listening()) == 2, "two workers did not open their ports")
    return find_listening()


def find_ports(worker: psutil.Process) -> set[int]:
    try:
        connections = worker.net_connections("tcp")
    except psutil.Error:  # it ended meanwhile
        return set()
    return {
        connection.laddr.port
        for connection in connections
        if connection.status == psutil.CONN_LISTEN
    }


def find_recorded_ids(home: Home) -> set[str]:
    now = datetime.now(UTC)
    ledger = Ledger(f"sqlite:///{home.path / 'ledger.sqlite'}")
    records = ledger.iter_between(now - timedelta(hours=1), now + timedelta(hours=1))
    return {str(record.decision.decision_id) for record in records}


@pytest.mark.slow
def test_no_accepted_request_is_dropped_when_the_service_stops(private_home: Home) -> None:
    before = find_recorded_ids(private_home)
    with run_service(private_home, workers=2, patience=LONG_PATIENCE) as service:
        load = Load(service)
        load.start()
        time.sleep(3)
        stopped_at = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(timeout=TIMEOUT_SECONDS)
        load.stop()
    answered = load.decision_ids()
    assert find_recorded_ids(private_home) - before == set(answered)
    assert len(set(answered)) == len(answered)
    # Every request sent before the signal was answered. Later ones find the port closed or their
    # idle connection closed: no answer, and no record, as checked above.
    assert not [at for at, _ in load.failures if at < stopped_at - MAX_TRANSIT_SECONDS]
    for _, error in load.failures:
        assert is_rejection(error), error


def is_rejection(error: Exception) -> bool:
    """Return whether a request was not accepted, so that no part of it was answered."""
    if isinstance(error, grpc.RpcError):
        # gRPC itself cancels requests that have arrived and were not started.
        return error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    rejections = (httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
    return isinstance(error, rejections) and "complete message body" not in str(error)


@pytest.mark.slow
def test_a_killed_worker_is_replaced_while_the_other_continues(private_home: Home) -> None:
    with run_service(private_home, workers=2, patience=LONG_PATIENCE) as service:
        load = Load(service)
        load.start()
        try:
            victim, survivor = wait_for_two_workers(service)
            time.sleep(2)
            killed_at = time.monotonic()
            os.kill(victim.pid, signal.SIGKILL)
            time.sleep(3)
            assert load.has_answers_since(killed_at + 0.5)
            wait_until(lambda: len(find_workers(service)) >= 2, "the worker was not replaced")
            assert {worker.pid for worker in find_workers(service)} > {survivor.pid}
            wait_for_two_workers(service)
            time.sleep(2)
            replaced_at = time.monotonic()
            time.sleep(3)
        finally:
            load.stop()
        failed = [sent_at for sent_at, _ in load.failures]
        # Each caller had one request in the killed worker, and may have sent another on a
        # connection that it had not accepted yet. All other requests must be answered.
        assert len(failed) <= 2 * 2 * N_CALLERS
        window = (killed_at - 1, killed_at + MAX_CUT_SECONDS)
        assert not [sent_at for sent_at in failed if not window[0] < sent_at < window[1]]
        assert load.has_answers_since(replaced_at)
        with ReflectionClient(service.grpc) as client, service.client() as api:
            assert client.call("Predict", {"dossier": make_applicant()})["risk"]
            assert api.get("/readyz").is_success


@pytest.mark.slow
def test_overload_is_refused_with_the_time_to_retry(private_home: Home) -> None:
    def call_http(_: int) -> tuple[int, str]:
        answer = httpx.post(f"{service.url}/predict", json=request, timeout=60)
        return answer.status_code, answer.headers.get("retry-after", "")

    def call_grpc(_: int) -> grpc.RpcError | None:
        try:
            list(client.call_raw("Predict", body))
        except grpc.RpcError as error:
            return error
        return None

    request = {"dossier": make_applicant()}
    with (
        run_service(private_home, patience=1e-9) as service,
        ReflectionClient(service.grpc) as client,
        ThreadPoolExecutor(16) as executor,
    ):
        body = client.serialize("Predict", request)
        assert call_http(0) == (200, "")
        answers = set(executor.map(call_http, range(64)))
        assert {status for status, _ in answers} == {200, 503}
        assert all(status == 200 or int(seconds) >= 1 for status, seconds in answers)
        errors = [error for error in executor.map(call_grpc, range(200)) if error]
        assert 0 < len(errors) < 200
        for rejected in map(client.read_error, errors):
            assert rejected.code is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert int(rejected.details["RetryInfo"]["retry_delay"].removesuffix("s")) >= 1
        invalid = httpx.post(
            f"{service.url}/predict",
            json=request,
            headers={"X-Request-Timeout": "soon"},
            timeout=60,
        )
        assert invalid.json()["error"]["faults"][0]["where"] == "x-request-timeout"


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Return the paths of a private key and its self-signed certificate."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = (
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
        f"-keyout {key} -out {cert} -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is absent")
    return key, cert


@pytest.mark.slow
def test_with_mutual_tls_only_clients_with_a_certificate_are_accepted(
    private_home: Home, tmp_path: Path
) -> None:
    key, cert = make_certificate(tmp_path)
    tls = {"grpc_tls_key": key, "grpc_tls_cert": cert, "grpc_tls_clients": cert}
    with run_service(private_home, **tls) as service:
        roots, chain = cert.read_bytes(), (key.read_bytes(), cert.read_bytes())
        credentials = grpc.ssl_channel_credentials(roots, *chain)
        with ReflectionClient(service.grpc, credentials) as client:
            assert client.call("Predict", {"dossier": make_applicant()})["risk"]
        for rejected in (grpc.ssl_channel_credentials(roots), None):
            with pytest.raises(grpc.RpcError):
                ReflectionClient(service.grpc, rejected)
