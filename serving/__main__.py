"""python -m serving: the champion behind HTTP and gRPC, in the foreground."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console

from serving.cli.bentoml_commands import serve_command
from serving.cli.ports import make_sure_doors_are_free, say_who_may_come
from stores.cli import errors_told
from stores.settings import settings

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    bento: Annotated[
        str, typer.Argument(help="What to serve: this source tree, or a built bento's tag.")
    ] = "service:CreditScoring",
) -> None:
    """Serve over HTTP on CREDIT_HTTP_PORT (3000) and gRPC on CREDIT_GRPC_PORT, until Ctrl-C."""
    console = Console(stderr=True)
    with errors_told(console):
        where = settings()
        make_sure_doors_are_free(where)
        command = serve_command(where, bento)
    say_who_may_come(where, console)
    os.execv(command[0], command)  # noqa: S606 -- no shell is wanted


if __name__ == "__main__":
    app()
