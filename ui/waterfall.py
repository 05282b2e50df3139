"""What made the points of a client, as a table: concept by concept, then feature by feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ui import chart_geometry
from ui.api_models import Contribution, Explanation, Feature, ServedModel
from ui.rendering import TemplateRenderer

MAX_CONCEPTS = 10
"""Concepts told one by one; the rest is summed."""

MAX_FEATURES = 20
"""Features told one by one, for those who ask."""


@dataclass(frozen=True, kw_only=True)
class WaterfallRow:
    """One line of the table."""

    label: str
    detail: str
    points: float
    bar: chart_geometry.Span


def render_waterfall(
    renderer: TemplateRenderer, explanation: Explanation, model: ServedModel
) -> str:
    """From the average client's points to this client's."""
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
        features=[
            (
                renderer.localise(contribution.label),
                renderer.format_value(contribution.value, features[contribution.feature]),
                contribution.points,
            )
            for contribution in chart_geometry.rank_contributions(explanation.contributions)[
                :MAX_FEATURES
            ]
        ],
    )


def _features_by_name(explanation: Explanation, model: ServedModel) -> Mapping[str, Feature]:
    """Every feature of a decision, also when another model than today’s took it."""
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
    """The heaviest feature of a concept and its value, and how many more there are."""
    messages = renderer.messages
    value = renderer.format_value(concept.heaviest.value, feature)
    text = messages.labelled_value.format(label=renderer.localise(feature.label), value=value)
    other_count = concept.count - 1
    if not other_count:
        return text
    return f"{text}, {messages.and_one_more if other_count == 1 else messages.and_more.format(count=other_count)}"
