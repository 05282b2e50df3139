"""The web application: the page in both languages, with strict security headers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import get_args

import gradio as gr
from fastapi import FastAPI, Request
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.api_client import ApiClient
from ui.api_models import Language
from ui.layout import build_page
from ui.messages import Messages
from ui.rendering import read_static
from ui.theme import build_head, build_theme

SECURITY_HEADERS = {
    # Gradio needs inline scripts and compiles templates: both must be allowed for our own origin.
    "content-security-policy": "default-src 'self'; img-src 'self' data:; "
    "font-src 'self' data:; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
"""Headers of every response: the browser contacts no other site and sends no referrer to one."""

MAX_UPLOAD_BYTES = 1
"""Size limit of uploads: the page has none, but Gradio's upload endpoint cannot be disabled."""


def create_app(url: str) -> FastAPI:
    """Create the application.

    Args:
        url: Base URL of the API.
    """
    api = ApiClient(url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await api.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_api_route("/", _redirect_to_french, include_in_schema=False)
    app.add_api_route("/healthz", lambda: PlainTextResponse("ok"))
    for path in ("/icon.svg", "/favicon.ico"):
        app.add_api_route(path, _serve_icon)
    app.add_api_route("/ui.css", _serve_stylesheet)
    app.add_api_route("/manifest.json", _serve_manifest)
    for language in get_args(Language):
        gr.mount_gradio_app(
            app,
            build_page(api, language),
            path=f"/{language}",
            theme=build_theme(),
            head=build_head(language),
            footer_links=[],
            run_history=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            enable_monitoring=False,
            show_error=False,
            max_file_size=MAX_UPLOAD_BYTES,
        )
    return app


def _redirect_to_french(request: Request) -> Response:
    """Redirect to the French page, the language of the users' country; keep the query string."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.scope.get('root_path', '')}/fr/{query}")


def _serve_icon() -> Response:
    return Response(read_static("icon.svg"), media_type="image/svg+xml")


def _serve_stylesheet() -> Response:
    return Response(read_static("ui.css"), media_type="text/css")


def _serve_manifest() -> Response:
    return JSONResponse({"name": Messages("fr").brand, "start_url": "fr/", "display": "browser"})


class SecurityHeadersMiddleware:
    """Add `SECURITY_HEADERS` to every response, and set the language of the French page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            elif message["type"] == "http.response.body" and scope["path"] == "/fr/":
                # Gradio's page is marked as English until its scripts run; same length in bytes.
                message["body"] = message["body"].replace(b'lang="en"', b'lang="fr"', 1)
            await send(message)

        await self._app(scope, receive, send_with_headers)
