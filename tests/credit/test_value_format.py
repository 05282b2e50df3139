"""Values with their units, in French and in English."""

from __future__ import annotations

import pytest

from credit.features import Unit
from credit.localised_text import Text
from credit.value_format import format_value


@pytest.mark.parametrize(
    ("value", "unit", "fr", "en"),
    [
        (None, Unit.CURRENCY, "non connu", "not known"),
        (1_234_567.8, Unit.CURRENCY, "1\u202f234\u202f568", "1,234,568"),
        (-1_500.0, Unit.CURRENCY, "-1\u202f500", "-1,500"),
        (0.5, Unit.SHARE, "50\u00a0%", "50%"),
        (0.073, Unit.SHARE, "7,3\u00a0%", "7.3%"),
        (0.0, Unit.SHARE, "0\u00a0%", "0%"),
        (12.0, Unit.SHARE, "1\u202f200\u00a0%", "1,200%"),
        (0.375, Unit.RATIO, "0,38", "0.38"),
        (1_234.5, Unit.RATIO, "1\u202f234,5", "1,234.5"),
        (0.1, Unit.SCORE, "0,1", "0.1"),
        (100.0, Unit.COUNT, "100", "100"),
        (2.5, Unit.COUNT, "2,5", "2.5"),
        (20.0, Unit.MONTHS, "20\u00a0mois", "20 months"),
        (8.0, Unit.YEARS, "8\u00a0ans", "8 years"),
        (45.0, Unit.DAYS, "45\u00a0jours", "45 days"),
        (730.0, Unit.DAYS, "730\u00a0jours", "730 days"),
        (1_826.25, Unit.DAYS, "5\u00a0ans", "5 years"),
        (14_600.0, Unit.DAYS, "40\u00a0ans", "40 years"),
        (900.0, Unit.DAYS, "2,5\u00a0ans", "2.5 years"),
        (-1_000.0, Unit.DAYS, "-2,7\u00a0ans", "-2.7 years"),
        (1.0, Unit.FLAG, "oui", "yes"),
        (0.0, Unit.FLAG, "non", "no"),
        ("Married", Unit.CATEGORY, "Marié(e)", "Married"),
        ("A word of another lender", Unit.CATEGORY, *["A word of another lender"] * 2),
    ],
)
def test_a_value_is_written_as_each_language_writes_it(
    value: float | str | None, unit: Unit, fr: str, en: str
) -> None:
    assert format_value(value, unit) == Text(fr, en)


@pytest.mark.parametrize(("value", "unit"), [(-0.0, Unit.DAYS), (-0.001, Unit.RATIO)])
def test_zero_is_written_without_a_minus(value: float, unit: Unit) -> None:
    assert not format_value(value, unit).en.startswith("-")


@pytest.mark.parametrize(
    ("unit", "unique_values"),
    [(Unit.DAYS, "1 day"), (Unit.MONTHS, "1 month"), (Unit.YEARS, "1 year")],
)
def test_one_takes_the_singular(unit: Unit, unique_values: str) -> None:
    assert format_value(1.0, unit).en == unique_values
