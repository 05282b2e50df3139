"""python -m batch: score every client of a folder of tables with the champion."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import Lender, Steps, errors_told
from stores.dossiers.engine import Engine
from stores.settings import direct_libraries, settings

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
    lender: Lender = None,
) -> None:
    """Write SK_ID_CURR, risk, index, points, outcome and rules of every client.

    `risk` is the very double that the service answers for the same dossier.
    """
    console = Console()
    steps = Steps(console)
    with errors_told(console):
        where = settings()
        direct_libraries(where)
        # Imported now: these libraries read their environment at import; --help stays quick.
        from credit.policy import policy_on  # noqa: PLC0415
        from stores.models.bento_store import champion_tag, find, load  # noqa: PLC0415
        from stores.raw_tables.lender_mapping import LenderFiles  # noqa: PLC0415
        from stores.raw_tables.tables import read_tables  # noqa: PLC0415

        if engine is Engine.SPARK:
            from batch.spark import score_tables  # noqa: PLC0415
            from stores.dossiers.spark import require_spark  # noqa: PLC0415

            require_spark()
        else:
            from batch.local import score_tables  # noqa: PLC0415

        scorer = load(find(champion_tag(where)))
        with steps.step(f"checking {table}"):
            mapped = LenderFiles.read(lender) if lender else None
            tables = read_tables(data, application=table, lender=mapped, cache=where.cache)
        policy = policy_on(datetime.now(UTC).date())
        count = score_tables(
            where, tables, out, scorer=scorer, policy=policy, explained=explain, steps=steps
        )
    console.print(f"{count:,} clients scored into {out}")


if __name__ == "__main__":
    app()
