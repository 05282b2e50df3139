"""Define decisions and their explanations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from credit.localised_text import Text
from credit.schema import Provider


class Outcome(StrEnum):
    """What happens to the application next."""

    APPROVE = "approve"
    REFER = "refer"
    """An adviser decides."""
    DECLINE = "decline"

    @property
    def severity(self) -> int:
        """Return 0 for approve, 1 for refer, 2 for decline."""
        return list(Outcome).index(self)


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
    """Codes of the policy rules that apply; the outcome is at least as strict as theirs."""
    not_stated: tuple[str, ...]
    """Columns of the form that are unknown although nearly every client of the training stated
    them. An adviser should request them; an application that lacks one is not approved."""
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
class UnknownField:
    """An unknown column of the form that the decision depends on."""

    field: str
    label: Text
    stated_by: Provider
    log_odds: float
    """Sum over the features that are unknown without it; positive raises the risk."""
    points: float
    """The same in points, where positive is safer."""


@dataclass(frozen=True, kw_only=True)
class Explanation(Decision):
    """A decision with its contributions and reasons."""

    base_risk: float
    """Sigmoid of the model's mean log-odds: the contributions start from it."""
    contributions: tuple[Contribution, ...]
    """Every feature: the logit of `base_risk` and all `log_odds` add up to the logit of `risk`."""
    reasons: tuple[Reason, ...]
    """At most four, each about another concept, the largest first."""
    index_margin: float | None
    """Half the width of the 90 % interval of the index over trainings on other clients; null if it
    was not measured."""
    unknown_fields: tuple[UnknownField, ...]
    """Fields of `not_stated` and other unknown fields of weight, the largest first."""
