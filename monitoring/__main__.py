"""python -m monitoring: what has changed since the champion was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import Lender, Steps, errors_told
from stores.settings import direct_libraries, settings

DRIFTED = 2
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
    lender: Lender = None,
    fail_on_drift: Annotated[
        bool,
        typer.Option("--fail-on-drift", help="Exit with 2 when a column or the risk drifted."),
    ] = False,
) -> None:
    """Tell which application columns, features and risks have drifted, and by how much.

    A column has drifted when its population stability index is large and beyond chance.
    """
    console = Console()
    with errors_told(console):
        where = settings()
        direct_libraries(where)
        # Imported now: these libraries read their environment at import; --help stays quick.
        from monitoring.console import show  # noqa: PLC0415
        from monitoring.pipeline import Wanted, run  # noqa: PLC0415

        wanted = Wanted.of(reference, current, since, lender)
        told, found = run(where, wanted, out, Steps(console))
    show(console, told, found)
    console.print(f"{out / 'report.html'} and findings.json written", soft_wrap=True)
    if fail_on_drift and told.drifted:
        raise typer.Exit(DRIFTED)


if __name__ == "__main__":
    app()
