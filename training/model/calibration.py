"""Platt scaling of log-odds, written into the trees so that contributions stay additive."""

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
"""Minimum slope. With it, an uninformative model predicts roughly the difficulty rate for all."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Platt scaling: calibrated log-odds = slope x log-odds + shift.

    Source: Platt, *Probabilistic outputs for support vector machines* (1999).
    """

    slope: float
    shift: float

    @classmethod
    def fit(cls, log_odds: Floats, labels: Labels) -> Self:
        """Fit slope and shift on out-of-fold predictions by maximum likelihood.

        The slope is at least `MIN_SLOPE`, so calibration never reverses a ranking: a model that
        ranks clients the wrong way must remain visible as such.

        Args:
            log_odds: Uncalibrated predictions, shape (clients,).
            labels: 1 for payment difficulties and 0 otherwise, shape (clients,).
        """
        regression = LogisticRegression(C=np.inf).fit(log_odds.reshape(-1, 1), labels)
        slope, shift = float(regression.coef_[0, 0]), float(regression.intercept_[0])
        if slope < MIN_SLOPE:
            # Shift so that the mean risk still equals the difficulty rate.
            flat_risks = 1 / (1 + np.exp(-MIN_SLOPE * log_odds))
            return cls(slope=MIN_SLOPE, shift=calibration_in_the_large(labels, flat_risks))
        return cls(slope=slope, shift=shift)

    def predict_risk(self, log_odds: Floats) -> Floats:
        """Return calibrated risks between 0 and 1, in the shape of `log_odds`."""
        return 1 / (1 + np.exp(-(self.slope * log_odds + self.shift)))


@dataclass(frozen=True)
class FoldCalibrations:
    """One calibration per fold, each fitted on the other folds."""

    by_fold: Mapping[float, Calibration]
    """Maps the number of a fold to its calibration."""

    @classmethod
    def fit(cls, log_odds: Floats, labels: Labels, fold: Floats) -> Self:
        """Fit the calibration of each fold on the clients of all other folds.

        Args:
            log_odds: Uncalibrated out-of-fold predictions, shape (clients,).
            labels: 1 for payment difficulties and 0 otherwise, shape (clients,).
            fold: Number of each client's validation fold, shape (clients,).
        """
        return cls({
            fold_id: Calibration.fit(log_odds[fold != fold_id], labels[fold != fold_id])
            for fold_id in np.unique(fold).tolist()
        })  # fmt: skip

    def predict_risk(self, log_odds: Floats, fold: Floats) -> Floats:
        """Return each client's risk under their fold's calibration; NaN where `fold` is NaN."""
        risks = np.full(len(log_odds), np.nan)
        for fold_id, calibration in self.by_fold.items():
            risks[fold == fold_id] = calibration.predict_risk(log_odds[fold == fold_id])
        return risks


def calibrate_out_of_fold(log_odds: Floats, labels: Labels, fold: Floats) -> Floats:
    """Return calibrated risks; each fold uses a calibration fitted on the other folds."""
    return FoldCalibrations.fit(log_odds, labels, fold).predict_risk(log_odds, fold)


def apply_calibration(booster: lgb.Booster, calibration: Calibration) -> lgb.Booster:
    """Return a copy of the booster with the calibration written into its leaves.

    Every leaf is multiplied by the slope, and the shift is added to the first tree. The copy's
    `predict` returns calibrated probabilities, and its `pred_contrib` sums to calibrated log-odds.
    """
    return scale_leaves(booster, calibration.slope, shift=calibration.shift)
