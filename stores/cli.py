"""What commands have in common: how a lender's files are told, what is said while they work.

Long work is told step by step, and what went wrong in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from credit.errors import CreditError

ProgressCallback = Callable[[int], None]

LenderOption = Annotated[
    Path | None,
    typer.Option(
        help="YAML that maps a lender's own names and units.", exists=True, dir_okay=False
    ),
]


class ProgressReporter:
    """Steps on a console; where it is no terminal, a line when each begins and when it is done."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[ProgressCallback]:
        """Show a step while it runs; calling what comes back advances its bar."""
        if not self._console.is_terminal:
            self.log(f"[dim]…[/] {title}")
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
        with Progress(
            *columns,
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        ) as progress:
            task = progress.add_task(title, total=total)
            yield lambda count: progress.advance(task, count)
            seconds = progress.tasks[task].elapsed or 0.0
        self.log(f"[green]✓[/] {title} [dim]{seconds:.1f} s[/]")

    def log(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)


@contextmanager
def report_errors(console: Console) -> Iterator[None]:
    """End a command with code 1 and a message, without a traceback, when it fails on purpose."""
    try:
        yield
    except CreditError as error:
        console.print(Text(str(error), style="red"), soft_wrap=True)
        raise typer.Exit(1) from error
