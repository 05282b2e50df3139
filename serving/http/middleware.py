"""Wrap every HTTP call: add a request id, measure it, and replace plain 404 and 405 bodies."""

from __future__ import annotations

import time
from uuid import uuid4

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import build_error_object
from serving.metrics import REQUEST_SECONDS

KNOWN_PATHS = frozenset({
    "/predict", "/explain", "/simulate", "/predict_many",
    "/healthz", "/livez", "/readyz", "/metrics", "/docs.json", "/schema.json", "/",
})  # fmt: skip

ROUTING_ERRORS = {
    404: build_error_object("no-such-path", "there is no such path; /docs.json lists the calls"),
    405: build_error_object(
        "method-not-allowed", "this path takes another method; /docs.json lists the calls"
    ),
}


class RequestMiddleware:
    """ASGI middleware for every HTTP call."""

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
        except BaseException:  # including the cancellation of a call that takes too long
            response.mark_failed()
            raise
        finally:
            labels = {"route": _get_route_label(scope), "status": str(response.status)}
            REQUEST_SECONDS.labels(**labels).observe(time.perf_counter() - started_at)


class _ResponseSender:
    """Sends an answer with its request id; replaces the plain text of an unknown path."""

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send = send
        self._request_id = request_id
        self._is_replaced = False
        self.status = 499
        """Status of the answer; 499 when the caller disconnected before it."""
        self._has_started = False

    def mark_failed(self) -> None:
        """Record that the application failed; the server answers 500 if no answer was started."""
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
    """Return the path's template: one metric series per call, not per path."""
    route = scope.get("route")
    template: str = getattr(route, "path", "") if route else scope["path"]
    return (
        template if template in KNOWN_PATHS or (template.startswith("/v1/") and route) else "other"
    )
