"""python -m training: from raw tables to a registered champion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import LenderOption, report_errors
from stores.dossiers.engine import Engine
from stores.progress import ProgressReporter
from stores.settings import configure_libraries, get_settings
from training.cli.experiments import EXPERIMENT_COMMANDS
from training.cli.options import DataOption, ParametersOption, generate_synthetic_tables

REFUSED_EXIT_CODE = 3
"""What the command ends with when a gate refused the model."""

app = typer.Typer(add_completion=False, no_args_is_help=False, rich_markup_mode="rich")


@app.callback(invoke_without_command=True)
def train(
    context: typer.Context,
    *,
    data: DataOption = None,
    lender: LenderOption = None,
    clients: Annotated[int, typer.Option(help="Synthetic clients to make.", min=1_000)] = 20_000,
    seed: Annotated[int, typer.Option(help="Same seed, same model.")] = 0,
    parameters: ParametersOption = None,
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
    progress = ProgressReporter(console)
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        # Imported now: these libraries read their environment at import; --help stays quick.
        from stores.raw_tables.lender_mapping import LenderMapping  # noqa: PLC0415
        from training.cli.summary import print_summary  # noqa: PLC0415
        from training.model.hyperparameters import resolve_parameters  # noqa: PLC0415
        from training.pipeline import run_training as run  # noqa: PLC0415

        if data is None:
            data = generate_synthetic_tables(settings, clients, seed, progress)
        lender_mapping = LenderMapping.from_yaml(lender) if lender else None
        model_parameters = resolve_parameters(parameters, progress.log)
        training_outcome = run(
            settings, data, seed=seed, progress=progress, lender=lender_mapping, parameters=model_parameters, engine=engine,
            auxiliary_folders=also or (),
        )  # fmt: skip
    print_summary(console, training_outcome)
    if training_outcome.blocking_codes:
        raise typer.Exit(REFUSED_EXIT_CODE)


for command in EXPERIMENT_COMMANDS:
    app.command()(command)


if __name__ == "__main__":
    app()
