"""Progress of long work, reported step by step on a console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

ProgressCallback = Callable[[int], None]
"""Report that this many more units of a step are done."""


class ProgressReporter:
    """Show each step as a bar on a terminal, elsewhere as a line at its start and its end."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[ProgressCallback]:
        """Show a step while it runs. A step that raises gets no closing line.

        Args:
            title: What the step does.
            total: Units of work in the step; None when the number is unknown.

        Yields:
            A callback that advances the bar by a number of units.
        """
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
        """Print one line, however long, without wrapping it."""
        self._console.print(line, highlight=False, soft_wrap=True)
