"""Models of the API's responses: only the fields that the page uses; others are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["fr", "en"]
FeatureValue = float | str | None
"""A client's value of a feature; None is unknown."""


class ApiModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class LocalisedText(ApiModel):
    """A text in French and in English."""

    fr: str
    en: str


class ClientList(ApiModel):
    clients: tuple[int, ...]
    total: int
    """Number of matching clients, including those not listed."""


class ProfileLine(ApiModel):
    column: str
    label: LocalisedText
    text: LocalisedText


class Profile(ApiModel):
    client_id: int
    lines: tuple[ProfileLine, ...]


class Contribution(ApiModel):
    feature: str
    label: LocalisedText
    concept: str
    value: FeatureValue
    unit: str
    points: float
    """Score points; positive means lower risk."""


class Reason(ApiModel):
    text: LocalisedText
    points: float


class UnknownField(ApiModel):
    """An unknown field of the form that the decision depends on."""

    field: str
    label: LocalisedText


class Explanation(ApiModel):
    """A decision with its contributions and reasons."""

    decision_id: str | None
    client_id: int
    risk: float
    index: float
    points: float
    outcome: Literal["approve", "refer", "decline"]
    rules: tuple[str, ...]
    threshold: float
    model_version: str
    policy_version: str
    decided_at: datetime
    base_risk: float
    contributions: tuple[Contribution, ...]
    reasons: tuple[Reason, ...]
    index_margin: float | None
    """Half the width of the 90 % interval of the index over trainings."""
    not_stated: tuple[str, ...]
    """Fields of the form that should be requested from the client."""
    unknown_fields: tuple[UnknownField, ...]


class Feature(ApiModel):
    name: str
    label: LocalisedText
    unit: str
    concept: str
    concept_label: LocalisedText
    words: Mapping[str, LocalisedText]
    """Label of each category; empty for numeric features."""


class ServedModel(ApiModel):
    """The model in use."""

    automation: str
    band: tuple[float, float]
    features: tuple[Feature, ...]
    """All features, the most important first."""


class Bin(ApiModel):
    """Clients with a value in [low, high), or with the category `word`."""

    low: float | None
    """Lower bound, included; None if there is none."""
    high: float | None
    """Upper bound, excluded; None if there is none."""
    word: str | None
    """Category; None for bins of numbers."""
    without_difficulties: int
    with_difficulties: int

    @property
    def clients(self) -> int:
        return self.without_difficulties + self.with_difficulties


class Position(ApiModel):
    """A client's value of a feature and its distribution among other clients."""

    feature: str
    value: FeatureValue
    similar: bool
    bins: tuple[Bin, ...]
    unknown: int
    """Number of clients with an unknown value."""
    mean_without_difficulties: float | None
    mean_with_difficulties: float | None
    percentile: float | None
    """Share of clients with a lower or equal value, 0 to 1; None if there is none."""
