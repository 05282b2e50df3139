from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pytest

from credit.features import CATALOGUE
from credit.policy import Policy
from credit.schema import APPLICATION, HISTORIES
from stores.settings import Settings
from tests.support.small_model import QUICK_PARAMETERS, SEED
from training.data.dataset import TrainingSet
from training.experiments.ablation import Ablation, count_ablation_steps, run_ablation
from training.experiments.ablation_variants import (
    BASE_PARAMETERS,
    OPAQUE_SCORE_COLUMNS,
    SEX_FEATURE,
    AblationVariant,
    encode_sex,
    iter_ablation_variants,
    with_min_bagging,
)
from training.experiments.results import save_ablation, start_experiment_run
from training.model.hyperparameters import DEFAULT_PARAMETERS
from training.tracking.provenance import Provenance
from training.tracking.report_store import read_attribute_costs

pytestmark = pytest.mark.slow

SCORES = "opaque external scores"
ORIGIN = Provenance(
    data="made up", code="test", day="2026-11-24", parameters={}, formulas="f", clients=700,
    total_clients=9_000, seed=SEED,
)  # fmt: skip


@pytest.fixture(scope="module")
def sex(learnable: TrainingSet) -> np.ndarray:
    return encode_sex(["F", "M", None] * (len(learnable) // 3))


@pytest.fixture(scope="module")
def parts(learnable: TrainingSet, sex: np.ndarray, policy: Policy) -> list[AblationVariant]:
    return list(iter_ablation_variants(learnable, sex, policy))


@pytest.fixture(scope="module")
def steps() -> list[int]:
    return []


@pytest.fixture(scope="module")
def ablation(
    learnable: TrainingSet, parts: list[AblationVariant], policy: Policy, steps: list[int]
) -> Ablation:
    sample_set = [part for part in parts if part.part in {SCORES, "The car"} or "sex" in part.part]
    base = {**QUICK_PARAMETERS, "bagged": 2}
    summary = run_ablation(
        learnable, sample_set, policy, seed=SEED, progress=steps.append, base_parameters=base
    )
    assert sum(steps) == count_ablation_steps(sample_set)
    return summary


def test_every_table_is_a_part(parts: list[AblationVariant]) -> None:
    tables = {part.part for part in parts if part.group == "table"}
    assert tables == {APPLICATION.name, *HISTORIES}


def test_every_feature_is_in_one_table_at_least_and_in_one_concept(
    learnable: TrainingSet, parts: list[AblationVariant]
) -> None:
    for group in ("table", "concept"):
        names: dict[str, int] = dict.fromkeys(CATALOGUE, 0)
        for part in parts:
            if part.group == group:
                for name in CATALOGUE.keys() - part.transform(learnable).features.keys():
                    names[name] += 1
        assert all(names.values()), group
        assert group == "table" or set(names.values()) == {1}


def test_dropped_features_are_those_of_the_named_columns(
    learnable: TrainingSet, parts: list[AblationVariant]
) -> None:
    [scores] = [part for part in parts if part.part == SCORES]
    stored = scores.transform(learnable).features
    assert not any(feature.sources & OPAQUE_SCORE_COLUMNS for feature in stored.values())
    assert all(
        CATALOGUE[name].sources & OPAQUE_SCORE_COLUMNS for name in CATALOGUE.keys() - stored.keys()
    )


def test_sex_is_added_for_the_measurement_and_is_not_in_the_catalogue(
    learnable: TrainingSet, parts: list[AblationVariant], sex: np.ndarray
) -> None:
    [part] = [part for part in parts if "sex" in part.part]
    added = part.transform(learnable)
    assert list(added.features)[-1] == SEX_FEATURE.name
    assert np.array_equal(added.matrix[:, -1], sex.astype(np.float32), equal_nan=True)
    assert SEX_FEATURE.name not in CATALOGUE
    assert part.is_addition
    assert not part.is_served


def test_an_absent_table_is_no_part(learnable: TrainingSet, policy: Policy) -> None:
    matrix = learnable.matrix.copy()
    for index, feature in enumerate(CATALOGUE.values()):
        if any(source.startswith("credit_card_balance.") for source in feature.sources):
            matrix[:, index] = np.nan
    blank = replace(learnable, matrix=matrix, auxiliary=None)
    summary = iter_ablation_variants(blank, np.zeros(len(blank)), policy)
    assert "credit_card_balance" not in {part.part for part in summary}


def test_informative_scores_have_an_effect_and_the_car_has_none(
    ablation: Ablation,
) -> None:
    worth = {row.part: row.auc for row in ablation.rows}
    assert worth[SCORES].is_significant
    assert worth[SCORES].value > 0.05
    assert abs(worth["The car"].value) < 0.02


def test_calibration_hardly_changes_the_ranking(ablation: Ablation) -> None:
    [row] = [row for row in ablation.rows if row.part == "calibration"]
    assert abs(row.auc.value) < 0.01


def test_models_of_an_ablation_are_bagged_and_unconstrained_by_the_variant(
    parts: list[AblationVariant],
) -> None:
    summary = {
        part.part: {**BASE_PARAMETERS, **part.parameters}
        for part in parts
        if part.group == "fitting"
    }
    assert summary["declared directions of risk"]["monotone"] is False
    assert summary["declared directions of risk"]["bagged"] == BASE_PARAMETERS["bagged"] > 1
    assert summary[f"bagging of {BASE_PARAMETERS['bagged']} seeds"]["bagged"] == 1


def test_the_ablation_is_stored_as_json_and_as_a_page(ablation: Ablation, tmp_path: Path) -> None:
    tracked = mlflow.get_tracking_uri()
    home = Settings(home=tmp_path)
    with start_experiment_run(home, "ablation", {}) as folder:
        save_ablation(ablation, ORIGIN, folder, home)
    mlflow.set_tracking_uri(tracked)
    summary = json.loads((home.reports_folder / "ablation.json").read_text())
    assert [row["part"] for row in summary["rows"]] == [row.part for row in ablation.rows]
    page = (home.reports_folder / "ablation.html").read_text()
    assert page.count("<tr>") == len(ablation.rows) + 1
    assert "<svg" in page
    assert "Data made up, 2026-11-24, code test." in page
    [price] = read_attribute_costs(home, ORIGIN)
    assert price.startswith("sex (measured, never served) ")
    assert read_attribute_costs(home, replace(ORIGIN, seed=9))[1:] == (
        "measured with another seed",
    )
    assert read_attribute_costs(home, replace(ORIGIN, data="others")) == ()


def test_parts_are_those_of_the_parameters_that_serve(
    learnable: TrainingSet, sex: np.ndarray, policy: Policy
) -> None:
    given = {**DEFAULT_PARAMETERS, "monotone": False, "bagged": 5}
    summary = iter_ablation_variants(learnable, sex, policy, parameters=given)
    fitting = {part.part: part for part in summary if part.group == "fitting"}
    directions, seeds = fitting["declared directions of risk"], fitting["bagging of 5 seeds"]
    assert (directions.is_addition, directions.is_served) == (True, False)
    assert directions.parameters == {"monotone": True}
    assert (seeds.is_addition, seeds.is_served) == (False, True)
    assert with_min_bagging(given) == given
