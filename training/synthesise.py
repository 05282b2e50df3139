"""Write synthetic tables for any number of clients: `python -m training.synthesise`.

They have the columns, categories, missing values and difficulty of the public data set. Only
aggregates of it are used (`training/synthetic/parameters.json`); no client in them ever existed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import VersionOption, report_errors
from stores.progress import ProgressReporter
from training.synthetic.generator import TableFormat, synthesise_tables

app = typer.Typer(add_completion=False)


@app.command()
def main(
    clients: Annotated[
        int, typer.Option(min=1, help="Number of clients in both application tables together.")
    ],
    out: Annotated[
        Path,
        typer.Option(file_okay=False, help="Folder for the tables; created if it is missing."),
    ],
    seed: Annotated[
        int, typer.Option(min=0, help="Random seed; another seed gives other clients.")
    ] = 0,
    file_format: Annotated[
        TableFormat, typer.Option("--format", help="File format of the tables.")
    ] = TableFormat.PARQUET,
    *,
    _version: VersionOption = False,
) -> None:
    """Write synthetic Home Credit tables: two of applications and six of histories.

    About 14 % of the clients are in application_test, without TARGET. Existing tables of the same
    names are replaced.
    """
    console = Console(stderr=True)
    with (
        report_errors(console),
        ProgressReporter(console).step(f"{clients:,} synthetic clients", total=clients) as advance,
    ):
        synthesise_tables(clients, out, seed=seed, file_format=file_format, advance=advance)


if __name__ == "__main__":
    app()
