"""Compute the log-odds of payment difficulties from the form and the histories.

    form -> measures (columns and ratios) -> log-odds of each -> sum
    histories -> summaries -> log-odds of each (`history_risk`) -> added to it

The form part is a scorecard: a curve for each number, a weight for each category.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from credit.schema import APPLICATION, NEVER_DAYS, ColumnKind
from training.synthetic.labels.history_risk import HistoryEffect, compute_history_log_odds
from training.synthetic.sampling.marginals import MISSING, Floats
from training.synthetic.tables.application import EXTERNAL_SCORES

_c = pl.col

RATIOS: Mapping[str, pl.Expr] = {
    "credit_to_annuity": _c("AMT_CREDIT") / _c("AMT_ANNUITY"),
    "credit_to_goods": _c("AMT_CREDIT") / _c("AMT_GOODS_PRICE"),
    "annuity_to_income": _c("AMT_ANNUITY") / _c("AMT_INCOME_TOTAL"),
    "credit_to_income": _c("AMT_CREDIT") / _c("AMT_INCOME_TOTAL"),
    "employed_to_age": _c("DAYS_EMPLOYED").replace(NEVER_DAYS, None) / _c("DAYS_BIRTH"),
    "income_per_head": _c("AMT_INCOME_TOTAL") / _c("CNT_FAM_MEMBERS"),
    "score_mean": pl.mean_horizontal(*EXTERNAL_SCORES),
    "score_least": pl.min_horizontal(*EXTERNAL_SCORES),
    "score_most": pl.max_horizontal(*EXTERNAL_SCORES),
    "documents": pl.sum_horizontal(r"^FLAG_DOCUMENT_\d+$"),
}
"""Ratios and aggregates that lenders use in addition to the columns."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Log-odds as a function of a number: linear between knots, constant beyond them."""

    knots: Floats
    log_odds: Floats
    unknown: float

    def evaluate(self, values: Floats) -> Floats:
        effect = np.interp(values, self.knots, self.log_odds)
        return np.where(np.isnan(values), self.unknown, effect)


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """Log-odds by measure: a curve for each number, a weight for each category."""

    curves: Mapping[str, Curve]
    categories: Mapping[str, Mapping[str, float]]
    """Log-odds by measure and category. A missing value is `(none)`; unlisted categories add 0."""

    def compute_log_odds(self, form: pl.DataFrame) -> Floats:
        """Return the sum over all measures, one per client, without the intercept."""
        total = np.zeros(form.height)
        for name, curve in self.curves.items():
            total += curve.evaluate(compute_measure(form, name))
        for name, effects in self.categories.items():
            values = form[name].fill_null(MISSING)
            total += values.replace_strict(
                effects, default=0.0, return_dtype=pl.Float64
            ).to_numpy()
        return total


@dataclass(frozen=True, kw_only=True)
class RiskModel:
    """Compute the risk of payment difficulties from the form and the histories."""

    scorecard: Scorecard
    log_odds_scale: float
    """Factor for the scorecard's log-odds, which miss part of the signal."""
    intercept: float
    """Log-odds added for every client, so that the mean risk is the base rate."""
    history_effects: Mapping[str, HistoryEffect]
    """Effect of each history summary."""

    def compute_log_odds(self, form: pl.DataFrame, summaries: pl.DataFrame) -> Floats:
        """Return the true log-odds of payment difficulties, one per client."""
        form_log_odds = self.log_odds_scale * self.scorecard.compute_log_odds(form)
        return (
            self.intercept
            + form_log_odds
            + compute_history_log_odds(summaries, form_log_odds, self.history_effects)
        )


def compute_measure(form: pl.DataFrame, name: str) -> Floats:
    """Return one number per client: NaN if unknown, 1 or 0 for yes or no."""
    expression = RATIOS[name] if name in RATIOS else _c(name)
    if name in APPLICATION.columns and APPLICATION[name].kind is ColumnKind.YES_NO:
        expression = (expression == "Y").cast(pl.Int8)
    if name == "DAYS_EMPLOYED":
        expression = expression.replace(NEVER_DAYS, None)
    numbers = form.select(expression.cast(pl.Float64)).to_series()
    return numbers.fill_null(np.nan).to_numpy()


def to_probabilities(log_odds: Floats) -> Floats:
    """Convert log-odds to probabilities."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def solve_intercept(log_odds: Floats, rate: float) -> float:
    """Find by bisection the intercept for which the mean risk is `rate`."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        if np.mean(to_probabilities(log_odds + middle)) < rate:
            low = middle
        else:
            high = middle
    return middle
