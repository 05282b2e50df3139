"""Compare two models on the same clients by a paired bootstrap.

Both are measured on the same resamples, so that the variation they share cancels out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from credit.dossier import Floats
from credit.policy import Policy
from training.data.dataset import Labels, TrainingSet
from training.metrics.bootstrap import (
    Interval,
    WeightedRanking,
    bootstrap_weights,
    compute_percentile_interval,
)
from training.model.calibration import calibrate_out_of_fold
from training.model.out_of_fold import predict_out_of_fold

PAIRED_METRICS = ("auc", "business_score")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A metric, or its difference between two models, with an interval."""

    value: float
    interval: Interval

    @property
    def is_significant(self) -> bool:
        """Return whether the interval excludes 0."""
        return not self.interval.low <= 0 <= self.interval.high


@dataclass(frozen=True, kw_only=True)
class BootstrapMetrics:
    """Metrics of one model: on the clients first, then on every resample."""

    values_by_metric: Mapping[str, Floats]

    @classmethod
    def from_risks(
        cls, labels: Labels, risks: Floats, policy: Policy, *, seed: int
    ) -> BootstrapMetrics:
        ranking = WeightedRanking(labels, risks)
        weights = (np.ones(len(labels)), *bootstrap_weights(len(labels), seed))
        rows = [ranking.compute_metrics(weight, policy) for weight in weights]
        return cls(
            values_by_metric={
                name: np.array([row[name] for row in rows]) for name in PAIRED_METRICS
            }
        )

    def estimate(self, metric: str) -> Difference:
        return _build_difference(self.values_by_metric[metric])

    def difference_from(self, other: BootstrapMetrics, metric: str) -> Difference:
        """Return the difference to another model; both must have the same seed."""
        return _build_difference(self.values_by_metric[metric] - other.values_by_metric[metric])


def cross_validate_paired(
    training_set: TrainingSet,
    parameters: Mapping[str, Any],
    policy: Policy,
    *,
    seed: int,
    progress: Callable[[int], object],
) -> tuple[BootstrapMetrics, BootstrapMetrics]:
    """Measure out-of-fold risks before calibration, and calibrated by the other folds.

    Args:
        training_set: Clients to cross-validate on.
        parameters: Parameters of the model.
        policy: Threshold and costs of the business score.
        seed: Seed of folds and resamples.
        progress: Called with 1 after each of `FOLDS` folds.
    """
    oof_predictions = predict_out_of_fold(
        training_set, seed=seed, progress=progress, parameters=parameters
    )
    uncalibrated_risks = 1 / (1 + np.exp(-oof_predictions.log_odds))
    calibrated_risks = calibrate_out_of_fold(
        oof_predictions.log_odds, training_set.labels, oof_predictions.fold
    )
    uncalibrated, calibrated = (
        BootstrapMetrics.from_risks(training_set.labels, oof_risks, policy, seed=seed)
        for oof_risks in (uncalibrated_risks, calibrated_risks)
    )
    return uncalibrated, calibrated


def _build_difference(values: Floats) -> Difference:
    return Difference(
        value=float(values[0]), interval=compute_percentile_interval(values[1:].tolist())
    )
