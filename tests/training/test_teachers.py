"""Those who teach beside the clients a model is judged by never tell it the answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest
from rich.console import Console

from credit.features import CATALOGUE
from credit.schema import HISTORIES
from stores.progress import ProgressReporter
from stores.settings import Settings
from tests.support.random_dossiers import draw_labels, make_random_dossiers
from tests.support.small_model import SEED
from tests.support.table_folders import make_table_frames, write_tables
from training.data.auxiliary import add_auxiliary_clients
from training.data.dataset import NOT_A_COPY, AuxiliaryRows, TrainingSet
from training.data.fingerprints import client_pseudonyms
from training.data.loading import load_labelled_dossiers
from training.data.preparation import prepare_training_set
from training.model.calibration import Calibration
from training.model.cross_validation import FOLD_COUNT, iter_folds
from training.model.trainer import TrainedModel, build_booster_params

QUIET = ProgressReporter(Console(quiet=True))
CLIENTS = 200


@pytest.fixture(scope="module")
def teachers(learnable: TrainingSet) -> AuxiliaryRows:
    assert learnable.auxiliary
    return learnable.auxiliary


def test_a_copy_differs_from_its_client_by_what_is_hidden(
    learnable: TrainingSet, teachers: AuxiliaryRows
) -> None:
    assert len(teachers.copy_of) > len(learnable) / 20
    assert teachers.training_set.ids.tolist() == learnable.ids[teachers.copy_of].tolist()
    hidden = [
        learnable.known_histories[name][teachers.copy_of]
        & ~teachers.training_set.known_histories[name]
        for name in HISTORIES
    ]
    assert np.any(hidden, axis=0).all()
    form = [place for place, f in enumerate(CATALOGUE.values()) if not f.is_categorical][:40]
    originals = learnable.matrix[teachers.copy_of]
    assert np.array_equal(
        teachers.training_set.matrix[:, form], originals[:, form], equal_nan=True
    )


def test_a_copy_teaches_only_where_its_client_does(learnable: TrainingSet) -> None:
    learn = np.arange(0, len(learnable), 3)
    taught = learnable.training_rows_for(learn)
    assert set(taught.ids) == set(learnable.ids[learn])
    assert len(taught) > len(learn)
    assert taught.ids[: len(learn)].tolist() == learnable.ids[learn].tolist()


def test_a_copy_has_the_label_of_its_client_even_when_labels_are_shuffled(
    learnable: TrainingSet,
) -> None:
    shuffled = replace(learnable, labels=np.random.default_rng(SEED).permutation(learnable.labels))
    learn = np.arange(500)
    taught = shuffled.training_rows_for(learn)
    of = dict(zip(shuffled.ids.tolist(), shuffled.labels.tolist(), strict=True))
    assert taught.labels.tolist() == [of[client] for client in taught.ids.tolist()]


def test_copies_are_told_by_the_fold_that_left_their_client_out(
    learnable: TrainingSet, teachers: AuxiliaryRows, fitted: TrainedModel
) -> None:
    """Trees and calibration: each fold's are made anew, of what it may see."""
    assert not np.isnan(fitted.oof_masked).any()
    settings = build_booster_params(fitted.parameters, learnable, SEED)
    trees = round(fitted.trees_per_booster * (FOLD_COUNT - 1) / FOLD_COUNT)
    raw = np.log(fitted.oof_uncalibrated / (1 - fitted.oof_uncalibrated))
    for fold in iter_folds(learnable, seed=SEED):
        copies, others = fold.validation.masked_rows, np.ones(len(learnable), dtype=bool)
        others[fold.validation.rows] = False
        assert set(teachers.copy_of[copies]) <= set(fold.validation.rows)
        told = lgb.train(settings, fold.train_data, trees).predict(
            fold.validation.masked_matrix, raw_score=True
        )
        calibration = Calibration.fit(raw[others], learnable.labels[others])
        expected = calibration.predict_risk(np.asarray(told))
        assert fitted.oof_masked[copies] == pytest.approx(expected, rel=1e-9)


def test_fewer_clients_keep_their_own_copies(
    learnable: TrainingSet, teachers: AuxiliaryRows
) -> None:
    rows = np.arange(300, 600)
    some = learnable.take(rows)
    assert some.auxiliary
    assert some.auxiliary.training_set.ids.tolist() == some.ids[some.auxiliary.copy_of].tolist()
    assert len(some.auxiliary.copy_of) == np.isin(teachers.copy_of, rows).sum()


def test_clients_of_another_folder_teach_in_every_fold_and_are_never_judged(
    tmp_path: Path,
) -> None:
    where = Settings(home=tmp_path / "home")
    people = make_random_dossiers(CLIENTS, SEED, complete=True)
    labels = draw_labels(people, SEED)
    ours = write_tables(tmp_path / "ours", make_table_frames(people[:150], labels=labels[:150]))
    also = write_tables(tmp_path / "also", make_table_frames(people[100:], labels=labels[100:]))
    dossiers, _ = load_labelled_dossiers(where, ours, QUIET, None)
    alone = prepare_training_set(dossiers, seed=SEED, progress=lambda _: None)
    pool = add_auxiliary_clients(where, alone, dossiers, [also, also], seed=SEED, progress=QUIET)
    material = pool.training_set
    assert len(pool.metadata) == 2
    assert material.auxiliary
    strangers = material.auxiliary.training_set.ids[material.auxiliary.copy_of == NOT_A_COPY]
    assert sorted(strangers) == list(range(151, 201))  # whom both folders hold is left out
    assert len(material) == len(alone)
    assert len(pool.pseudonyms) == len(strangers)
    assert not set(pool.pseudonyms) & set(client_pseudonyms(dossiers))
    taught = material.training_rows_for(np.arange(75))
    assert set(strangers) <= set(taught.ids)
    assert set(taught.ids) - set(strangers) == set(material.ids[:75])
    of = dict(zip(range(1, CLIENTS + 1), labels.tolist(), strict=True))
    assert taught.labels.tolist() == [of[client] for client in taught.ids.tolist()]
