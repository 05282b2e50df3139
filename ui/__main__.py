"""python -m ui: the advisers' page, in the foreground."""

from __future__ import annotations

import typer
import uvicorn
from starlette.types import ASGIApp

from ui.settings import Settings, configure_libraries

command = typer.Typer(add_completion=False)

SHUTDOWN_SECONDS = 2
"""For answers under way when the page is stopped; open tabs would keep it for ever."""


@command.command()
def page() -> None:
    """Show the advisers' page on CREDIT_UI_PORT (7860), until Ctrl-C.

    It asks the API at CREDIT_API_URL, by default CREDIT_HTTP_PORT (3000) of this machine.
    """
    settings = Settings()
    configure_libraries(settings)
    from ui.app import create_app  # noqa: PLC0415 -- Gradio reads the environment when imported

    typer.echo(f"Asking the API at {settings.api}")
    if not settings.is_loopback:
        typer.echo(
            f"Listening on {settings.host}: the page has no login, put it behind one.", err=True
        )
    app = create_app(settings.api)
    typer.echo(f"The page is at http://{settings.host}:{settings.ui_port}/ (Ctrl-C to stop)")
    serve_app(app, settings)


def serve_app(app: ASGIApp, settings: Settings) -> None:
    """Serve an application until told to stop.

    In one process, for Gradio keeps sessions in memory. Without an access log: addresses may name
    clients.
    """
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.ui_port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    command()
