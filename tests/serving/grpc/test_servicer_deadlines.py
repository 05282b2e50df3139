"""A gRPC call has its caller's deadline, or the service's time limit if that is shorter."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import code_pb2
from grpc_status.rpc_status import from_call

from serving.core.scoring_service import ScoringService
from serving.grpc.servicer import SERVICE_NAME, GrpcRequest
from serving.proto.credit.scoring.v1 import scoring_pb2 as pb
from stores.ledger.store import Ledger
from tests.support.scoring_core import hold_write_lock, open_grpc_server

TIMEOUT = 1.0


def build_message(key: str) -> pb.ScoringRequest:
    request = pb.ScoringRequest(idempotency_key=key)
    request.dossier.application.AMT_CREDIT = 250_000.0
    return request


def predict(channel: grpc.aio.Channel, key: str, seconds: float) -> Any:
    send: Any = channel.unary_unary(f"/{SERVICE_NAME}/Predict")
    return send(build_message(key).SerializeToString(), timeout=seconds)


async def wait_until_a_batch_runs(scoring: ScoringService) -> None:
    async with asyncio.timeout(10):
        while scoring._predict_batcher._batch_started_at is None:  # noqa: ASYNC110, SLF001 -- it has no event
            await asyncio.sleep(0.01)


class FakeContext:
    """A call's context that knows only its caller's remaining time."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds

    def time_remaining(self) -> float | None:
        return self._seconds


@pytest.mark.parametrize(
    ("remaining", "expected"), [(None, 5.0), (60.0, 5.0), (2.0, 2.0), (0.0, 0.0)]
)
def test_the_shorter_limit_of_caller_and_service_is_the_deadline(
    remaining: float | None, expected: float
) -> None:
    context: Any = FakeContext(remaining)
    before = time.perf_counter()
    # Computed directly: gRPC itself ends most calls that have no time left.
    deadline = GrpcRequest(b"", context).compute_deadline(5.0)
    assert before + expected <= deadline <= time.perf_counter() + expected


def test_the_service_gives_up_a_call_whose_caller_would_wait_longer(
    scoring: ScoringService, ledger: Ledger, database: Path
) -> None:
    async def call_twice() -> grpc.aio.AioRpcError:
        async with open_grpc_server(scoring, timeout=TIMEOUT) as (channel, _):
            with hold_write_lock(database):
                # The first call blocks at the ledger; the second one waits behind it.
                first = predict(channel, "first", 60)
                await wait_until_a_batch_runs(scoring)
                started_at = time.perf_counter()
                with pytest.raises(grpc.aio.AioRpcError) as rejected:
                    await asyncio.wait_for(predict(channel, "second", 60), 10)
                assert time.perf_counter() - started_at > TIMEOUT / 2
                with pytest.raises(grpc.aio.AioRpcError):
                    await first
            return rejected.value

    error = asyncio.run(call_twice())
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    status: Any = from_call(error)
    assert status.code == code_pb2.DEADLINE_EXCEEDED
    failure = pb.Failure()
    assert status.details[0].Unpack(failure)
    assert failure.code == "deadline-exceeded"
    assert ledger.find_by_key("second", b"") is None


def test_a_closing_server_finishes_running_calls_and_accepts_no_more(
    scoring: ScoringService, ledger: Ledger, database: Path
) -> None:
    async def call_and_close() -> pb.Decision:
        async with open_grpc_server(scoring) as (channel, server):
            with hold_write_lock(database):
                running = predict(channel, "running", 60)
                await wait_until_a_batch_runs(scoring)
                server.close()
                async with asyncio.timeout(10):
                    while server.is_ready:  # noqa: ASYNC110 -- it has no event
                        await asyncio.sleep(0.01)
                with pytest.raises(grpc.aio.AioRpcError) as rejected:
                    await predict(channel, "late", 5)
                assert rejected.value.code() is grpc.StatusCode.UNAVAILABLE
            return pb.Decision.FromString(await running)

    decision = asyncio.run(call_and_close())
    assert ledger.find(decision.decision_id).decision.risk == decision.risk
