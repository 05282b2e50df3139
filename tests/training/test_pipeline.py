"""Test what a training leaves in MLflow."""

from __future__ import annotations

import json

import lightgbm as lgb
import mlflow
import pytest
from mlflow.entities import Run
from rich.console import Console

from credit.features import CATALOGUE
from stores.models.bento_store import MODEL_NAME
from stores.models.mlflow_registry import EXPERIMENT_NAME
from stores.progress import ProgressReporter
from tests.support.small_model import QUICK_PARAMETERS
from tests.support.table_folders import make_table_frames, write_tables
from tests.training.conftest import CLIENTS, SEED, Laboratory
from training.gates import EvaluationResult
from training.model.cross_validation import FOLD_COUNT
from training.pipeline import TrainingOutcome, run_training


@pytest.fixture(scope="module")
def client(laboratory: Laboratory) -> mlflow.MlflowClient:
    return mlflow.MlflowClient(laboratory.settings.mlflow_uri)


@pytest.fixture(scope="module")
def run(client: mlflow.MlflowClient, first: TrainingOutcome) -> Run:
    return client.get_run(first.run_id)


def test_a_run_is_named_by_its_features_and_clients(run: Run) -> None:
    assert run.info.run_name == f"lightgbm {len(CATALOGUE)} features, {CLIENTS:,} clients"
    assert run.info.status == "FINISHED"


def test_the_data_set_is_an_input_of_the_run(run: Run, evidence: EvaluationResult) -> None:
    assert run.inputs is not None
    [dataset_input] = run.inputs.dataset_inputs
    fingerprint = evidence.scorer.metadata.data["fingerprint"]
    assert dataset_input.dataset.digest == fingerprint[:16]
    assert json.loads(str(dataset_input.dataset.profile))["clients"] == CLIENTS


def test_losses_by_tree_and_auc_by_fold_are_steps(client: mlflow.MlflowClient, run: Run) -> None:
    for number in range(1, FOLD_COUNT + 1):
        curve = client.get_metric_history(run.info.run_id, f"validation_log_loss/fold_{number}")
        assert min(metric.step for metric in curve) == 1
        assert len({metric.step for metric in curve}) == len(curve) > 1
    aucs = client.get_metric_history(run.info.run_id, "auc_by_fold")
    assert [metric.step for metric in aucs] == list(range(1, FOLD_COUNT + 1))


def test_intervals_are_metrics(run: Run) -> None:
    metrics = run.data.metrics
    assert metrics["auc_low"] < metrics["auc"] < metrics["auc_high"]
    assert metrics["ks_low"] < metrics["ks_high"]


def test_a_version_is_described(client: mlflow.MlflowClient, first: TrainingOutcome) -> None:
    version = client.get_model_version(MODEL_NAME, first.tag.split(":")[1])
    description = str(version.description)
    assert f"{first.metrics['auc']:.4f}" in description
    assert f"{CLIENTS:,} clients" in description
    assert version.tags["clients"] == str(CLIENTS)
    assert version.tags["gates_refused"] == "none"
    assert version.tags["synthetic"] == "no"
    codes = {finding.code for finding in first.findings}
    assert set(version.tags["gates_passed"].split()) <= codes
    assert version.tags["policy_version"] == "2026-12-01"


def test_a_training_that_fails_leaves_a_failed_run(
    laboratory: Laboratory, first: TrainingOutcome, client: mlflow.MlflowClient
) -> None:
    people = laboratory.people()[:300]
    labels = laboratory.labels(laboratory.people())[:300]
    tables = write_tables(laboratory.folder / "failing", make_table_frames(people, labels=labels))
    with pytest.raises(lgb.basic.LightGBMError):
        run_training(
            laboratory.settings,
            tables,
            seed=SEED,
            progress=ProgressReporter(Console(quiet=True)),
            parameters={**QUICK_PARAMETERS, "objective": "no such objective"},
        )
    experiment = client.get_experiment_by_name(EXPERIMENT_NAME)
    assert experiment is not None
    [failed, *_] = client.search_runs([experiment.experiment_id])
    assert failed.info.run_id != first.run_id
    assert failed.info.status == "FAILED"
    assert str(failed.info.run_name).endswith("300 clients")
