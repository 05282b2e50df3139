"""Generate closed-loop load: each caller waits for a response before the next request.

All HTTP servers get the same generator, written in raw asyncio and httptools so that it uses
little of the machine. gRPC uses its own asyncio client.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import cast

import grpc
import httptools

from loadtests.reflected import ReflectedMethod

Caller = Callable[[], Awaitable[None]]
"""One call; it raises if the response is not a success."""

HTTP_OK = 200


class UnexpectedStatus(Exception):
    """The server answered with a status other than 200."""


class _Connection(asyncio.Protocol):
    """Keep-alive connection with one request in flight at a time."""

    def __init__(self) -> None:
        self._response: asyncio.Future[int] | None = None
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(
            "asyncio.Transport", transport
        )  # uvloop's transport is no subclass of asyncio.Transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        response, self._response = self._response, None
        status = self._parser.get_status_code()
        self._parser = httptools.HttpResponseParser(self)
        if response:
            response.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._response:
            self._response.set_exception(exc or ConnectionResetError("the server hung up"))

    async def send_request(self, request: bytes) -> None:
        self._response = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        status = await self._response
        if status != HTTP_OK:
            raise UnexpectedStatus(f"the server answered with status {status}")


async def open_http_caller(port: int, path: str, bodies: Sequence[bytes], start: int) -> Caller:
    """Open a caller with its own connection; `start` is the index of its first body."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(_Connection, "127.0.0.1", port)
    requests = cycle([_encode_request(path, body) for body in (*bodies[start:], *bodies[:start])])
    return lambda: connection.send_request(next(requests))


async def open_grpc_caller(
    port: int, method: ReflectedMethod, clients: Sequence[int], start: int
) -> Caller:
    """Open a gRPC caller; all callers of the process share one connection, as gRPC does."""
    call = method.bind(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
    requests = cycle(
        [method.make_request(client_id=c) for c in (*clients[start:], *clients[:start])]
    )

    async def send_request() -> None:
        await call(next(requests))

    return send_request


@dataclass(frozen=True)
class LoadResult:
    """Result of a load run in which every call was answered."""

    latencies: list[float]
    """Latency of each call, in seconds."""
    duration: float
    """Seconds from the first request to the last response, which may come after the time limit."""

    @property
    def rate(self) -> float:
        """Responses per second."""
        return len(self.latencies) / self.duration


async def run_callers(callers: Sequence[Caller], seconds: float) -> LoadResult:
    """Run all callers in a closed loop for `seconds`.

    Raises:
        UnexpectedStatus: if a call fails; a server that fails fast is not a fast server.
    """
    start = time.perf_counter()
    end = start + seconds
    latencies: list[float] = []

    async def call_repeatedly(caller: Caller) -> None:
        while (sent_at := time.perf_counter()) < end:
            await caller()
            latencies.append(time.perf_counter() - sent_at)

    await asyncio.gather(*(call_repeatedly(caller) for caller in callers))
    return LoadResult(latencies, time.perf_counter() - start)


def _encode_request(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: benchmark\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
