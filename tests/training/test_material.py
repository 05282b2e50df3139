from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from credit.features import CATALOGUE, Concept, Feature, Risk, Unit
from credit.localised_text import Text
from tests.learning import QUICK, SEED
from training.data.dataset import Material
from training.model.cross_validation import FOLDS, Fold, folds
from training.model.trainer import best_trees, booster_settings, fit, out_of_fold, trees_by_others

WORDS = [name for name, feature in CATALOGUE.items() if feature.categorical]


def test_features_left_out_are_in_no_column_and_no_category(learnable: Material) -> None:
    gone = {WORDS[0], next(iter(CATALOGUE))}
    fewer = learnable.without(gone)
    assert list(fewer.features) == [name for name in CATALOGUE if name not in gone]
    assert fewer.matrix.shape == (len(learnable), len(CATALOGUE) - 2)
    assert not gone & fewer.words.keys()


def test_what_is_kept_keeps_its_place(learnable: Material) -> None:
    fewer = learnable.without({next(iter(CATALOGUE))})
    places = learnable.ids - 1
    kept = fewer.encoded(fewer.fit_categories(places))
    whole = learnable.encoded(learnable.fit_categories(places))
    assert np.array_equal(kept, whole[:, 1:], equal_nan=True)


def test_fewer_clients_are_those_asked_for(learnable: Material) -> None:
    rows = np.array([5, 3, 900])
    some = learnable.only(rows)
    assert list(some.ids) == list(learnable.ids[rows])
    assert np.array_equal(some.matrix, learnable.matrix[rows], equal_nan=True)
    for name in WORDS:
        assert some.words[name].take(np.arange(3)).codes.tolist() == (
            learnable.words[name].codes[rows].tolist()
        )


def test_a_column_beside_the_catalogue_is_learnt_from(learnable: Material) -> None:
    telling = Feature(
        name="telling", label=Text("-", "-"), unit=Unit.FLAG, concept=Concept.FAMILY,
        risk=Risk.FREE, sources=frozenset(),
    )  # fmt: skip
    nearly = np.where(np.arange(len(learnable)) % 50, learnable.labels, 1 - learnable.labels)
    beside = learnable.beside(telling, nearly.astype(np.float64))
    fitted = fit(beside, seed=SEED, progress=lambda _: None, parameters=QUICK)
    assert roc_auc_score(beside.labels, fitted.unseen) > 0.95


def test_monotone_constraints_follow_the_features_that_are_there(learnable: Material) -> None:
    fewer = learnable.without(set(list(CATALOGUE)[:10]))
    told = booster_settings(QUICK, fewer, 0)["monotone_constraints"]
    assert told == [int(feature.risk) for feature in list(CATALOGUE.values())[10:]]
    free = booster_settings({**QUICK, "monotone": False}, fewer, 0)
    assert "monotone_constraints" not in free


def test_categories_of_a_fold_are_taught_by_its_learners_alone(learnable: Material) -> None:
    for fold in folds(learnable, seed=SEED):
        others = np.setdiff1d(np.arange(len(learnable)), fold.left.rows)
        taught = learnable.taught(others)
        categories = taught.fit_categories(np.arange(len(taught)))
        expected = learnable.encoded(categories)[fold.left.rows]
        assert np.array_equal(fold.left.held, expected, equal_nan=True)


def test_every_client_is_left_out_once(learnable: Material) -> None:
    rows = np.concatenate([fold.left.rows for fold in folds(learnable, seed=SEED)])
    assert sorted(rows) == list(range(len(learnable)))


def test_clients_have_no_say_in_how_many_trees_answer_on_them() -> None:
    alone, others = [[3.0, 2.0, 1.0, 0.5]], [[1.0, 0.5, 0.9], [0.9, 0.8, 0.7]]
    assert trees_by_others([alone, others]) == [2, 4]
    assert trees_by_others([[[9.0, 1.0]], others])[0] == 2
    assert best_trees([*alone, *others]) == 4


def test_a_fold_is_let_go_before_the_next_is_made(
    learnable: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At full size the clients and bins of five folds do not fit beside one another."""
    kept: list[weakref.ref[lgb.Dataset]] = []

    def watched(material: Material, *, seed: int, number: int) -> Iterator[Fold]:
        for fold in folds(material, seed=seed, number=number):
            kept.append(weakref.ref(fold.learn))
            handed = [fold]
            del fold
            yield handed.pop()
            gc.collect()
            assert kept[-1]() is None

    monkeypatch.setattr("training.model.trainer.folds", watched)
    out_of_fold(learnable, seed=SEED, progress=lambda _: None, parameters=QUICK)
    assert len(kept) == FOLDS
