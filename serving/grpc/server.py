"""The gRPC server of a worker, in the same process as HTTP: same core, ledger and answers."""

from __future__ import annotations

import asyncio
import logging

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from serving.core.readiness import READINESS_CACHE_SECONDS
from serving.core.scoring_service import ScoringService
from serving.grpc.servicer import SERVICE_NAME, ScoringServicer
from stores.settings import Settings

LOG = logging.getLogger("bentoml.credit")

MAX_MESSAGE_BYTES = 16 * 2**20
"""Size of a message with 1,000 requests, a third of their size as JSON."""

MAX_CONCURRENT_CALLS = 1_024
"""Concurrent calls of one worker, including health watches; more are refused."""

MINUTE_MS = 60_000
SERVER_OPTIONS = (
    # Every worker listens on the port; the kernel distributes the connections.
    ("grpc.so_reuseport", 1),
    # Old connections are closed, so that clients reconnect and also reach new workers.
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


class GrpcServer:
    """Listens from `start` until `stop`."""

    def __init__(self, scoring: ScoringService, settings: Settings) -> None:
        self._settings = settings
        self._scoring = scoring
        self._servicer = ScoringServicer(scoring, settings.timeout)
        self._server: grpc.aio.Server | None = None
        self._health = health.aio.HealthServicer()
        self._health_task: asyncio.Task[None] | None = None
        self._close_task: asyncio.Task[None] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the server accepts calls."""
        return self._server is not None

    async def start(self) -> None:
        """Listen on the port.

        Raises:
            RuntimeError: The port is taken.
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
        """Accept no new calls; running calls continue."""
        if self._close_task is None:
            self._close_task = asyncio.get_running_loop().create_task(self._close())

    async def stop(self) -> None:
        """Accept no new calls, and wait until the running ones are finished."""
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
            except Exception:  # otherwise the status would never change again
                LOG.exception("updating the health status failed")

    async def _update_health(self) -> None:
        """Report the same health as `/readyz`, to health checks and watches."""
        serving_status = Health.SERVING if await self._scoring.is_ready() else Health.NOT_SERVING
        for name in ("", SERVICE_NAME):
            await self._health.set(name, serving_status)


def _load_credentials(settings: Settings) -> grpc.ServerCredentials | None:
    if settings.grpc_tls_cert is None or settings.grpc_tls_key is None:
        return None
    client_ca_path = settings.grpc_tls_clients
    return grpc.ssl_server_credentials(
        [(settings.grpc_tls_key.read_bytes(), settings.grpc_tls_cert.read_bytes())],
        root_certificates=client_ca_path.read_bytes() if client_ca_path else None,
        require_client_auth=client_ca_path is not None,
    )
