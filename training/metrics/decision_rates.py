"""What the policy would propose to the clients: how many, how difficult, at what cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.decision import Outcome
from credit.dossier import Floats
from credit.policy import Policy
from training.data.dataset import Labels
from training.metrics.bootstrap import interval, resamples
from training.metrics.fairness import Rate, outcomes_of


@dataclass(frozen=True, kw_only=True)
class OutcomeShare:
    """The clients to whom one outcome is proposed."""

    outcome: Outcome
    clients: int
    share: Rate
    difficulty_rate: Rate
    cost: Rate
    """What their decisions cost over all clients; those referred are split at index 0.5."""


def outcome_shares(
    labels: Labels, risks: Floats, policy: Policy, *, seed: int
) -> tuple[OutcomeShare, ...]:
    """Approve, refer and decline, by the score alone."""
    outcomes = outcomes_of(risks, policy)
    refused = risks >= policy.threshold
    cost = np.where(
        labels == 1, ~refused * policy.missed_difficulties_cost, refused * policy.refused_good_cost
    )
    late, everyone = labels.astype(np.float64), np.ones(len(labels))
    columns = [(outcomes == outcome).astype(np.float64) for outcome in Outcome]
    drawn = np.array([
        [_measured(weights, column, late, cost) for column in columns]
        for weights in resamples(len(labels), seed)
    ])  # fmt: skip
    told = []
    for place, (outcome, column) in enumerate(zip(Outcome, columns, strict=True)):
        rates = [
            Rate(value=value, interval=interval(drawn[:, place, measure]))
            for measure, value in enumerate(_measured(everyone, column, late, cost))
        ]
        told.append(
            OutcomeShare(
                outcome=outcome,
                clients=int(column.sum()),
                share=rates[0],
                difficulty_rate=rates[1],
                cost=rates[2],
            )
        )
    return tuple(told)


def _measured(
    weights: Floats, column: Floats, late: Floats, cost: Floats
) -> tuple[float, float, float]:
    """Share, difficulty rate and cost a client; the rate of nobody is unknown."""
    of_outcome = weights * column
    many = of_outcome.sum()
    rate = float(of_outcome @ late / many) if many else float("nan")
    return float(many / weights.sum()), rate, float(of_outcome @ cost / weights.sum())
