"""What the page reads of the API's answers, and no more: new fields there break nothing here."""

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
    """The same words in French and in English."""

    fr: str
    en: str


class ClientList(ApiModel):
    clients: tuple[int, ...]
    total: int
    """How many there are, listed or not."""


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
    """Positive is safer."""


class Reason(ApiModel):
    text: LocalisedText
    points: float


class Explanation(ApiModel):
    """A decision and what made it."""

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


class Feature(ApiModel):
    name: str
    label: LocalisedText
    unit: str
    concept: str
    concept_label: LocalisedText
    words: Mapping[str, LocalisedText]
    """The categories it knows, as people read them."""


class ServedModel(ApiModel):
    """The model that serves."""

    automation: str
    band: tuple[float, float]
    features: tuple[Feature, ...]
    """The most important first."""


class Bin(ApiModel):
    """Clients whose value lies in [low, high), or is one word."""

    low: float | None
    high: float | None
    word: str | None
    without_difficulties: int
    with_difficulties: int

    @property
    def clients(self) -> int:
        return self.without_difficulties + self.with_difficulties


class Position(ApiModel):
    """Where a client stands among others."""

    feature: str
    value: FeatureValue
    similar: bool
    bins: tuple[Bin, ...]
    unknown: int
    mean_without_difficulties: float | None
    mean_with_difficulties: float | None
    percentile: float | None
