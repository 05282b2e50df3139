"""Command-line interface: `python -m monitoring` compares current clients with a reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import LenderOption, VersionOption, report_errors
from stores.progress import ProgressReporter
from stores.settings import configure_libraries, get_settings

DRIFT_EXIT_CODE = 2
"""Exit code of --fail-on-drift; 1 is the exit code of errors."""

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def monitoring(*, _version: VersionOption = False) -> None:
    """Compare current clients with those that the champion was trained on."""


@app.command()
def drift(
    *,
    reference: Annotated[
        str,
        typer.Option(
            help="`train`, the champion's training clients; or a folder with application_train.",
            metavar="DIR|train",
        ),
    ],
    current: Annotated[
        str,
        typer.Option(
            help="`ledger`, the recorded decisions; or a folder with application_test.",
            metavar="DIR|ledger",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for findings.json and report.html.")],
    since: Annotated[
        str | None,
        typer.Option(help="With `ledger`: only decisions from this day on (UTC).", metavar="DATE"),
    ] = None,
    lender: LenderOption = None,
    fail_on_drift: Annotated[
        bool,
        typer.Option("--fail-on-drift", help="Exit with 2 when a column or the risk has drifted."),
    ] = False,
) -> None:
    """Report which application columns, features and risks have drifted, and by how much.

    A column has drifted when its population stability index is large and beyond chance.
    """
    output = Console()
    with report_errors(output):
        settings = get_settings()
        configure_libraries(settings)
        # Imported now: these libraries read their environment at import; --help stays quick.
        from monitoring import console, pipeline, request  # noqa: PLC0415

        drift_request = request.DriftRequest.from_options(reference, current, since, lender)
        result, findings = pipeline.run_drift_analysis(
            settings, drift_request, out, ProgressReporter(output)
        )
    console.print_summary(output, result, findings)
    output.print(f"{out / 'report.html'} and findings.json written", soft_wrap=True)
    if fail_on_drift and result.drifted_columns:
        raise typer.Exit(DRIFT_EXIT_CODE)


if __name__ == "__main__":
    app()
