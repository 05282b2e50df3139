"""Around every HTTP call: an id, a measurement, and one shape for what nobody answers."""

from __future__ import annotations

import time
from uuid import uuid4

import orjson
from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import build_error_object

KNOWN_PATHS = frozenset({
    "/predict", "/explain", "/simulate", "/predict_many",
    "/healthz", "/livez", "/readyz", "/metrics", "/docs.json", "/schema.json", "/",
})  # fmt: skip

ROUTING_ERRORS = {
    404: build_error_object("no-such-path", "nothing is served here; /docs.json lists the calls"),
    405: build_error_object(
        "method-not-allowed", "this path takes another method; /docs.json lists the calls"
    ),
}

LATENCY_BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

REQUEST_SECONDS = Histogram(
    "credit_request_seconds",
    "Time from request to answer, by route and status",
    ["route", "status"],
    buckets=LATENCY_BUCKETS_SECONDS,
)
"""BentoML's own keeps a series for every path ever asked for; it is off."""


class RequestMiddleware:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_at = time.perf_counter()
        response = _ResponseSender(send, _get_request_id(scope))
        try:
            await self._app(scope, receive, response)
        except BaseException:  # a task that is cancelled at the end of its patience, too
            response.mark_failed()
            raise
        finally:
            labels = {"route": _get_route_label(scope), "status": str(response.status)}
            REQUEST_SECONDS.labels(**labels).observe(time.perf_counter() - started_at)


class _ResponseSender:
    """Passes an answer on, with its id; replaces the plain text of a path that nobody serves."""

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send = send
        self._request_id = request_id
        self._is_replaced = False
        self.status = 499
        """That of the answer; 499 when the caller left before there was one."""
        self._has_started = False

    def mark_failed(self) -> None:
        """What was to make an answer did not; the server tells 500 where none has begun."""
        if not self._has_started:
            self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self._has_started = message["status"], True
            headers = [*message.get("headers", []), (b"x-request-id", self._request_id)]
            self._is_replaced = self.status in ROUTING_ERRORS and not _is_json(headers)
            if self._is_replaced:
                await self._replace(headers)
                return
            message = {**message, "headers": headers}
        if not self._is_replaced:
            await self._send(message)

    async def _replace(self, headers: list[tuple[bytes, bytes]]) -> None:
        content = orjson.dumps(ROUTING_ERRORS[self.status])
        content_headers = {
            b"content-type": b"application/json",
            b"content-length": b"%d" % len(content),
        }
        other_headers = [
            (name, value) for name, value in headers if name.lower() not in content_headers
        ]
        start = {"type": "http.response.start", "status": self.status}
        await self._send({**start, "headers": [*other_headers, *content_headers.items()]})
        await self._send({"type": "http.response.body", "body": content})


def _is_json(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(n.lower() == b"content-type" and b"json" in v for n, v in headers)


def _get_request_id(scope: Scope) -> bytes:
    sent_ids = (value for name, value in scope["headers"] if name == b"x-request-id")
    return next(sent_ids, b"")[:64] or uuid4().hex.encode()


def _get_route_label(scope: Scope) -> str:
    """The path's template, so that there are as many series as there are calls."""
    route = scope.get("route")
    template: str = getattr(route, "path", "") if route else scope["path"]
    return (
        template if template in KNOWN_PATHS or (template.startswith("/v1/") and route) else "other"
    )
