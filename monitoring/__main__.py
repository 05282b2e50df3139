"""python -m monitoring: what has changed since the champion was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import LenderOption, report_errors
from stores.progress import ProgressReporter
from stores.settings import configure_libraries, get_settings

DRIFT_EXIT_CODE = 2
"""Exit code of --fail-on-drift: 1 is for what went wrong."""

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def monitoring() -> None:
    """Compare the clients of today with those the champion was trained on."""


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
    out: Annotated[Path, typer.Option(help="Folder of findings.json and report.html.")],
    since: Annotated[
        str | None,
        typer.Option(help="Of the ledger, decisions from this day on (UTC).", metavar="DATE"),
    ] = None,
    lender: LenderOption = None,
    fail_on_drift: Annotated[
        bool,
        typer.Option("--fail-on-drift", help="Exit with 2 when a column or the risk drifted."),
    ] = False,
) -> None:
    """Tell which application columns, features and risks have drifted, and by how much.

    A column has drifted when its population stability index is large and beyond chance.
    """
    console = Console()
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        # Imported now: these libraries read their environment at import; --help stays quick.
        from monitoring.console import print_summary  # noqa: PLC0415
        from monitoring.pipeline import DriftRequest, run_drift_analysis  # noqa: PLC0415

        request = DriftRequest.from_options(reference, current, since, lender)
        result, findings = run_drift_analysis(settings, request, out, ProgressReporter(console))
    print_summary(console, result, findings)
    console.print(f"{out / 'report.html'} and findings.json written", soft_wrap=True)
    if fail_on_drift and result.drifted_columns:
        raise typer.Exit(DRIFT_EXIT_CODE)


if __name__ == "__main__":
    app()
