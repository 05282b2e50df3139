"""The process: both languages' pages on one small application, shut to the outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import get_args

import gradio as gr
from fastapi import FastAPI, Request
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.api_client import Api
from ui.api_models import Language
from ui.layout import build
from ui.messages import Words
from ui.rendering import static
from ui.theme import head, theme

HEADERS = {
    # Gradio starts its scripts inline and compiles templates: both must be allowed to our own.
    "content-security-policy": "default-src 'self'; img-src 'self' data:; "
    "font-src 'self' data:; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
"""On every answer: the browser is to ask nobody else, and tell nobody."""

LARGEST_FILE = 1
"""Bytes of an upload: the page takes none, and Gradio's door for them cannot be closed."""


def create(url: str) -> FastAPI:
    """The application.

    Args:
        url: Where the API is.
    """
    api = Api(url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await api.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(Sealed)
    app.add_api_route("/", _first, include_in_schema=False)
    app.add_api_route("/healthz", lambda: PlainTextResponse("ok"))
    for path in ("/icon.svg", "/favicon.ico"):
        app.add_api_route(path, _icon)
    app.add_api_route("/ui.css", _style)
    app.add_api_route("/manifest.json", _manifest)
    for language in get_args(Language):
        gr.mount_gradio_app(
            app,
            build(api, language),
            path=f"/{language}",
            theme=theme(),
            head=head(language),
            footer_links=[],
            run_history=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            enable_monitoring=False,
            show_error=False,
            max_file_size=LARGEST_FILE,
        )
    return app


def _first(request: Request) -> Response:
    """French first, as the law of its users' country is; a client in the address is kept."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.scope.get('root_path', '')}/fr/{query}")


def _icon() -> Response:
    return Response(static("icon.svg"), media_type="image/svg+xml")


def _style() -> Response:
    return Response(static("ui.css"), media_type="text/css")


def _manifest() -> Response:
    return JSONResponse({"name": Words("fr").brand, "start_url": "fr/", "display": "browser"})


class Sealed:
    """Puts `HEADERS` on every answer, and its language on the French page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            elif message["type"] == "http.response.body" and scope["path"] == "/fr/":
                # Gradio's page says English until its scripts run; as many bytes replace it.
                message["body"] = message["body"].replace(b'lang="en"', b'lang="fr"', 1)
            await send(message)

        await self._app(scope, receive, sealed)
