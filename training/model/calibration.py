"""Calibration in log-odds, folded into the trees so that contributions stay additive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import lightgbm as lgb
import numpy as np
from sklearn.linear_model import LogisticRegression

from credit.dossier import Floats
from training.data.dataset import Labels
from training.metrics.credit_metrics import calibration_in_the_large
from training.model.ensemble import scale_leaves

MIN_SLOPE = 0.01
"""The least slope: a model that knows nothing answers the difficulty rate, nearly."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Platt scaling: log-odds' = slope x log-odds + shift.

    Platt, *Probabilistic outputs for support vector machines* (1999).
    """

    slope: float
    shift: float

    @classmethod
    def fit(cls, log_odds: Floats, labels: Labels) -> Self:
        """The slope and shift under which out-of-fold log-odds fit their labels best.

        The slope is held above zero: calibration never turns a ranking round, for a model that
        ranks clients the wrong way must be seen to do so.
        """
        regression = LogisticRegression(C=np.inf).fit(log_odds.reshape(-1, 1), labels)
        slope, shift = float(regression.coef_[0, 0]), float(regression.intercept_[0])
        if slope < MIN_SLOPE:
            flat_risks = 1 / (1 + np.exp(-MIN_SLOPE * log_odds))
            return cls(slope=MIN_SLOPE, shift=calibration_in_the_large(labels, flat_risks))
        return cls(slope=slope, shift=shift)

    def predict_risk(self, log_odds: Floats) -> Floats:
        return 1 / (1 + np.exp(-(self.slope * log_odds + self.shift)))


@dataclass(frozen=True)
class FoldCalibrations:
    """A calibration a fold, each taught by the other folds."""

    by_fold: Mapping[float, Calibration]

    @classmethod
    def fit(cls, log_odds: Floats, labels: Labels, fold: Floats) -> Self:
        return cls({
            fold_id: Calibration.fit(log_odds[fold != fold_id], labels[fold != fold_id])
            for fold_id in np.unique(fold).tolist()
        })  # fmt: skip

    def predict_risk(self, log_odds: Floats, fold: Floats) -> Floats:
        """Risks of clients by the fold that left each out; NaN of whom none did."""
        risks = np.full(len(log_odds), np.nan)
        for fold_id, calibration in self.by_fold.items():
            risks[fold == fold_id] = calibration.predict_risk(log_odds[fold == fold_id])
        return risks


def calibrate_out_of_fold(log_odds: Floats, labels: Labels, fold: Floats) -> Floats:
    """Calibrated risks, every fold's by a calibration that the other folds taught."""
    return FoldCalibrations.fit(log_odds, labels, fold).predict_risk(log_odds, fold)


def apply_calibration(booster: lgb.Booster, calibration: Calibration) -> lgb.Booster:
    """The same trees with calibrated leaves: every leaf times the slope, the shift on the first.

    `predict` then answers calibrated probabilities and `pred_contrib` calibrated log-odds.
    """
    return scale_leaves(booster, calibration.slope, shift=calibration.shift)
