"""Define decisions and their explanations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from credit.localised_text import Text


class Outcome(StrEnum):
    """What happens to the application next."""

    APPROVE = "approve"
    REFER = "refer"
    """An adviser decides."""
    DECLINE = "decline"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The answer to one application."""

    decision_id: str | None
    """Finds the record again; null for a simulation, which is not recorded."""
    client_id: int | None
    risk: float
    """Calibrated probability of payment difficulties, 0 to 1."""
    index: float
    """The risk on a scale where 0.5 is the cut-off, whatever the base rate."""
    points: float
    """The risk on a points scale, where more is safer."""
    outcome: Outcome
    rules: tuple[str, ...]
    """Codes of the policy rules that apply; they refer or decline whatever the score."""
    threshold: float
    """The risk at the cut-off."""
    model_version: str
    policy_version: str
    decided_at: datetime


@dataclass  # one per feature; frozen ones would take three times as long to create
class Contribution:
    """How much one feature moved this client's log-odds away from the average client's."""

    feature: str
    label: Text
    concept: str
    value: float | str | None
    """The client's value, in `unit`; null when unknown."""
    unit: str
    log_odds: float
    """Positive raises the risk."""
    points: float
    """The same in points, where positive is safer."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One concept that moved the decision, in a sentence for the client."""

    concept: str
    label: Text
    text: Text
    raises: bool
    log_odds: float
    points: float


@dataclass(frozen=True, kw_only=True)
class Explanation(Decision):
    """A decision with its contributions and reasons."""

    base_risk: float
    """Sigmoid of the model's mean log-odds: the contributions start from it."""
    contributions: tuple[Contribution, ...]
    """Every feature: the logit of `base_risk` and all `log_odds` add up to the logit of `risk`."""
    reasons: tuple[Reason, ...]
    """At most four, each about another concept, the largest first."""
