from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from credit.features import CATALOGUE, Concept, Feature, RiskDirection, Unit
from credit.localised_text import Text
from tests.support.small_model import QUICK_PARAMETERS, SEED
from training.data.dataset import TrainingSet
from training.model.cross_validation import FOLD_COUNT, Fold, iter_folds
from training.model.trainer import (
    best_iteration,
    build_booster_params,
    fit_model,
    leave_one_fold_out_tree_counts,
    predict_out_of_fold,
)

WORDS = [name for name, feature in CATALOGUE.items() if feature.is_categorical]


def test_features_left_out_are_in_no_column_and_no_category(learnable: TrainingSet) -> None:
    gone = {WORDS[0], next(iter(CATALOGUE))}
    fewer = learnable.drop_features(gone)
    assert list(fewer.features) == [name for name in CATALOGUE if name not in gone]
    assert fewer.matrix.shape == (len(learnable), len(CATALOGUE) - 2)
    assert not gone & fewer.category_columns.keys()


def test_what_is_kept_keeps_its_place(learnable: TrainingSet) -> None:
    fewer = learnable.drop_features({next(iter(CATALOGUE))})
    places = learnable.ids - 1
    kept = fewer.encode(fewer.fit_categories(places))
    whole = learnable.encode(learnable.fit_categories(places))
    assert np.array_equal(kept, whole[:, 1:], equal_nan=True)


def test_fewer_clients_are_those_asked_for(learnable: TrainingSet) -> None:
    rows = np.array([5, 3, 900])
    some = learnable.take(rows)
    assert list(some.ids) == list(learnable.ids[rows])
    assert np.array_equal(some.matrix, learnable.matrix[rows], equal_nan=True)
    for name in WORDS:
        assert some.category_columns[name].take(np.arange(3)).codes.tolist() == (
            learnable.category_columns[name].codes[rows].tolist()
        )


def test_a_column_beside_the_catalogue_is_learnt_from(learnable: TrainingSet) -> None:
    telling = Feature(
        name="telling", label=Text("-", "-"), unit=Unit.FLAG, concept=Concept.FAMILY,
        risk=RiskDirection.FREE, sources=frozenset(),
    )  # fmt: skip
    nearly = np.where(np.arange(len(learnable)) % 50, learnable.labels, 1 - learnable.labels)
    beside = learnable.with_feature(telling, nearly.astype(np.float64))
    fitted = fit_model(beside, seed=SEED, progress=lambda _: None, parameters=QUICK_PARAMETERS)
    assert roc_auc_score(beside.labels, fitted.oof_risk) > 0.95


def test_monotone_constraints_follow_the_features_that_are_there(learnable: TrainingSet) -> None:
    fewer = learnable.drop_features(set(list(CATALOGUE)[:10]))
    told = build_booster_params(QUICK_PARAMETERS, fewer, 0)["monotone_constraints"]
    assert told == [int(feature.risk) for feature in list(CATALOGUE.values())[10:]]
    free = build_booster_params({**QUICK_PARAMETERS, "monotone": False}, fewer, 0)
    assert "monotone_constraints" not in free


def test_categories_of_a_fold_are_taught_by_its_learners_alone(learnable: TrainingSet) -> None:
    for fold in iter_folds(learnable, seed=SEED):
        others = np.setdiff1d(np.arange(len(learnable)), fold.validation.rows)
        taught = learnable.training_rows_for(others)
        categories = taught.fit_categories(np.arange(len(taught)))
        expected = learnable.encode(categories)[fold.validation.rows]
        assert np.array_equal(fold.validation.matrix, expected, equal_nan=True)


def test_every_client_is_left_out_once(learnable: TrainingSet) -> None:
    rows = np.concatenate([fold.validation.rows for fold in iter_folds(learnable, seed=SEED)])
    assert sorted(rows) == list(range(len(learnable)))


def test_clients_have_no_say_in_how_many_trees_answer_on_them() -> None:
    alone, others = [[3.0, 2.0, 1.0, 0.5]], [[1.0, 0.5, 0.9], [0.9, 0.8, 0.7]]
    assert leave_one_fold_out_tree_counts([alone, others]) == [2, 4]
    assert leave_one_fold_out_tree_counts([[[9.0, 1.0]], others])[0] == 2
    assert best_iteration([*alone, *others]) == 4


def test_a_fold_is_let_go_before_the_next_is_made(
    learnable: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At full size the clients and bins of five folds do not fit beside one another."""
    kept: list[weakref.ref[lgb.Dataset]] = []

    def watched(material: TrainingSet, *, seed: int, number: int) -> Iterator[Fold]:
        for fold in iter_folds(material, seed=seed, fold_count=number):
            kept.append(weakref.ref(fold.train_data))
            handed = [fold]
            del fold
            yield handed.pop()
            gc.collect()
            assert kept[-1]() is None

    monkeypatch.setattr("training.model.trainer.folds", watched)
    predict_out_of_fold(learnable, seed=SEED, progress=lambda _: None, parameters=QUICK_PARAMETERS)
    assert len(kept) == FOLD_COUNT
