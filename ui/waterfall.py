"""Render the contributions to a client's points as a table, by concept and by feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ui import chart_geometry
from ui.api_models import Contribution, Explanation, Feature, ServedModel
from ui.rendering import TemplateRenderer

MAX_CONCEPTS = 10
"""Number of concepts with a row of their own; the rest is summed."""

MAX_FEATURES = 20
"""Number of features in the detailed table."""


@dataclass(frozen=True, kw_only=True)
class WaterfallRow:
    """One row of the table."""

    label: str
    detail: str
    """The concept's main feature and its value."""
    points: float
    bar: chart_geometry.Span


def render_waterfall(
    renderer: TemplateRenderer, explanation: Explanation, model: ServedModel
) -> str:
    """Render the steps from the average client's points to this client's."""
    features = _features_by_name(explanation, model)
    concepts = chart_geometry.group_by_concept(explanation.contributions)
    shown, rest = concepts[:MAX_CONCEPTS], concepts[MAX_CONCEPTS:]
    effects = [concept.points for concept in shown] + [sum(concept.points for concept in rest)]
    start = explanation.points - sum(effects)
    first, *bars, last = chart_geometry.layout_waterfall(start, effects)
    rows = [
        WaterfallRow(
            label=renderer.localise(features[concept.heaviest.feature].concept_label),
            detail=_describe_concept(renderer, concept, features[concept.heaviest.feature]),
            points=concept.points,
            bar=bar,
        )
        for concept, bar in zip(shown, bars, strict=False)
    ]
    return renderer.render(
        "steps",
        explanation=explanation,
        start=start,
        first=first,
        rows=rows,
        others=WaterfallRow(label="", detail="", points=effects[-1], bar=bars[-1])
        if rest
        else None,
        others_count=len(rest),
        last=last,
        features=_list_features(renderer, explanation, features),
    )


def _list_features(
    renderer: TemplateRenderer, explanation: Explanation, features: Mapping[str, Feature]
) -> list[tuple[str, str, float]]:
    """Return label, value and points of the features with the largest effects."""
    ranked = chart_geometry.rank_contributions(explanation.contributions)
    return [
        (
            renderer.localise(contribution.label),
            renderer.format_value(contribution.value, features[contribution.feature]),
            contribution.points,
        )
        for contribution in ranked[:MAX_FEATURES]
    ]


def _features_by_name(explanation: Explanation, model: ServedModel) -> Mapping[str, Feature]:
    """Return every feature of a decision; build those that the current model lacks."""
    served_features = {item.name: item for item in model.features}
    return {
        item.feature: served_features.get(item.feature) or _feature_from_contribution(item)
        for item in explanation.contributions
    }


def _feature_from_contribution(contribution: Contribution) -> Feature:
    return Feature(
        name=contribution.feature,
        label=contribution.label,
        unit=contribution.unit,
        concept=contribution.concept,
        concept_label=contribution.label,
        words={},
    )


def _describe_concept(
    renderer: TemplateRenderer, concept: chart_geometry.ConceptContribution, feature: Feature
) -> str:
    """Describe a concept: its main feature with the value, and the number of other features."""
    messages = renderer.messages
    value = renderer.format_value(concept.heaviest.value, feature)
    text = messages.labelled_value.format(label=renderer.localise(feature.label), value=value)
    other_count = concept.count - 1
    if not other_count:
        return text
    template = messages.and_one_more if other_count == 1 else messages.and_more
    return f"{text}, {template.format(count=other_count)}"
