"""The studies one makes before and after a training; none changes what serves.

explore ──► tables as they are        tune ──► parameters.yaml for `python -m training`
compare ──► kinds of models           ablate ──► what each part of the model is worth
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from stores.cli import LenderOption
from training.cli.options import (
    DEFAULT_SYNTHETIC_CLIENTS,
    ClientsOption,
    DataOption,
    ParametersOption,
    SeedOption,
    generate_synthetic_tables,
)
from training.experiments.context import experiment_context, load_experiment_data

# Libraries are imported when a study begins: they read their environment then; --help stays quick.
# ruff: noqa: PLC0415

TimeBudgetOption = Annotated[
    float, typer.Option("--time-budget", help="Minutes for searches.", min=0)
]


def explore(
    *,
    data: DataOption = None,
    lender: LenderOption = None,
    clients: Annotated[
        int | None,
        typer.Option(
            help="Synthetic clients to make; of --data every client is looked at.", min=500
        ),
    ] = None,
    seed: SeedOption = 0,
) -> None:
    """Look at the raw tables: gaps, distributions, difficulty rates, correlations, drift.

    Writes reports/exploration.html, one page that needs nothing beside itself.
    """
    if data and clients:
        raise typer.BadParameter(
            "goes without --data, whose every client is looked at", param_hint="--clients"
        )
    with experiment_context(lender) as context:
        from credit.schema import APPLICATION
        from stores.raw_tables.lender_mapping import APPLICATION_FILE_NAMES
        from stores.raw_tables.tables import read_tables, resolve_table_file
        from training.exploration.report import render_exploration_page
        from training.exploration.statistics import explore_tables as look

        folder = data or generate_synthetic_tables(
            context.settings, clients or DEFAULT_SYNTHETIC_CLIENTS, seed, context.progress
        )
        with context.progress.step("checking tables"):
            read_folder = partial(
                read_tables, folder, lender=context.lender, cache=context.settings.cache_folder
            )
            labelled_file, new_file = APPLICATION_FILE_NAMES
            tables = read_folder(application=labelled_file, labelled=True)
            new_path = resolve_table_file(folder, new_file, context.lender)
            new_applications = read_folder(application=new_file).application if new_path else None
        with context.progress.step("columns", len(APPLICATION.columns)) as advance:
            exploration = look(tables, new_applications, progress=advance)
        path = context.settings.reports_folder / "exploration.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        temp_path = path.with_suffix(".part")
        temp_path.write_text(render_exploration_page(exploration), encoding="utf-8")
        temp_path.replace(path)
        context.console.print(f"{path}", soft_wrap=True)


def compare(
    *,
    data: DataOption = None,
    lender: LenderOption = None,
    parameters: ParametersOption = None,
    clients: Annotated[
        int | None,
        typer.Option(
            help="Labelled clients to draw at random; if left out, all, but 20,000 at most. "
            "Synthetic ones to make.",
            min=500,
        ),
    ] = None,
    folds: Annotated[int, typer.Option(min=2)] = 5,
    budget_minutes: TimeBudgetOption = 10,
    model: Annotated[
        list[str] | None, typer.Option(help="Only challengers whose name has this in it.")
    ] = None,
    seed: SeedOption = 0,
) -> None:
    """Compare kinds of models: untuned, tuned, with class weights, with SMOTE inside folds.

    Writes comparison.json, .svg and .html to MLflow, a nested run a model, and to reports.
    """
    with experiment_context(lender, parameters) as context:
        from training.experiments.comparison import MAX_COMPARISON_CLIENTS, count_comparison_steps
        from training.experiments.comparison import compare_models as run
        from training.experiments.results import save_comparison, start_experiment_run
        from training.model.challengers import select_challengers
        from training.study_tables import build_comparison_table

        challengers = select_challengers(model or [])
        experiment_data = load_experiment_data(
            context, data, clients, seed, max_clients=MAX_COMPARISON_CLIENTS
        )
        with start_experiment_run(
            context.settings, "comparison", experiment_data.data_metadata
        ) as folder:
            with context.progress.step(
                "challengers", count_comparison_steps(folds, challengers)
            ) as advance:
                comparison = run(
                    experiment_data.training_set,
                    experiment_data.policy,
                    seed=seed,
                    folds=folds,
                    search_seconds=60 * budget_minutes,
                    progress=advance,
                    challengers=challengers,
                    parameters=context.parameters,
                )
            with context.progress.step("MLflow runs"):
                save_comparison(comparison, experiment_data.provenance, folder)
        context.console.print(build_comparison_table(comparison))


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
    """Measure what each part is worth: tables, concepts, protected attributes, scores, fitting.

    Writes ablation.json, .svg and .html to MLflow and to reports.
    """
    with experiment_context(lender, parameters) as context:
        experiment_data = load_experiment_data(context, data, clients, seed)
        from training.experiments.ablation import count_ablation_steps
        from training.experiments.ablation import run_ablation as run
        from training.experiments.ablation_variants import iter_ablation_variants, with_min_bagging
        from training.experiments.results import save_ablation, start_experiment_run
        from training.study_tables import build_ablation_table

        all_variants = iter_ablation_variants(
            experiment_data.training_set,
            experiment_data.sex,
            experiment_data.policy,
            parameters=context.parameters,
        )
        selected_variants = [
            variant for variant in all_variants if not group or variant.group in group
        ]
        with start_experiment_run(
            context.settings, "ablation", experiment_data.data_metadata
        ) as folder:
            with context.progress.step(
                "variants", count_ablation_steps(selected_variants)
            ) as advance:
                ablation = run(
                    experiment_data.training_set,
                    selected_variants,
                    experiment_data.policy,
                    seed=seed,
                    progress=advance,
                    base_parameters=with_min_bagging(context.parameters),
                )
            save_ablation(ablation, experiment_data.provenance, folder)
        context.console.print(build_ablation_table(ablation))


def tune(
    *,
    data: DataOption = None,
    lender: LenderOption = None,
    parameters: ParametersOption = None,
    clients: ClientsOption = None,
    trials: Annotated[int, typer.Option(help="In all, those of earlier runs included.")] = 40,
    budget_minutes: TimeBudgetOption = 20,
    seed: SeedOption = 0,
) -> None:
    """Search for parameters, from the given ones on; the study is resumed where it was left.

    The gain it tells is on the same clients, cut into other folds: they chose the parameters, and
    other clients may gain less.

    Writes parameters.yaml under CREDIT_HOME/tuning, for `python -m training --parameters`.
    """
    with experiment_context(lender, parameters) as context:
        experiment_data = load_experiment_data(context, data, clients, seed)
        from training.experiments.results import start_experiment_run
        from training.experiments.tuning import (
            CONFIRMATION_FITS,
            evaluate_best_trial,
            open_study,
            search_parameters,
        )
        from training.study_tables import format_difference
        from training.tuned import save_tuning

        tuning_folder = context.settings.home / "tuning"
        base_parameters, fingerprint = (
            context.parameters,
            experiment_data.data_metadata["fingerprint"],
        )
        optuna_study = open_study(
            tuning_folder / "study.sqlite",
            experiment_data.training_set,
            fingerprint,
            seed=seed,
            base_parameters=base_parameters,
        )
        with start_experiment_run(
            context.settings, "tuning", experiment_data.data_metadata
        ) as folder:
            with context.progress.step("trials", trials) as advance:
                search_parameters(
                    optuna_study,
                    experiment_data.training_set,
                    seed=seed,
                    trials=trials,
                    seconds=60 * budget_minutes,
                    progress=advance,
                    base_parameters=base_parameters,
                )
            with context.progress.step(
                "the best, the clients cut anew", CONFIRMATION_FITS
            ) as advance:
                best = evaluate_best_trial(
                    optuna_study,
                    experiment_data.training_set,
                    experiment_data.policy,
                    seed=seed,
                    progress=advance,
                    base_parameters=base_parameters,
                )
            path = save_tuning(
                optuna_study, best, experiment_data.data_metadata, folder, tuning_folder
            )
        gain_verdict = "above 0" if best.gain_above_zero else "not told from chance"
        context.console.print(
            f"{best.complete} trials, {best.pruned} pruned; best AUC {best.auc:.4f} against "
            f"{best.default_auc:.4f}; on the clients that chose it, cut anew, "
            f"{format_difference(best.gain)}: {gain_verdict}"
        )
        context.console.print(f"python -m training --parameters {path}", soft_wrap=True)


EXPERIMENT_COMMANDS: tuple[Callable[..., None], ...] = (explore, compare, tune, ablate)
