from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.preprocessing import StandardScaler

from credit.features import CATALOGUE
from credit.features.definitions.application import FORM
from credit.policy import Policy
from stores.settings import Settings
from tests.support.small_model import QUICK_PARAMETERS, SEED
from training.data.dataset import TrainingSet
from training.data.preparation import stratified_sample
from training.experiments.comparison import (
    Comparison,
    compare_models,
    count_comparison_steps,
)
from training.experiments.fold_runner import CandidateConfig, FoldExperiment
from training.experiments.leaderboard import SERVED_MODEL
from training.experiments.results import save_comparison, start_experiment_run
from training.model.baseline import BASELINE, BASELINE_PARAMETERS, baseline_dataset
from training.model.challengers import (
    CHALLENGERS,
    ImbalanceStrategy,
    imputer,
    select_challengers,
)
from training.model.cross_validation import split_folds
from training.model.out_of_fold import predict_out_of_fold
from training.tracking.provenance import Provenance

CLIENTS, FOLDS = 700, 2
ORIGIN = Provenance(
    data="made up", code="test", day="2026-11-24", parameters={}, formulas="f", clients=700,
    total_clients=9_000, seed=SEED,
)  # fmt: skip
FORM_NAMES = [feature.name for feature in FORM.iter_features()]
QUICKEST = select_challengers(["dummy", "scorecard", "scaled", "piecewise"])
STORING = replace(QUICKEST[0], name="neighbours", stores_clients=True)
BLEND = f"{SERVED_MODEL} + piecewise-linear logistic regression"


@pytest.fixture(scope="module")
def sample_set(learnable: TrainingSet) -> TrainingSet:
    return learnable.take(stratified_sample(learnable, CLIENTS, seed=SEED))


@pytest.fixture(scope="module")
def steps() -> list[int]:
    return []


@pytest.fixture(scope="module")
def comparison(sample_set: TrainingSet, policy: Policy, steps: list[int]) -> Comparison:
    return compare_models(
        sample_set, policy, seed=SEED, folds=FOLDS, search_seconds=0, progress=steps.append,
        challengers=(*QUICKEST, STORING), parameters=QUICK_PARAMETERS,
        baseline_parameters={**BASELINE_PARAMETERS, "learning_rate": 0.3},
    )  # fmt: skip


@pytest.fixture(scope="module")
def comparison_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Where the study that fails is the first; MLflow's store is made once."""
    tracked = mlflow.get_tracking_uri()
    yield Settings(home=tmp_path_factory.mktemp("home"))
    mlflow.set_tracking_uri(tracked)


@pytest.fixture(scope="module")
def stored(comparison: Comparison, comparison_home: Settings) -> Path:
    """The reports of a home where a study failed, then one was kept."""
    fail(comparison_home)
    assert not comparison_home.reports_folder.exists()
    with start_experiment_run(comparison_home, "comparison", {"clients": CLIENTS}) as folder:
        save_comparison(comparison, ORIGIN, folder, comparison_home)
    return comparison_home.reports_folder


def fail(comparison_home: Settings) -> None:
    """A study that breaks down when it has written something."""
    with (
        suppress(ZeroDivisionError),
        start_experiment_run(comparison_home, "comparison", {}) as folder,
    ):
        (folder / "comparison.json").write_text("{}")
        raise ZeroDivisionError


def test_every_model_is_compared_untuned_and_tuned_with_every_weighting(
    comparison: Comparison,
) -> None:
    summary = [(row.model, row.tuned, row.balance) for row in comparison.rows]
    ways = [(tuned, balance.value) for tuned in (False, True) for balance in ImbalanceStrategy]
    expected = [(name, False, "plain") for name in (SERVED_MODEL, BASELINE, "dummy", "neighbours")]
    expected += [(c.name, *weighting) for c in QUICKEST if c.search_space for weighting in ways]
    expected += [(BLEND, tuned, "plain") for tuned in (False, True)]
    assert sorted(summary) == sorted(expected)
    assert summary[:2] == [(SERVED_MODEL, False, "plain"), (BASELINE, False, "plain")]


def test_the_plain_model_has_the_form_s_columns_and_plain_aggregates(
    sample_set: TrainingSet,
) -> None:
    plain = baseline_dataset(sample_set).features
    assert {"income", "external_score_1", "education", "other_credit_sum_ever"} <= plain.keys()
    assert "external_score_mean" not in plain  # a ratio or a mixture of columns
    summary = {name for name in plain if len(CATALOGUE[name].sources) == 1 and name in FORM_NAMES}
    assert summary == set(FORM_NAMES)
    assert all(
        name.endswith(("_count_ever", "_mean_ever", "_max_ever", "_sum_ever"))
        for name in plain.keys() - set(FORM_NAMES)
    )


def test_the_plain_model_is_compared_with_the_served_one_in_pairs(
    comparison: Comparison,
) -> None:
    served, plain, *_ = comparison.rows
    over = plain.over_served
    assert over.value == pytest.approx(plain.auc.value - served.auc.value)
    assert over.interval.low < over.value < over.interval.high


def test_a_blend_is_calibrated_and_compared_with_the_served_model_in_pairs(
    comparison: Comparison,
) -> None:
    served = comparison.rows[0]
    blend, member = (
        next(row for row in comparison.rows if row.model == name and row.balance == "plain")
        for name in (BLEND, BLEND.removeprefix(f"{SERVED_MODEL} + "))
    )
    assert blend.over_served.value == pytest.approx(blend.auc.value - served.auc.value)
    assert blend.auc.value > min(served.auc.value, member.auc.value)
    assert abs(blend.after["calibration_in_the_large"]) < 0.1
    assert blend.latency_ms == pytest.approx(served.latency_ms + member.latency_ms)


def test_the_served_model_and_the_challengers_have_the_same_folds(sample_set: TrainingSet) -> None:
    """Otherwise a blend or a calibration would mix predictions of different folds."""
    served = predict_out_of_fold(
        sample_set, seed=SEED, progress=lambda _: None, parameters=QUICK_PARAMETERS,
        fold_count=FOLDS,
    )  # fmt: skip
    splits = split_folds(sample_set.labels, seed=SEED, fold_count=FOLDS)
    for fold_id, (_, valid_idx) in enumerate(splits):
        assert np.flatnonzero(served.fold == fold_id).tolist() == valid_idx.tolist()


def test_the_dummy_has_no_skill_and_the_scorecard_has_some(comparison: Comparison) -> None:
    auc = {row.model: row.auc for row in comparison.rows if row.balance == "plain"}
    assert auc["dummy"].interval.low <= 0.5 <= auc["dummy"].interval.high
    assert auc[QUICKEST[1].name].interval.low > 0.5


def test_weights_and_synthetic_samples_distort_probabilities_and_calibration_repairs_them(
    comparison: Comparison,
) -> None:
    ruined = [
        row for row in comparison.rows
        if "scaled" in row.model and row.balance == ImbalanceStrategy.WEIGHTS.value
    ]  # fmt: skip
    assert ruined
    for row in ruined:
        assert row.before["mean_risk"] > 1.5 * row.before["difficulty_rate"]
        assert abs(row.after["calibration_in_the_large"]) < 0.1
        assert row.after["brier"] < row.before["brier"]


def test_the_served_model_is_no_better_than_itself(comparison: Comparison) -> None:
    assert comparison.rows[0].over_served.value == 0


def test_progress_is_reported_step_by_step(comparison: Comparison, steps: list[int]) -> None:
    assert comparison.folds == FOLDS
    assert sum(steps) == count_comparison_steps(FOLDS, (*QUICKEST, STORING))


def test_smote_samples_come_from_training_clients_only(
    sample_set: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SMOTE gets training clients and balances their classes; others stay as they are."""
    given: list[tuple[np.ndarray, np.ndarray]] = []
    created: list[tuple[np.ndarray, np.ndarray]] = []
    resample = SMOTE.fit_resample

    def watched(self: SMOTE, values: np.ndarray, labels: np.ndarray) -> Any:
        given.append((values, labels))
        created.append(resample(self, values, labels))
        return created[-1]

    monkeypatch.setattr(SMOTE, "fit_resample", watched)
    learn, rows = np.arange(0, CLIENTS, 2), np.arange(1, CLIENTS, 2)
    experiment = FoldExperiment(
        features=sample_set.features, labels=sample_set.labels,
        matrix=sample_set.encode(sample_set.take(learn).fit_features()),
        train_idx=learn, valid_idx=rows, seed=SEED,
    )  # fmt: skip
    scaled = next(c for c in CHALLENGERS if "scaled" in c.name)
    weighting = CandidateConfig(
        challenger=scaled, tuned=False, imbalance_strategy=ImbalanceStrategy.SMOTE, parameters={}
    )
    answered = experiment.fit_and_predict(weighting)
    [(values, labels)], [(more, balanced)] = given, created
    complete = imputer(sample_set.features).fit_transform(
        experiment.matrix[learn].astype(np.float64)
    )
    assert values == pytest.approx(StandardScaler().fit_transform(complete))
    assert labels.tolist() == sample_set.labels[learn].tolist()
    assert more[: len(learn)] == pytest.approx(values)
    assert len(more) > len(learn)
    assert balanced.sum() * 2 == len(balanced)
    assert len(answered.risks) == len(rows)


def test_the_comparison_is_stored_with_one_run_per_model(
    comparison: Comparison, stored: Path, comparison_home: Settings
) -> None:
    summary = json.loads((stored / "comparison.json").read_text())
    assert [row["model"] for row in summary["rows"]] == [row.model for row in comparison.rows]
    assert summary["rows"][0]["auc"]["value"] == comparison.rows[0].auc.value
    client = mlflow.MlflowClient(comparison_home.mlflow_uri)
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    failed, parent = sorted(
        (run for run in runs if run.info.run_name == "comparison"),
        key=lambda run: run.info.start_time,
    )
    assert (failed.info.status, parent.info.status) == ("FAILED", "FINISHED")
    nested = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(nested) == len(comparison.rows)
    assert all({"auc", "before.brier", "latency_ms"} <= run.data.metrics.keys() for run in nested)
    names = {artefact.path for artefact in client.list_artifacts(parent.info.run_id)}
    pages = {"comparison.html", "comparison.fr.html"}
    assert names == {"comparison.json", "comparison.svg"} | pages
    assert names == {path.name for path in stored.iterdir()}


def test_the_fragment_has_every_model_with_its_plot(comparison: Comparison, stored: Path) -> None:
    page = (stored / "comparison.html").read_text()
    assert page.count("<tr>") == len(comparison.rows) + 1
    assert "<svg" in page
    assert "<script" not in page


def test_the_fragment_states_data_date_and_differences(stored: Path) -> None:
    page = (stored / "comparison.html").read_text()
    assert "Data made up, 2026-11-24, code test." in page
    assert "The comparison is uneven." in page
    assert "700 clients, drawn at random from 9,000" in page


def test_a_model_that_stores_its_clients_is_marked_as_personal_data(
    comparison: Comparison, stored: Path
) -> None:
    stored_clients = {row.model: row.stored_clients for row in comparison.rows}
    assert stored_clients.pop("neighbours") == CLIENTS
    assert not any(stored_clients.values())
    page = (stored / "comparison.html").read_text()
    assert page.count("It is personal data") == 1
    assert "neighbours: the file of the model would contain the rows of 700 real clients" in page


def test_a_failed_experiment_leaves_the_last_results(
    stored: Path, comparison_home: Settings
) -> None:
    before = (stored / "comparison.json").read_bytes()
    fail(comparison_home)
    assert (stored / "comparison.json").read_bytes() == before
