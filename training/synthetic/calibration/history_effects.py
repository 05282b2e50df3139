"""Clients with histories and labels -> how each summary of a history counts."""

from __future__ import annotations

import numpy as np
import polars as pl

from training.synthetic.calibration.estimators import Stored, sensible
from training.synthetic.labels.application_risk import chances
from training.synthetic.labels.history_risk import Weighing, unexpected
from training.synthetic.sampling.marginals import Numbers

NEWTON_STEPS = 12
LIKELY = 0.4
"""The standard deviation that effects are thought to have before the data is seen, in log-odds a
spread: a few hundred clients in difficulties leave much to chance."""


def weighings(
    summaries: pl.DataFrame, of_form: Numbers, base: float, difficulties: Numbers
) -> Stored:
    """By summary, what is kept of it.

    `of_form` are the form's log-odds but for the `base`; difficulties are NaN where not known. The
    effects are those of ridge logistic regression beyond the form.
    """
    kept = {name: _standing(summaries[name], of_form) for name in summaries.columns}
    beyond = np.column_stack(
        [
            unexpected(_numbers(summaries[name]), of_form, Weighing(**weighing))
            for name, weighing in kept.items()
        ]
    )
    labelled = np.isfinite(difficulties)
    effects = _effects(beyond[labelled], (of_form + base)[labelled], difficulties[labelled])
    return {
        name: weighing | {"log_odds": round(float(effect), 3)}
        for (name, weighing), effect in zip(kept.items(), effects, strict=True)
    }


def _standing(summary: pl.Series, of_form: Numbers) -> Stored:
    values = _numbers(summary)
    known = np.isfinite(values)
    mean, spread = float(np.mean(values[known])), float(np.std(values[known]))
    by_form, expected = np.polyfit(of_form[known], (values[known] - mean) / spread, 1)
    return {
        "mean": sensible(mean, 4),
        "spread": sensible(spread, 4),
        "expected": round(float(expected), 3),
        "by_form": round(float(by_form), 3),
        "log_odds": 0.0,
    }


def _effects(beyond: Numbers, log_odds: Numbers, difficulties: Numbers) -> Numbers:
    effects = np.zeros(beyond.shape[1])
    for _ in range(NEWTON_STEPS):
        risk = chances(log_odds + beyond @ effects)
        gradient = beyond.T @ (difficulties - risk) - effects / LIKELY**2
        curvature = (beyond.T * (risk * (1 - risk))) @ beyond + np.eye(len(effects)) / LIKELY**2
        effects += np.linalg.solve(curvature, gradient)
    return effects


def _numbers(summary: pl.Series) -> Numbers:
    return summary.fill_null(np.nan).to_numpy()
