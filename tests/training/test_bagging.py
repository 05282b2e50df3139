from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from tests.support.small_model import QUICK_PARAMETERS, SEED
from training.data.dataset import TrainingSet
from training.model.ensemble import average_boosters, scale_leaves
from training.model.trainer import build_booster_params, fit_model


@pytest.fixture(scope="module")
def boosters(learnable: TrainingSet) -> list[lgb.Booster]:
    """Three models of different seeds and of different numbers of trees."""
    matrix = learnable.encode(learnable.fit_categories(learnable.ids - 1))
    return [
        lgb.train(
            build_booster_params(QUICK_PARAMETERS, learnable, seed),
            lgb.Dataset(matrix, learnable.labels, feature_name=list(learnable.features)),
            trees,
        )
        for seed, trees in ((1, 12), (2, 7), (3, 1))
    ]


def test_one_text_answers_the_mean_of_the_models_log_odds(
    boosters: list[lgb.Booster], learnable: TrainingSet
) -> None:
    one = average_boosters(boosters)
    mean = np.mean([b.predict(learnable.matrix, raw_score=True) for b in boosters], axis=0)
    assert one.num_trees() == 20
    assert one.predict(learnable.matrix, raw_score=True) == pytest.approx(mean, abs=1e-12)


def test_its_contributions_are_the_mean_contributions(
    boosters: list[lgb.Booster], learnable: TrainingSet
) -> None:
    some = learnable.matrix[:50]
    mean = np.mean([b.predict(some, pred_contrib=True) for b in boosters], axis=0)
    assert average_boosters(boosters).predict(some, pred_contrib=True) == pytest.approx(
        mean, abs=1e-12
    )


def test_its_text_is_read_back_bit_for_bit(
    boosters: list[lgb.Booster], learnable: TrainingSet
) -> None:
    one = average_boosters(boosters)
    again = lgb.Booster(model_str=one.model_to_string())
    assert np.array_equal(one.predict(learnable.matrix), again.predict(learnable.matrix))


def test_a_model_alone_stays_the_same_bits(
    boosters: list[lgb.Booster], learnable: TrainingSet
) -> None:
    alone = average_boosters(boosters[:1])
    assert np.array_equal(alone.predict(learnable.matrix), boosters[0].predict(learnable.matrix))


def test_scaling_turns_log_odds_into_calibrated_ones(
    boosters: list[lgb.Booster], learnable: TrainingSet
) -> None:
    before = np.asarray(boosters[0].predict(learnable.matrix, raw_score=True))
    after = scale_leaves(boosters[0], 1.25, shift=-0.5).predict(learnable.matrix, raw_score=True)
    assert after == pytest.approx(1.25 * before - 0.5, abs=1e-12)


def test_a_bagged_fit_serves_all_its_trees_calibrated(learnable: TrainingSet) -> None:
    fitted = fit_model(
        learnable, seed=SEED, progress=lambda _: None, parameters={**QUICK_PARAMETERS, "bagged": 2}
    )
    assert fitted.booster.num_trees() == 2 * fitted.trees_per_booster
    risks = np.asarray(fitted.booster.predict(learnable.encode(fitted.categories)))
    assert risks.mean() == pytest.approx(learnable.labels.mean(), abs=0.02)
