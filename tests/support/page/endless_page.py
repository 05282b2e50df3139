"""An application with endless responses, like those to an open tab; it must still stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from ui.__main__ import serve_app
from ui.settings import Settings


async def generate_dots() -> AsyncIterator[str]:
    while True:
        yield "."
        await asyncio.sleep(0.1)


def stream_forever(_: Request) -> StreamingResponse:
    return StreamingResponse(generate_dots())


def check_health(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


if __name__ == "__main__":
    routes = [Route("/healthz", check_health), Route("/endless", stream_forever)]
    serve_app(Starlette(routes=routes), Settings())
