"""Format numbers, units and dates in French and English."""

from __future__ import annotations

from datetime import UTC, datetime

from ui.api_models import FeatureValue
from ui.messages import Messages

NARROW_NO_BREAK_SPACE, NO_BREAK_SPACE = "\u202f", "\u00a0"
"""Thousands separator in French, and the space before a unit."""

MINUS_SIGN = "\u2212"
MIN_DAYS_SHOWN_AS_YEARS = 2 * 365
"""Longer durations are shown in years."""

MAX_DECIMALS = {
    "currency": 0,
    "days": 0,
    "months": 1,
    "years": 1,
    "count": 1,
    "rating": 1,
    "hour": 1,
}
"""Largest number of decimals by unit; 2 for other units."""


class NumberFormatter:
    r"""Formats numbers in one language.

    >>> french, english = NumberFormatter(Messages("fr")), NumberFormatter(Messages("en"))
    >>> french.format_percent(0.0909), english.format_percent(0.0909)
    ('9,1\xa0%', '9.1%')
    """

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._is_french = messages.language == "fr"
        self._percent_sign = f"{NO_BREAK_SPACE}%" if self._is_french else "%"

    def format_number(self, number: float, digits: int = 0) -> str:
        """Format a number with exactly `digits` decimals."""
        text = f"{abs(number):,.{digits}f}"
        sign = MINUS_SIGN if number < 0 and text.strip("0.,") else ""
        if self._is_french:
            text = text.replace(",", NARROW_NO_BREAK_SPACE).replace(".", ",")
        return sign + text

    def format_signed(self, number: float, digits: int = 1) -> str:
        """Format a number with its sign, even when positive.

        >>> NumberFormatter(Messages("fr")).format_signed(3.14159)
        '+3,1'
        """
        text = self.format_number(number, digits)
        return text if text.startswith(MINUS_SIGN) else f"+{text}"

    def format_percent(self, share: float, digits: int = 1) -> str:
        return self.format_number(100 * share, digits) + self._percent_sign

    def format_datetime(self, moment: datetime) -> str:
        """Format a time to the minute, in UTC."""
        pattern = "%d/%m/%Y %H:%M" if self._is_french else "%Y-%m-%d %H:%M"
        return moment.astimezone(UTC).strftime(pattern)

    def format_value(self, value: FeatureValue, unit: str, digits: int | None = None) -> str:
        r"""Format a feature value with its unit.

        >>> NumberFormatter(Messages("en")).format_value(9461.0, "days")
        '25.9\xa0years'
        >>> NumberFormatter(Messages("fr")).format_value(None, "days")
        'non connu'

        Args:
            value: Number, category or None for unknown.
            unit: Unit of the feature.
            digits: Largest number of decimals for units without a fixed one; 2 by default.
        """
        if value is None:
            return self._messages.unknown
        if isinstance(value, str):
            return value
        if unit == "flag":
            return self._messages.yes if value else self._messages.no
        if unit == "share":
            return self._format_short(100 * value, 1) + self._percent_sign
        if unit == "days" and abs(value) > MIN_DAYS_SHOWN_AS_YEARS:
            value, unit = value / 365.25, "years"
        decimals = MAX_DECIMALS.get(unit, digits or 2)
        text = self._format_short(value, decimals)
        return (
            f"{text}{NO_BREAK_SPACE}{self._name_unit(unit, round(value, decimals))}"
            if unit in SUFFIXED_UNITS
            else text
        )

    def _name_unit(self, unit: str, number: float) -> str:
        """Return the unit's name: French uses the singular below 2, English for 1 only."""
        is_singular = abs(number) < 2 if self._is_french else number == 1  # noqa: PLR2004
        name: str = getattr(
            self._messages, f"one_{unit}" if is_singular and unit != "hour" else unit
        )
        return name

    def _format_short(self, number: float, digits: int) -> str:
        """Format a number without trailing zeros."""
        text = self.format_number(number, digits)
        decimal_mark = "," if self._is_french else "."
        return text.rstrip("0").rstrip(decimal_mark) if digits and decimal_mark in text else text


SUFFIXED_UNITS = frozenset({"days", "months", "years", "hour"})
"""Units that are shown after the number."""
