"""Risk: the log-odds of payment difficulties, added up over what the form says and histories tell.

    form -> measures (columns and ratios) -> log-odds of each -> their sum
    histories -> summaries -> log-odds of each (`experience`)   -> added

It is a scorecard: each measure has a curve of its own, each word a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from credit.schema import APPLICATION, NEVER_DAYS, ColumnKind
from training.synthetic.labels.history_risk import HistoryEffect, compute_history_log_odds
from training.synthetic.sampling.marginals import Floats
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
"""What lenders look at beside the columns themselves."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Log-odds of a number: straight between the knots, level beyond them."""

    knots: Floats
    log_odds: Floats
    unknown: float

    def evaluate(self, values: Floats) -> Floats:
        effect = np.interp(values, self.knots, self.log_odds)
        return np.where(np.isnan(values), self.unknown, effect)


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """Log-odds by measure: curves for numbers, one number a word for words."""

    curves: Mapping[str, Curve]
    categories: Mapping[str, Mapping[str, float]]
    """A word that is not listed counts 0; `(none)` is the absent one."""

    def compute_log_odds(self, form: pl.DataFrame) -> Floats:
        """The sum over all measures, one a client, but for the base rate."""
        total = np.zeros(form.height)
        for name, curve in self.curves.items():
            total += curve.evaluate(compute_measure(form, name))
        for name, effects in self.categories.items():
            values = form[name].fill_null("(none)")
            total += values.replace_strict(
                effects, default=0.0, return_dtype=pl.Float64
            ).to_numpy()
        return total


@dataclass(frozen=True, kw_only=True)
class RiskModel:
    """Who gets into difficulties: what the form says, and what histories add."""

    scorecard: Scorecard
    log_odds_scale: float
    """What the scorecard's log-odds are multiplied by: its curves miss some of what there is."""
    intercept: float
    """Log-odds added to everybody's, for the base rate."""
    history_effects: Mapping[str, HistoryEffect]
    """How each summary of a history counts."""

    def compute_log_odds(self, form: pl.DataFrame, summaries: pl.DataFrame) -> Floats:
        """Log-odds of payment difficulties, one a client: what nobody is told."""
        form_log_odds = self.log_odds_scale * self.scorecard.compute_log_odds(form)
        return (
            self.intercept
            + form_log_odds
            + compute_history_log_odds(summaries, form_log_odds, self.history_effects)
        )


def compute_measure(form: pl.DataFrame, name: str) -> Floats:
    """One number a client, unknown as NaN; yes and no are 1 and 0."""
    expression = RATIOS[name] if name in RATIOS else _c(name)
    if name in APPLICATION.columns and APPLICATION[name].kind is ColumnKind.YES_NO:
        expression = (expression == "Y").cast(pl.Int8)
    if name == "DAYS_EMPLOYED":
        expression = expression.replace(NEVER_DAYS, None)
    numbers = form.select(expression.cast(pl.Float64)).to_series()
    return numbers.fill_null(np.nan).to_numpy()


def to_probabilities(log_odds: Floats) -> Floats:
    """Log-odds as probabilities."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def solve_intercept(log_odds: Floats, rate: float) -> float:
    """What to add to all log-odds so that the mean risk is `rate`."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        if np.mean(to_probabilities(log_odds + middle)) < rate:
            low = middle
        else:
            high = middle
    return middle
