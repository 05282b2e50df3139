"""python -m training: train a model from raw tables, and run experiments.

train   ──► a registered model, promoted unless a gate refuses it
explore ──► a page on the raw tables      tune   ──► parameters.yaml for `python -m training`
compare ──► other kinds of models         ablate ──► the effect of each part of the model

Experiments change nothing that serves. Each command imports its libraries after
`configure_libraries`, because they read their environment at import; `--help` stays quick.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import LenderOption, VersionOption, report_errors
from stores.dossiers.engine import Engine
from stores.settings import Settings, configure_libraries, get_settings
from training.cli.options import (
    ClientsOption,
    DataOption,
    FoundationModelOption,
    ParametersOption,
    SeedOption,
    TimeBudgetOption,
)

REFUSED_EXIT_CODE = 3
"""Exit code of the command when a gate refused the model."""

app = typer.Typer(add_completion=False, no_args_is_help=False, rich_markup_mode="rich")


@contextmanager
def _configured_session() -> Iterator[tuple[Settings, Console]]:
    """Read the settings, configure the libraries, and report expected errors."""
    console = Console()
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        yield settings, console


@app.callback(invoke_without_command=True)
def train(
    context: typer.Context,
    *,
    data: DataOption = None,
    lender: LenderOption = None,
    clients: Annotated[
        int, typer.Option(help="Number of synthetic clients, without --data.", min=1_000)
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 0,
    parameters: ParametersOption = None,
    engine: Annotated[
        Engine,
        typer.Option(
            help="Engine that groups the tables; spark runs on the master in CREDIT_SPARK_MASTER."
        ),
    ] = Engine.LOCAL,
    also: Annotated[
        list[Path] | None,
        typer.Option(
            help="Another folder of labelled clients to add to the training set; the model is "
            "evaluated on the clients of --data only. Can be repeated.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    _version: VersionOption = False,
) -> None:
    """Fit on labelled tables, evaluate, register in MLflow, publish to the BentoML store.

    Every model is checked by gates. A model that fails a blocking gate stays registered in MLflow
    with its findings, but is not promoted. The champion, the BentoML store and the client store
    stay as they are, the findings recommend what to do, and the command ends with code 3.

    All files are stored under CREDIT_HOME (./var by default).
    """
    if context.invoked_subcommand:
        return
    with _configured_session() as (settings, console):
        from training.cli.train import train_and_print

        is_promoted = train_and_print(
            settings, console, data, lender=lender, clients=clients, seed=seed,
            parameters=parameters, engine=engine, auxiliary_folders=also or (),
        )  # fmt: skip
    if not is_promoted:
        raise typer.Exit(REFUSED_EXIT_CODE)


@app.command()
def explore(
    *,
    data: DataOption = None,
    lender: LenderOption = None,
    clients: Annotated[
        int | None,
        typer.Option(help="Number of synthetic clients, without --data.", min=500),
    ] = None,
    seed: SeedOption = 0,
) -> None:
    """Describe the raw tables: gaps, distributions, difficulty rates, correlations, drift.

    Writes reports/exploration.html, a self-contained page.
    """
    if data and clients:
        raise typer.BadParameter(
            "cannot be combined with --data, of which every client is used",
            param_hint="--clients",
        )
    with _configured_session() as (settings, console):
        from training.cli.experiments import run_exploration

        run_exploration(settings, console, data, lender=lender, clients=clients, seed=seed)


@app.command()
def compare(
    *,
    data: DataOption = None,
    lender: LenderOption = None,
    parameters: ParametersOption = None,
    clients: Annotated[
        int | None,
        typer.Option(
            help="Number of labelled clients to sample at random; all by default, at most 20,000. "
            "Without --data: number of synthetic clients.",
            min=500,
        ),
    ] = None,
    folds: Annotated[int, typer.Option(min=2)] = 5,
    budget_minutes: TimeBudgetOption = 10,
    model: Annotated[
        list[str] | None, typer.Option(help="Only challengers with this text in their name.")
    ] = None,
    foundation_model: FoundationModelOption = None,
    seed: SeedOption = 0,
) -> None:
    """Compare kinds of models: untuned, tuned, with class weights, with SMOTE inside folds.

    The served model is also blended with the piecewise-linear logistic regression and XGBoost: a
    blend is the mean of two models' log-odds. Every row has its paired difference to the served
    model.

    Writes comparison.json, .svg and .html to MLflow, with a nested run per model, and to reports.
    """
    with _configured_session() as (settings, console):
        from training.cli.experiments import ExperimentOptions, run_comparison

        run_comparison(
            settings,
            console,
            ExperimentOptions(
                data=data, lender=lender, parameters=parameters, clients=clients, seed=seed
            ),
            folds=folds,
            budget_minutes=budget_minutes,
            names=model or (),
            foundation_model=foundation_model,
        )


@app.command()
def tune(
    *,
    data: DataOption = None,
    lender: LenderOption = None,
    parameters: ParametersOption = None,
    clients: ClientsOption = None,
    trials: Annotated[
        int, typer.Option(help="Total number of trials, including those of earlier runs.")
    ] = 40,
    budget_minutes: TimeBudgetOption = 20,
    seed: SeedOption = 0,
) -> None:
    """Search for parameters, beginning with the given ones; an earlier search is resumed.

    The reported gain is measured on the same clients, split into other folds. The parameters were
    selected on these clients, so the gain on other clients may be smaller.

    Writes parameters.yaml under CREDIT_HOME/tuning, for `python -m training --parameters`.
    """
    with _configured_session() as (settings, console):
        from training.cli.experiments import ExperimentOptions, run_tuning

        run_tuning(
            settings,
            console,
            ExperimentOptions(
                data=data, lender=lender, parameters=parameters, clients=clients, seed=seed
            ),
            trials=trials,
            budget_minutes=budget_minutes,
        )


@app.command()
def ablate(
    *,
    data: DataOption = None,
    lender: LenderOption = None,
    parameters: ParametersOption = None,
    clients: ClientsOption = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Only table, scores, protected attribute, concept, fitting."),
    ] = None,
    seed: SeedOption = 0,
) -> None:
    """Measure the effect of tables, concepts, protected attributes, scores and fitting options.

    Writes ablation.json, .svg and .html to MLflow and to reports.
    """
    with _configured_session() as (settings, console):
        from training.cli.experiments import ExperimentOptions, run_ablation_study

        run_ablation_study(
            settings,
            console,
            ExperimentOptions(
                data=data, lender=lender, parameters=parameters, clients=clients, seed=seed
            ),
            groups=group or (),
        )


@app.command()
def omissions(
    *,
    data: Annotated[
        Path, typer.Option(help="Folder of raw tables.", exists=True, file_okay=False)
    ],
    table: Annotated[
        str, typer.Option(help="File of applications to try, without extension.")
    ] = "application_test",
    lender: LenderOption = None,
    clients: Annotated[
        int, typer.Option(help="Number of clients who are not approved to try.", min=1)
    ] = 250,
    seed: SeedOption = 0,
) -> None:
    """Leave out fields of clients who are not approved, and count who gains by it.

    Every stated field is left out alone, then pairs of fields; the champion decides as the service
    does. Nothing is recorded.
    """
    with _configured_session() as (settings, console):
        from training.cli.omissions import try_and_print_omissions

        try_and_print_omissions(
            settings, console, data, table=table, lender=lender, clients=clients, seed=seed
        )


if __name__ == "__main__":
    app()
