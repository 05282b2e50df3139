"""How sure a measure is: intervals by drawing the clients again, with replacement.

Efron, *Bootstrap methods* (1979); the percentile interval. A resample is a weight a client: what
is sorted once serves every resample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from credit.dossier import Floats
from credit.policy import Policy
from training.data.dataset import Labels
from training.metrics.credit_metrics import calibration_in_the_large

RESAMPLES = 300
MANY = 50_000
"""Clients above which `FEWER` resamples are drawn: their ends are less sure, by a quarter of a
standard error instead of a seventh, but the standard error is small by then."""
FEWER = 100
TAIL = 0.025
"""Left out on each side: intervals of 95 %."""


class Interval(NamedTuple):
    low: float
    high: float


def resamples_of(clients: int) -> int:
    """How many resamples are drawn of so many clients."""
    return FEWER if clients > MANY else RESAMPLES


def resamples(clients: int, seed: int, number: int | None = None) -> Iterator[Floats]:
    """How often each client is drawn, shape (clients,), once a resample.

    Args:
        number: Of resamples, for groups that are set beside one another; else by their size.
    """
    rng = np.random.default_rng(seed)
    for _ in range(number or resamples_of(clients)):
        drawn = rng.integers(clients, size=clients)
        yield np.bincount(drawn, minlength=clients).astype(np.float64)


def interval(values: Sequence[float] | Floats) -> Interval:
    """The middle 95 % of what the resamples gave; unknown where none gave anything."""
    if np.isnan(values).all():
        return Interval(np.nan, np.nan)
    low, high = np.nanquantile(values, [TAIL, 1 - TAIL])
    return Interval(float(low), float(high))


class Ranking:
    """Clients in the order of their risk, to be measured under any weights."""

    def __init__(self, labels: Labels, risks: Floats) -> None:
        self._order = np.argsort(risks, kind="stable")
        ordered = risks[self._order]
        self._difficult = labels[self._order].astype(np.float64)
        last = np.append(ordered[1:] > ordered[:-1], [True])
        self._ends = np.flatnonzero(last)
        """Where each run of equal risks ends: they are not told apart."""
        self._levels = ordered[last]

    def _below(self, weights: Floats) -> tuple[Floats, Floats]:
        """Good and difficult clients up to each level of risk, from nobody on."""
        drawn = weights[self._order]
        everyone = np.cumsum(drawn)[self._ends]
        difficult = np.cumsum(drawn * self._difficult)[self._ends]
        return np.append(0, everyone - difficult), np.append(0, difficult)

    def auc(self, weights: Floats) -> float:
        """Chance that a difficult client is riskier than a good one; equal risks count half."""
        return _auc(*self._below(weights))

    def measures(self, weights: Floats, policy: Policy) -> dict[str, float]:
        """What `training.metrics.credit_metrics.metrics` says of the order of clients, under weights."""
        good, difficult = self._below(weights)
        missed, refused = policy.missed_difficulties_cost, policy.refused_good_cost
        costs = (missed * difficult + refused * (good[-1] - good)) / weights.sum()
        cost = float(costs[np.searchsorted(self._levels, policy.threshold, side="left")])
        worst = (missed * difficult[-1] + refused * good[-1]) / weights.sum()
        auc = _auc(good, difficult)
        return {
            "auc": auc,
            "gini": 2 * auc - 1,
            "ks": float((good / good[-1] - difficult / difficult[-1]).max()),
            "cost_per_client": cost,
            "business_score": 1 - cost / float(worst),
            "threshold_regret": cost - float(costs.min()),
        }


def _auc(good: Floats, difficult: Floats) -> float:
    halfway = (good[1:] + good[:-1]) / 2
    return float((np.diff(difficult) * halfway).sum() / (good[-1] * difficult[-1]))


class Calibrated:
    """Calibration-in-the-large under any weights: one Newton step from the whole's solution.

    At the size of a resample's move the step's own error is of second order.
    """

    def __init__(self, labels: Labels, risks: Floats) -> None:
        self._shift = calibration_in_the_large(labels, risks)
        bounded = np.clip(risks, 1e-12, 1 - 1e-12)
        shifted = 1 / (1 + (1 - bounded) / bounded * np.exp(-self._shift))
        self._residual = labels - shifted
        self._slope = shifted * (1 - shifted)

    def shift(self, weights: Floats) -> float:
        return self._shift + float((weights @ self._residual) / (weights @ self._slope))


def intervals(
    labels: Labels, risks: Floats, policy: Policy, *, seed: int
) -> Mapping[str, Interval]:
    """Intervals of the measures that depend on who was drawn, by their names in `metrics`."""
    ranking, calibrated = Ranking(labels, risks), Calibrated(labels, risks)
    squares = (labels - risks) ** 2
    told = [
        {
            **ranking.measures(weights, policy),
            "brier": float(weights @ squares / weights.sum()),
            "calibration_in_the_large": calibrated.shift(weights),
        }
        for weights in resamples(len(labels), seed)
    ]
    return {name: interval([one[name] for one in told]) for name in told[0]}
