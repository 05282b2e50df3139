"""The studies one makes before and after a training; none changes what serves.

explore ──► tables as they are        tune ──► parameters.yaml for `python -m training`
compare ──► kinds of models           ablate ──► what each part of the model is worth
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from stores.cli import Lender
from training.cli.options import SYNTHETIC, Clients, Data, Parameters, Seed, synthetic_tables
from training.experiments.context import study, subject_of

# Libraries are imported when a study begins: they read their environment then; --help stays quick.
# ruff: noqa: PLC0415

Minutes = Annotated[float, typer.Option("--time-budget", help="Minutes for searches.", min=0)]


def explore(
    *,
    data: Data = None,
    lender: Lender = None,
    clients: Annotated[
        int | None,
        typer.Option(
            help="Synthetic clients to make; of --data every client is looked at.", min=500
        ),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Look at the raw tables: gaps, distributions, difficulty rates, correlations, drift.

    Writes reports/exploration.html, one page that needs nothing beside itself.
    """
    if data and clients:
        raise typer.BadParameter(
            "goes without --data, whose every client is looked at", param_hint="--clients"
        )
    with study(lender) as desk:
        from credit.schema import APPLICATION
        from stores.raw_tables.lender_mapping import APPLICATIONS
        from stores.raw_tables.tables import file_of, read_tables
        from training.exploration.report import page
        from training.exploration.statistics import explore as look

        folder = data or synthetic_tables(desk.where, clients or SYNTHETIC, seed, desk.steps)
        with desk.steps.step("checking tables"):
            read = partial(read_tables, folder, lender=desk.lender, cache=desk.where.cache)
            labelled, new = APPLICATIONS
            tables = read(application=labelled, labelled=True)
            held = file_of(folder, new, desk.lender)
            later = read(application=new).application if held else None
        with desk.steps.step("columns", len(APPLICATION.columns)) as advance:
            facts = look(tables, later, progress=advance)
        path = desk.where.reports / "exploration.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(page(facts), encoding="utf-8")
        part.replace(path)
        desk.console.print(f"{path}", soft_wrap=True)


def compare(
    *,
    data: Data = None,
    lender: Lender = None,
    parameters: Parameters = None,
    clients: Annotated[
        int | None,
        typer.Option(
            help="Labelled clients to draw at random; if left out, all, but 20,000 at most. "
            "Synthetic ones to make.",
            min=500,
        ),
    ] = None,
    folds: Annotated[int, typer.Option(min=2)] = 5,
    budget: Minutes = 10,
    model: Annotated[
        list[str] | None, typer.Option(help="Only challengers whose name has this in it.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Compare kinds of models: untuned, tuned, with class weights, with SMOTE inside folds.

    Writes comparison.json, .svg and .html to MLflow, a nested run a model, and to reports.
    """
    with study(lender, parameters) as desk:
        from training.experiments.comparison import MOST_CLIENTS, steps_of
        from training.experiments.comparison import compare as run
        from training.experiments.results import keep_comparison, study_run
        from training.model.challengers import chosen
        from training.study_tables import comparison_table

        challengers = chosen(model or [])
        subject = subject_of(desk, data, clients, seed, most=MOST_CLIENTS)
        with study_run(desk.where, "comparison", subject.about) as folder:
            with desk.steps.step("challengers", steps_of(folds, challengers)) as advance:
                told = run(
                    subject.material,
                    subject.policy,
                    seed=seed,
                    folds=folds,
                    seconds=60 * budget,
                    progress=advance,
                    challengers=challengers,
                    parameters=desk.parameters,
                )
            with desk.steps.step("MLflow runs"):
                keep_comparison(told, subject.origin, folder)
        desk.console.print(comparison_table(told))


def ablate(
    *,
    data: Data = None,
    lender: Lender = None,
    parameters: Parameters = None,
    clients: Clients = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Only table, scores, protected attribute, concept, fitting."),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Measure what each part is worth: tables, concepts, protected attributes, scores, fitting.

    Writes ablation.json, .svg and .html to MLflow and to reports.
    """
    with study(lender, parameters) as desk:
        subject = subject_of(desk, data, clients, seed)
        from training.experiments.ablation import ablate as run
        from training.experiments.ablation import steps_of
        from training.experiments.ablation_variants import bagged, variants
        from training.experiments.results import keep_ablation, study_run
        from training.study_tables import ablation_table

        every = variants(subject.material, subject.sex, subject.policy, parameters=desk.parameters)
        parts = [variant for variant in every if not group or variant.group in group]
        with study_run(desk.where, "ablation", subject.about) as folder:
            with desk.steps.step("variants", steps_of(parts)) as advance:
                told = run(
                    subject.material,
                    parts,
                    subject.policy,
                    seed=seed,
                    progress=advance,
                    base=bagged(desk.parameters),
                )
            keep_ablation(told, subject.origin, folder)
        desk.console.print(ablation_table(told))


def tune(
    *,
    data: Data = None,
    lender: Lender = None,
    parameters: Parameters = None,
    clients: Clients = None,
    trials: Annotated[int, typer.Option(help="In all, those of earlier runs included.")] = 40,
    budget: Minutes = 20,
    seed: Seed = 0,
) -> None:
    """Search for parameters, from the given ones on; the study is resumed where it was left.

    The gain it tells is on the same clients, cut into other folds: they chose the parameters, and
    other clients may gain less.

    Writes parameters.yaml under CREDIT_HOME/tuning, for `python -m training --parameters`.
    """
    with study(lender, parameters) as desk:
        subject = subject_of(desk, data, clients, seed)
        from training.experiments.results import study_run
        from training.experiments.tuning import JUDGING, judged, open_study, search
        from training.study_tables import spread
        from training.tuned import keep_search

        home = desk.where.home / "tuning"
        base, fingerprint = desk.parameters, subject.about["fingerprint"]
        found = open_study(
            home / "study.sqlite", subject.material, fingerprint, seed=seed, base=base
        )
        with study_run(desk.where, "tuning", subject.about) as folder:
            with desk.steps.step("trials", trials) as advance:
                search(
                    found,
                    subject.material,
                    seed=seed,
                    trials=trials,
                    seconds=60 * budget,
                    progress=advance,
                    base=base,
                )
            with desk.steps.step("the best, the clients cut anew", JUDGING) as advance:
                best = judged(
                    found,
                    subject.material,
                    subject.policy,
                    seed=seed,
                    progress=advance,
                    base=base,
                )
            path = keep_search(found, best, subject.about, folder, home)
        said = "above 0" if best.gain_above_zero else "not told from chance"
        desk.console.print(
            f"{best.complete} trials, {best.pruned} pruned; best AUC {best.auc:.4f} against "
            f"{best.default_auc:.4f}; on the clients that chose it, cut anew, "
            f"{spread(best.gain)}: {said}"
        )
        desk.console.print(f"python -m training --parameters {path}", soft_wrap=True)


STUDIES: tuple[Callable[..., None], ...] = (explore, compare, tune, ablate)
