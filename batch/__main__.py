"""python -m batch: score every client of a folder of tables with the champion."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import LenderOption, report_errors
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
        str, typer.Option(help="Which applications: Kaggle's name of the file, no ending.")
    ] = "application_test",
    engine: Annotated[
        Engine,
        typer.Option(help="What moves the data; spark runs where CREDIT_SPARK_MASTER says."),
    ] = Engine.LOCAL,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add every feature's contribution.")
    ] = False,
    lender: LenderOption = None,
) -> None:
    """Write SK_ID_CURR, risk, index, points, outcome and rules of every client.

    `risk` is the very double that the service answers for the same dossier.
    """
    console = Console()
    progress = ProgressReporter(console)
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        # Imported now: these libraries read their environment at import; --help stays quick.
        from credit.policy import load_policy  # noqa: PLC0415
        from stores.models.bento_store import (  # noqa: PLC0415
            find_bento_model,
            get_champion_tag,
            load_scorer,
        )
        from stores.raw_tables.lender_mapping import LenderMapping  # noqa: PLC0415
        from stores.raw_tables.tables import read_tables  # noqa: PLC0415

        if engine is Engine.SPARK:
            from batch.spark import score_tables  # noqa: PLC0415
            from stores.dossiers.spark import require_spark  # noqa: PLC0415

            require_spark()
        else:
            from batch.local import score_tables  # noqa: PLC0415

        scorer = load_scorer(find_bento_model(get_champion_tag(settings)))
        with progress.step(f"checking {table}"):
            lender_files = LenderMapping.from_yaml(lender) if lender else None
            tables = read_tables(
                data, application=table, lender=lender_files, cache=settings.cache_folder
            )
        policy = load_policy(datetime.now(UTC).date())
        count = score_tables(
            settings,
            tables,
            out,
            scorer=scorer,
            policy=policy,
            with_contributions=explain,
            progress=progress,
        )
    console.print(f"{count:,} clients scored into {out}")


if __name__ == "__main__":
    app()
