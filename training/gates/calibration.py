"""Check calibration, and the regret of the policy's threshold."""

from __future__ import annotations

import numpy as np

from credit.dossier import Floats
from training.data.dataset import Labels
from training.evaluation.result import EvaluationResult
from training.gates.base import Gate, Measurement, NotApplicable
from training.metrics.bootstrap import (
    Interval,
    WeightedCalibration,
    WeightedRanking,
    bootstrap_weights,
    compute_percentile_interval,
)
from training.metrics.credit_metrics import calibration_in_the_large, split_by_known_histories

MIN_CLIENTS_PER_PATTERN = 50
"""Fewest clients of a pattern of known histories for a meaningful estimate."""


def check_calibration_in_the_large(evaluation: EvaluationResult, limit: float) -> Measurement:
    """Check out-of-fold and served risks: calibration may be lost in between."""
    labels, shifts, descriptions = evaluation.training_set.labels, [], []
    for name, risks in (
        ("out of fold", evaluation.trained_model.oof_risk),
        ("as served", evaluation.served_risks),
    ):
        value, ci = _estimate_shift(labels, risks, evaluation.seed)
        shifts.append((value, ci))
        descriptions.append(
            f"{name} mean risk {risks.mean():.2%}, {value:+.3f} log-odds ({ci.low:+.3f} to "
            f"{ci.high:+.3f})"
        )
    value, ci = max(shifts, key=lambda shift: abs(shift[0]))
    return Measurement(
        passed=all(_overlaps_tolerance(ci, limit) for _, ci in shifts),
        message=f"difficulties {labels.mean():.2%}; {'; '.join(descriptions)}",
        value=value,
        interval=ci,
    )


def check_calibration_by_known_histories(
    evaluation: EvaluationResult, limit: float
) -> Measurement | NotApplicable:
    """Find the pattern of known histories with the largest miscalibration."""
    labels, risks, known = evaluation.trained_model.append_masked_copies(evaluation.training_set)
    shifts = {
        name: _estimate_shift(labels[mask], risks[mask], evaluation.seed)
        for name, mask in split_by_known_histories(known).items()
        if mask.sum() >= MIN_CLIENTS_PER_PATTERN and 0 < labels[mask].sum() < mask.sum()
    }
    if len(shifts) < 2:  # noqa: PLR2004 -- one pattern is everyone
        return NotApplicable("histories are known alike of all clients")
    worst = max(shifts, key=lambda name: abs(shifts[name][0]))
    value, ci = shifts[worst]
    message = "; ".join(
        f"{name.replace('_', ' ')} {shift:+.3f} ({shift_ci.low:+.3f} to {shift_ci.high:+.3f})"
        for name, (shift, shift_ci) in shifts.items()
    )
    passed = all(_overlaps_tolerance(shift_ci, limit) for _, shift_ci in shifts.values())
    return Measurement(passed=passed, message=f"{message} log-odds", value=value, interval=ci)


def _estimate_shift(labels: Labels, risks: Floats, seed: int) -> tuple[float, Interval]:
    calibration = WeightedCalibration(labels, risks)
    bootstrap_shifts = [
        calibration.compute_shift(weights) for weights in bootstrap_weights(len(labels), seed)
    ]
    return calibration_in_the_large(labels, risks), compute_percentile_interval(bootstrap_shifts)


def _overlaps_tolerance(ci: Interval, limit: float) -> bool:
    """Return whether the interval overlaps [-limit, limit]."""
    return ci.low <= limit and ci.high >= -limit


def check_threshold_regret(evaluation: EvaluationResult, limit: float) -> Measurement:
    policy = evaluation.policy
    ranking = WeightedRanking(evaluation.training_set.labels, evaluation.trained_model.oof_risk)
    unit_weights = np.ones(len(evaluation.training_set))
    value = ranking.compute_metrics(unit_weights, policy)["threshold_regret"]
    ci = compute_percentile_interval([
        ranking.compute_metrics(weights, policy)["threshold_regret"]
        for weights in bootstrap_weights(len(unit_weights), evaluation.seed)
    ])  # fmt: skip
    message = (
        f"the threshold {policy.threshold:.4f} costs {value:.4f} a client ({ci.low:.4f} to "
        f"{ci.high:.4f}) more than the cheapest, "
        f"{evaluation.scorer.metadata.searched_threshold:.4f}"
    )
    return Measurement(passed=ci.low <= limit, message=message, value=value, interval=ci)


GATES = (
    Gate(
        code="CRG106",
        title="Calibration in the large",
        check=check_calibration_in_the_large,
        what_to_do="The probabilities are no probabilities: calibrate after class weights or "
        "resampling, on clients with the base rate the model will meet, and serve what was "
        "calibrated.",
    ),
    Gate(
        code="CRG107",
        title="Calibration by known histories",
        check=check_calibration_by_known_histories,
        what_to_do="Clients of whom less is known are judged wrongly: change the share of hidden "
        "histories in training, or calibrate by pattern.",
    ),
    Gate(
        code="CRG108",
        title="Regret of the policy's threshold",
        check=check_threshold_regret,
        what_to_do="The risk is off where decisions are made: look at the calibration curve "
        "around the threshold before touching the threshold.",
    ),
)
