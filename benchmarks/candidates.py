"""python -m benchmarks.candidates: features with a gain elsewhere, and what they gain here.

Each is put beside the catalogue, fitted on the same folds, and judged by what it adds out of fold,
with the paired interval. None is served: this command says why, or why that should change. Real
rows are those of CREDIT_REAL_DATA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import lightgbm as lgb
import numpy as np
import typer
from rich.console import Console
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors

from credit.dossier import Floats
from credit.features import Concept, Feature, Risk, Unit
from credit.localised_text import Text
from credit.policy import policy_on
from stores.cli import Steps, errors_told
from stores.settings import direct_libraries, settings
from training.data.auxiliary import pooled
from training.data.dataset import Material, prepare
from training.data.loading import labelled_dossiers
from training.experiments.ablation import ablate, steps_of
from training.experiments.ablation_variants import BASE, Variant
from training.model.cross_validation import splits
from training.study_tables import ablation_table

SCORES = tuple(f"external_score_{number}" for number in (1, 2, 3))
NEAR = (*SCORES, "credit_to_instalment")
NEIGHBOURS = 500
AMOUNTS = ("income", "credit", "instalment", "goods_price")
GROUPS = ("education", "income_type", "occupation", "employer_sector")

Columns = Mapping[str, Floats]
"""By name, a number a client."""

app = typer.Typer(add_completion=False)


def imputed_scores(material: Material) -> Columns:
    """External scores as the rest of the form tells them, and what the client's own are above."""
    rest = [n for n, f in material.features.items() if f.concept is not Concept.EXTERNAL_SCORES]
    cells = material.without(material.features.keys() - set(rest)).matrix
    made: dict[str, Floats] = {}
    for name in SCORES:
        score = _column(material, name)
        known = ~np.isnan(score)
        model = lgb.LGBMRegressor(n_estimators=150, num_leaves=8, subsample_freq=1, verbosity=-1)
        told = np.empty(len(material))
        folds = KFold(5, shuffle=True, random_state=0)
        told[known] = cross_val_predict(model, cells[known], score[known], cv=folds)
        told[~known] = model.fit(cells[known], score[known]).predict(cells[~known])
        made |= {f"{name}_imputed": np.where(known, score, told), f"{name}_beyond": score - told}
    return made


def powers(material: Material) -> Columns:
    """External scores squared, and times age and term."""
    others = [(name, _column(material, name)) for name in ("age", "credit_to_instalment")]
    made: dict[str, Floats] = {}
    for name in SCORES:
        score = _column(material, name)
        made[f"{name}_squared"] = score**2
        made |= {f"{name}_times_{other}": score * cells for other, cells in others}
    return made


def rate_of_neighbours(material: Material, seed: int) -> Columns:
    """Difficulty rate of the nearest clients, by external scores and term, of other folds.

    It is made once, before the folds it is judged by, and mixes them: the labels of those left out
    are in the learners' cells. The figure is rough, and may err either way.
    """
    cells = np.column_stack([_column(material, name) for name in NEAR])
    spread = np.nanstd(cells, axis=0)
    cells = np.where(np.isnan(cells), np.nanmean(cells, axis=0), cells) / spread
    rate = np.empty(len(material))
    for learn, rows in splits(material.labels, seed=seed):
        near = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(learn))).fit(cells[learn])
        found = near.kneighbors(cells[rows], return_distance=False)
        rate[rows] = material.labels[learn][found].mean(axis=1)
    return {"rate_of_neighbours": rate}


def over_medians(material: Material) -> Columns:
    """Amounts over the median of clients of the same education, income, occupation, employer."""
    made: dict[str, Floats] = {}
    encoded = material.encoded(material.fit_categories(np.arange(len(material))))
    for group in GROUPS:
        codes = encoded[:, list(material.features).index(group)]
        for amount in AMOUNTS:
            cells = _column(material, amount)
            over = np.full(len(material), np.nan)
            for code in np.unique(codes[~np.isnan(codes)]):
                rows = codes == code
                over[rows] = cells[rows] / np.nanmedian(cells[rows])
            made[f"{amount}_over_median_of_{group}"] = over
    return made


def _column(material: Material, name: str) -> Floats:
    return material.matrix[:, list(material.features).index(name)].astype(np.float64)


def _beside(make: Callable[[Material], Columns], material: Material) -> Material:
    for name, cells in make(material).items():
        feature = Feature(
            name=name, label=Text(name, name), unit=Unit.RATIO, concept=Concept.EXTERNAL_SCORES,
            risk=Risk.FREE, sources=frozenset(),
        )  # fmt: skip
        material = material.beside(feature, cells)
    return material


def candidates(material: Material, pool: Material, seed: int) -> Iterable[Variant]:
    """Every candidate as a variant of the served fit.

    Args:
        pool: The same clients with those of other folders as teachers, where there are any.
    """
    made: dict[str, Callable[[Material], Columns]] = {
        "external scores imputed, and what is beyond": imputed_scores,
        "external scores squared, times age and term": powers,
        f"difficulty rate of the {NEIGHBOURS} nearest": partial(rate_of_neighbours, seed=seed),
        "amounts over medians of groups": over_medians,
    }
    for part, make in made.items():
        yield Variant(
            group="feature", part=part, added=True, served=False, change=partial(_beside, make)
        )
    if material.teachers and len(material.teachers.copies):
        yield Variant(
            group="clients",
            part="copies with histories hidden",
            change=lambda served: replace(served, teachers=None),
        )
    if pool is not material:
        yield Variant(
            group="clients",
            part="those of other folders as teachers",
            added=True,
            served=False,
            change=lambda served: replace(served, teachers=pool.teachers),
        )


@app.command()
def compare_candidates(
    real: Annotated[
        str, typer.Option(help="Which folder of real rows: applications or clients.")
    ] = "applications",
    also: Annotated[
        list[str] | None,
        typer.Option(help="Another such folder, whose clients teach in one variant."),
    ] = None,
    only: Annotated[str, typer.Option(help="Candidates whose name has this in it.")] = "",
    seed: Annotated[int, typer.Option(help="Same seed, same folds.")] = 0,
) -> None:
    """Tell what every candidate is worth, with its 95 % interval."""
    console = Console()
    steps = Steps(console)
    with errors_told(console):
        where = settings()
        direct_libraries(where)
        dossiers, _ = labelled_dossiers(where, where.real_data / real, steps, None)
        with steps.step("features", len(dossiers)) as advance:
            material = prepare(dossiers, seed=seed, progress=advance)
        others = [where.real_data / name for name in also or ()]
        pool = pooled(where, material, dossiers, others, seed=seed, steps=steps)
        every = candidates(material, pool.material, seed)
        parts = [one for one in every if only in one.part]
        policy = policy_on(datetime.now(UTC).date())
        with steps.step("candidates", steps_of(parts)) as advance:
            told = ablate(material, parts, policy, seed=seed, progress=advance, base=BASE)
    console.print(ablation_table(told))


if __name__ == "__main__":
    app()
