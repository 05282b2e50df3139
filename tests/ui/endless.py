"""An application whose answers never end, as an open tab’s: its process must stop anyway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from ui.__main__ import serve_app
from ui.settings import Settings


async def beat() -> AsyncIterator[str]:
    while True:
        yield "."
        await asyncio.sleep(0.1)


def endless(_: Request) -> StreamingResponse:
    return StreamingResponse(beat())


def up(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


if __name__ == "__main__":
    serve_app(Starlette(routes=[Route("/healthz", up), Route("/endless", endless)]), Settings())
