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
from training.model.out_of_fold import build_booster_params, predict_out_of_fold
from training.model.trainer import fit_model


def test_a_feature_outside_the_catalogue_is_learnt_from(learnable: TrainingSet) -> None:
    informative = Feature(
        name="informative", label=Text("-", "-"), unit=Unit.FLAG, concept=Concept.FAMILY,
        risk=RiskDirection.FREE, sources=frozenset(),
    )  # fmt: skip
    is_correct = np.arange(len(learnable)) % 50
    values = np.where(is_correct, learnable.labels, 1 - learnable.labels)
    extended = learnable.with_feature(informative, values.astype(np.float64))
    trained_model = fit_model(
        extended, seed=SEED, progress=lambda _: None, parameters=QUICK_PARAMETERS
    )
    assert roc_auc_score(extended.labels, trained_model.oof_risk) > 0.95


def test_monotone_constraints_follow_the_remaining_features(learnable: TrainingSet) -> None:
    reduced = learnable.drop_features(set(list(CATALOGUE)[:10]))
    constraints = build_booster_params(QUICK_PARAMETERS, reduced, 0)["monotone_constraints"]
    assert constraints == [int(feature.risk) for feature in list(CATALOGUE.values())[10:]]
    unconstrained = build_booster_params({**QUICK_PARAMETERS, "monotone": False}, reduced, 0)
    assert "monotone_constraints" not in unconstrained


def test_a_bagged_fit_serves_all_its_trees_calibrated(learnable: TrainingSet) -> None:
    trained_model = fit_model(
        learnable, seed=SEED, progress=lambda _: None, parameters={**QUICK_PARAMETERS, "bagged": 2}
    )
    assert trained_model.booster.num_trees() == 2 * trained_model.trees_per_booster
    risks = np.asarray(trained_model.booster.predict(learnable.encode(trained_model.fitted)))
    assert risks.mean() == pytest.approx(learnable.labels.mean(), abs=0.02)


def test_a_fold_is_freed_before_the_next_is_built(
    learnable: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five folds of the full data do not fit in memory together."""
    datasets: list[weakref.ref[lgb.Dataset]] = []

    def iter_watched_folds(
        training_set: TrainingSet, *, seed: int, fold_count: int
    ) -> Iterator[Fold]:
        for fold in iter_folds(training_set, seed=seed, fold_count=fold_count):
            datasets.append(weakref.ref(fold.train_data))
            handed_over = [fold]
            del fold
            yield handed_over.pop()
            gc.collect()
            assert datasets[-1]() is None

    monkeypatch.setattr("training.model.out_of_fold.iter_folds", iter_watched_folds)
    predict_out_of_fold(learnable, seed=SEED, progress=lambda _: None, parameters=QUICK_PARAMETERS)
    assert len(datasets) == FOLD_COUNT


def test_a_class_weight_costs_neither_trees_nor_the_ranking(
    learnable: TrainingSet,
) -> None:
    def predict(**weights: float) -> tuple[float, int]:
        parameters = {
            **QUICK_PARAMETERS,
            "learning_rate": 0.05,
            "feature_fraction": 0.8,
            **weights,
        }
        oof = predict_out_of_fold(
            learnable, seed=SEED, progress=lambda _: None, parameters=parameters
        )
        return roc_auc_score(learnable.labels, oof.log_odds), oof.best_iteration

    plain_auc, plain_trees = predict()
    weighted_auc, weighted_trees = predict(scale_pos_weight=10.0)
    assert weighted_auc > plain_auc - 0.04
    assert weighted_trees > plain_trees / 3
