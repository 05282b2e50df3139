"""python -m ui: the advisers' page, in the foreground."""

from __future__ import annotations

import typer
import uvicorn
from starlette.types import ASGIApp

from ui.settings import Settings, direct_libraries

command = typer.Typer(add_completion=False)

LAST_SECONDS = 2
"""For answers under way when the page is stopped; open tabs would keep it for ever."""


@command.command()
def page() -> None:
    """Show the advisers' page on CREDIT_UI_PORT (7860), until Ctrl-C.

    It asks the API at CREDIT_API_URL, by default CREDIT_HTTP_PORT (3000) of this machine.
    """
    where = Settings()
    direct_libraries(where)
    from ui.app import create  # noqa: PLC0415 -- Gradio reads the environment when imported

    typer.echo(f"Asking the API at {where.api}")
    if not where.loopback:
        typer.echo(
            f"Listening on {where.host}: the page has no login, put it behind one.", err=True
        )
    app = create(where.api)
    typer.echo(f"The page is at http://{where.host}:{where.ui_port}/ (Ctrl-C to stop)")
    serve(app, where)


def serve(app: ASGIApp, where: Settings) -> None:
    """Serve an application until told to stop.

    In one process, for Gradio keeps sessions in memory. Without an access log: addresses may name
    clients.
    """
    config = uvicorn.Config(
        app,
        host=where.host,
        port=where.ui_port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=LAST_SECONDS,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    command()
