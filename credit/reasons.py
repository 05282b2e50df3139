"""Turn contributions into reasons: summed by concept, the largest first."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from credit.decision import Contribution, Outcome, Reason, UnknownField
from credit.features import CATALOGUE, COLUMNS, Concept
from credit.localised_text import Text
from credit.schema import APPLICATION
from credit.value_format import format_value

MAX_REASONS = 4
"""More "is not likely to be helpful to the applicant" (12 CFR 1002 Supp. I, 9(b)(2)-1)."""

RAISES_SENTENCE = Text(
    "{what} augmente le risque estimé ({detail}).", "{what} raises the estimated risk ({detail})."
)
LOWERS_SENTENCE = Text(
    "{what} diminue le risque estimé ({detail}).", "{what} lowers the estimated risk ({detail})."
)
NOTHING_KNOWN = Text("information non fournie", "information not provided")

MIN_UNKNOWN_POINTS = 1.0
"""Weight from which an unknown field is named, in points."""

FEATURES_BY_COLUMN: Mapping[str, frozenset[str]] = {
    column: frozenset(
        name for name, f in CATALOGUE.items() if f"{APPLICATION.name}.{column}" in f.sources
    )
    for column in COLUMNS[APPLICATION.name]
}
"""Features that are computed from each column of the form."""


def summarise_reasons(
    contributions: Sequence[Contribution], outcome: Outcome
) -> tuple[Reason, ...]:
    """Return the concepts that raised the risk most, or lowered it for an approved application.

    Contributions are summed by concept, so that four reasons are four different things. The
    detail of a sentence is the known feature that contributes most in the concept's direction.
    """
    sign = -1 if outcome is Outcome.APPROVE else 1
    by_concept: defaultdict[str, list[Contribution]] = defaultdict(list)
    for contribution in contributions:
        by_concept[contribution.concept].append(contribution)
    ranked = sorted(
        ((sum(c.log_odds for c in group), concept) for concept, group in by_concept.items()),
        key=lambda weight: -sign * weight[0],
    )
    return tuple(
        _build_reason(Concept[concept.upper()], by_concept[concept], sign)
        for weight, concept in ranked[:MAX_REASONS]
        if sign * weight > 0
    )


def _build_reason(concept: Concept, contributions: Sequence[Contribution], sign: int) -> Reason:
    """Build the reason of one concept; `sign` is 1 when it raises the risk, else -1."""
    supporting = [c for c in contributions if c.value is not None and sign * c.log_odds > 0]
    largest = max(supporting, key=lambda c: sign * c.log_odds, default=None)
    detail = NOTHING_KNOWN
    if largest is not None:
        detail = Text("{label}\u00a0: {value}", "{label}: {value}").format(
            label=largest.label, value=format_value(largest.value, CATALOGUE[largest.feature].unit)
        )
    sentence = RAISES_SENTENCE if sign > 0 else LOWERS_SENTENCE
    return Reason(
        concept=concept.name.lower(),
        label=concept.label,
        text=sentence.format(what=concept.label, detail=detail),
        raises=sign > 0,
        log_odds=sum(contribution.log_odds for contribution in contributions),
        points=sum(contribution.points for contribution in contributions),
    )


def list_unknown_fields(
    form: Mapping[str, Any], contributions: Sequence[Contribution], not_stated: Sequence[str]
) -> tuple[UnknownField, ...]:
    """Return the unknown columns of the form that matter, the largest weight first.

    Args:
        form: The application form.
        contributions: Contributions of all features.
        not_stated: Columns that are named whatever their weight.
    """
    unknown = {c.feature: c for c in contributions if c.value is None and c.log_odds}
    fields = [
        _sum_unknown_features(column, unknown)
        for column in FEATURES_BY_COLUMN
        if form.get(column) is None or column in not_stated
    ]
    return tuple(
        sorted(
            (
                field
                for field in fields
                if field.field in not_stated or abs(field.points) >= MIN_UNKNOWN_POINTS
            ),
            key=lambda field: (-abs(field.points), field.field),
        )
    )


def _sum_unknown_features(column: str, unknown: Mapping[str, Contribution]) -> UnknownField:
    """Sum the contributions of the unknown features that are computed from a column."""
    affected = [unknown[name] for name in unknown.keys() & FEATURES_BY_COLUMN[column]]
    schema_column = APPLICATION[column]
    return UnknownField(
        field=column,
        label=schema_column.label or Text(schema_column.meaning, schema_column.meaning),
        stated_by=schema_column.stated_by,
        log_odds=math.fsum(contribution.log_odds for contribution in affected),
        points=math.fsum(contribution.points for contribution in affected),
    )
