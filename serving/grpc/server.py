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

from credit.contract.wire_types import MAX_REQUEST_BYTES
from credit.decision import Decision
from serving.core.decision_engine import EXPLAIN, PREDICT, CallContext
from serving.core.readiness import READINESS_CACHE_SECONDS
from serving.core.scoring_service import ScoringService
from serving.errors import BodyTooLarge
from serving.grpc.errors import build_failure_message, build_grpc_status
from serving.grpc.messages import (
    build_decision_message,
    build_explanation_message,
    parse_predict_many_request,
    parse_scoring_request,
)
from serving.http.middleware import REQUEST_SECONDS
from serving.proto.credit.scoring.v1 import scoring_pb2 as pb
from serving.request_limits import (
    BODY_BUDGET,
    IDEMPOTENCY_KEY_HEADER,
    parse_off_loop,
    reject_idempotency_key,
    validate_idempotency_key,
    with_digest,
)
from stores.settings import Settings

LOG = logging.getLogger("bentoml.credit")

SERVICE_NAME = pb.DESCRIPTOR.services_by_name["CreditScoring"].full_name

MAX_MESSAGE_BYTES = 16 * 2**20
"""Bytes of a thousand requests; they take a third of what they take as JSON."""

MAX_CONCURRENT_CALLS = 1_024
"""Calls under way in one worker, those who watch its health among them; more are refused."""

MINUTE_MS = 60_000  # ms
SERVER_OPTIONS = (
    # Every worker listens on the port, and the kernel deals out the connections between them.
    ("grpc.so_reuseport", 1),
    # They are dealt once: connections that grow old are dealt anew, to new workers too.
    ("grpc.max_connection_age_ms", 10 * MINUTE_MS),
    ("grpc.max_connection_age_grace_ms", MINUTE_MS // 2),
    ("grpc.keepalive_time_ms", MINUTE_MS),
    ("grpc.keepalive_timeout_ms", MINUTE_MS // 3),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", MINUTE_MS // 6),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
)

Health = health_pb2.HealthCheckResponse
Context = grpc.aio.ServicerContext[bytes, Any]


class GrpcServer:
    """Listens from `start` until `stop`."""

    def __init__(self, scoring: ScoringService, settings: Settings) -> None:
        self._settings = settings
        self._scoring = scoring
        self._servicer = _ScoringServicer(scoring, settings.timeout)
        self._server: grpc.aio.Server | None = None
        self._health = health.aio.HealthServicer()
        self._health_task: asyncio.Task[None] | None = None
        self._close_task: asyncio.Task[None] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the door is open."""
        return self._server is not None

    async def start(self) -> None:
        """Open the door.

        Raises:
            RuntimeError: the port is taken.
        """
        server = grpc.aio.server(
            options=SERVER_OPTIONS, maximum_concurrent_rpcs=MAX_CONCURRENT_CALLS
        )
        server.add_generic_rpc_handlers((self._servicer.build_handler(),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (SERVICE_NAME, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        address = self._settings.format_address(self._settings.grpc_port)
        if credentials := _load_credentials(self._settings):
            server.add_secure_port(address, credentials)
        else:
            server.add_insecure_port(address)
        await server.start()
        await self._update_health()
        self._health_task = asyncio.create_task(self._update_health_periodically())
        self._server = server

    def close(self) -> None:
        """Take no new calls from now on; those under way go on."""
        if self._close_task is None:
            self._close_task = asyncio.get_running_loop().create_task(self._close())

    async def stop(self) -> None:
        """Take no new calls, and wait until those under way are finished."""
        self.close()
        if self._close_task:
            await self._close_task

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server and self._health_task:
            self._health_task.cancel()
            await self._health.enter_graceful_shutdown()
            await server.stop(self._settings.grace_seconds)

    async def _update_health_periodically(self) -> None:
        while True:
            await asyncio.sleep(READINESS_CACHE_SECONDS)
            try:
                await self._update_health()
            except Exception:  # else nobody would be told anything any more
                LOG.exception("updating the health status failed")

    async def _update_health(self) -> None:
        """Tell of health as `/readyz` does, to those who ask and those who watch."""
        serving_status = Health.SERVING if await self._scoring.is_ready() else Health.NOT_SERVING
        for name in ("", SERVICE_NAME):
            await self._health.set(name, serving_status)


class _ScoringServicer:
    """The calls of the service. They read messages themselves: malformed ones are told as such."""

    def __init__(self, scoring: ScoringService, timeout: float) -> None:
        self._scoring = scoring
        self._timeout = timeout

    def build_handler(self) -> grpc.GenericRpcHandler:
        unary_handler, stream_handler = (
            grpc.unary_unary_rpc_method_handler,
            grpc.unary_stream_rpc_method_handler,
        )
        serialize_many = pb.PredictManyResponse.SerializeToString
        return grpc.method_handlers_generic_handler(
            SERVICE_NAME,
            {
                "Predict": unary_handler(self.predict, None, pb.Decision.SerializeToString),
                "Explain": unary_handler(self.explain, None, pb.Explanation.SerializeToString),
                "PredictMany": stream_handler(self.predict_many, None, serialize_many),
            },
        )

    async def predict(self, body: bytes, context: Context) -> pb.Decision:
        async with _measure_call("Predict", body, context):
            return build_decision_message(await self._decide(body, context, PREDICT))

    async def explain(self, body: bytes, context: Context) -> pb.Explanation:
        async with _measure_call("Explain", body, context):
            return build_explanation_message(await self._decide(body, context, EXPLAIN))

    async def predict_many(
        self, body: bytes, context: Context
    ) -> AsyncIterator[pb.PredictManyResponse]:
        async with _measure_call("PredictMany", body, context):
            deadline = self._compute_deadline(context)
            reject_idempotency_key(_get_idempotency_key(context))
            requests, digest = await parse_off_loop(
                with_digest(parse_predict_many_request, PREDICT), body
            )
            call = CallContext(kind=PREDICT, digest=digest, deadline=deadline)
            index = 0
            async for outcome in self._scoring.decide_many(requests, call):
                if isinstance(outcome, Decision):
                    yield pb.PredictManyResponse(
                        place=index, decision=build_decision_message(outcome)
                    )
                else:
                    yield pb.PredictManyResponse(place=index, error=build_failure_message(outcome))
                index += 1

    async def _decide(self, body: bytes, context: Context, kind: str) -> Any:
        if len(body) > MAX_REQUEST_BYTES:
            raise BodyTooLarge(MAX_REQUEST_BYTES)
        deadline = self._compute_deadline(context)
        (request, key), digest = await parse_off_loop(
            with_digest(parse_scoring_request, kind), body
        )
        key = validate_idempotency_key(key or _get_idempotency_key(context))
        call = CallContext(kind=kind, digest=digest, key=key, deadline=deadline)
        return await self._scoring.decide(request, call)

    def _compute_deadline(self, context: Context) -> float:
        """When the caller stops waiting, on `time.perf_counter`'s clock."""
        remaining = context.time_remaining()  # 0.0 is none left, None is for ever
        timeout = self._timeout if remaining is None else min(remaining, self._timeout)
        return time.perf_counter() + timeout


def _get_idempotency_key(context: Context) -> str | None:
    """The idempotency key in the metadata."""
    key = dict(context.invocation_metadata() or ()).get(IDEMPOTENCY_KEY_HEADER)
    return None if key is None else str(key)


@asynccontextmanager
async def _measure_call(name: str, body: bytes, context: Context) -> AsyncIterator[None]:
    """Measure a call and hold its message; what fails ends it with the status of its error."""
    started_at = time.perf_counter()
    status_code = grpc.StatusCode.CANCELLED
    try:
        try:
            with BODY_BUDGET.reserve(len(body)):
                yield
            status_code = grpc.StatusCode.OK
        except Exception as error:
            call_status = build_grpc_status(error)
            status_code = call_status.code
            if status_code is grpc.StatusCode.INTERNAL:
                LOG.exception("a call failed")
            await context.abort(
                call_status.code, call_status.details, call_status.trailing_metadata
            )
    finally:
        labels = {"route": f"/{SERVICE_NAME}/{name}", "status": status_code.name}
        REQUEST_SECONDS.labels(**labels).observe(time.perf_counter() - started_at)


def _load_credentials(settings: Settings) -> grpc.ServerCredentials | None:
    if settings.grpc_tls_cert is None or settings.grpc_tls_key is None:
        return None
    client_ca_path = settings.grpc_tls_clients
    return grpc.ssl_server_credentials(
        [(settings.grpc_tls_key.read_bytes(), settings.grpc_tls_cert.read_bytes())],
        root_certificates=client_ca_path.read_bytes() if client_ca_path else None,
        require_client_auth=client_ca_path is not None,
    )
