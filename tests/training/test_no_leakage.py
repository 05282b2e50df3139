"""Nothing that is fitted sees whom it is asked about: labels that mean nothing teach nothing."""

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
def whole(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
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


def test_shuffled_labels_teach_the_model_nothing(shuffled: TrainingSet) -> None:
    told = [
        auc(
            shuffled,
            fit_model(
                shuffled, seed=s, progress=lambda _: None, parameters=QUICK_PARAMETERS
            ).oof_uncalibrated,
        )
        for s in (0, 1)
    ]
    assert np.mean(told) == pytest.approx(0.5, abs=3 * spread(shuffled))


def unseen(material: TrainingSet, challenger: Challenger, balance: ImbalanceStrategy) -> Floats:
    """A challenger's out-of-fold risks, its parameters searched inside the folds."""
    risks = np.empty(len(material))
    for learn, rows in split_folds(material.labels, seed=SEED, fold_count=3):
        matrix = material.encode(material.fit_categories(learn))
        bout = FoldExperiment(
            features=material.features, matrix=matrix, labels=material.labels,
            train_idx=learn, valid_idx=rows, seed=SEED,
        )  # fmt: skip
        ways = bout.iter_candidates(challenger, search_seconds=0)
        [tuned] = [way for way in ways if way.tuned and way.imbalance_strategy is balance]
        risks[rows] = bout.fit_and_predict(tuned).risks
    return risks


@pytest.mark.parametrize("balance", list(ImbalanceStrategy))
@pytest.mark.parametrize("name", ["scorecard", "scaled"])
def test_shuffled_labels_teach_no_challenger(
    shuffled: TrainingSet, name: str, balance: ImbalanceStrategy
) -> None:
    few = shuffled.take(stratified_sample(shuffled, 900, seed=SEED))
    [challenger] = select_challengers([name])
    assert auc(few, unseen(few, challenger, balance)) == pytest.approx(0.5, abs=3.5 * spread(few))


def test_a_feature_fitted_outside_of_folds_would_be_seen(shuffled: TrainingSet) -> None:
    """The test has teeth: the rate of a client's own few neighbours, himself among them."""
    rng = np.random.default_rng(SEED)
    groups = rng.integers(0, len(shuffled) // 4, len(shuffled))
    of_group = np.bincount(groups, shuffled.labels) / np.maximum(np.bincount(groups), 1)
    leaking = replace(shuffled, matrix=shuffled.matrix.copy())
    leaking.matrix[:, 0] = of_group[groups]
    told = fit_model(
        leaking,
        seed=SEED,
        progress=lambda _: None,
        parameters={**QUICK_PARAMETERS, "monotone": False},
    )
    assert auc(leaking, told.oof_uncalibrated) > 0.5 + 6 * spread(leaking)


def test_true_labels_do_teach(whole: TrainingSet) -> None:
    told = fit_model(whole, seed=SEED, progress=lambda _: None, parameters=QUICK_PARAMETERS)
    assert auc(whole, told.oof_uncalibrated) > 0.5 + 3 * spread(whole)
