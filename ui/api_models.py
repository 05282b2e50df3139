"""What the page reads of the API's answers, and no more: new fields there break nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["fr", "en"]
Value = float | str | None
"""A client's value of a feature; None is unknown."""


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Text(Answer):
    """The same words in French and in English."""

    fr: str
    en: str


class ClientList(Answer):
    clients: tuple[int, ...]
    total: int
    """How many there are, listed or not."""


class Line(Answer):
    column: str
    label: Text
    text: Text


class Profile(Answer):
    client_id: int
    lines: tuple[Line, ...]


class Contribution(Answer):
    feature: str
    label: Text
    concept: str
    value: Value
    unit: str
    points: float
    """Positive is safer."""


class Reason(Answer):
    text: Text
    points: float


class Explanation(Answer):
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


class Feature(Answer):
    name: str
    label: Text
    unit: str
    concept: str
    concept_label: Text
    words: Mapping[str, Text]
    """The categories it knows, as people read them."""


class Model(Answer):
    """The model that serves."""

    automation: str
    band: tuple[float, float]
    features: tuple[Feature, ...]
    """The most important first."""


class Bin(Answer):
    """Clients whose value lies in [low, high), or is one word."""

    low: float | None
    high: float | None
    word: str | None
    without_difficulties: int
    with_difficulties: int

    @property
    def clients(self) -> int:
        return self.without_difficulties + self.with_difficulties


class Position(Answer):
    """Where a client stands among others."""

    feature: str
    value: Value
    similar: bool
    bins: tuple[Bin, ...]
    unknown: int
    mean_without_difficulties: float | None
    mean_with_difficulties: float | None
    percentile: float | None
