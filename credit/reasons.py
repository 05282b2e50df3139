"""Why, in sentences: contributions summed by concept, the heaviest told first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from credit.decision import Contribution, Outcome, Reason
from credit.features import CATALOGUE, Concept, Unit
from credit.localised_text import Text
from credit.schema.translations import in_words

MOST_REASONS = 4
"""More "is not likely to be helpful to the applicant" (12 CFR 1002 Supp. I, 9(b)(2)-1)."""

RAISES = Text(
    "{what} augmente le risque estimé ({detail}).", "{what} raises the estimated risk ({detail})."
)
LOWERS = Text(
    "{what} diminue le risque estimé ({detail}).", "{what} lowers the estimated risk ({detail})."
)
UNKNOWN = Text("non connu", "not known")


def reasons(contributions: Sequence[Contribution], outcome: Outcome) -> tuple[Reason, ...]:
    """What weighed most: against an application that is not approved, for one that is.

    A concept's features are summed first, so that four reasons are four different things; the
    detail of a sentence is the concept's heaviest feature.
    """
    raising = outcome is not Outcome.APPROVE
    by_concept: defaultdict[str, list[Contribution]] = defaultdict(list)
    for contribution in contributions:
        by_concept[contribution.concept].append(contribution)
    sign = 1 if raising else -1
    weighed = sorted(
        ((sum(c.log_odds for c in parts), concept) for concept, parts in by_concept.items()),
        key=lambda weight: -sign * weight[0],
    )
    return tuple(
        _reason(Concept[concept.upper()], by_concept[concept], raising=raising)
        for weight, concept in weighed[:MOST_REASONS]
        if sign * weight > 0
    )


def _reason(concept: Concept, parts: Sequence[Contribution], *, raising: bool) -> Reason:
    sign = 1 if raising else -1
    heaviest = max(parts, key=lambda part: sign * part.log_odds)
    detail = Text("{label}\u00a0: {value}", "{label}: {value}").format(
        label=heaviest.label, value=said(heaviest.value, CATALOGUE[heaviest.feature].unit)
    )
    sentence = RAISES if raising else LOWERS
    return Reason(
        concept=concept.name.lower(),
        label=concept.label,
        text=sentence.format(what=concept.label, detail=detail),
        raises=raising,
        log_odds=sum(part.log_odds for part in parts),
        points=sum(part.points for part in parts),
    )


NOTHING = Text("", "")

SHOWN: Mapping[Unit, tuple[float, int, Text, Text]] = {
    Unit.SHARE: (100, 1, Text("\u00a0%", "%"), Text("\u00a0%", "%")),
    Unit.CURRENCY: (1, 0, NOTHING, NOTHING),
    Unit.DAYS: (1, 0, Text("\u00a0jour", " day"), Text("\u00a0jours", " days")),
    Unit.MONTHS: (1, 0, Text("\u00a0mois", " month"), Text("\u00a0mois", " months")),
    Unit.YEARS: (1, 0, Text("\u00a0an", " year"), Text("\u00a0ans", " years")),
}
"""How a unit is written: what it is multiplied by, its decimals, its word for one and for many."""

LONG = 2 * 365
LONG_DAYS = (1 / 365.25, 1, NOTHING, Text("\u00a0ans", " years"))
"""From two years on, people count years."""


def said(value: float | str | None, unit: Unit) -> Text:
    r"""A value with its unit, as each language writes it.

    >>> said(0.125, Unit.SHARE)
    Text(fr='12,5\xa0%', en='12.5%')
    >>> said(202500.0, Unit.CURRENCY)
    Text(fr='202\u202f500', en='202,500')
    """
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return in_words(value)
    if unit is Unit.FLAG:
        return Text("oui", "yes") if value else Text("non", "no")
    factor, digits, one, many = SHOWN.get(unit, (1, 2, NOTHING, NOTHING))
    if unit is Unit.DAYS and abs(value) > LONG:
        factor, digits, one, many = LONG_DAYS
    rounded = round(value * factor, digits) + 0.0  # which makes -0.0 a plain zero
    english = f"{rounded:,.{digits}f}"
    if digits:
        english = english.rstrip("0").rstrip(".")
    french = english.replace(",", "\u202f").replace(".", ",")
    return Text(
        french + (one if abs(rounded) < 2 else many).fr,  # noqa: PLR2004 -- French counts from two
        english + (one if rounded == 1 else many).en,
    )
