"""What the commands share: the option for a lender's mapping, and how errors are reported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from credit.errors import CreditError

LenderOption = Annotated[
    Path | None,
    typer.Option(
        help="YAML that maps a lender's own names and units.", exists=True, dir_okay=False
    ),
]


@contextmanager
def report_errors(console: Console) -> Iterator[None]:
    """Print an expected error (`CreditError`) without a traceback, and exit with code 1."""
    try:
        yield
    except CreditError as error:
        console.print(Text(str(error), style="red"), soft_wrap=True)
        raise typer.Exit(1) from error
