"""Test how far a score may move with another training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.data.dataset import TrainingSet
from training.evaluation.uncertainty import estimate_log_odds_deviation
from training.model.calibration import Calibration
from training.model.trainer import TrainedModel


def test_models_of_folds_that_agree_have_no_deviation(
    fitted: TrainedModel, learnable: TrainingSet
) -> None:
    same = replace(fitted, fold_models=[fitted.fold_models[0]] * 5)
    assert estimate_log_odds_deviation(same, learnable, seed=0) < 1e-12
    assert 0.05 < estimate_log_odds_deviation(fitted, learnable, seed=0) < 2


def test_the_deviation_is_that_of_the_jackknife(
    fitted: TrainedModel, learnable: TrainingSet
) -> None:
    model = fitted.fold_models[0]
    calibration = model.calibration
    shifts = np.array([-0.2, -0.1, 0.0, 0.1, 0.2])
    shifted = [
        replace(
            model,
            calibration=Calibration(
                slope=calibration.slope, shift=calibration.shift + float(shift)
            ),
        )
        for shift in shifts
    ]
    deviation = estimate_log_odds_deviation(
        replace(fitted, fold_models=shifted), learnable, seed=0
    )
    assert np.isclose(deviation, np.sqrt(4 / 5 * (shifts**2).sum()))
