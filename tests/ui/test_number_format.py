from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ui.messages import Messages
from ui.number_format import NumberFormatter

FRENCH, ENGLISH = NumberFormatter(Messages("fr")), NumberFormatter(Messages("en"))


@pytest.mark.parametrize(
    ("value", "unit", "fr", "en"),
    [
        (135000.0, "currency", "135\u202f000", "135,000"),
        (-1234.5, "ratio", "\u22121\u202f234,5", "\u22121,234.5"),
        (0.125, "share", "12,5\u00a0%", "12.5%"),
        (1.0, "share", "100\u00a0%", "100%"),
        (637.0, "days", "637\u00a0jours", "637\u00a0days"),
        (1.0, "days", "1\u00a0jour", "1\u00a0day"),
        (0.0, "days", "0\u00a0jour", "0\u00a0days"),
        (1.5, "months", "1,5\u00a0mois", "1.5\u00a0months"),
        (9461.0, "days", "25,9\u00a0ans", "25.9\u00a0years"),
        (0.26, "score", "0,26", "0.26"),
        (-0.001, "score", "0", "0"),
        (1.0, "flag", "oui", "yes"),
        (0.0, "flag", "non", "no"),
        (None, "currency", "non connu", "not known"),
        (3.0, "a unit of tomorrow", "3", "3"),
    ],
)
def test_values_follow_the_rules_of_each_language(
    value: float | None, unit: str, fr: str, en: str
) -> None:
    assert (FRENCH.format_value(value, unit), ENGLISH.format_value(value, unit)) == (fr, en)


def test_effects_always_have_a_sign() -> None:
    effects = [FRENCH.format_signed(effect) for effect in (5.55, -5.55, 0.0)]
    assert effects == ["+5,5", "\u22125,5", "+0,0"]


def test_a_time_is_shown_to_the_minute() -> None:
    moment = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
    assert FRENCH.format_datetime(moment) == "01/06/2026 09:30"
    assert ENGLISH.format_datetime(moment) == "2026-06-01 09:30"
