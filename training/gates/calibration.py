"""Are the probabilities probabilities, and is the policy's threshold near the cheapest?"""

from __future__ import annotations

import numpy as np

from credit.dossier import Floats
from training.data.dataset import Labels
from training.evaluation.result import Evidence
from training.gates.base import Gate, Measured, NotApplicable
from training.metrics.bootstrap import Calibrated, Interval, Ranking, interval, resamples
from training.metrics.credit_metrics import calibration_in_the_large, patterns

FEWEST = 50
"""Clients of a pattern of known histories; fewer say nothing, and their interval says little."""


def in_the_large(evidence: Evidence, limit: float) -> Measured:
    """Of the risks out of fold, and of those the model serves: calibration may be lost between."""
    labels, told, said = evidence.material.labels, [], []
    for name, risks in (("out of fold", evidence.fitted.unseen), ("as served", evidence.served)):
        value, sure = _shift_of(labels, risks, evidence.seed)
        told.append((value, sure))
        said.append(
            f"{name} mean risk {risks.mean():.2%}, {value:+.3f} log-odds ({sure.low:+.3f} to "
            f"{sure.high:+.3f})"
        )
    value, sure = max(told, key=lambda one: abs(one[0]))
    return Measured(
        holds=all(_reaches(sure, limit) for _, sure in told),
        message=f"difficulties {labels.mean():.2%}; {'; '.join(said)}",
        value=value,
        interval=sure,
    )


def by_histories(evidence: Evidence, limit: float) -> Measured | NotApplicable:
    """The pattern of known histories that is furthest off."""
    labels, risks, known = evidence.fitted.with_copies(evidence.material)
    told = {
        name: _shift_of(labels[chosen], risks[chosen], evidence.seed)
        for name, chosen in patterns(known).items()
        if chosen.sum() >= FEWEST and 0 < labels[chosen].sum() < chosen.sum()
    }
    if len(told) < 2:  # noqa: PLR2004 -- one pattern is everyone
        return NotApplicable("histories are known alike of all clients")
    worst = max(told, key=lambda name: abs(told[name][0]))
    value, sure = told[worst]
    message = "; ".join(
        f"{name.replace('_', ' ')} {shift:+.3f} ({s.low:+.3f} to {s.high:+.3f})"
        for name, (shift, s) in told.items()
    )
    holds = all(_reaches(s, limit) for _, s in told.values())
    return Measured(holds=holds, message=f"{message} log-odds", value=value, interval=sure)


def _shift_of(labels: Labels, risks: Floats, seed: int) -> tuple[float, Interval]:
    calibrated = Calibrated(labels, risks)
    drawn = [calibrated.shift(weights) for weights in resamples(len(labels), seed)]
    return calibration_in_the_large(labels, risks), interval(drawn)


def _reaches(sure: Interval, limit: float) -> bool:
    """Whether the interval reaches what the limit allows on either side of 0."""
    return sure.low <= limit and sure.high >= -limit


def regret(evidence: Evidence, limit: float) -> Measured:
    policy = evidence.policy
    ranking = Ranking(evidence.material.labels, evidence.fitted.unseen)
    everyone = np.ones(len(evidence.material))
    value = ranking.measures(everyone, policy)["threshold_regret"]
    sure = interval([
        ranking.measures(weights, policy)["threshold_regret"]
        for weights in resamples(len(everyone), evidence.seed)
    ])  # fmt: skip
    message = (
        f"the threshold {policy.threshold:.4f} costs {value:.4f} a client ({sure.low:.4f} to "
        f"{sure.high:.4f}) more than the cheapest, "
        f"{evidence.scorer.facts.searched_threshold:.4f}"
    )
    return Measured(holds=sure.low <= limit, message=message, value=value, interval=sure)


GATES = (
    Gate(
        code="CRG106",
        title="Calibration in the large",
        measure=in_the_large,
        what_to_do="The probabilities are no probabilities: calibrate after class weights or "
        "resampling, on clients with the base rate the model will meet, and serve what was "
        "calibrated.",
    ),
    Gate(
        code="CRG107",
        title="Calibration by known histories",
        measure=by_histories,
        what_to_do="Clients of whom less is known are judged wrongly: change the share of hidden "
        "histories in training, or calibrate by pattern.",
    ),
    Gate(
        code="CRG108",
        title="Regret of the policy's threshold",
        measure=regret,
        what_to_do="The risk is off where decisions are made: look at the calibration curve "
        "around the threshold before touching the threshold.",
    ),
)
