"""Turn contributions into reasons: summed by concept, the largest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from credit.decision import Contribution, Outcome, Reason
from credit.features import CATALOGUE, Concept, Unit
from credit.localised_text import Text
from credit.schema.translations import translate_category

MAX_REASONS = 4
"""More "is not likely to be helpful to the applicant" (12 CFR 1002 Supp. I, 9(b)(2)-1)."""

RAISES_SENTENCE = Text(
    "{what} augmente le risque estimé ({detail}).", "{what} raises the estimated risk ({detail})."
)
LOWERS_SENTENCE = Text(
    "{what} diminue le risque estimé ({detail}).", "{what} lowers the estimated risk ({detail})."
)
UNKNOWN_TEXT = Text("non connu", "not known")


def summarise_reasons(
    contributions: Sequence[Contribution], outcome: Outcome
) -> tuple[Reason, ...]:
    """Return the concepts that raised the risk most, or lowered it for an approved application.

    Contributions are summed by concept, so that four reasons are four different things. The
    detail of a sentence is the feature of the concept with the largest contribution.
    """
    raises_risk = outcome is not Outcome.APPROVE
    by_concept: defaultdict[str, list[Contribution]] = defaultdict(list)
    for contribution in contributions:
        by_concept[contribution.concept].append(contribution)
    sign = 1 if raises_risk else -1
    ranked = sorted(
        ((sum(c.log_odds for c in group), concept) for concept, group in by_concept.items()),
        key=lambda weight: -sign * weight[0],
    )
    return tuple(
        _build_reason(Concept[concept.upper()], by_concept[concept], raises_risk=raises_risk)
        for weight, concept in ranked[:MAX_REASONS]
        if sign * weight > 0
    )


def _build_reason(
    concept: Concept, contributions: Sequence[Contribution], *, raises_risk: bool
) -> Reason:
    sign = 1 if raises_risk else -1
    largest = max(contributions, key=lambda contribution: sign * contribution.log_odds)
    detail = Text("{label}\u00a0: {value}", "{label}: {value}").format(
        label=largest.label, value=format_value(largest.value, CATALOGUE[largest.feature].unit)
    )
    sentence = RAISES_SENTENCE if raises_risk else LOWERS_SENTENCE
    return Reason(
        concept=concept.name.lower(),
        label=concept.label,
        text=sentence.format(what=concept.label, detail=detail),
        raises=raises_risk,
        log_odds=sum(contribution.log_odds for contribution in contributions),
        points=sum(contribution.points for contribution in contributions),
    )


EMPTY_TEXT = Text("", "")

UNIT_FORMATS: Mapping[Unit, tuple[float, int, Text, Text]] = {
    Unit.SHARE: (100, 1, Text("\u00a0%", "%"), Text("\u00a0%", "%")),
    Unit.CURRENCY: (1, 0, EMPTY_TEXT, EMPTY_TEXT),
    Unit.DAYS: (1, 0, Text("\u00a0jour", " day"), Text("\u00a0jours", " days")),
    Unit.MONTHS: (1, 0, Text("\u00a0mois", " month"), Text("\u00a0mois", " months")),
    Unit.YEARS: (1, 0, Text("\u00a0an", " year"), Text("\u00a0ans", " years")),
}
"""Format of a unit: factor, decimals, suffix in the singular and in the plural."""

MIN_DAYS_SHOWN_AS_YEARS = 2 * 365
DAYS_AS_YEARS_FORMAT = (1 / 365.25, 1, EMPTY_TEXT, Text("\u00a0ans", " years"))
"""Days are shown as years from two years on."""


def format_value(value: float | str | None, unit: Unit) -> Text:
    r"""Format a value with its unit in both languages.

    >>> format_value(0.125, Unit.SHARE)
    Text(fr='12,5\xa0%', en='12.5%')
    >>> format_value(202500.0, Unit.CURRENCY)
    Text(fr='202\u202f500', en='202,500')
    """
    if value is None:
        return UNKNOWN_TEXT
    if isinstance(value, str):
        return translate_category(value)
    if unit is Unit.FLAG:
        return Text("oui", "yes") if value else Text("non", "no")
    factor, digits, singular, plural = UNIT_FORMATS.get(unit, (1, 2, EMPTY_TEXT, EMPTY_TEXT))
    if unit is Unit.DAYS and abs(value) > MIN_DAYS_SHOWN_AS_YEARS:
        factor, digits, singular, plural = DAYS_AS_YEARS_FORMAT
    rounded = round(value * factor, digits) + 0.0  # turns -0.0 into 0.0
    english = f"{rounded:,.{digits}f}"
    if digits:
        english = english.rstrip("0").rstrip(".")
    french = english.replace(",", "\u202f").replace(".", ",")
    return Text(
        french + (singular if abs(rounded) < 2 else plural).fr,  # noqa: PLR2004 -- French counts from two
        english + (singular if rounded == 1 else plural).en,
    )
