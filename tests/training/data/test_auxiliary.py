"""Test that auxiliary rows never leak the labels of the clients a model is evaluated on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest
from rich.console import Console

from credit.dossier import DossierBatch
from credit.features import CATALOGUE, COLUMNS
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
from training.data.preparation import (
    MaskingShares,
    build_training_set,
    make_masked_copies,
    prepare_training_set,
)
from training.model.calibration import Calibration
from training.model.cross_validation import iter_folds
from training.model.out_of_fold import build_booster_params
from training.model.trainer import TrainedModel

QUIET = ProgressReporter(Console(quiet=True))
CLIENTS = 200


@pytest.fixture(scope="module")
def auxiliary_rows(learnable: TrainingSet) -> AuxiliaryRows:
    assert learnable.auxiliary
    return learnable.auxiliary


def test_a_copy_differs_from_its_client_by_the_masked_histories(
    learnable: TrainingSet, auxiliary_rows: AuxiliaryRows
) -> None:
    assert (
        auxiliary_rows.training_set.ids.tolist() == learnable.ids[auxiliary_rows.copy_of].tolist()
    )
    auxiliary_rows = auxiliary_rows.select(np.flatnonzero(~auxiliary_rows.is_form_masked))
    assert len(auxiliary_rows.copy_of) > len(learnable) / 20
    hidden = [
        learnable.known_histories[name][auxiliary_rows.copy_of]
        & ~auxiliary_rows.training_set.known_histories[name]
        for name in HISTORIES
    ]
    assert np.any(hidden, axis=0).all()
    form = [index for index, f in enumerate(CATALOGUE.values()) if not f.is_categorical][:40]
    originals = learnable.matrix[auxiliary_rows.copy_of]
    assert np.array_equal(
        auxiliary_rows.training_set.matrix[:, form], originals[:, form], equal_nan=True
    )


def test_columns_of_the_form_are_unknown_in_some_copies_and_their_histories_are_not() -> None:
    documents = make_random_dossiers(CLIENTS, SEED)
    dossiers = DossierBatch.from_documents(documents, COLUMNS)
    clients = build_training_set(dossiers, np.arange(1, CLIENTS + 1), draw_labels(documents, SEED))
    shares = MaskingShares(form=0.5, column=0.3)
    _, copies = make_masked_copies(
        dossiers, clients, np.arange(CLIENTS), np.random.default_rng(SEED), shares
    )
    assert copies.is_form_masked.all()
    masked = copies.training_set.unknown_columns
    unknown_before = clients.unknown_columns[:, copies.copy_of]
    assert (masked & ~unknown_before).any(axis=1).all()
    assert 0.2 < masked[~unknown_before].mean() < 0.4
    for name in HISTORIES:
        known = copies.training_set.known_histories[name]
        assert known.tolist() == clients.known_histories[name][copies.copy_of].tolist()


def test_a_copy_is_a_training_row_only_where_its_client_is(learnable: TrainingSet) -> None:
    learn = np.arange(0, len(learnable), 3)
    training_rows = learnable.training_rows_for(learn)
    assert set(training_rows.ids) == set(learnable.ids[learn])
    assert len(training_rows) > len(learn)
    assert training_rows.ids[: len(learn)].tolist() == learnable.ids[learn].tolist()


def test_a_copy_has_the_label_of_its_client_even_when_labels_are_shuffled(
    learnable: TrainingSet,
) -> None:
    shuffled = replace(learnable, labels=np.random.default_rng(SEED).permutation(learnable.labels))
    learn = np.arange(500)
    training_rows = shuffled.training_rows_for(learn)
    of = dict(zip(shuffled.ids.tolist(), shuffled.labels.tolist(), strict=True))
    assert training_rows.labels.tolist() == [of[client] for client in training_rows.ids.tolist()]


def test_copies_are_scored_by_the_fold_of_their_client(
    learnable: TrainingSet, auxiliary_rows: AuxiliaryRows, fitted: TrainedModel
) -> None:
    """Trees and calibration: each fold's are made anew, of what it may see."""
    assert not np.isnan(fitted.oof_masked).any()
    settings = build_booster_params(fitted.parameters, learnable, SEED)
    raw = np.log(fitted.oof_uncalibrated / (1 - fitted.oof_uncalibrated))
    for fold, model in zip(iter_folds(learnable, seed=SEED), fitted.fold_models, strict=True):
        copies, other_clients = fold.validation.masked_rows, np.ones(len(learnable), dtype=bool)
        other_clients[fold.validation.rows] = False
        assert set(auxiliary_rows.copy_of[copies]) <= set(fold.validation.rows)
        results = lgb.train(settings, fold.train_data, model.tree_count).predict(
            fold.validation.masked_matrix, raw_score=True
        )
        calibration = Calibration.fit(raw[other_clients], learnable.labels[other_clients])
        expected = calibration.predict_risk(np.asarray(results))
        assert fitted.oof_masked[copies] == pytest.approx(expected, rel=1e-9)


def test_fewer_clients_keep_their_own_copies(
    learnable: TrainingSet, auxiliary_rows: AuxiliaryRows
) -> None:
    rows = np.arange(300, 600)
    some = learnable.take(rows)
    assert some.auxiliary
    assert some.auxiliary.training_set.ids.tolist() == some.ids[some.auxiliary.copy_of].tolist()
    assert len(some.auxiliary.copy_of) == np.isin(auxiliary_rows.copy_of, rows).sum()


def test_auxiliary_clients_are_training_rows_of_every_fold_and_never_evaluated(
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
    assert sorted(strangers) == list(range(151, 201))  # clients of both folders are left out
    assert len(material) == len(alone)
    assert len(pool.pseudonyms) == len(strangers)
    assert not set(pool.pseudonyms) & set(client_pseudonyms(dossiers))
    training_rows = material.training_rows_for(np.arange(75))
    assert set(strangers) <= set(training_rows.ids)
    assert set(training_rows.ids) - set(strangers) == set(material.ids[:75])
    of = dict(zip(range(1, CLIENTS + 1), labels.tolist(), strict=True))
    assert training_rows.labels.tolist() == [of[client] for client in training_rows.ids.tolist()]
