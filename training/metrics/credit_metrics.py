"""How good a model is: discrimination, calibration, and what its decisions cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    roc_auc_score,
    roc_curve,
)

from credit.dossier import Bools, Floats
from credit.policy import Policy
from training.data.dataset import Labels

BUSINESS_SCORE = (
    "1 - cost / cost of every decision wrong, with a missed difficulty costing "
    "{missed:g} and a refused good client {refused:g}; approved below index 0.5"
)


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What decisions cost at every threshold that tells clients apart."""

    thresholds: Floats
    """Refused from this risk on, inclusive; the last refuses nobody."""
    per_client: Floats

    @classmethod
    def of(cls, labels: Labels, risks: Floats, policy: Policy) -> Costs:
        order = np.argsort(risks, kind="stable")
        ordered = risks[order]
        difficult = np.concatenate([[0], np.cumsum(labels[order])])
        good_refused = (labels == 0).sum() - (np.arange(len(risks) + 1) - difficult)
        cost = (
            policy.missed_difficulties_cost * difficult + policy.refused_good_cost * good_refused
        )
        apart = np.concatenate([[True], ordered[1:] > ordered[:-1], [True]])
        thresholds = np.append(ordered, 1.0)[apart]
        return cls(thresholds=thresholds, per_client=cost[apart] / len(risks))

    @property
    def least(self) -> tuple[float, float]:
        """The threshold of least cost, and that cost a client."""
        best = int(self.per_client.argmin())
        return float(self.thresholds[best]), float(self.per_client[best])

    def at(self, threshold: float) -> float:
        """The cost a client when those at or above the threshold are refused."""
        place = int(np.searchsorted(self.thresholds, threshold, side="left"))
        return float(self.per_client[min(place, len(self.per_client) - 1)])


def metrics(labels: Labels, risks: Floats, policy: Policy) -> dict[str, float]:
    """Every measure of a model on clients it has not seen.

    `f1`, `accuracy`, `cost_per_client` and `business_score` are at the policy's threshold.
    """
    refused = (risks >= policy.threshold).astype(np.int8)
    auc = float(roc_auc_score(labels, risks))
    false_alarms, hits, _ = roc_curve(labels, risks)
    costs = Costs.of(labels, risks, policy)
    searched, least = costs.least
    cost = costs.at(policy.threshold)
    worst = policy.missed_difficulties_cost * labels.mean() + policy.refused_good_cost * (
        1 - labels.mean()
    )
    return {
        "auc": auc,
        "gini": 2 * auc - 1,
        "ks": float((hits - false_alarms).max()),
        "average_precision": float(average_precision_score(labels, risks)),
        "brier": float(brier_score_loss(labels, risks)),
        "log_loss": float(log_loss(labels, risks)),
        "f1": float(f1_score(labels, refused)),
        "accuracy": float(accuracy_score(labels, refused)),
        "cost_per_client": cost,
        "business_score": 1 - cost / float(worst),
        "searched_threshold": searched,
        "threshold_regret": cost - least,
        "calibration_in_the_large": calibration_in_the_large(labels, risks),
        "difficulty_rate": float(labels.mean()),
        "mean_risk": float(risks.mean()),
    }


def calibration_in_the_large(labels: Labels, risks: Floats) -> float:
    """The shift in log-odds that would make the mean risk the rate seen; 0 is perfect.

    The intercept of a logistic recalibration whose slope is held at 1 (Cox, 1958).
    """
    bounded = np.clip(risks, 1e-12, 1 - 1e-12)
    log_odds = np.log(bounded / (1 - bounded))

    def excess(shift: float) -> float:
        return float((1 / (1 + np.exp(-(log_odds + shift)))).mean() - labels.mean())

    return float(brentq(excess, -20, 20))


def by_pattern(labels: Labels, risks: Floats, known: Mapping[str, Bools]) -> dict[str, float]:
    """Calibration-in-the-large by what is known of clients."""
    return {
        f"calibration_{name}": calibration_in_the_large(labels[chosen], risks[chosen])
        for name, chosen in patterns(known).items()
        if 0 < labels[chosen].sum() < chosen.sum()
    }


def patterns(known: Mapping[str, Bools]) -> dict[str, Bools]:
    """Which clients none, some, all of the histories are known of."""
    held = np.sum(list(known.values()), axis=0)
    return {
        "no_history": held == 0,
        "some_histories": (held > 0) & (held < len(known)),
        "all_histories": held == len(known),
    }
