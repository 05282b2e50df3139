"""The time of a call over gRPC is its caller's, or the service's where he gives more than that."""

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
from serving.grpc.server import SERVICE_NAME, _ScoringServicer
from serving.proto.credit.scoring.v1 import scoring_pb2 as pb
from stores.ledger.store import Ledger
from tests.support.scoring_core import hold_write_lock, open_grpc_server

TIMEOUT = 1.0


def message(key: str) -> pb.ScoringRequest:
    request = pb.ScoringRequest(idempotency_key=key)
    request.dossier.application.AMT_CREDIT = 250_000.0
    return request


def predict(channel: grpc.aio.Channel, key: str, seconds: float) -> Any:
    ask: Any = channel.unary_unary(f"/{SERVICE_NAME}/Predict")
    return ask(message(key).SerializeToString(), timeout=seconds)


async def in_the_works(scoring: ScoringService) -> None:
    """Wait until a prediction is."""
    async with asyncio.timeout(10):
        while scoring._predict_batcher._batch_started_at is None:  # noqa: ASYNC110, SLF001 -- nothing else tells it
            await asyncio.sleep(0.01)


class Remaining:
    """What a call knows of its caller's time."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds

    def time_remaining(self) -> float | None:
        return self._seconds


@pytest.mark.parametrize(("left", "given"), [(None, 5.0), (60.0, 5.0), (2.0, 2.0), (0.0, 0.0)])
def test_a_call_has_what_its_caller_and_the_service_give(left: float | None, given: float) -> None:
    context: Any = Remaining(left)
    calls = _ScoringServicer(None, 5.0)  # type: ignore[arg-type]  # nothing is judged
    before = time.perf_counter()
    until = calls._compute_deadline(context)  # noqa: SLF001 -- gRPC itself ends most calls that have no time
    assert before + given <= until <= time.perf_counter() + given


def test_the_service_gives_up_a_call_whose_caller_would_wait_longer(
    scoring: ScoringService, ledger: Ledger, database: Path
) -> None:
    async def asked() -> grpc.aio.AioRpcError:
        async with open_grpc_server(scoring, timeout=TIMEOUT) as (channel, _):
            with hold_write_lock(database):
                # It takes the ledger's turn with it; the next one waits behind it.
                first = predict(channel, "first", 60)
                await in_the_works(scoring)
                began = time.perf_counter()
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await asyncio.wait_for(predict(channel, "second", 60), 10)
                assert time.perf_counter() - began > TIMEOUT / 2
                with pytest.raises(grpc.aio.AioRpcError):
                    await first
            return refused.value

    error = asyncio.run(asked())
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    status: Any = from_call(error)
    assert status.code == code_pb2.DEADLINE_EXCEEDED
    failure = pb.Failure()
    assert status.details[0].Unpack(failure)
    assert failure.code == "deadline-exceeded"
    kept = ledger.find_by_key("second", b"")
    assert kept is None


def test_a_door_that_closes_finishes_what_is_under_way_and_takes_no_more(
    scoring: ScoringService, ledger: Ledger, database: Path
) -> None:
    async def asked() -> pb.Decision:
        async with open_grpc_server(scoring) as (channel, server):
            with hold_write_lock(database):
                under_way = predict(channel, "under way", 60)
                await in_the_works(scoring)
                server.close()
                await asyncio.sleep(0.5)
                assert not server.is_ready
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await predict(channel, "late", 5)
                assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
            return pb.Decision.FromString(await under_way)

    decision = asyncio.run(asked())
    assert ledger.find(decision.decision_id).decision.risk == decision.risk
