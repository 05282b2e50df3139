"""Command-line interface: `python -m ui` serves the advisers' page in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer
import uvicorn
from starlette.types import ASGIApp

from credit import __version__
from ui.settings import Settings, configure_libraries

command = typer.Typer(add_completion=False)

SHUTDOWN_SECONDS = 2
"""Time limit for pending responses when the page stops; an open tab would block it for ever."""


def print_version(is_requested: bool) -> None:  # noqa: FBT001 -- Typer's signature of a callback
    """Print the version and exit, if that is requested."""
    if is_requested:
        typer.echo(__version__)
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option("--version", is_eager=True, callback=print_version, help="Print the version."),
]


@command.command()
def page(*, _version: VersionOption = False) -> None:
    """Show the advisers' page on CREDIT_UI_PORT (7860), until Ctrl-C.

    It calls the API at CREDIT_API_URL, by default CREDIT_HTTP_PORT (3000) of this machine.
    """
    settings = Settings()
    configure_libraries(settings)
    from ui.app import create_app  # noqa: PLC0415 -- Gradio reads the environment at import

    typer.echo(f"Calling the API at {settings.api}")
    if not settings.is_loopback:
        typer.echo(
            f"Listening on {settings.host}: the page has no login; put it behind one.", err=True
        )
    app = create_app(settings.api)
    typer.echo(f"The page is at http://{settings.host}:{settings.ui_port}/ (Ctrl-C to stop)")
    serve_app(app, settings)


def serve_app(app: ASGIApp, settings: Settings) -> None:
    """Serve an application until the process is stopped.

    Use one process, since Gradio keeps sessions in memory. Write no access log, since addresses
    can contain client numbers.
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
