from __future__ import annotations

import numpy as np
import pytest

from training.experiments.blends import blend_predictions, iter_blends
from training.experiments.fold_runner import FoldPredictions
from training.experiments.leaderboard import SERVED_MODEL, CandidateKey
from training.model.challengers import ImbalanceStrategy


def predict(*log_odds: float, stores_clients: bool = False) -> FoldPredictions:
    return FoldPredictions(
        risks=1 / (1 + np.exp(-np.array(log_odds))),
        fit_seconds=2.0,
        latency_ms=0.5,
        parameters={"C": 0.1},
        stores_clients=stores_clients,
    )


def test_a_blend_has_the_mean_log_odds_and_the_cost_of_both_models() -> None:
    blend = blend_predictions(predict(-3.0, 1.0), predict(-1.0, 0.0))
    assert blend.compute_log_odds() == pytest.approx([-2.0, 0.5])
    assert (blend.fit_seconds, blend.latency_ms) == (4.0, 1.0)
    assert not blend.stores_clients
    assert blend_predictions(predict(0.0), predict(0.0, stores_clients=True)).stores_clients


def test_a_certain_member_does_not_decide_alone() -> None:
    certain = FoldPredictions(
        risks=np.array([0.0, 1.0]), fit_seconds=0, latency_ms=0, parameters={}
    )
    log_odds = blend_predictions(predict(1.0, 1.0), certain).compute_log_odds()
    assert np.isfinite(log_odds).all()
    assert log_odds[0] < 0 < log_odds[1]


def test_plain_candidates_of_the_named_challengers_are_blended_untuned_and_tuned() -> None:
    predictions: dict[CandidateKey, FoldPredictions] = {
        (name, tuned, strategy): predict(float(tuned))
        for name in ("XGBoost", "dummy")
        for tuned in (False, True)
        for strategy in ImbalanceStrategy
    }
    blends = dict(iter_blends(predict(2.0), predictions, {"XGBoost"}))
    assert {key: blend.compute_log_odds() for key, blend in blends.items()} == {
        (f"{SERVED_MODEL} + XGBoost", False, ImbalanceStrategy.PLAIN): pytest.approx([1.0]),
        (f"{SERVED_MODEL} + XGBoost", True, ImbalanceStrategy.PLAIN): pytest.approx([1.5]),
    }
