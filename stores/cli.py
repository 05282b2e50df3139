"""Options that commands share, and how they report errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from credit import __version__
from credit.errors import CreditError

LenderOption = Annotated[
    Path | None,
    typer.Option(
        help="YAML that maps a lender's own names and units.", exists=True, dir_okay=False
    ),
]


def print_version(is_requested: bool) -> None:  # noqa: FBT001 -- Typer's signature of a callback
    """Print the version and exit, if that is requested."""
    if is_requested:
        typer.echo(__version__)
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option("--version", is_eager=True, callback=print_version, help="Print the version."),
]


@contextmanager
def report_errors(console: Console) -> Iterator[None]:
    """Print an expected error (`CreditError`) without a traceback, and exit with code 1."""
    try:
        yield
    except CreditError as error:
        console.print(Text(str(error), style="red"), soft_wrap=True)
        raise typer.Exit(1) from error
