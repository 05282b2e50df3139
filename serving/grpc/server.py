"""The gRPC door, in every worker beside HTTP: same core, same ledger, same answers.

bytes ──► message ──► Scoring ──► message ──► bytes
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from credit.contract.wire_types import LARGEST
from credit.decision import Decision
from serving.core.decision_engine import EXPLAIN, PREDICT, Call
from serving.core.readiness import FRESH
from serving.core.scoring_service import Scoring
from serving.errors import BodyTooLarge
from serving.grpc.errors import failure, status
from serving.grpc.messages import (
    decision_message,
    explanation_message,
    read_many,
    read_one,
)
from serving.http.middleware import REQUESTS
from serving.proto.credit.scoring.v1 import scoring_pb2 as pb
from serving.request_limits import KEY, ROOM, read_beside, read_key, refuse_key, stamped
from stores.settings import Settings

LOG = logging.getLogger("bentoml.credit")

SERVICE = pb.DESCRIPTOR.services_by_name["CreditScoring"].full_name

LARGEST_MESSAGE = 16 * 2**20
"""Bytes of a thousand requests; they take a third of what they take as JSON."""

MOST_CALLS = 1_024
"""Calls under way in one worker, those who watch its health among them; more are refused."""

MINUTE = 60_000  # ms
OPTIONS = (
    # Every worker listens on the port, and the kernel deals out the connections between them.
    ("grpc.so_reuseport", 1),
    # They are dealt once: connections that grow old are dealt anew, to new workers too.
    ("grpc.max_connection_age_ms", 10 * MINUTE),
    ("grpc.max_connection_age_grace_ms", MINUTE // 2),
    ("grpc.keepalive_time_ms", MINUTE),
    ("grpc.keepalive_timeout_ms", MINUTE // 3),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", MINUTE // 6),
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
)

Health = health_pb2.HealthCheckResponse
Context = grpc.aio.ServicerContext[bytes, Any]


class GrpcServer:
    """Listens from `start` until `stop`."""

    def __init__(self, scoring: Scoring, where: Settings) -> None:
        self._where = where
        self._scoring = scoring
        self._calls = _Calls(scoring, where.timeout)
        self._server: grpc.aio.Server | None = None
        self._health = health.aio.HealthServicer()
        self._following: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether the door is open."""
        return self._server is not None

    async def start(self) -> None:
        """Open the door.

        Raises:
            RuntimeError: the port is taken.
        """
        server = grpc.aio.server(options=OPTIONS, maximum_concurrent_rpcs=MOST_CALLS)
        server.add_generic_rpc_handlers((self._calls.handler(),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        address = self._where.address(self._where.grpc_port)
        if credentials := _credentials(self._where):
            server.add_secure_port(address, credentials)
        else:
            server.add_insecure_port(address)
        await server.start()
        await self._tell()
        self._following = asyncio.create_task(self._follow())
        self._server = server

    def close(self) -> None:
        """Take no new calls from now on; those under way go on."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())

    async def stop(self) -> None:
        """Take no new calls, and wait until those under way are finished."""
        self.close()
        if self._closing:
            await self._closing

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server and self._following:
            self._following.cancel()
            await self._health.enter_graceful_shutdown()
            await server.stop(self._where.grace)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(FRESH)
            try:
                await self._tell()
            except Exception:  # else nobody would be told anything any more
                LOG.exception("health could not be told")

    async def _tell(self) -> None:
        """Tell of health as `/readyz` does, to those who ask and those who watch."""
        told = Health.SERVING if await self._scoring.ready() else Health.NOT_SERVING
        for name in ("", SERVICE):
            await self._health.set(name, told)


class _Calls:
    """The calls of the service. They read messages themselves: malformed ones are told as such."""

    def __init__(self, scoring: Scoring, timeout: float) -> None:
        self._scoring = scoring
        self._timeout = timeout

    def handler(self) -> grpc.GenericRpcHandler:
        one, many = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        send = pb.PredictManyResponse.SerializeToString
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Predict": one(self.predict, None, pb.Decision.SerializeToString),
                "Explain": one(self.explain, None, pb.Explanation.SerializeToString),
                "PredictMany": many(self.predict_many, None, send),
            },
        )

    async def predict(self, body: bytes, context: Context) -> pb.Decision:
        async with _measured("Predict", body, context):
            return decision_message(await self._judge(body, context, PREDICT))

    async def explain(self, body: bytes, context: Context) -> pb.Explanation:
        async with _measured("Explain", body, context):
            return explanation_message(await self._judge(body, context, EXPLAIN))

    async def predict_many(
        self, body: bytes, context: Context
    ) -> AsyncIterator[pb.PredictManyResponse]:
        async with _measured("PredictMany", body, context):
            until = self._until(context)
            refuse_key(_key(context))
            requests, stamp = await read_beside(stamped(read_many, PREDICT), body)
            call = Call(kind=PREDICT, digest=stamp, until=until)
            place = 0
            async for outcome in self._scoring.judge_many(requests, call):
                if isinstance(outcome, Decision):
                    yield pb.PredictManyResponse(place=place, decision=decision_message(outcome))
                else:
                    yield pb.PredictManyResponse(place=place, error=failure(outcome))
                place += 1

    async def _judge(self, body: bytes, context: Context, kind: str) -> Any:
        if len(body) > LARGEST:
            raise BodyTooLarge(LARGEST)
        until = self._until(context)
        (request, key), stamp = await read_beside(stamped(read_one, kind), body)
        key = read_key(key or _key(context))
        call = Call(kind=kind, digest=stamp, key=key, until=until)
        return await self._scoring.judge(request, call)

    def _until(self, context: Context) -> float:
        """When the caller stops waiting, on `time.perf_counter`'s clock."""
        left = context.time_remaining()  # 0.0 is none left, None is for ever
        most = self._timeout if left is None else min(left, self._timeout)
        return time.perf_counter() + most


def _key(context: Context) -> str | None:
    """The idempotency key in the metadata."""
    key = dict(context.invocation_metadata() or ()).get(KEY)
    return None if key is None else str(key)


@asynccontextmanager
async def _measured(name: str, body: bytes, context: Context) -> AsyncIterator[None]:
    """Measure a call and hold its message; what fails ends it with the status of its error."""
    began = time.perf_counter()
    ended = grpc.StatusCode.CANCELLED
    try:
        try:
            with ROOM.taken(len(body)):
                yield
            ended = grpc.StatusCode.OK
        except Exception as error:
            told = status(error)
            ended = told.code
            if ended is grpc.StatusCode.INTERNAL:
                LOG.exception("a call failed")
            await context.abort(told.code, told.details, told.trailing_metadata)
    finally:
        labels = {"route": f"/{SERVICE}/{name}", "status": ended.name}
        REQUESTS.labels(**labels).observe(time.perf_counter() - began)


def _credentials(where: Settings) -> grpc.ServerCredentials | None:
    if where.grpc_tls_cert is None or where.grpc_tls_key is None:
        return None
    clients = where.grpc_tls_clients
    return grpc.ssl_server_credentials(
        [(where.grpc_tls_key.read_bytes(), where.grpc_tls_cert.read_bytes())],
        root_certificates=clients.read_bytes() if clients else None,
        require_client_auth=clients is not None,
    )
