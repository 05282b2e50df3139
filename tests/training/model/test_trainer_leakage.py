"""Test that nothing is fitted on validation clients: shuffled labels give no skill."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from sklearn.metrics import roc_auc_score

from credit.dossier import Floats
from stores.progress import ProgressReporter
from stores.settings import Settings
from tests.support.small_model import QUICK_PARAMETERS, SEED
from training.data.dataset import TrainingSet
from training.data.loading import load_labelled_dossiers
from training.data.preparation import prepare_training_set, stratified_sample
from training.experiments.fold_runner import FoldExperiment
from training.model.challengers import Challenger, ImbalanceStrategy, select_challengers
from training.model.cross_validation import split_folds
from training.model.trainer import fit_model
from training.synthetic.generator import synthesise_tables

CLIENTS = 1_500


def spread(material: TrainingSet) -> float:
    """Standard error of an AUC of 0.5 (Hanley and McNeil, 1982; Mann and Whitney's, untied)."""
    difficult = int(material.labels.sum())
    good = len(material) - difficult
    return float(np.sqrt((difficult + good + 1) / (12 * difficult * good)))


def auc(material: TrainingSet, risks: Floats) -> float:
    return float(roc_auc_score(material.labels, risks))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    synthesise_tables(CLIENTS, folder, seed=SEED)
    return folder


def prepared(folder: Path, home: Path) -> TrainingSet:
    """Tables through files, grouping and features, as in a training."""
    dossiers, _ = load_labelled_dossiers(
        Settings(home=home), folder, ProgressReporter(Console(quiet=True)), None
    )
    return prepare_training_set(dossiers, seed=SEED, progress=lambda _: None)


@pytest.fixture(scope="module")
def complete(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    return prepared(tables, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def shuffled(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """The same clients with labels dealt out anew in the file, before anything looks at them.

    A third is difficult, to narrow the interval.
    """
    folder = shutil.copytree(tables, tmp_path_factory.mktemp("shuffled"), dirs_exist_ok=True)
    file = folder / "application_train.parquet"
    forms = pl.read_parquet(file)
    labels = np.random.default_rng(SEED).permutation(np.arange(len(forms)) % 3 == 0)
    forms.with_columns(TARGET=pl.Series(labels.astype(np.int8))).write_parquet(file)
    return prepared(folder, tmp_path_factory.mktemp("home"))


def test_a_model_learns_nothing_from_shuffled_labels(shuffled: TrainingSet) -> None:
    results = [
        auc(
            shuffled,
            fit_model(
                shuffled, seed=s, progress=lambda _: None, parameters=QUICK_PARAMETERS
            ).oof_uncalibrated,
        )
        for s in (0, 1)
    ]
    assert np.mean(results) == pytest.approx(0.5, abs=3 * spread(shuffled))


def oof_risk(material: TrainingSet, challenger: Challenger, balance: ImbalanceStrategy) -> Floats:
    """A challenger's out-of-fold risks, its parameters searched inside the folds."""
    risks = np.empty(len(material))
    for learn, rows in split_folds(material.labels, seed=SEED, fold_count=3):
        matrix = material.encode(material.take(learn).fit_features())
        experiment = FoldExperiment(
            features=material.features, matrix=matrix, labels=material.labels,
            train_idx=learn, valid_idx=rows, seed=SEED,
        )  # fmt: skip
        ways = experiment.iter_candidates(challenger, search_seconds=0)
        [tuned] = [
            weighting
            for weighting in ways
            if weighting.tuned and weighting.imbalance_strategy is balance
        ]
        risks[rows] = experiment.fit_and_predict(tuned).risks
    return risks


@pytest.mark.parametrize("balance", list(ImbalanceStrategy))
@pytest.mark.parametrize("name", ["scorecard", "scaled"])
def test_no_challenger_learns_from_shuffled_labels(
    shuffled: TrainingSet, name: str, balance: ImbalanceStrategy
) -> None:
    sample_set = shuffled.take(stratified_sample(shuffled, 900, seed=SEED))
    [challenger] = select_challengers([name])
    assert auc(sample_set, oof_risk(sample_set, challenger, balance)) == pytest.approx(
        0.5, abs=3.5 * spread(sample_set)
    )


def test_a_feature_fitted_outside_of_folds_would_be_seen(shuffled: TrainingSet) -> None:
    """Show that the test can fail: use the rate of a client's neighbours, the client included."""
    rng = np.random.default_rng(SEED)
    groups = rng.integers(0, len(shuffled) // 4, len(shuffled))
    of_group = np.bincount(groups, shuffled.labels) / np.maximum(np.bincount(groups), 1)
    leaking = replace(shuffled, matrix=shuffled.matrix.copy())
    leaking.matrix[:, 0] = of_group[groups]
    results = fit_model(
        leaking,
        seed=SEED,
        progress=lambda _: None,
        parameters={**QUICK_PARAMETERS, "monotone": False},
    )
    assert auc(leaking, results.oof_uncalibrated) > 0.5 + 6 * spread(leaking)


def test_a_model_learns_from_true_labels(complete: TrainingSet) -> None:
    results = fit_model(complete, seed=SEED, progress=lambda _: None, parameters=QUICK_PARAMETERS)
    assert auc(complete, results.oof_uncalibrated) > 0.5 + 3 * spread(complete)
