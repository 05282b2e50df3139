from __future__ import annotations

import numpy as np
import pytest

from training.model.calibration import MIN_SLOPE, Calibration

LOG_ODDS = np.linspace(-4.0, 1.0, 2_000)


def draw_labels(slope: float) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    """Draw labels with true log-odds of `slope` times `LOG_ODDS`, minus 1."""
    risks = 1 / (1 + np.exp(-(slope * LOG_ODDS - 1)))
    return (np.random.default_rng(3).random(len(LOG_ODDS)) < risks).astype(np.int8)


def test_the_slope_of_the_labels_is_recovered() -> None:
    assert Calibration.fit(LOG_ODDS, draw_labels(0.7)).slope == pytest.approx(0.7, abs=0.1)


def test_a_ranking_in_the_wrong_direction_is_not_reversed() -> None:
    labels = draw_labels(-0.7)
    calibration = Calibration.fit(LOG_ODDS, labels)
    assert calibration.slope == MIN_SLOPE
    risks = calibration.predict_risk(LOG_ODDS)
    assert (np.diff(risks) > 0).all()
    assert risks.mean() == pytest.approx(labels.mean(), abs=1e-6)
