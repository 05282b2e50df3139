"""Format values with their units, in French and in English."""

from __future__ import annotations

from collections.abc import Mapping

from credit.features import Unit
from credit.localised_text import Text
from credit.schema.translations import translate_category

UNKNOWN_TEXT = Text("non connu", "not known")
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
