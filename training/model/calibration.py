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
from training.model.ensemble import scaled

FLATTEST = 0.01
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
        if slope < FLATTEST:
            flat = 1 / (1 + np.exp(-FLATTEST * log_odds))
            return cls(slope=FLATTEST, shift=calibration_in_the_large(labels, flat))
        return cls(slope=slope, shift=shift)

    def risk(self, log_odds: Floats) -> Floats:
        return 1 / (1 + np.exp(-(self.slope * log_odds + self.shift)))


@dataclass(frozen=True)
class Calibrations:
    """A calibration a fold, each taught by the other folds."""

    by_fold: Mapping[float, Calibration]

    @classmethod
    def fit(cls, log_odds: Floats, labels: Labels, fold: Floats) -> Self:
        return cls({
            number: Calibration.fit(log_odds[fold != number], labels[fold != number])
            for number in np.unique(fold).tolist()
        })  # fmt: skip

    def risk(self, log_odds: Floats, fold: Floats) -> Floats:
        """Risks of clients by the fold that left each out; NaN of whom none did."""
        risks = np.full(len(log_odds), np.nan)
        for number, calibration in self.by_fold.items():
            risks[fold == number] = calibration.risk(log_odds[fold == number])
        return risks


def calibrated_unseen(log_odds: Floats, labels: Labels, fold: Floats) -> Floats:
    """Calibrated risks, every fold's by a calibration that the other folds taught."""
    return Calibrations.fit(log_odds, labels, fold).risk(log_odds, fold)


def calibrated(booster: lgb.Booster, calibration: Calibration) -> lgb.Booster:
    """The same trees with calibrated leaves: every leaf times the slope, the shift on the first.

    `predict` then answers calibrated probabilities and `pred_contrib` calibrated log-odds.
    """
    return scaled(booster, calibration.slope, shift=calibration.shift)
