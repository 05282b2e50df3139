"""Command-line interface: `python -m loadtests` runs a load test and checks its budget."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from loadtests.budget import BUDGET_PATH
from loadtests.shapes import Shape
from stores.cli import VersionOption, report_errors
from stores.progress import ProgressReporter
from stores.settings import configure_libraries, get_settings

app = typer.Typer(add_completion=False)


@app.command()
def load(
    *,
    host: Annotated[
        str | None,
        typer.Option(
            help="URL of the service to call; its ledger records the decisions. "
            "By default, a service with a temporary ledger is started."
        ),
    ] = None,
    grpc: Annotated[
        str | None,
        typer.Option(
            help="host:port of that service's gRPC API; by default, only HTTP is called."
        ),
    ] = None,
    bento: Annotated[
        str, typer.Option(help="What to start: this source tree, or the tag of a built bento.")
    ] = "service:CreditScoring",
    shape: Annotated[Shape, typer.Option(help="Number of callers over time.")] = Shape.RAMP,
    callers: Annotated[int, typer.Option(min=1, help="Maximum number of callers.")] = 60,
    seconds: Annotated[float, typer.Option(min=5, help="Length of the run.")] = 120.0,
    budget: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="File with the limits of the run.")
    ] = BUDGET_PATH,
    out: Annotated[
        Path | None, typer.Option(help="Folder for CSV and plot; CREDIT_HOME/reports/load.")
    ] = None,
    _version: VersionOption = False,
) -> None:
    """Call a service as a typical day's callers do; exit with 1 if it exceeds its budget."""
    console = Console()
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        # Imported now: matplotlib and Polars read their environment at import.
        from loadtests import run  # noqa: PLC0415

        load_test = run.LoadTest(
            host=host,
            grpc=grpc,
            bento=bento,
            shape=shape,
            callers=callers,
            seconds=seconds,
            budget_path=budget,
            out=out or settings.home / "reports" / "load",
        )
        within_budget = run.run_load_test(settings, load_test, console, ProgressReporter(console))
    if not within_budget:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
