"""What is answered beside decisions: lists, the model's description, a decision's record."""

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
    clients: list[int]
    total: int
    """How many there are, listed or not."""


@dataclass(frozen=True, kw_only=True)
class FeatureDescription:
    name: str
    label: Text
    unit: str
    concept: str
    concept_label: Text
    importance: float
    """Mean absolute contribution in log-odds over a sample of training clients."""
    sources: tuple[str, ...]
    """The raw columns it rests on."""
    words: Mapping[str, Text]
    """Of a category: the values the model knows, as people read them."""


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """The model that serves."""

    version: str
    run_id: str
    """The MLflow run that it was fitted in."""
    threshold: float
    """The risk at the cut-off, by the policy."""
    searched_threshold: float
    """The threshold of least cost out of fold; not used."""
    policy_version: str
    automation: str
    band: tuple[float, float]
    """The index from and to which, both included, an adviser decides."""
    metrics: Mapping[str, float]
    """Out of fold, on the training clients."""
    intervals: Mapping[str, tuple[float, float]]
    """Of some metrics, where 95 % of resamples of the training clients lie."""
    card: str
    """The model card, Markdown."""
    data: Mapping[str, Any]
    crossed: list[str]
    """Features whose positions can be asked for two at a time."""
    features: list[FeatureDescription]
    """The most important first."""


@dataclass(frozen=True, kw_only=True)
class DecisionRecord:
    """A decision as it is recorded."""

    decision: Decision
    kind: str
    """The call that was answered: predict or explain."""
    features: Mapping[str, float | str | None] | None
    """What the model saw; null when it serves no more, for its words are not known here."""


def build_model_description(scorer: Scorer, policy: Policy) -> ModelDescription:
    """A model under a policy, for people and programs."""
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
    where: str
    got: Any
    expected: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    code: str
    """Stable, for programs."""
    message: str
    faults: list[FaultAnswer]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What is answered when a request fails, whatever the door."""

    error: Problem
