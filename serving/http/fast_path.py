"""Route scoring calls directly to their methods, without BentoML's processing.

uvicorn ──► RequestMiddleware ──► FastPathMiddleware ─┬─► predict, explain, simulate, predict_many
                                                      └─► BentoML: everything else
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import partial

import bentoml
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.middleware import RequestMiddleware
from serving.http.request_body import StreamedRequest

Handler = Callable[[Request], Awaitable[Response]]

FAST_PATH_HANDLERS: MutableMapping[str, Handler] = {}
"""Handlers by path. BentoML answers other paths, and every path before `install_fast_path`."""


class FastPathService(bentoml.Service):  # type: ignore[misc]  # exported lazily, without a type
    """A BentoML service that answers its own calls without BentoML's tracing, timer and parsing.

    These cost more than a decision in a batch. Both paths call the same method.
    """

    def to_asgi(self, is_main: bool = True) -> ASGIApp:  # noqa: FBT001, FBT002 -- BentoML's signature
        return RequestMiddleware(FastPathMiddleware(super().to_asgi(is_main)))


class FastPathMiddleware:
    """ASGI middleware that handles POST calls of the fast path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = FAST_PATH_HANDLERS.get(scope.get("path", ""))
        if handler is None or scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        response = await handler(Request(scope, receive))
        await response(scope, receive, send)


def install_fast_path(service: object, body_types: Mapping[str, type[StreamedRequest]]) -> None:
    """Answer these APIs of a service instance on the fast path.

    Args:
        service: The instance with the methods that answer.
        body_types: Type of the request of each API, by API name.
    """
    for name, body_type in body_types.items():
        api = getattr(type(service), name)
        FAST_PATH_HANDLERS[api.route] = _make_handler(partial(api.func, service), body_type)


def _make_handler(
    endpoint: Callable[[StreamedRequest], Awaitable[Response]], body_type: type[StreamedRequest]
) -> Handler:
    async def handle(request: Request) -> Response:
        return await endpoint(body_type.from_request(request))

    return handle
