"""Estimate shares, difficulty rates and costs of the outcomes that the policy proposes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.decision import Outcome
from credit.dossier import Floats
from credit.policy import Policy
from training.data.dataset import Labels
from training.metrics.bootstrap import bootstrap_weights, compute_percentile_interval
from training.metrics.fairness import Estimate, propose_outcomes


@dataclass(frozen=True, kw_only=True)
class OutcomeShare:
    """The clients with one proposed outcome."""

    outcome: Outcome
    clients: int
    share: Estimate
    difficulty_rate: Estimate
    cost: Estimate
    """Cost of their decisions, averaged over all clients; referred ones are split at index 0.5."""


def estimate_outcome_shares(
    labels: Labels, risks: Floats, policy: Policy, *, seed: int
) -> tuple[OutcomeShare, ...]:
    """Estimate the shares of approve, refer and decline, by the score alone."""
    outcomes = propose_outcomes(risks, policy)
    refused = risks >= policy.threshold
    cost = np.where(
        labels == 1, ~refused * policy.missed_difficulties_cost, refused * policy.refused_good_cost
    )
    is_difficult, unit_weights = labels.astype(np.float64), np.ones(len(labels))
    indicators = [(outcomes == outcome).astype(np.float64) for outcome in Outcome]
    bootstrap = np.array([
        [_measure_outcome(weights, indicator, is_difficult, cost) for indicator in indicators]
        for weights in bootstrap_weights(len(labels), seed)
    ])  # fmt: skip
    results = []
    for index, (outcome, indicator) in enumerate(zip(Outcome, indicators, strict=True)):
        estimates = [
            Estimate(
                value=value, interval=compute_percentile_interval(bootstrap[:, index, metric])
            )
            for metric, value in enumerate(
                _measure_outcome(unit_weights, indicator, is_difficult, cost)
            )
        ]
        results.append(
            OutcomeShare(
                outcome=outcome,
                clients=int(indicator.sum()),
                share=estimates[0],
                difficulty_rate=estimates[1],
                cost=estimates[2],
            )
        )
    return tuple(results)


def _measure_outcome(
    weights: Floats, indicator: Floats, is_difficult: Floats, cost: Floats
) -> tuple[float, float, float]:
    """Compute share, difficulty rate (NaN without clients) and cost per client."""
    outcome_weights = weights * indicator
    total = outcome_weights.sum()
    rate = float(outcome_weights @ is_difficult / total) if total else float("nan")
    return float(total / weights.sum()), rate, float(outcome_weights @ cost / weights.sum())
