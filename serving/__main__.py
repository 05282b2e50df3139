"""Serve the champion over HTTP and gRPC in the foreground: `python -m serving`."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console

from serving.cli.bentoml_commands import build_serve_command
from serving.cli.ports import check_ports_free, print_access_notice
from stores.cli import VersionOption, report_errors
from stores.settings import get_settings

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    bento: Annotated[
        str, typer.Argument(help="What to serve: this source tree, or the tag of a built bento.")
    ] = "service:CreditScoring",
    *,
    _version: VersionOption = False,
) -> None:
    """Serve over HTTP on CREDIT_HTTP_PORT (3000) and gRPC on CREDIT_GRPC_PORT, until Ctrl-C."""
    console = Console(stderr=True)
    with report_errors(console):
        settings = get_settings()
        check_ports_free(settings)
        command = build_serve_command(settings, bento)
    print_access_notice(settings, console)
    os.execv(command[0], command)  # noqa: S606 -- without a shell


if __name__ == "__main__":
    app()
