"""Apply the lender's policy: from a risk to an outcome. Dated values come from `policy.yaml`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from credit.decision import Outcome
from credit.errors import ImpossibleRisk, PolicyNotInForce
from credit.frozen_model import StrictFrozenModel
from credit.governance import FairnessLimit, GateLimit, ProtectedAttribute

DAYS_PER_YEAR = 365.25

NORMAL_QUANTILE_95 = 1.645
"""95 % quantile of the standard normal distribution, the upper end of a 90 % interval."""


class Rule(StrictFrozenModel):
    """A rule that refers or declines an application whatever its score."""

    code: Literal["income-unknown", "minor", "instalment-above-income", "not-stated"]
    outcome: Literal["refer", "decline"]
    bound: float = math.nan
    """Years of age, or share of income; not used by `income-unknown` and `not-stated`."""

    @model_validator(mode="after")
    def _require_bound(self) -> Self:
        if self.code in {"minor", "instalment-above-income"} and not self.bound > 0:
            raise ValueError(f"the rule {self.code} needs a bound above 0, got {self.bound}")
        return self

    def applies_to(self, form: Mapping[str, Any], not_stated: Sequence[str] = ()) -> bool:
        """Return whether the rule applies to an application; an unknown number never matches.

        Args:
            form: The application form.
            not_stated: Unknown columns that nearly every client of the training stated.
        """
        if self.code == "not-stated":
            return bool(not_stated)
        income = form.get("AMT_INCOME_TOTAL")
        if self.code == "income-unknown":
            return income is None
        if self.code == "minor":
            days_birth = form.get("DAYS_BIRTH")
            return days_birth is not None and -days_birth < self.bound * DAYS_PER_YEAR
        instalment = form.get("AMT_ANNUITY")
        if income is None or instalment is None:
            return False
        return bool(instalment > self.bound * income)


class Policy(StrictFrozenModel):
    """The rules in force on one day."""

    version: str
    """The day of the newest value in force."""
    missed_difficulties_cost: float = Field(gt=0)
    refused_good_cost: float = Field(gt=0)
    refer_from_index: float = Field(gt=0, le=0.5)
    decline_above_index: float = Field(ge=0.5, lt=1)
    points_at_threshold: float
    points_to_double_odds: float = Field(gt=0)
    commonly_stated_share: float = Field(gt=0.5, le=1)
    """Share of the training clients who stated a column from which its absence is noticed."""
    automation: Literal["advisory", "automatic"]
    rules: tuple[Rule, ...] = Field(strict=False)
    protected: tuple[ProtectedAttribute, ...] = Field(strict=False)
    fairness: tuple[FairnessLimit, ...] = Field(strict=False)
    gates: tuple[GateLimit, ...] = Field(strict=False)

    @classmethod
    def from_dated_values(cls, day: date, dated_values: Mapping[str, Any]) -> Self:
        """Select the values in force on a day from dated values such as those of `policy.yaml`.

        Raises:
            PolicyNotInForce: A value has no date on or before the day.
        """
        start_dates = {
            name: _find_start_date(name, entry["values"], day)
            for name, entry in dated_values.items()
        }
        values = {
            name: dated_values[name]["values"][start]["value"]
            for name, start in start_dates.items()
        }
        return cls(version=max(start_dates.values()).isoformat(), **values)

    @property
    def excluded_columns(self) -> frozenset[str]:
        """Return the raw columns that no feature may use."""
        return frozenset(
            column
            for attribute in self.protected
            if attribute.excluded
            for column in attribute.columns
        )

    @property
    def threshold(self) -> float:
        """Return the risk at which approving and refusing cost the same: FP / (FP + FN).

        >>> round(load_policy(date(2026, 6, 1)).threshold, 6) == round(1 / 11, 6)
        True
        """
        return self.refused_good_cost / (self.refused_good_cost + self.missed_difficulties_cost)

    def compute_index(self, risk: float) -> float:
        """Return sigmoid(logit(risk) - logit(threshold)), which is 0.5 at the threshold.

        >>> policy = load_policy(date(2026, 6, 1))
        >>> [round(policy.compute_index(risk), 3) for risk in (0.0, policy.threshold, 0.2, 1.0)]
        [0.0, 0.5, 0.714, 1.0]
        """
        if risk in {0.0, 1.0}:
            return risk
        # The ratio of the odds to those of the threshold, as a probability. Without logarithms the
        # result is exactly 0.5 at the threshold.
        good, difficult = (1 - risk) * self.threshold, risk * (1 - self.threshold)
        return difficult / (good + difficult)

    def compute_index_margin(self, risk: float, log_odds_deviation: float | None) -> float | None:
        """Return half the width of the 90 % interval of the index; None without a deviation.

        The interval is that of a normal distribution of the log-odds.
        """
        if log_odds_deviation is None:
            return None
        centre = logit(min(max(risk, 1e-15), 1 - 1e-15)) - logit(self.threshold)
        low, high = (
            1 / (1 + math.exp(-(centre + sign * NORMAL_QUANTILE_95 * log_odds_deviation)))
            for sign in (-1, 1)
        )
        return (high - low) / 2

    def compute_points(self, risk: float) -> float:
        """Return points, where more is safer: doubled odds cost `points_to_double_odds`.

        points = at_threshold - to_double / ln 2 * (logit(risk) - logit(threshold)), the scorecard
        scaling of Siddiqi, *Credit Risk Scorecards* (2006). Bounded where the risk is 0 or 1.
        """
        clipped = min(max(risk, 1e-15), 1 - 1e-15)
        return self.points_at_threshold + self.log_odds_to_points(
            logit(clipped) - logit(self.threshold)
        )

    def log_odds_to_points(self, log_odds: float) -> float:
        """Convert a difference in log-odds to points."""
        return -self.points_to_double_odds / math.log(2) * log_odds

    def find_applicable_rules(
        self, form: Mapping[str, Any], not_stated: Sequence[str] = ()
    ) -> tuple[Rule, ...]:
        """Return the rules that apply to an application; arguments are those of `applies_to`."""
        return tuple(rule for rule in self.rules if rule.applies_to(form, not_stated))

    def propose_outcome(self, risk: float, rules: tuple[Rule, ...] = ()) -> Outcome:
        """Propose the strictest of the outcomes of the index and of the rules that apply.

        >>> policy = load_policy(date(2026, 6, 1))
        >>> [policy.propose_outcome(risk).value for risk in (0.01, policy.threshold, 0.5)]
        ['approve', 'refer', 'decline']

        Raises:
            ImpossibleRisk: `risk` is not a probability. Every comparison with NaN is false, so
                without this check NaN would be declined.
        """
        if not 0 <= risk <= 1:
            raise ImpossibleRisk(f"a risk must be a probability, got {risk}")
        outcomes = [self.propose_by_index(risk), *(Outcome(rule.outcome) for rule in rules)]
        return max(outcomes, key=lambda outcome: outcome.severity)

    def propose_by_index(self, risk: float) -> Outcome:
        """Propose an outcome by the index alone, without rules."""
        index = self.compute_index(risk)
        if index < self.refer_from_index:
            return Outcome.APPROVE
        return Outcome.REFER if index <= self.decline_above_index else Outcome.DECLINE

    @model_validator(mode="after")
    def _reject_duplicate_codes(self) -> Self:
        codes = [rule.code for rule in self.rules]
        if len(set(codes)) < len(codes):
            raise ValueError(f"a rule is declared twice: {', '.join(codes)}")
        gates = [gate.code for gate in self.gates]
        if len(set(gates)) < len(gates):
            raise ValueError(f"gates are set twice: {', '.join(gates)}")
        return self

    @model_validator(mode="after")
    def _require_audited_protected(self) -> Self:
        protected = {entry.attribute for entry in self.protected}
        audited = {name for entry in self.fairness for name in entry.attributes}
        if unprotected := sorted(audited - protected):
            raise ValueError(
                f"fairness limits name unprotected attributes: {', '.join(unprotected)}"
            )
        return self


def logit(probability: float) -> float:
    return math.log(probability) - math.log1p(-probability)


def _find_start_date(name: str, values: Mapping[date, Any], day: date) -> date:
    past_starts = [start for start in values if start <= day]
    if not past_starts:
        raise PolicyNotInForce(f"{name} has no value on {day}; its first is {min(values)}")
    return max(past_starts)


@cache
def load_dated_values() -> Mapping[str, Any]:
    """Read `policy.yaml`."""
    text = files("credit").joinpath("policy.yaml").read_text(encoding="utf-8")
    values: Mapping[str, Any] = yaml.safe_load(text)
    return values


@cache
def load_policy(day: date) -> Policy:
    """Return the lender's policy in force on a day."""
    return Policy.from_dated_values(day, load_dated_values())
