from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from tests.support.small_model import QUICK_PARAMETERS
from training.data.dataset import TrainingSet
from training.model.ensemble import average_boosters, scale_leaves
from training.model.out_of_fold import build_booster_params


@pytest.fixture(scope="module")
def boosters(learnable: TrainingSet) -> list[lgb.Booster]:
    """Return three boosters with different seeds and different numbers of trees."""
    matrix = learnable.encode(learnable.fit_features())
    return [
        lgb.train(
            build_booster_params(QUICK_PARAMETERS, learnable, seed),
            lgb.Dataset(matrix, learnable.labels, feature_name=list(learnable.features)),
            tree_count,
        )
        for seed, tree_count in ((1, 12), (2, 7), (3, 1))
    ]


def test_the_averaged_booster_predicts_the_mean_log_odds(
    boosters: list[lgb.Booster], learnable: TrainingSet
) -> None:
    averaged = average_boosters(boosters)
    mean = np.mean([b.predict(learnable.matrix, raw_score=True) for b in boosters], axis=0)
    assert averaged.num_trees() == 20
    assert averaged.predict(learnable.matrix, raw_score=True) == pytest.approx(mean, abs=1e-12)


def test_its_contributions_are_the_mean_contributions(
    boosters: list[lgb.Booster], learnable: TrainingSet
) -> None:
    matrix = learnable.matrix[:50]
    mean = np.mean([b.predict(matrix, pred_contrib=True) for b in boosters], axis=0)
    assert average_boosters(boosters).predict(matrix, pred_contrib=True) == pytest.approx(
        mean, abs=1e-12
    )


def test_a_reloaded_booster_predicts_exactly_the_same(
    boosters: list[lgb.Booster], learnable: TrainingSet
) -> None:
    averaged = average_boosters(boosters)
    reloaded = lgb.Booster(model_str=averaged.model_to_string())
    assert np.array_equal(averaged.predict(learnable.matrix), reloaded.predict(learnable.matrix))


def test_averaging_a_single_booster_keeps_its_predictions_exactly(
    boosters: list[lgb.Booster], learnable: TrainingSet
) -> None:
    averaged = average_boosters(boosters[:1])
    assert np.array_equal(
        averaged.predict(learnable.matrix), boosters[0].predict(learnable.matrix)
    )


def test_scaling_leaves_scales_and_shifts_log_odds(
    boosters: list[lgb.Booster], learnable: TrainingSet
) -> None:
    before = np.asarray(boosters[0].predict(learnable.matrix, raw_score=True))
    after = scale_leaves(boosters[0], 1.25, shift=-0.5).predict(learnable.matrix, raw_score=True)
    assert after == pytest.approx(1.25 * before - 0.5, abs=1e-12)
