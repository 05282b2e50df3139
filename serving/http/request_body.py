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
    error_payload,
    get_http_status,
    get_retry_after_seconds,
    log_internal_error,
)
from serving.request_limits import BODY_BUDGET, IDEMPOTENCY_KEY_HEADER, MAX_INLINE_PARSE_BYTES

Result = TypeVar("Result")

TIMEOUT_HEADER = "x-request-timeout"
"""The header that says how many seconds the caller waits."""

DISCONNECT_WATCH_DELAY_SECONDS = 0.05
"""Seconds after which a caller is watched."""

CLIENT_CLOSED_REQUEST = 499
"""Nginx's status for a caller who hung up; nobody reads it but the measurements."""

MAX_PREDICT_MANY_BYTES = 48 * 2**20
"""Bytes of a thousand requests: half as much again as the dossiers of a thousand clients."""


class CallerDisconnected(Exception):
    """The caller hung up before the answer."""


class StreamedRequest(bentoml.IODescriptor):  # type: ignore[misc]  # exported lazily, without a type
    """A request whose body the handler reads itself, strictly and with a limit.

    BentoML would parse the body leniently, without a limit, and tell one fault. Its fields say to
    BentoML's own clients what may be sent.
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
        """The body, for which there is room until the block ends.

        Args:
            until: When the caller must have sent it, on `time.perf_counter`'s clock.

        Raises:
            BodyTooLarge: it has more than `most` bytes; the rest is not read.
            DeadlineExceeded: it was not all there in time.
            CallerLeft: the caller hung up before its end.
            Overloaded: too many long bodies are there already; the rest is not read.
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
            if (
                size > MAX_INLINE_PARSE_BYTES
            ):  # what came before is so little that it does not matter
                reserve_more(len(chunk))
            chunks.append(chunk)
        return b"".join(chunks)

    @property
    def idempotency_key(self) -> str | None:
        """The idempotency key, as it was sent."""
        return self._http_request.headers.get(IDEMPOTENCY_KEY_HEADER)

    def compute_deadline(self, max_seconds: float) -> float:
        """When the caller stops waiting, on `time.perf_counter`'s clock.

        Args:
            most: Seconds that the service gives any request; the caller may ask for less.

        Raises:
            InvalidDossier: the header is no number of seconds above 0.
        """
        requested = self._http_request.headers.get(TIMEOUT_HEADER)
        return time.perf_counter() + (
            max_seconds if requested is None else min(_parse_seconds(requested), max_seconds)
        )

    async def cancel_on_disconnect(self, work: Awaitable[Result]) -> Result:
        """The result of some work, which ends when the caller hangs up.

        The body must have been read.

        Raises:
            CallerLeft: nobody waits for the result any more.
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
    """Cancels the task that made it when the caller hangs up."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._has_disconnected = False
        self._watch_task: asyncio.Task[None] | None = None
        # Most work is done sooner than a watch is worth.
        self._start_timer = asyncio.get_running_loop().call_later(
            DISCONNECT_WATCH_DELAY_SECONDS, self._start
        )

    def confirm_disconnect(self) -> bool:
        """Whether the caller did; the task may go on then, to say so."""
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
    """Up to a thousand requests."""

    requests: list[dict[str, Any]] = Field(default_factory=list)


def _parse_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise InvalidDossier([Fault(TIMEOUT_HEADER, text, "seconds above 0")])
    return seconds


def build_json_response(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def build_error_response(error: BaseException) -> Response:
    """The answer to a request that failed; our own faults are logged whole and told as such."""
    log_internal_error("a request failed", error)
    response = build_json_response(error_payload(error), get_http_status(error))
    if seconds := get_retry_after_seconds(error):
        response.headers["retry-after"] = str(seconds)
    return response


async def respond_with_json(work: Callable[[], Awaitable[Result]]) -> Result:
    """The JSON answer of some work, or its error.

    It is a `Response`, which BentoML passes on as it is; the type is what BentoML's clients read.
    """
    try:
        response = build_json_response(await work())
    except CallerDisconnected:
        response = Response(status_code=CLIENT_CLOSED_REQUEST)
    except Exception as error:  # noqa: BLE001 -- whatever failed, the caller is answered
        response = build_error_response(error)
    return response  # type: ignore[return-value]
