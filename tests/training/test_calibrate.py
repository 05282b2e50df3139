"""Calibration keeps the order of clients, whatever the labels say."""

from __future__ import annotations

import numpy as np
import pytest

from training.model.calibration import MIN_SLOPE, Calibration

LOG_ODDS = np.linspace(-4.0, 1.0, 2_000)


def labels(slope: float) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    chance = 1 / (1 + np.exp(-(slope * LOG_ODDS - 1)))
    return (np.random.default_rng(3).random(len(LOG_ODDS)) < chance).astype(np.int8)


def test_a_slope_is_found_again() -> None:
    assert Calibration.fit(LOG_ODDS, labels(0.7)).slope == pytest.approx(0.7, abs=0.1)


def test_a_model_that_ranks_the_wrong_way_is_not_turned_round() -> None:
    difficult = labels(-0.7)
    calibration = Calibration.fit(LOG_ODDS, difficult)
    assert calibration.slope == MIN_SLOPE
    risks = calibration.predict_risk(LOG_ODDS)
    assert (np.diff(risks) > 0).all()
    assert risks.mean() == pytest.approx(difficult.mean(), abs=1e-6)
