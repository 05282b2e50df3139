"""python -m batch: score every client of a folder of tables with the champion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import LenderOption, VersionOption, report_errors
from stores.dossiers.engine import Engine
from stores.progress import ProgressReporter
from stores.settings import configure_libraries, get_settings

app = typer.Typer(add_completion=False)


@app.command()
def batch(
    *,
    data: Annotated[
        Path,
        typer.Option(help="Folder of raw tables, as for training.", exists=True, file_okay=False),
    ],
    out: Annotated[Path, typer.Option(help="Parquet file to write.")],
    table: Annotated[
        str, typer.Option(help="Applications to score: Kaggle's name of the file, no extension.")
    ] = "application_test",
    engine: Annotated[
        Engine,
        typer.Option(help="Engine that groups the tables; spark runs on CREDIT_SPARK_MASTER."),
    ] = Engine.LOCAL,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add the contribution of every feature.")
    ] = False,
    lender: LenderOption = None,
    _version: VersionOption = False,
) -> None:
    """Write SK_ID_CURR, risk, index, points, outcome, rules and unstated columns of every client.

    `risk` equals the API's answer for the same dossier, bit for bit.
    """
    console = Console()
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        # Deferred: BentoML reads the environment at import, and --help stays fast.
        from batch.pipeline import score_folder  # noqa: PLC0415

        count = score_folder(
            settings,
            data,
            out,
            table=table,
            engine=engine,
            with_contributions=explain,
            lender_path=lender,
            progress=ProgressReporter(console),
        )
    console.print(f"{count:,} clients scored into {out}")


if __name__ == "__main__":
    app()
