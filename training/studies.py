"""The studies one makes before and after a training; none changes what serves.

explore ──► tables as they are        tune ──► parameters.yaml for `python -m training`
compare ──► kinds of models           ablate ──► what each part of the model is worth
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from stores.console import Steps, errors_told
from stores.settings import Settings, direct_libraries, settings
from training.arguments import SYNTHETIC, Clients, Data, Seed, synthetic_tables

if TYPE_CHECKING:
    from credit.dossier import Floats
    from credit.policy import Policy
    from training.paired import Gain
    from training.prepare import Material

# Libraries are imported when a study begins: they read their environment then; --help stays quick.
# ruff: noqa: PLC0415

LATER = "application_test"
"""Applications to be scored, in Kaggle's words."""

Minutes = Annotated[float, typer.Option("--time-budget", help="Minutes for searches.", min=0)]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a study works with."""

    where: Settings
    steps: Steps
    console: Console


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Who is studied."""

    material: Material
    sex: Floats
    """For the ablation alone, beside the material."""
    about: dict[str, Any]
    policy: Policy


@contextmanager
def study() -> Iterator[Desk]:
    """Settings read, libraries directed, errors told."""
    console = Console()
    with errors_told(console):
        where = settings()
        direct_libraries(where)
        yield Desk(where=where, steps=Steps(console), console=console)


def explore(*, data: Data = None, clients: Clients = None, seed: Seed = 0) -> None:
    """Look at the raw tables: gaps, distributions, difficulty rates, correlations, drift.

    Writes reports/exploration.html, one page that needs nothing beside itself.
    """
    with study() as desk:
        from credit.schema import APPLICATION
        from stores.files import find
        from stores.tables import read_tables
        from training.exploration.facts import explore as look
        from training.exploration.page import page

        folder = data or synthetic_tables(desk.where, clients or SYNTHETIC, seed, desk.steps)
        with desk.steps.step("checking tables"):
            tables = read_tables(folder, labelled=True, cache=desk.where.cache)
            later = None
            if find(folder, LATER):
                read = read_tables(folder, application=LATER, cache=desk.where.cache)
                later = read.application
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
    clients: Clients = None,
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
    with study() as desk:
        subject = _subject(desk, data, clients, seed)
        from training.challengers import chosen
        from training.compare import compare as run
        from training.compare import steps_of
        from training.keep import keep_comparison, name_of, study_run

        challengers = chosen(model or [])
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
                )
            with desk.steps.step("MLflow runs"):
                keep_comparison(told, folder)
        table = Table("model", "AUC", "over served", "Brier", "business score", "fit s", "ms")
        for row in sorted(told.rows, key=lambda row: -row.auc.value):
            table.add_row(
                name_of(row), f"{row.auc.value:.4f}", _spread(row.over_served),
                f"{row.after['brier']:.4f}", f"{row.after['business_score']:.3f}",
                f"{row.fit_seconds:.2f}", f"{row.latency_ms:.2f}",
            )  # fmt: skip
        desk.console.print(table)


def ablate(
    *,
    data: Data = None,
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
    with study() as desk:
        subject = _subject(desk, data, clients, seed)
        from training.ablate import ablate as run
        from training.keep import keep_ablation, study_run
        from training.parts import variants

        parts = [
            variant
            for variant in variants(subject.material, subject.sex, subject.policy)
            if not group or variant.group in group
        ]
        with study_run(desk.where, "ablation", subject.about) as folder:
            with desk.steps.step("variants", len(parts) + 1) as advance:
                told = run(subject.material, parts, subject.policy, seed=seed, progress=advance)
            keep_ablation(told, folder)
        table = Table("part", "of", "features", "AUC", "business score")
        for row in told.rows:
            table.add_row(
                row.part,
                row.group,
                str(row.features or ""),
                _spread(row.auc),
                _spread(row.business_score),
            )
        desk.console.print(table)


def tune(
    *,
    data: Data = None,
    clients: Clients = None,
    trials: Annotated[int, typer.Option(help="In all, those of earlier runs included.")] = 40,
    budget: Minutes = 20,
    seed: Seed = 0,
) -> None:
    """Search for parameters; the study is resumed where it was left.

    Writes parameters.yaml under CREDIT_HOME/tuning, for `python -m training --parameters`.
    """
    with study() as desk:
        subject = _subject(desk, data, clients, seed)
        from training.keep import study_run
        from training.tune import judged, open_study, search
        from training.tuned import keep_search

        home = desk.where.home / "tuning"
        fingerprint = subject.about["fingerprint"]
        found = open_study(home / "study.sqlite", subject.material, fingerprint, seed=seed)
        with study_run(desk.where, "tuning", subject.about) as folder:
            with desk.steps.step("trials", trials) as advance:
                search(
                    found,
                    subject.material,
                    seed=seed,
                    trials=trials,
                    seconds=60 * budget,
                    progress=advance,
                )
            with desk.steps.step("the best on fresh folds"):
                best = judged(found, subject.material, subject.policy, seed=seed)
            path = keep_search(found, best, subject.about, folder, home)
        said = "real" if best.gain.real else "not told from chance"
        desk.console.print(
            f"{best.complete} trials, {best.pruned} pruned; best AUC {best.auc:.4f} against "
            f"{best.default_auc:.4f}; on fresh folds {_spread(best.gain)}: {said}"
        )
        desk.console.print(f"python -m training --parameters {path}", soft_wrap=True)


STUDIES: tuple[Callable[..., None], ...] = (explore, compare, tune, ablate)


def _subject(desk: Desk, data: Path | None, clients: int | None, seed: int) -> Subject:
    from datetime import UTC, datetime

    from credit.policy import policy_on
    from training.data import labelled_dossiers
    from training.parts import coded_sex
    from training.prepare import drawn, prepare

    folder = data or synthetic_tables(desk.where, clients or SYNTHETIC, seed, desk.steps)
    dossiers, about = labelled_dossiers(desk.where, folder, desk.steps, None)
    with desk.steps.step("features", len(dossiers)) as advance:
        material = prepare(dossiers, seed=seed, progress=advance)
    sex = coded_sex(dossiers.column("CODE_GENDER"))
    if clients and clients < len(material):
        rows = drawn(material, clients, seed=seed)
        material, sex = material.only(rows), sex[rows]
    return Subject(
        material=material,
        sex=sex,
        about={**about, "clients": len(material)},
        policy=policy_on(datetime.now(UTC).date()),
    )


def _spread(gain: Gain) -> str:
    low, high = gain.interval
    return f"{gain.value:+.4f} ({low:+.4f} to {high:+.4f})"
