"""Both transports report a ledger that is down, and recover with it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse as Health

from tests.support.example_dossiers import make_applicant
from tests.support.grpc_client import SERVICE, CallRejected, ReflectionClient
from tests.support.services import (
    TIMEOUT_SECONDS,
    Home,
    run_service,
    wait_until,
    wait_until_ready,
)


def rename_table(database: Path, table: str, name: str) -> None:
    with sqlite3.connect(database, timeout=TIMEOUT_SECONDS) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {name}")
    connection.close()


@pytest.mark.slow
def test_both_transports_report_a_ledger_that_is_down_until_it_is_back(private_home: Home) -> None:
    database, request = private_home.path / "ledger.sqlite", {"dossier": make_applicant()}
    with (
        run_service(private_home) as service,
        service.client() as api,
        ReflectionClient(service.grpc) as grpc_client,
    ):

        def wait_for_health(status: int) -> None:
            health_request = health_pb2.HealthCheckRequest(service=SERVICE)
            stub = health_pb2_grpc.HealthStub(grpc_client.channel)
            wait_until(
                lambda: stub.Check(health_request, timeout=TIMEOUT_SECONDS).status == status,
                f"the health status is not {status}",
            )

        rename_table(database, "decision", "away")
        answer = api.post("/predict", json=request)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["error"]["code"] == "ledger-unavailable"
        with pytest.raises(CallRejected) as rejected:
            grpc_client.call("Predict", request)
        assert rejected.value.code is grpc.StatusCode.UNAVAILABLE
        assert rejected.value.details["RetryInfo"]["retry_delay"] == "5s"
        wait_for_health(Health.NOT_SERVING)
        assert api.get("/readyz").status_code == 503
        rename_table(database, "away", "decision")
        wait_until_ready(service)
        wait_for_health(Health.SERVING)
        assert api.post("/predict", json=request).is_success
        assert grpc_client.call("Predict", request)["risk"]
