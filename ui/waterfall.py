"""What made the points of a client, as a table: concept by concept, then feature by feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ui import chart_geometry
from ui.api_models import Contribution, Explanation, Feature, Model
from ui.rendering import Drawing

MOST_PARTS = 10
"""Concepts told one by one; the rest is summed."""

MOST_FEATURES = 20
"""Features told one by one, for those who ask."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    label: str
    detail: str
    points: float
    bar: chart_geometry.Span


def steps(drawing: Drawing, told: Explanation, model: Model) -> str:
    """From the average client's points to this client's."""
    features = _described(told, model)
    parts = chart_geometry.by_concept(told.contributions)
    shown, rest = parts[:MOST_PARTS], parts[MOST_PARTS:]
    effects = [part.points for part in shown] + [sum(part.points for part in rest)]
    start = told.points - sum(effects)
    first, *bars, last = chart_geometry.steps(start, effects)
    rows = [
        Row(
            label=drawing.text(features[part.heaviest.feature].concept_label),
            detail=_detail(drawing, part, features[part.heaviest.feature]),
            points=part.points,
            bar=bar,
        )
        for part, bar in zip(shown, bars, strict=False)
    ]
    return drawing.fill(
        "steps",
        told=told,
        start=start,
        first=first,
        rows=rows,
        others=Row(label="", detail="", points=effects[-1], bar=bars[-1]) if rest else None,
        others_count=len(rest),
        last=last,
        features=[
            (drawing.text(one.label), drawing.value(one.value, features[one.feature]), one.points)
            for one in chart_geometry.heaviest(told.contributions)[:MOST_FEATURES]
        ],
    )


def _described(told: Explanation, model: Model) -> Mapping[str, Feature]:
    """Every feature of a decision, also when another model than today’s took it."""
    known = {one.name: one for one in model.features}
    return {one.feature: known.get(one.feature) or _alone(one) for one in told.contributions}


def _alone(one: Contribution) -> Feature:
    return Feature(
        name=one.feature,
        label=one.label,
        unit=one.unit,
        concept=one.concept,
        concept_label=one.label,
        words={},
    )


def _detail(drawing: Drawing, part: chart_geometry.Part, feature: Feature) -> str:
    """The heaviest feature of a concept and its value, and how many more there are."""
    words = drawing.words
    value = drawing.value(part.heaviest.value, feature)
    text = words.valued.format(label=drawing.text(feature.label), value=value)
    others = part.count - 1
    if not others:
        return text
    return f"{text}, {words.and_one if others == 1 else words.and_others.format(count=others)}"
