"""Estimate bootstrap intervals of metrics by resampling clients with replacement.

Percentile intervals, Efron, *Bootstrap methods* (1979). A resample is a weight for each client, so
that clients are sorted once for all resamples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from credit.dossier import Floats
from credit.policy import Policy
from training.data.dataset import Labels
from training.metrics.credit_metrics import calibration_in_the_large

RESAMPLE_COUNT = 300
LARGE_SAMPLE_CLIENTS = 50_000
"""Above this number of clients, fewer resamples are drawn. The ends of intervals are then less
certain (a quarter of a standard error instead of a seventh), but the standard error is small."""
LARGE_SAMPLE_RESAMPLE_COUNT = 100
TAIL_PROBABILITY = 0.025
"""Probability left out on each side: intervals of 95 %."""


class Interval(NamedTuple):
    low: float
    high: float


def count_resamples(clients: int) -> int:
    """Return the number of resamples for a number of clients."""
    return LARGE_SAMPLE_RESAMPLE_COUNT if clients > LARGE_SAMPLE_CLIENTS else RESAMPLE_COUNT


def bootstrap_weights(
    clients: int, seed: int, resample_count: int | None = None
) -> Iterator[Floats]:
    """Yield for each resample how often each client is drawn, shape (clients,).

    Args:
        clients: Number of clients.
        seed: The same seed gives the same resamples.
        resample_count: Number of resamples, if groups are compared; by default set by the size.
    """
    rng = np.random.default_rng(seed)
    for _ in range(resample_count or count_resamples(clients)):
        indices = rng.integers(clients, size=clients)
        yield np.bincount(indices, minlength=clients).astype(np.float64)


def compute_percentile_interval(values: Sequence[float] | Floats) -> Interval:
    """Return the middle 95 % of the resampled values; NaN if all of them are NaN."""
    if np.isnan(values).all():
        return Interval(np.nan, np.nan)
    low, high = np.nanquantile(values, [TAIL_PROBABILITY, 1 - TAIL_PROBABILITY])
    return Interval(float(low), float(high))


class WeightedRanking:
    """Clients sorted by risk, to compute ranking metrics for any weights."""

    def __init__(self, labels: Labels, risks: Floats) -> None:
        self._order = np.argsort(risks, kind="stable")
        sorted_risks = risks[self._order]
        self._is_difficult = labels[self._order].astype(np.float64)
        is_run_end = np.append(sorted_risks[1:] > sorted_risks[:-1], [True])
        self._run_ends = np.flatnonzero(is_run_end)
        """Index of the last client of each run of equal risks, which share a rank."""
        self._risk_levels = sorted_risks[is_run_end]

    def _count_cumulatively(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return cumulated weights of good and difficult clients by level of risk, from 0 on."""
        sorted_weights = weights[self._order]
        total = np.cumsum(sorted_weights)[self._run_ends]
        difficult = np.cumsum(sorted_weights * self._is_difficult)[self._run_ends]
        return np.append(0, total - difficult), np.append(0, difficult)

    def compute_auc(self, weights: Floats) -> float:
        """Return the probability that a difficult client ranks above a good one; ties are half."""
        return _integrate_auc(*self._count_cumulatively(weights))

    def compute_metrics(self, weights: Floats, policy: Policy) -> dict[str, float]:
        """Compute the ranking and cost metrics of `credit_metrics.compute_metrics`, weighted."""
        good, difficult = self._count_cumulatively(weights)
        missed_cost, refused_cost = policy.missed_difficulties_cost, policy.refused_good_cost
        costs = (missed_cost * difficult + refused_cost * (good[-1] - good)) / weights.sum()
        cost = float(costs[np.searchsorted(self._risk_levels, policy.threshold, side="left")])
        worst_cost = (missed_cost * difficult[-1] + refused_cost * good[-1]) / weights.sum()
        auc = _integrate_auc(good, difficult)
        return {
            "auc": auc,
            "gini": 2 * auc - 1,
            "ks": float((good / good[-1] - difficult / difficult[-1]).max()),
            "cost_per_client": cost,
            "business_score": 1 - cost / float(worst_cost),
            "threshold_regret": cost - float(costs.min()),
        }


def _integrate_auc(good: Floats, difficult: Floats) -> float:
    midpoints = (good[1:] + good[:-1]) / 2
    return float((np.diff(difficult) * midpoints).sum() / (good[-1] * difficult[-1]))


class WeightedCalibration:
    """Calibration-in-the-large for any weights, by one Newton step from the unweighted solution.

    For the small changes of a resample, the error of the step is of second order.
    """

    def __init__(self, labels: Labels, risks: Floats) -> None:
        self._shift = calibration_in_the_large(labels, risks)
        clipped = np.clip(risks, 1e-12, 1 - 1e-12)
        shifted_risks = 1 / (1 + (1 - clipped) / clipped * np.exp(-self._shift))
        self._residual = labels - shifted_risks
        self._slope = shifted_risks * (1 - shifted_risks)

    def compute_shift(self, weights: Floats) -> float:
        return self._shift + float((weights @ self._residual) / (weights @ self._slope))


def compute_metric_intervals(
    labels: Labels, risks: Floats, policy: Policy, *, seed: int
) -> Mapping[str, Interval]:
    """Estimate the intervals of metrics by name."""
    ranking, calibration = WeightedRanking(labels, risks), WeightedCalibration(labels, risks)
    squared_errors = (labels - risks) ** 2
    resampled_metrics = [
        {
            **ranking.compute_metrics(weights, policy),
            "brier": float(weights @ squared_errors / weights.sum()),
            "calibration_in_the_large": calibration.compute_shift(weights),
        }
        for weights in bootstrap_weights(len(labels), seed)
    ]
    return {
        name: compute_percentile_interval([metrics[name] for metrics in resampled_metrics])
        for name in resampled_metrics[0]
    }
