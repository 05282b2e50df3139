"""The load: callers who each wait for their answer before they ask again.

Raw asyncio and httptools, one and the same for every HTTP server, so that the generator takes as
little of the machine as it can; gRPC's own asyncio client for gRPC.
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
"""One call; it raises when the answer is not a good one."""

HTTP_OK = 200


class UnexpectedStatus(Exception):
    """A server answered something else than 200."""


class _Connection(asyncio.Protocol):
    """A keep-alive connection on which one request is under way at a time."""

    def __init__(self) -> None:
        self._response: asyncio.Future[int] | None = None
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

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
            raise UnexpectedStatus(f"a server answered {status}")


async def open_http_caller(port: int, path: str, bodies: Sequence[bytes], start: int) -> Caller:
    """A caller with a connection of its own, whose first body is the one at `start`."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(_Connection, "127.0.0.1", port)
    requests = cycle([_encode_request(path, body) for body in (*bodies[start:], *bodies[:start])])
    return lambda: connection.send_request(next(requests))


async def open_grpc_caller(
    port: int, method: ReflectedMethod, clients: Sequence[int], start: int
) -> Caller:
    """The same over gRPC; callers share the process's connection, as gRPC has it."""
    call = method.bind(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
    requests = cycle(
        [method.make_request(client_id=c) for c in (*clients[start:], *clients[:start])]
    )

    async def send_request() -> None:
        await call(next(requests))

    return send_request


@dataclass(frozen=True)
class LoadResult:
    """Calls that were all answered."""

    latencies: list[float]
    """Seconds of each."""
    duration: float
    """Seconds from the first question to the last answer, which comes after time is up."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.duration


async def run_callers(callers: Sequence[Caller], seconds: float) -> LoadResult:
    """Every caller asks for so long, and anew when answered.

    Raises:
        Refused: a call was answered badly; a server that fails quickly is not quick.
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
