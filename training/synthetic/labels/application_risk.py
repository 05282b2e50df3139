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

from credit.schema import APPLICATION, NEVER, Kind
from training.synthetic.labels.history_risk import Weighing, experience_log_odds
from training.synthetic.sampling.marginals import Numbers
from training.synthetic.tables.application import SCORES

_c = pl.col

RATIOS: Mapping[str, pl.Expr] = {
    "credit_to_annuity": _c("AMT_CREDIT") / _c("AMT_ANNUITY"),
    "credit_to_goods": _c("AMT_CREDIT") / _c("AMT_GOODS_PRICE"),
    "annuity_to_income": _c("AMT_ANNUITY") / _c("AMT_INCOME_TOTAL"),
    "credit_to_income": _c("AMT_CREDIT") / _c("AMT_INCOME_TOTAL"),
    "employed_to_age": _c("DAYS_EMPLOYED").replace(NEVER, None) / _c("DAYS_BIRTH"),
    "income_per_head": _c("AMT_INCOME_TOTAL") / _c("CNT_FAM_MEMBERS"),
    "score_mean": pl.mean_horizontal(*SCORES),
    "score_least": pl.min_horizontal(*SCORES),
    "score_most": pl.max_horizontal(*SCORES),
    "documents": pl.sum_horizontal(r"^FLAG_DOCUMENT_\d+$"),
}
"""What lenders look at beside the columns themselves."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Log-odds of a number: straight between the knots, level beyond them."""

    knots: Numbers
    log_odds: Numbers
    unknown: float

    def at(self, values: Numbers) -> Numbers:
        effect = np.interp(values, self.knots, self.log_odds)
        return np.where(np.isnan(values), self.unknown, effect)


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """Log-odds by measure: curves for numbers, one number a word for words."""

    curves: Mapping[str, Curve]
    words: Mapping[str, Mapping[str, float]]
    """A word that is not listed counts 0; `(none)` is the absent one."""

    def log_odds(self, form: pl.DataFrame) -> Numbers:
        """The sum over all measures, one a client, but for the base rate."""
        total = np.zeros(form.height)
        for name, curve in self.curves.items():
            total += curve.at(measure(form, name))
        for name, effects in self.words.items():
            words = form[name].fill_null("(none)")
            total += words.replace_strict(effects, default=0.0, return_dtype=pl.Float64).to_numpy()
        return total


@dataclass(frozen=True, kw_only=True)
class RiskModel:
    """Who gets into difficulties: what the form says, and what histories add."""

    scorecard: Scorecard
    gain: float
    """What the scorecard's log-odds are multiplied by: its curves miss some of what there is."""
    base: float
    """Log-odds added to everybody's, for the base rate."""
    weighings: Mapping[str, Weighing]
    """How each summary of a history counts."""

    def log_odds(self, form: pl.DataFrame, summaries: pl.DataFrame) -> Numbers:
        """Log-odds of payment difficulties, one a client: what nobody is told."""
        of_form = self.gain * self.scorecard.log_odds(form)
        return self.base + of_form + experience_log_odds(summaries, of_form, self.weighings)


def measure(form: pl.DataFrame, name: str) -> Numbers:
    """One number a client, unknown as NaN; yes and no are 1 and 0."""
    expression = RATIOS[name] if name in RATIOS else _c(name)
    if name in APPLICATION.columns and APPLICATION[name].kind is Kind.YES_NO:
        expression = (expression == "Y").cast(pl.Int8)
    if name == "DAYS_EMPLOYED":
        expression = expression.replace(NEVER, None)
    numbers = form.select(expression.cast(pl.Float64)).to_series()
    return numbers.fill_null(np.nan).to_numpy()


def chances(log_odds: Numbers) -> Numbers:
    """Log-odds as probabilities."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def base_log_odds(log_odds: Numbers, rate: float) -> float:
    """What to add to all log-odds so that the mean risk is `rate`."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        if np.mean(chances(log_odds + middle)) < rate:
            low = middle
        else:
            high = middle
    return middle
