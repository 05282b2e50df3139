"""HTTP bodies and answers: bytes in with a limit, JSON out, errors in their one shape."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar, cast

import bentoml
import orjson
from pydantic import Field, PrivateAttr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive

from credit.contract.wire_types import Changes, Dossier
from credit.errors import Fault, InvalidDossier
from serving.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    log_ours,
    retry_after,
    status_of,
    told,
)
from serving.request_limits import KEY, ROOM, SHORT

Told = TypeVar("Told")

TIMEOUT = "x-request-timeout"
"""The header that says how many seconds the caller waits."""

SOON = 0.05
"""Seconds after which a caller is watched."""

CALLER_LEFT = 499
"""Nginx's status for a caller who hung up; nobody reads it but the measurements."""

LARGEST_MANY = 48 * 2**20
"""Bytes of a thousand requests: half as much again as the dossiers of a thousand clients."""


class CallerLeft(Exception):
    """The caller hung up before the answer."""


class Unread(bentoml.IODescriptor):  # type: ignore[misc]  # exported lazily, without a type
    """A request whose body the handler reads itself, strictly and with a limit.

    BentoML would parse the body leniently, without a limit, and tell one fault. Its fields say to
    BentoML's own clients what may be sent.
    """

    _http: Request = PrivateAttr()

    @classmethod
    async def from_http_request(cls, request: Request, serde: object) -> Self:  # noqa: ARG003 -- BentoML's signature
        return cls.of(request)

    @classmethod
    def of(cls, request: Request) -> Self:
        unread: Self = cls.model_construct()
        unread._http = request
        return unread

    @asynccontextmanager
    async def body(self, most: int, until: float) -> AsyncIterator[bytes]:
        """The body, for which there is room until the block ends.

        Args:
            until: When the caller must have sent it, on `time.perf_counter`'s clock.

        Raises:
            BodyTooLarge: it has more than `most` bytes; the rest is not read.
            DeadlineExceeded: it was not all there in time.
            CallerLeft: the caller hung up before its end.
            Overloaded: too many long bodies are there already; the rest is not read.
        """
        with ROOM.taken() as take:
            try:
                async with asyncio.timeout(until - time.perf_counter()):
                    body = await self._whole(most, take)
            except TimeoutError as error:
                raise DeadlineExceeded from error
            except ClientDisconnect as error:
                raise CallerLeft from error
            yield body

    async def _whole(self, most: int, take: Callable[[int], None]) -> bytes:
        if int(self._http.headers.get("content-length") or 0) > most:
            raise BodyTooLarge(most)
        parts, size = [], 0
        async for part in self._http.stream():
            size += len(part)
            if size > most:
                raise BodyTooLarge(most)
            if size > SHORT:  # what came before is so little that it does not matter
                take(len(part))
            parts.append(part)
        return b"".join(parts)

    @property
    def key(self) -> str | None:
        """The idempotency key, as it was sent."""
        return self._http.headers.get(KEY)

    def until(self, most: float) -> float:
        """When the caller stops waiting, on `time.perf_counter`'s clock.

        Args:
            most: Seconds that the service gives any request; the caller may ask for less.

        Raises:
            InvalidDossier: the header is no number of seconds above 0.
        """
        asked = self._http.headers.get(TIMEOUT)
        return time.perf_counter() + (most if asked is None else min(_seconds(asked), most))

    async def waited_for(self, work: Awaitable[Told]) -> Told:
        """The result of some work, which ends when the caller hangs up.

        The body must have been read.

        Raises:
            CallerLeft: nobody waits for the result any more.
        """
        watch = _Watch(self._http.receive)
        try:
            return await work
        except asyncio.CancelledError as error:
            if watch.left():
                raise CallerLeft from error
            raise
        finally:
            watch.end()


class _Watch:
    """Cancels the task that made it when the caller hangs up."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._left = False
        self._watching: asyncio.Task[None] | None = None
        # Most work is done sooner than a watch is worth.
        self._begin = asyncio.get_running_loop().call_later(SOON, self._start)

    def left(self) -> bool:
        """Whether the caller did; the task may go on then, to say so."""
        if self._left:
            self._task.uncancel()
        return self._left

    def end(self) -> None:
        self._begin.cancel()
        if self._watching:
            self._watching.cancel()

    def _start(self) -> None:
        self._watching = asyncio.get_running_loop().create_task(self._until_left())

    async def _until_left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left = True
        self._task.cancel()


class OneRequest(Unread):
    """One request: exactly one of `client_id` and `dossier`."""

    client_id: int | None = None
    dossier: Dossier | None = None
    changes: Changes | None = None


class ManyRequests(Unread):
    """Up to a thousand requests."""

    requests: list[dict[str, Any]] = Field(default_factory=list)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise InvalidDossier([Fault(TIMEOUT, text, "seconds above 0")])
    return seconds


def answer(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def failure(error: BaseException) -> Response:
    """The answer to a request that failed; our own faults are logged whole and told as such."""
    log_ours("a request failed", error)
    response = answer(told(error), status_of(error))
    if seconds := retry_after(error):
        response.headers["retry-after"] = str(seconds)
    return response


async def answered(work: Callable[[], Awaitable[Told]]) -> Told:
    """The JSON answer of some work, or its error.

    It is a `Response`, which BentoML passes on as it is; the type is what BentoML's clients read.
    """
    try:
        response = answer(await work())
    except CallerLeft:
        response = Response(status_code=CALLER_LEFT)
    except Exception as error:  # noqa: BLE001 -- whatever failed, the caller is answered
        response = failure(error)
    return response  # type: ignore[return-value]
