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

from loadtests.reflected import Method

Ask = Callable[[], Awaitable[None]]
"""One call; it raises when the answer is not a good one."""

OK = 200


class Refused(Exception):
    """A server answered something else than 200."""


class _Connection(asyncio.Protocol):
    """A keep-alive connection on which one request is under way at a time."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[int] | None = None
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        answer, self._answer = self._answer, None
        status = self._parser.get_status_code()
        self._parser = httptools.HttpResponseParser(self)
        if answer:
            answer.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer:
            self._answer.set_exception(exc or ConnectionResetError("the server hung up"))

    async def ask(self, request: bytes) -> None:
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        status = await self._answer
        if status != OK:
            raise Refused(f"a server answered {status}")


async def http_caller(port: int, path: str, bodies: Sequence[bytes], start: int) -> Ask:
    """A caller with a connection of its own, whose first body is the one at `start`."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(_Connection, "127.0.0.1", port)
    requests = cycle([_request(path, body) for body in (*bodies[start:], *bodies[:start])])
    return lambda: connection.ask(next(requests))


async def grpc_caller(port: int, method: Method, clients: Sequence[int], start: int) -> Ask:
    """The same over gRPC; callers share the process's connection, as gRPC has it."""
    call = method.on(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
    requests = cycle([method.request(client_id=c) for c in (*clients[start:], *clients[:start])])

    async def ask() -> None:
        await call(next(requests))

    return ask


@dataclass(frozen=True)
class Answered:
    """Calls that were all answered."""

    taken: list[float]
    """Seconds of each."""
    lasted: float
    """Seconds from the first question to the last answer, which comes after time is up."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.taken) / self.lasted


async def ask_for(callers: Sequence[Ask], seconds: float) -> Answered:
    """Every caller asks for so long, and anew when answered.

    Raises:
        Refused: a call was answered badly; a server that fails quickly is not quick.
    """
    start = time.perf_counter()
    end = start + seconds
    taken: list[float] = []

    async def calls(ask: Ask) -> None:
        while (began := time.perf_counter()) < end:
            await ask()
            taken.append(time.perf_counter() - began)

    await asyncio.gather(*(calls(ask) for ask in callers))
    return Answered(taken, time.perf_counter() - start)


def _request(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: benchmark\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
