"""HTTP requests with limits on the size of the body and on the time to receive it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar, cast

import bentoml
from pydantic import Field, PrivateAttr
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from credit.contract.wire_types import Changes, Dossier
from credit.errors import Fault, InvalidDossier
from serving.errors import BodyTooLarge, DeadlineExceeded
from serving.request_limits import BODY_BUDGET, IDEMPOTENCY_KEY_HEADER, MAX_INLINE_PARSE_BYTES

Result = TypeVar("Result")

TIMEOUT_HEADER = "x-request-timeout"
"""Header with the number of seconds that the caller waits."""

DISCONNECT_WATCH_DELAY_SECONDS = 0.05
"""Time after which the connection is watched. Most requests are answered earlier."""


class CallerDisconnected(Exception):
    """The caller disconnected before the answer."""


class StreamedRequest(bentoml.IODescriptor):  # type: ignore[misc]  # exported lazily, without a type
    """A request with a body that the handler reads itself, strictly and with a limit.

    BentoML would parse the body leniently, without a size limit, and report one fault only. The
    fields of subclasses describe the body to BentoML's own clients.
    """

    _http_request: Request = PrivateAttr()

    @classmethod
    async def from_http_request(cls, request: Request, serde: object) -> Self:  # noqa: ARG003 -- BentoML's signature
        return cls.from_request(request)

    @classmethod
    def from_request(cls, request: Request) -> Self:
        streamed_request: Self = cls.model_construct()
        streamed_request._http_request = request
        return streamed_request

    @asynccontextmanager
    async def read_body(self, max_bytes: int, deadline: float) -> AsyncIterator[bytes]:
        """Read the body and hold memory for it until the block ends.

        Args:
            max_bytes: Largest body that is accepted; the rest of a larger one is not read.
            deadline: When the body must be complete, on the clock of `time.perf_counter`.

        Raises:
            BodyTooLarge: The body has more than `max_bytes`.
            DeadlineExceeded: The body was not complete in time.
            CallerDisconnected: The caller disconnected during the upload.
            Overloaded: Other large bodies use the memory; the rest is not read.
        """
        with BODY_BUDGET.reserve() as reserve_more:
            try:
                async with asyncio.timeout(deadline - time.perf_counter()):
                    body = await self._read_all(max_bytes, reserve_more)
            except TimeoutError as error:
                raise DeadlineExceeded from error
            except ClientDisconnect as error:
                raise CallerDisconnected from error
            yield body

    async def _read_all(self, max_bytes: int, reserve_more: Callable[[int], None]) -> bytes:
        if int(self._http_request.headers.get("content-length") or 0) > max_bytes:
            raise BodyTooLarge(max_bytes)
        chunks, size = [], 0
        async for chunk in self._http_request.stream():
            size += len(chunk)
            if size > max_bytes:
                raise BodyTooLarge(max_bytes)
            if size > MAX_INLINE_PARSE_BYTES:  # the chunks before are too small to count
                reserve_more(len(chunk))
            chunks.append(chunk)
        return b"".join(chunks)

    @property
    def idempotency_key(self) -> str | None:
        """The idempotency key in the header, unchecked."""
        return self._http_request.headers.get(IDEMPOTENCY_KEY_HEADER)

    def compute_deadline(self, max_seconds: float) -> float:
        """Return when the caller stops waiting, on the clock of `time.perf_counter`.

        Args:
            max_seconds: Time limit of the service; the caller may set a shorter one.

        Raises:
            InvalidDossier: The header is not a number of seconds above 0.
        """
        requested = self._http_request.headers.get(TIMEOUT_HEADER)
        return time.perf_counter() + (
            max_seconds if requested is None else min(_parse_seconds(requested), max_seconds)
        )

    async def cancel_on_disconnect(self, work: Awaitable[Result]) -> Result:
        """Await some work and cancel it when the caller disconnects. Read the body before.

        Raises:
            CallerDisconnected: The work was cancelled.
        """
        watcher = _DisconnectWatcher(self._http_request.receive)
        try:
            return await work
        except asyncio.CancelledError as error:
            if watcher.confirm_disconnect():
                raise CallerDisconnected from error
            raise
        finally:
            watcher.stop()


class _DisconnectWatcher:
    """Cancels the task that created it when the caller disconnects."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._has_disconnected = False
        self._watch_task: asyncio.Task[None] | None = None
        self._start_timer = asyncio.get_running_loop().call_later(
            DISCONNECT_WATCH_DELAY_SECONDS, self._start
        )

    def confirm_disconnect(self) -> bool:
        """Return whether the caller disconnected, and if so let the task continue to report it."""
        if self._has_disconnected:
            self._task.uncancel()
        return self._has_disconnected

    def stop(self) -> None:
        self._start_timer.cancel()
        if self._watch_task:
            self._watch_task.cancel()

    def _start(self) -> None:
        self._watch_task = asyncio.get_running_loop().create_task(self._wait_for_disconnect())

    async def _wait_for_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._has_disconnected = True
        self._task.cancel()


class ScoreRequestBody(StreamedRequest):
    """One request: exactly one of `client_id` and `dossier`."""

    client_id: int | None = None
    dossier: Dossier | None = None
    changes: Changes | None = None


class ScoreManyRequestBody(StreamedRequest):
    """Up to 1,000 requests."""

    requests: list[dict[str, Any]] = Field(default_factory=list)


def _parse_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise InvalidDossier([Fault(TIMEOUT_HEADER, text, "seconds above 0")])
    return seconds
