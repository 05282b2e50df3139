"""Compute metrics of discrimination, calibration and cost."""

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

BUSINESS_SCORE_DEFINITION = (
    "1 - cost / cost of every decision wrong, with a missed difficulty costing "
    "{missed:g} and a refused good client {refused:g}; approved below index 0.5"
)


@dataclass(frozen=True, kw_only=True)
class CostCurve:
    """Cost of the decisions at every distinct threshold."""

    thresholds: Floats
    """Clients with at least this risk are refused; the last threshold refuses none."""
    per_client: Floats

    @classmethod
    def from_risks(cls, labels: Labels, risks: Floats, policy: Policy) -> CostCurve:
        order = np.argsort(risks, kind="stable")
        sorted_risks = risks[order]
        difficult = np.concatenate([[0], np.cumsum(labels[order])])
        good_refused = (labels == 0).sum() - (np.arange(len(risks) + 1) - difficult)
        cost = (
            policy.missed_difficulties_cost * difficult + policy.refused_good_cost * good_refused
        )
        is_distinct = np.concatenate([[True], sorted_risks[1:] > sorted_risks[:-1], [True]])
        thresholds = np.append(sorted_risks, 1.0)[is_distinct]
        return cls(thresholds=thresholds, per_client=cost[is_distinct] / len(risks))

    @property
    def minimum(self) -> tuple[float, float]:
        """Return the threshold with the lowest cost, and that cost per client."""
        best = int(self.per_client.argmin())
        return float(self.thresholds[best]), float(self.per_client[best])

    def cost_at(self, threshold: float) -> float:
        """Return the cost per client if clients at or above the threshold are refused."""
        index = int(np.searchsorted(self.thresholds, threshold, side="left"))
        return float(self.per_client[min(index, len(self.per_client) - 1)])


def compute_metrics(labels: Labels, risks: Floats, policy: Policy) -> dict[str, float]:
    """Compute every metric of out-of-fold risks.

    `f1`, `accuracy`, `cost_per_client` and `business_score` are at the policy's threshold.
    """
    refused = (risks >= policy.threshold).astype(np.int8)
    auc = float(roc_auc_score(labels, risks))
    false_positive_rates, true_positive_rates, _ = roc_curve(labels, risks)
    cost_curve = CostCurve.from_risks(labels, risks, policy)
    best_threshold, min_cost = cost_curve.minimum
    cost = cost_curve.cost_at(policy.threshold)
    worst_cost = policy.missed_difficulties_cost * labels.mean() + policy.refused_good_cost * (
        1 - labels.mean()
    )
    return {
        "auc": auc,
        "gini": 2 * auc - 1,
        "ks": float((true_positive_rates - false_positive_rates).max()),
        "average_precision": float(average_precision_score(labels, risks)),
        "brier": float(brier_score_loss(labels, risks)),
        "log_loss": float(log_loss(labels, risks)),
        "f1": float(f1_score(labels, refused)),
        "accuracy": float(accuracy_score(labels, refused)),
        "cost_per_client": cost,
        "business_score": 1 - cost / float(worst_cost),
        "searched_threshold": best_threshold,
        "threshold_regret": cost - min_cost,
        "calibration_in_the_large": calibration_in_the_large(labels, risks),
        "difficulty_rate": float(labels.mean()),
        "mean_risk": float(risks.mean()),
    }


def calibration_in_the_large(labels: Labels, risks: Floats) -> float:
    """Return the shift in log-odds that makes the mean risk equal the observed rate; 0 is best.

    It is the intercept of a logistic recalibration with slope 1 (Cox, 1958).
    """
    clipped = np.clip(risks, 1e-12, 1 - 1e-12)
    log_odds = np.log(clipped / (1 - clipped))

    def excess(shift: float) -> float:
        return float((1 / (1 + np.exp(-(log_odds + shift)))).mean() - labels.mean())

    return float(brentq(excess, -20, 20))


def compute_calibration_by_pattern(
    labels: Labels, risks: Floats, known_histories: Mapping[str, Bools]
) -> dict[str, float]:
    """Compute calibration-in-the-large by the pattern of known histories."""
    return {
        f"calibration_{name}": calibration_in_the_large(labels[mask], risks[mask])
        for name, mask in split_by_known_histories(known_histories).items()
        if 0 < labels[mask].sum() < mask.sum()
    }


def split_by_known_histories(known_histories: Mapping[str, Bools]) -> dict[str, Bools]:
    """Return masks of the clients with no, some and all histories known."""
    known_count = np.sum(list(known_histories.values()), axis=0)
    return {
        "no_history": known_count == 0,
        "some_histories": (known_count > 0) & (known_count < len(known_histories)),
        "all_histories": known_count == len(known_histories),
    }
