"""Responses other than decisions: clients, the model's description, decision records, errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from credit.decision import Decision
from credit.features import CATALOGUE
from credit.localised_text import Text
from credit.policy import Policy
from credit.schema.translations import translate_category
from credit.scorer import Scorer


@dataclass(frozen=True, kw_only=True)
class ClientList:
    """Ids of clients in the store."""

    clients: list[int]
    total: int
    """Number of clients in the store, listed or not."""


@dataclass(frozen=True, kw_only=True)
class FeatureDescription:
    """A feature of the model."""

    name: str
    label: Text
    unit: str
    concept: str
    concept_label: Text
    importance: float
    """Mean absolute contribution over a sample of training clients, in log-odds."""
    sources: tuple[str, ...]
    """Raw columns that the feature is computed from."""
    words: Mapping[str, Text]
    """Display text of each category known to the model; empty for numeric features."""


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """The model in service, with its policy and features."""

    version: str
    run_id: str
    """Id of the MLflow run that fitted the model."""
    threshold: float
    """Risk at the cut-off of the policy."""
    searched_threshold: float
    """Threshold with the lowest out-of-fold cost; not used for decisions."""
    policy_version: str
    automation: str
    band: tuple[float, float]
    """First and last index, both inclusive, at which an adviser decides."""
    metrics: Mapping[str, float]
    """Out-of-fold metrics on the training clients."""
    intervals: Mapping[str, tuple[float, float]]
    """Bootstrap intervals (95 %, over the training clients) of some of the metrics."""
    card: str
    """Model card in Markdown."""
    data: Mapping[str, Any]
    crossed: list[str]
    """Features that can be combined in a position by two features."""
    features: list[FeatureDescription]
    """Features in order of decreasing importance."""


@dataclass(frozen=True, kw_only=True)
class DecisionRecord:
    """A decision and its inputs, as recorded in the ledger."""

    decision: Decision
    kind: str
    """Operation that was called: predict or explain."""
    features: Mapping[str, float | str | None] | None
    """Features given to the model; null if another model is in service, because the categories of
    the recorded one are not available then."""


def build_model_description(scorer: Scorer, policy: Policy) -> ModelDescription:
    """Return the description of a model under a policy."""
    metadata = scorer.metadata
    features = [
        FeatureDescription(
            name=feature.name,
            label=feature.label,
            unit=feature.unit.value,
            concept=feature.concept.name.lower(),
            concept_label=feature.concept.label,
            importance=metadata.importance[feature.name],
            sources=tuple(sorted(feature.sources)),
            words={
                category: translate_category(category)
                for category in metadata.categories.get(feature.name, ())
            },
        )
        for feature in CATALOGUE.values()
    ]
    return ModelDescription(
        version=scorer.version,
        run_id=scorer.run_id,
        threshold=policy.threshold,
        searched_threshold=metadata.searched_threshold,
        policy_version=policy.version,
        automation=policy.automation,
        band=(policy.refer_from_index, policy.decline_above_index),
        metrics=metadata.metrics,
        intervals=metadata.intervals,
        card=metadata.card,
        data=metadata.data,
        crossed=metadata.population.crossed_features,
        features=sorted(features, key=lambda feature: -feature.importance),
    )


@dataclass(frozen=True, kw_only=True)
class FaultAnswer:
    """A fault in a request: its location, the value found and the values accepted."""

    where: str
    got: Any
    expected: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """An error, with all faults of the request."""

    code: str
    """Stable identifier of the error, for programs."""
    message: str
    faults: list[FaultAnswer]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Response to a failed request, the same for all protocols."""

    error: Problem
