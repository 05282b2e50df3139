"""Estimate the effect of each history summary from labelled clients with histories."""

from __future__ import annotations

import numpy as np
import polars as pl

from training.synthetic.calibration.estimators import StoredAggregate, round_significant, to_floats
from training.synthetic.labels.application_risk import to_probabilities
from training.synthetic.labels.history_risk import HistoryEffect, compute_residuals
from training.synthetic.sampling.marginals import Floats

NEWTON_STEPS = 12
PRIOR_STANDARD_DEVIATION = 0.4
"""Prior standard deviation of the effects, in log-odds per standard deviation of the summary.

It limits overfitting: only a few hundred clients have payment difficulties.
"""


def history_effects(
    summaries: pl.DataFrame, form_log_odds: Floats, intercept: float, difficulties: Floats
) -> StoredAggregate:
    """Estimate the parameters of each summary by ridge logistic regression beyond the form.

    `form_log_odds` excludes the intercept. `difficulties` is 1 or 0, NaN if unknown.
    """
    expectations = {
        name: _fit_expectation(summaries[name], form_log_odds) for name in summaries.columns
    }
    residuals = np.column_stack(
        [
            compute_residuals(
                to_floats(summaries[name]), form_log_odds, HistoryEffect(**expectation)
            )
            for name, expectation in expectations.items()
        ]
    )
    is_labelled = np.isfinite(difficulties)
    effects = _fit_effects(
        residuals[is_labelled], (form_log_odds + intercept)[is_labelled], difficulties[is_labelled]
    )
    return {
        name: expectation | {"log_odds": round(float(effect), 3)}
        for (name, expectation), effect in zip(expectations.items(), effects, strict=True)
    }


def _fit_expectation(summary: pl.Series, form_log_odds: Floats) -> StoredAggregate:
    values = to_floats(summary)
    known = np.isfinite(values)
    mean, spread = float(np.mean(values[known])), float(np.std(values[known]))
    by_form, expected = np.polyfit(form_log_odds[known], (values[known] - mean) / spread, 1)
    return {
        "mean": round_significant(mean, 4),
        "spread": round_significant(spread, 4),
        "expected": round(float(expected), 3),
        "by_form": round(float(by_form), 3),
        "log_odds": 0.0,
    }


def _fit_effects(residuals: Floats, log_odds: Floats, difficulties: Floats) -> Floats:
    effects = np.zeros(residuals.shape[1])
    for _ in range(NEWTON_STEPS):
        risk = to_probabilities(log_odds + residuals @ effects)
        gradient = residuals.T @ (difficulties - risk) - effects / PRIOR_STANDARD_DEVIATION**2
        curvature = (residuals.T * (risk * (1 - risk))) @ residuals + np.eye(
            len(effects)
        ) / PRIOR_STANDARD_DEVIATION**2
        effects += np.linalg.solve(curvature, gradient)
    return effects
