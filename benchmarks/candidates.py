"""Measure features that helped elsewhere: `python -m benchmarks.candidates`.

Each candidate is added to the catalogue, trained on the same folds, and judged by its paired
out-of-fold gain with interval. None is served; this command documents why, or when to revise that.
Real rows come from CREDIT_REAL_DATA.
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
from training.cli.summary import build_ablation_table
from training.data.auxiliary import add_auxiliary_clients
from training.data.dataset import CREDIT_TERM_NAMES, TrainingSet
from training.data.loading import load_labelled_dossiers
from training.data.preparation import prepare_training_set
from training.experiments.ablation import count_ablation_steps, run_ablation
from training.experiments.ablation_variants import BASE_PARAMETERS, AblationVariant
from training.model.cross_validation import split_folds

EXTERNAL_SCORES = tuple(f"external_score_{number}" for number in (1, 2, 3))
NEIGHBOUR_FEATURES = (*EXTERNAL_SCORES, "credit_to_instalment")
NEIGHBOUR_COUNT = 500
AMOUNT_FEATURES = ("income", "credit", "instalment", "goods_price")
GROUP_FEATURES = ("education", "income_type", "occupation", "employer_sector")

Columns = Mapping[str, Floats]
"""Values by feature name, one per client."""

app = typer.Typer(add_completion=False)


def impute_scores(dataset: TrainingSet) -> Columns:
    """Predict external scores from the rest of the form; return imputed scores and residuals."""
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
    """Return squared external scores, and their products with age and term."""
    other_columns = [
        (name, _get_column(dataset, name)) for name in ("age", "credit_to_instalment")
    ]
    columns: dict[str, Floats] = {}
    for name in EXTERNAL_SCORES:
        score = _get_column(dataset, name)
        columns[f"{name}_squared"] = score**2
        columns |= {f"{name}_times_{other}": score * values for other, values in other_columns}
    return columns


def compute_neighbour_rate(dataset: TrainingSet, seed: int) -> Columns:
    """Return the rate of difficulties among the nearest clients of other folds.

    Distance uses external scores and term. The feature is computed once, before the evaluation
    folds,
    and mixes them: training rows contain labels of validation clients. The result is a rough
    estimate
    with error in either direction.
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
    """Return amounts over the median of clients in the same group."""
    columns: dict[str, Floats] = {}
    encoded = dataset.encode(dataset.fit_features())
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


def _drop_copies(served: TrainingSet, *, is_form_masked: bool) -> TrainingSet:
    """Remove the copies with masked forms, or those with masked histories."""
    auxiliary = served.auxiliary
    if auxiliary is None:
        return served
    rows = np.flatnonzero(auxiliary.is_form_masked != is_form_masked)
    return replace(served, auxiliary=auxiliary.select(rows))


def build_variants(
    dataset: TrainingSet, augmented: TrainingSet, seed: int
) -> Iterable[AblationVariant]:
    """Return every candidate as a variant of the served model.

    Args:
        augmented: The same clients with auxiliary training rows from other folders, if any.
    """
    builders: dict[str, Callable[[TrainingSet], Columns]] = {
        "external scores imputed, and residuals": impute_scores,
        "external scores squared, times age and term": compute_powers,
        f"difficulty rate of {NEIGHBOUR_COUNT} nearest neighbours": partial(
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
    yield AblationVariant(
        group="feature",
        part="likely terms of the requested credit",
        features=len(CREDIT_TERM_NAMES),
        transform=lambda served: served.drop_features(CREDIT_TERM_NAMES),
    )
    for part, is_form_masked in (("masked forms", True), ("masked histories", False)):
        if dataset.auxiliary and (dataset.auxiliary.is_form_masked == is_form_masked).any():
            yield AblationVariant(
                group="clients",
                part=f"copies with {part}",
                transform=partial(_drop_copies, is_form_masked=is_form_masked),
            )
    if augmented is not dataset:
        yield AblationVariant(
            group="clients",
            part="auxiliary clients of other folders",
            is_addition=True,
            is_served=False,
            transform=lambda served: replace(served, auxiliary=augmented.auxiliary),
        )


@app.command()
def compare_candidates(
    real: Annotated[
        str, typer.Option(help="Folder of real rows: applications or clients.")
    ] = "applications",
    also: Annotated[
        list[str] | None,
        typer.Option(help="Another such folder; one variant also trains on its clients."),
    ] = None,
    only: Annotated[str, typer.Option(help="Only candidates with this text in their name.")] = "",
    seed: Annotated[int, typer.Option(help="Random seed of the folds.")] = 0,
) -> None:
    """Report the gain of every candidate, with its 95 % interval."""
    console = Console()
    steps = ProgressReporter(console)
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        dossiers, _ = load_labelled_dossiers(settings, settings.real_data / real, steps, None)
        with steps.step("features", len(dossiers)) as advance:
            dataset = prepare_training_set(dossiers, seed=seed, progress=advance)
        auxiliary_folders = [settings.real_data / name for name in also or ()]
        pool = add_auxiliary_clients(
            settings, dataset, dossiers, auxiliary_folders, seed=seed, progress=steps
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
