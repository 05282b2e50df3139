"""python -m training: from raw tables to a registered champion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import Lender, Steps, errors_told
from stores.dossiers.engine import Engine
from stores.settings import direct_libraries, settings
from training.cli.experiments import STUDIES
from training.cli.options import Data, Parameters, synthetic_tables

REFUSED = 3
"""What the command ends with when a gate refused the model."""

app = typer.Typer(add_completion=False, no_args_is_help=False, rich_markup_mode="rich")


@app.callback(invoke_without_command=True)
def train(
    context: typer.Context,
    *,
    data: Data = None,
    lender: Lender = None,
    clients: Annotated[int, typer.Option(help="Synthetic clients to make.", min=1_000)] = 20_000,
    seed: Annotated[int, typer.Option(help="Same seed, same model.")] = 0,
    parameters: Parameters = None,
    engine: Annotated[
        Engine,
        typer.Option(help="What groups the tables; spark runs where CREDIT_SPARK_MASTER says."),
    ] = Engine.LOCAL,
    also: Annotated[
        list[Path] | None,
        typer.Option(
            help="Another folder whose labelled clients teach, too; the model is judged by those "
            "of --data alone. Can be given several times.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Fit on labelled tables, evaluate, register in MLflow, publish to the BentoML store.

    Gates judge every model: one that fails a blocking gate stays registered in MLflow with its
    findings, but is not promoted. Champion, BentoML store and client store stay as they are, the
    findings say what to do, and the command ends with code 3.

    Everything is kept under CREDIT_HOME (./var by default).
    """
    if context.invoked_subcommand:
        return
    console = Console()
    steps = Steps(console)
    with errors_told(console):
        where = settings()
        direct_libraries(where)
        # Imported now: these libraries read their environment at import; --help stays quick.
        from stores.raw_tables.lender_mapping import LenderFiles  # noqa: PLC0415
        from training.cli.summary import tell  # noqa: PLC0415
        from training.model.hyperparameters import parameters_of  # noqa: PLC0415
        from training.pipeline import train as run  # noqa: PLC0415

        if data is None:
            data = synthetic_tables(where, clients, seed, steps)
        mapped = LenderFiles.read(lender) if lender else None
        told = parameters_of(parameters, steps.say)
        trained = run(
            where, data, seed=seed, steps=steps, lender=mapped, parameters=told, engine=engine,
            also=also or (),
        )  # fmt: skip
    tell(console, trained)
    if trained.refused:
        raise typer.Exit(REFUSED)


for study in STUDIES:
    app.command()(study)


if __name__ == "__main__":
    app()
