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
from credit.features import Concept, Feature, RiskDirection, Unit
from credit.localised_text import Text
from credit.policy import load_policy
from stores.cli import report_errors
from stores.progress import ProgressReporter
from stores.settings import configure_libraries, get_settings
from training.data.auxiliary import add_auxiliary_clients
from training.data.dataset import TrainingSet, prepare_training_set
from training.data.loading import load_labelled_dossiers
from training.experiments.ablation import count_ablation_steps, run_ablation
from training.experiments.ablation_variants import BASE_PARAMETERS, AblationVariant
from training.model.cross_validation import split_folds
from training.study_tables import build_ablation_table

EXTERNAL_SCORES = tuple(f"external_score_{number}" for number in (1, 2, 3))
NEIGHBOUR_FEATURES = (*EXTERNAL_SCORES, "credit_to_instalment")
NEIGHBOUR_COUNT = 500
AMOUNT_FEATURES = ("income", "credit", "instalment", "goods_price")
GROUP_FEATURES = ("education", "income_type", "occupation", "employer_sector")

Columns = Mapping[str, Floats]
"""By name, a number a client."""

app = typer.Typer(add_completion=False)


def impute_scores(dataset: TrainingSet) -> Columns:
    """External scores as the rest of the form tells them, and what the client's own are above."""
    other_features = [
        n for n, f in dataset.features.items() if f.concept is not Concept.EXTERNAL_SCORES
    ]
    values = dataset.drop_features(dataset.features.keys() - set(other_features)).matrix
    columns: dict[str, Floats] = {}
    for name in EXTERNAL_SCORES:
        score = _get_column(dataset, name)
        known = ~np.isnan(score)
        model = lgb.LGBMRegressor(n_estimators=150, num_leaves=8, subsample_freq=1, verbosity=-1)
        predicted = np.empty(len(dataset))
        folds = KFold(5, shuffle=True, random_state=0)
        predicted[known] = cross_val_predict(model, values[known], score[known], cv=folds)
        predicted[~known] = model.fit(values[known], score[known]).predict(values[~known])
        columns |= {
            f"{name}_imputed": np.where(known, score, predicted),
            f"{name}_beyond": score - predicted,
        }
    return columns


def compute_powers(dataset: TrainingSet) -> Columns:
    """External scores squared, and times age and term."""
    others = [(name, _get_column(dataset, name)) for name in ("age", "credit_to_instalment")]
    columns: dict[str, Floats] = {}
    for name in EXTERNAL_SCORES:
        score = _get_column(dataset, name)
        columns[f"{name}_squared"] = score**2
        columns |= {f"{name}_times_{other}": score * values for other, values in others}
    return columns


def compute_neighbour_rate(dataset: TrainingSet, seed: int) -> Columns:
    """Difficulty rate of the nearest clients, by external scores and term, of other folds.

    It is made once, before the folds it is judged by, and mixes them: the labels of those left out
    are in the learners' cells. The figure is rough, and may err either way.
    """
    values = np.column_stack([_get_column(dataset, name) for name in NEIGHBOUR_FEATURES])
    scale = np.nanstd(values, axis=0)
    values = np.where(np.isnan(values), np.nanmean(values, axis=0), values) / scale
    rate = np.empty(len(dataset))
    for train_idx, validation_idx in split_folds(dataset.labels, seed=seed):
        neighbours = NearestNeighbors(n_neighbors=min(NEIGHBOUR_COUNT, len(train_idx))).fit(
            values[train_idx]
        )
        neighbour_idx = neighbours.kneighbors(values[validation_idx], return_distance=False)
        rate[validation_idx] = dataset.labels[train_idx][neighbour_idx].mean(axis=1)
    return {"rate_of_neighbours": rate}


def compute_median_ratios(dataset: TrainingSet) -> Columns:
    """Amounts over the median of clients of the same education, income, occupation, employer."""
    columns: dict[str, Floats] = {}
    encoded = dataset.encode(dataset.fit_categories(np.arange(len(dataset))))
    for group in GROUP_FEATURES:
        codes = encoded[:, list(dataset.features).index(group)]
        for amount in AMOUNT_FEATURES:
            values = _get_column(dataset, amount)
            ratio = np.full(len(dataset), np.nan)
            for code in np.unique(codes[~np.isnan(codes)]):
                rows = codes == code
                ratio[rows] = values[rows] / np.nanmedian(values[rows])
            columns[f"{amount}_over_median_of_{group}"] = ratio
    return columns


def _get_column(dataset: TrainingSet, name: str) -> Floats:
    return dataset.matrix[:, list(dataset.features).index(name)].astype(np.float64)


def _add_features(compute: Callable[[TrainingSet], Columns], dataset: TrainingSet) -> TrainingSet:
    for name, values in compute(dataset).items():
        feature = Feature(
            name=name, label=Text(name, name), unit=Unit.RATIO, concept=Concept.EXTERNAL_SCORES,
            risk=RiskDirection.FREE, sources=frozenset(),
        )  # fmt: skip
        dataset = dataset.with_feature(feature, values)
    return dataset


def build_variants(
    dataset: TrainingSet, augmented: TrainingSet, seed: int
) -> Iterable[AblationVariant]:
    """Every candidate as a variant of the served fit.

    Args:
        pool: The same clients with those of other folders as teachers, where there are any.
    """
    builders: dict[str, Callable[[TrainingSet], Columns]] = {
        "external scores imputed, and what is beyond": impute_scores,
        "external scores squared, times age and term": compute_powers,
        f"difficulty rate of the {NEIGHBOUR_COUNT} nearest": partial(
            compute_neighbour_rate, seed=seed
        ),
        "amounts over medians of groups": compute_median_ratios,
    }
    for part, compute in builders.items():
        yield AblationVariant(
            group="feature",
            part=part,
            is_addition=True,
            is_served=False,
            transform=partial(_add_features, compute),
        )
    if dataset.auxiliary and len(dataset.auxiliary.copy_of):
        yield AblationVariant(
            group="clients",
            part="copies with histories hidden",
            transform=lambda served: replace(served, auxiliary=None),
        )
    if augmented is not dataset:
        yield AblationVariant(
            group="clients",
            part="those of other folders as teachers",
            is_addition=True,
            is_served=False,
            transform=lambda served: replace(served, auxiliary=augmented.auxiliary),
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
    steps = ProgressReporter(console)
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        dossiers, _ = load_labelled_dossiers(settings, settings.real_data / real, steps, None)
        with steps.step("features", len(dossiers)) as advance:
            dataset = prepare_training_set(dossiers, seed=seed, progress=advance)
        others = [settings.real_data / name for name in also or ()]
        pool = add_auxiliary_clients(
            settings, dataset, dossiers, others, seed=seed, progress=steps
        )
        variants = build_variants(dataset, pool.training_set, seed)
        selected = [variant for variant in variants if only in variant.part]
        policy = load_policy(datetime.now(UTC).date())
        with steps.step("candidates", count_ablation_steps(selected)) as advance:
            effects = run_ablation(
                dataset,
                selected,
                policy,
                seed=seed,
                progress=advance,
                base_parameters=BASE_PARAMETERS,
            )
    console.print(build_ablation_table(effects))


if __name__ == "__main__":
    app()
