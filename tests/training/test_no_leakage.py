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
from stores.cli import Steps
from stores.settings import Settings
from tests.learning import QUICK, SEED
from training.data.dataset import Material, drawn, prepare
from training.data.loading import labelled_dossiers
from training.experiments.fold_runner import Bout
from training.model.challengers import Balance, Challenger, chosen
from training.model.cross_validation import splits
from training.model.trainer import fit
from training.synthesise import synthesise

CLIENTS = 1_500


def spread(material: Material) -> float:
    """Standard error of an AUC of 0.5 (Hanley and McNeil, 1982; Mann and Whitney's, untied)."""
    difficult = int(material.labels.sum())
    good = len(material) - difficult
    return float(np.sqrt((difficult + good + 1) / (12 * difficult * good)))


def auc(material: Material, risks: Floats) -> float:
    return float(roc_auc_score(material.labels, risks))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    synthesise(CLIENTS, folder, seed=SEED)
    return folder


def prepared(folder: Path, home: Path) -> Material:
    """Tables through files, grouping and features, as in a training."""
    dossiers, _ = labelled_dossiers(Settings(home=home), folder, Steps(Console(quiet=True)), None)
    return prepare(dossiers, seed=SEED, progress=lambda _: None)


@pytest.fixture(scope="module")
def whole(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Material:
    return prepared(tables, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def shuffled(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Material:
    """The same clients with labels dealt out anew in the file, before anything looks at them.

    A third is difficult, to narrow the interval.
    """
    folder = shutil.copytree(tables, tmp_path_factory.mktemp("shuffled"), dirs_exist_ok=True)
    file = folder / "application_train.parquet"
    forms = pl.read_parquet(file)
    labels = np.random.default_rng(SEED).permutation(np.arange(len(forms)) % 3 == 0)
    forms.with_columns(TARGET=pl.Series(labels.astype(np.int8))).write_parquet(file)
    return prepared(folder, tmp_path_factory.mktemp("home"))


def test_shuffled_labels_teach_the_model_nothing(shuffled: Material) -> None:
    told = [
        auc(shuffled, fit(shuffled, seed=s, progress=lambda _: None, parameters=QUICK).unseen_raw)
        for s in (0, 1)
    ]
    assert np.mean(told) == pytest.approx(0.5, abs=3 * spread(shuffled))


def unseen(material: Material, challenger: Challenger, balance: Balance) -> Floats:
    """A challenger's out-of-fold risks, its parameters searched inside the folds."""
    risks = np.empty(len(material))
    for learn, rows in splits(material.labels, seed=SEED, number=3):
        matrix = material.encoded(material.fit_categories(learn))
        bout = Bout(
            features=material.features, matrix=matrix, labels=material.labels,
            learn=learn, rows=rows, seed=SEED,
        )  # fmt: skip
        ways = bout.ways(challenger, seconds=0)
        [tuned] = [way for way in ways if way.tuned and way.balance is balance]
        risks[rows] = bout.answers(tuned).risks
    return risks


@pytest.mark.parametrize("balance", list(Balance))
@pytest.mark.parametrize("name", ["scorecard", "scaled"])
def test_shuffled_labels_teach_no_challenger(
    shuffled: Material, name: str, balance: Balance
) -> None:
    few = shuffled.only(drawn(shuffled, 900, seed=SEED))
    [challenger] = chosen([name])
    assert auc(few, unseen(few, challenger, balance)) == pytest.approx(0.5, abs=3.5 * spread(few))


def test_a_feature_fitted_outside_of_folds_would_be_seen(shuffled: Material) -> None:
    """The test has teeth: the rate of a client's own few neighbours, himself among them."""
    rng = np.random.default_rng(SEED)
    groups = rng.integers(0, len(shuffled) // 4, len(shuffled))
    of_group = np.bincount(groups, shuffled.labels) / np.maximum(np.bincount(groups), 1)
    leaking = replace(shuffled, matrix=shuffled.matrix.copy())
    leaking.matrix[:, 0] = of_group[groups]
    told = fit(
        leaking, seed=SEED, progress=lambda _: None, parameters={**QUICK, "monotone": False}
    )
    assert auc(leaking, told.unseen_raw) > 0.5 + 6 * spread(leaking)


def test_true_labels_do_teach(whole: Material) -> None:
    told = fit(whole, seed=SEED, progress=lambda _: None, parameters=QUICK)
    assert auc(whole, told.unseen_raw) > 0.5 + 3 * spread(whole)
