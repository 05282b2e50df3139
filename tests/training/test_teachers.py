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
from stores.cli import Steps
from stores.settings import Settings
from tests.crowd import crowd, difficulties
from tests.folders import frames, write
from tests.learning import SEED
from training.data.auxiliary import pooled
from training.data.dataset import NOBODY, Material, Teachers, prepare
from training.data.loading import labelled_dossiers
from training.evaluation.champion import digests
from training.model.calibration import Calibration
from training.model.cross_validation import FOLDS, folds
from training.model.trainer import Fitted, booster_settings

QUIET = Steps(Console(quiet=True))
CLIENTS = 200


@pytest.fixture(scope="module")
def teachers(learnable: Material) -> Teachers:
    assert learnable.teachers
    return learnable.teachers


def test_a_copy_differs_from_its_client_by_what_is_hidden(
    learnable: Material, teachers: Teachers
) -> None:
    assert len(teachers.copies) > len(learnable) / 20
    assert teachers.material.ids.tolist() == learnable.ids[teachers.copies].tolist()
    hidden = [
        learnable.known[name][teachers.copies] & ~teachers.material.known[name]
        for name in HISTORIES
    ]
    assert np.any(hidden, axis=0).all()
    form = [place for place, f in enumerate(CATALOGUE.values()) if not f.categorical][:40]
    originals = learnable.matrix[teachers.copies]
    assert np.array_equal(teachers.material.matrix[:, form], originals[:, form], equal_nan=True)


def test_a_copy_teaches_only_where_its_client_does(learnable: Material) -> None:
    learn = np.arange(0, len(learnable), 3)
    taught = learnable.taught(learn)
    assert set(taught.ids) == set(learnable.ids[learn])
    assert len(taught) > len(learn)
    assert taught.ids[: len(learn)].tolist() == learnable.ids[learn].tolist()


def test_a_copy_has_the_label_of_its_client_even_when_labels_are_shuffled(
    learnable: Material,
) -> None:
    shuffled = replace(learnable, labels=np.random.default_rng(SEED).permutation(learnable.labels))
    learn = np.arange(500)
    taught = shuffled.taught(learn)
    of = dict(zip(shuffled.ids.tolist(), shuffled.labels.tolist(), strict=True))
    assert taught.labels.tolist() == [of[client] for client in taught.ids.tolist()]


def test_copies_are_told_by_the_fold_that_left_their_client_out(
    learnable: Material, teachers: Teachers, fitted: Fitted
) -> None:
    """Trees and calibration: each fold's are made anew, of what it may see."""
    assert not np.isnan(fitted.unseen_copies).any()
    settings = booster_settings(fitted.parameters, learnable, SEED)
    trees = round(fitted.trees * (FOLDS - 1) / FOLDS)
    raw = np.log(fitted.unseen_raw / (1 - fitted.unseen_raw))
    for fold in folds(learnable, seed=SEED):
        copies, others = fold.left.copies, np.ones(len(learnable), dtype=bool)
        others[fold.left.rows] = False
        assert set(teachers.copies[copies]) <= set(fold.left.rows)
        told = lgb.train(settings, fold.learn, trees).predict(
            fold.left.held_copies, raw_score=True
        )
        calibration = Calibration.fit(raw[others], learnable.labels[others])
        expected = calibration.risk(np.asarray(told))
        assert fitted.unseen_copies[copies] == pytest.approx(expected, rel=1e-9)


def test_fewer_clients_keep_their_own_copies(learnable: Material, teachers: Teachers) -> None:
    rows = np.arange(300, 600)
    some = learnable.only(rows)
    assert some.teachers
    assert some.teachers.material.ids.tolist() == some.ids[some.teachers.copies].tolist()
    assert len(some.teachers.copies) == np.isin(teachers.copies, rows).sum()


def test_clients_of_another_folder_teach_in_every_fold_and_are_never_judged(
    tmp_path: Path,
) -> None:
    where = Settings(home=tmp_path / "home")
    people = crowd(CLIENTS, SEED, complete=True)
    labels = difficulties(people, SEED)
    ours = write(tmp_path / "ours", frames(people[:150], labels=labels[:150]))
    also = write(tmp_path / "also", frames(people[100:], labels=labels[100:]))
    dossiers, _ = labelled_dossiers(where, ours, QUIET, None)
    alone = prepare(dossiers, seed=SEED, progress=lambda _: None)
    pool = pooled(where, alone, dossiers, [also, also], seed=SEED, steps=QUIET)
    material = pool.material
    assert len(pool.about) == 2
    assert material.teachers
    strangers = material.teachers.material.ids[material.teachers.copies == NOBODY]
    assert sorted(strangers) == list(range(151, 201))  # whom both folders hold is left out
    assert len(material) == len(alone)
    assert len(pool.digests) == len(strangers)
    assert not set(pool.digests) & set(digests(dossiers))
    taught = material.taught(np.arange(75))
    assert set(strangers) <= set(taught.ids)
    assert set(taught.ids) - set(strangers) == set(material.ids[:75])
    of = dict(zip(range(1, CLIENTS + 1), labels.tolist(), strict=True))
    assert taught.labels.tolist() == [of[client] for client in taught.ids.tolist()]
