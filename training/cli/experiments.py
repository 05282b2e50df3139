"""Run experiments for the command line: load the data, run, save the results, print a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from credit.schema import APPLICATION
from stores.atomic_files import atomic_write
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import APPLICATION_FILE_NAMES, LenderMapping
from stores.raw_tables.tables import read_tables, resolve_table_file
from stores.settings import Settings
from training.cli.summary import (
    build_ablation_table,
    build_comparison_table,
    format_tuning_result,
)
from training.data.synthetic_source import DEFAULT_SYNTHETIC_CLIENTS, generate_synthetic_tables
from training.experiments.ablation import count_ablation_steps, run_ablation
from training.experiments.ablation_variants import iter_ablation_variants, with_min_bagging
from training.experiments.comparison import (
    MAX_COMPARISON_CLIENTS,
    compare_models,
    count_comparison_steps,
)
from training.experiments.context import (
    ExperimentContext,
    ExperimentData,
    load_experiment_data,
)
from training.experiments.results import (
    save_ablation,
    save_comparison,
    save_tuning,
    start_experiment_run,
)
from training.experiments.tuning import (
    CONFIRMATION_FITS,
    evaluate_best_trial,
    open_study,
    search_parameters,
)
from training.exploration.report import render_exploration_page
from training.exploration.statistics import explore_tables
from training.model.challengers import select_challengers
from training.model.foundation_model import make_foundation_challenger
from training.model.hyperparameters import resolve_parameters
from training.reporting.languages import Language
from training.reporting.page_links import name_pages
from training.tracking.report_store import list_report_files


@dataclass(frozen=True, kw_only=True)
class ExperimentOptions:
    """Command-line options that comparison, search and ablation share."""

    data: Path | None
    """Folder of tables; None generates synthetic ones."""
    lender: Path | None
    parameters: Path | None
    clients: int | None
    """Number of clients to sample, or to generate without `data`."""
    seed: int


def run_exploration(
    settings: Settings,
    console: Console,
    data: Path | None,
    *,
    lender: Path | None,
    clients: int | None,
    seed: int,
) -> None:
    """Write the page on the raw tables, and print its path."""
    progress = ProgressReporter(console)
    lender_mapping = LenderMapping.from_yaml(lender) if lender else None
    folder = data or generate_synthetic_tables(
        settings, clients or DEFAULT_SYNTHETIC_CLIENTS, seed, progress
    )
    with progress.step("checking tables"):
        read_folder = partial(
            read_tables, folder, lender=lender_mapping, cache=settings.cache_folder
        )
        labelled_file, new_file = APPLICATION_FILE_NAMES
        tables = read_folder(application=labelled_file, labelled=True)
        new_path = resolve_table_file(folder, new_file, lender_mapping)
        new_applications = read_folder(application=new_file).application if new_path else None
    with progress.step("columns", len(APPLICATION.columns)) as advance:
        exploration = explore_tables(tables, new_applications, progress=advance)
    existing_files = list_report_files(settings) | name_pages("exploration")
    for language in Language:
        path = settings.reports_folder / language.name_file("exploration")
        with atomic_write(path) as temp_path:
            page = render_exploration_page(exploration, language, existing_files)
            temp_path.write_text(page, encoding="utf-8")
        console.print(f"{path}", soft_wrap=True)


def run_comparison(
    settings: Settings,
    console: Console,
    options: ExperimentOptions,
    *,
    folds: int,
    budget_minutes: float,
    names: Sequence[str],
    foundation_model: Path | None,
) -> None:
    """Compare the served model with challengers, save the results and print the leaderboard.

    Args:
        names: Parts of the names of the challengers; all if empty.
        foundation_model: Folder with the weights of a foundation model to add; none if None.

    Raises:
        UnknownChallenger: no challenger's name contains one of `names`.
        UnusableFoundationModel: the package or the weights of the foundation model are missing.
    """
    context = _create_context(settings, console, options)
    challengers = select_challengers(names)
    if foundation_model:
        challengers = (*challengers, make_foundation_challenger(foundation_model))
    data = _load_data(context, options, max_clients=MAX_COMPARISON_CLIENTS)
    with start_experiment_run(settings, "comparison", data.data_metadata) as folder:
        steps = count_comparison_steps(folds, challengers)
        with context.progress.step("challengers", steps) as advance:
            comparison = compare_models(
                data.training_set,
                data.policy,
                seed=options.seed,
                folds=folds,
                search_seconds=60 * budget_minutes,
                progress=advance,
                challengers=challengers,
                parameters=data.parameters,
            )
        with context.progress.step("MLflow runs"):
            save_comparison(comparison, data.provenance, folder, settings)
    console.print(build_comparison_table(comparison))


def run_tuning(
    settings: Settings,
    console: Console,
    options: ExperimentOptions,
    *,
    trials: int,
    budget_minutes: float,
) -> None:
    """Search for hyperparameters, save them, and print the gain and the file."""
    context = _create_context(settings, console, options)
    data = _load_data(context, options)
    tuning_folder = settings.home / "tuning"
    study = open_study(
        tuning_folder / "study.sqlite",
        data.training_set,
        data.data_metadata["fingerprint"],
        seed=options.seed,
        base_parameters=data.parameters,
    )
    with start_experiment_run(settings, "tuning", data.data_metadata) as folder:
        with context.progress.step("trials", trials) as advance:
            search_parameters(
                study,
                data.training_set,
                seed=options.seed,
                trials=trials,
                seconds=60 * budget_minutes,
                progress=advance,
                base_parameters=data.parameters,
            )
        with context.progress.step("best trial on new folds", CONFIRMATION_FITS) as advance:
            best = evaluate_best_trial(
                study,
                data.training_set,
                data.policy,
                seed=options.seed,
                progress=advance,
                base_parameters=data.parameters,
            )
        path = save_tuning(study, best, data.data_metadata, folder, tuning_folder)
    console.print(format_tuning_result(best))
    console.print(f"python -m training --parameters {path}", soft_wrap=True)


def run_ablation_study(
    settings: Settings, console: Console, options: ExperimentOptions, *, groups: Sequence[str]
) -> None:
    """Measure the effect of each part of the model, save the results and print them.

    Args:
        groups: Groups of parts to measure; all if empty.
    """
    context = _create_context(settings, console, options)
    data = _load_data(context, options)
    variants = [
        variant
        for variant in iter_ablation_variants(
            data.training_set, data.sex, data.policy, parameters=data.parameters
        )
        if not groups or variant.group in groups
    ]
    with start_experiment_run(settings, "ablation", data.data_metadata) as folder:
        with context.progress.step("variants", count_ablation_steps(variants)) as advance:
            ablation = run_ablation(
                data.training_set,
                variants,
                data.policy,
                seed=options.seed,
                progress=advance,
                base_parameters=with_min_bagging(data.parameters),
            )
        save_ablation(ablation, data.provenance, folder, settings)
    console.print(build_ablation_table(ablation))


def _create_context(
    settings: Settings, console: Console, options: ExperimentOptions
) -> ExperimentContext:
    progress = ProgressReporter(console)
    return ExperimentContext(
        settings=settings,
        progress=progress,
        lender=LenderMapping.from_yaml(options.lender) if options.lender else None,
        parameters=resolve_parameters(options.parameters, progress.log),
    )


def _load_data(
    context: ExperimentContext, options: ExperimentOptions, *, max_clients: int | None = None
) -> ExperimentData:
    folder = options.data or generate_synthetic_tables(
        context.settings,
        options.clients or DEFAULT_SYNTHETIC_CLIENTS,
        options.seed,
        context.progress,
    )
    return load_experiment_data(
        context, folder, sample_size=options.clients or max_clients, seed=options.seed
    )
