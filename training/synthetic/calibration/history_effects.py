"""Clients with histories and labels -> how each summary of a history counts."""

from __future__ import annotations

import numpy as np
import polars as pl

from training.synthetic.calibration.estimators import StoredAggregate, round_significant
from training.synthetic.labels.application_risk import to_probabilities
from training.synthetic.labels.history_risk import HistoryEffect, compute_residuals
from training.synthetic.sampling.marginals import Floats

NEWTON_STEPS = 12
PRIOR_STANDARD_DEVIATION = 0.4
"""The standard deviation that effects are thought to have before the data is seen, in log-odds a
spread: a few hundred clients in difficulties leave much to chance."""


def history_effects(
    summaries: pl.DataFrame, form_log_odds: Floats, intercept: float, difficulties: Floats
) -> StoredAggregate:
    """By summary, what is kept of it.

    `of_form` are the form's log-odds but for the `base`; difficulties are NaN where not known. The
    effects are those of ridge logistic regression beyond the form.
    """
    expectations = {
        name: _fit_expectation(summaries[name], form_log_odds) for name in summaries.columns
    }
    residuals = np.column_stack(
        [
            compute_residuals(
                _to_floats(summaries[name]), form_log_odds, HistoryEffect(**expectation)
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
    values = _to_floats(summary)
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


def _to_floats(summary: pl.Series) -> Floats:
    return summary.fill_null(np.nan).to_numpy()
