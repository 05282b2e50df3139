"""Turn contributions into reasons: summed by concept, the largest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from credit.decision import Contribution, Outcome, Reason
from credit.features import CATALOGUE, Concept
from credit.localised_text import Text
from credit.value_format import format_value

MAX_REASONS = 4
"""More "is not likely to be helpful to the applicant" (12 CFR 1002 Supp. I, 9(b)(2)-1)."""

RAISES_SENTENCE = Text(
    "{what} augmente le risque estimé ({detail}).", "{what} raises the estimated risk ({detail})."
)
LOWERS_SENTENCE = Text(
    "{what} diminue le risque estimé ({detail}).", "{what} lowers the estimated risk ({detail})."
)


def summarise_reasons(
    contributions: Sequence[Contribution], outcome: Outcome
) -> tuple[Reason, ...]:
    """Return the concepts that raised the risk most, or lowered it for an approved application.

    Contributions are summed by concept, so that four reasons are four different things. The
    detail of a sentence is the feature of the concept with the largest contribution.
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
    largest = max(contributions, key=lambda contribution: sign * contribution.log_odds)
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
