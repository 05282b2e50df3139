"""Numbers as each language writes them."""

from __future__ import annotations

from datetime import UTC, datetime

from ui.api_models import Value
from ui.messages import Words

NARROW, WIDE = "\u202f", "\u00a0"
"""No-break spaces: between thousands, and before a unit."""

MINUS = "\u2212"
LONG = 2 * 365
"""Days from which people count years."""

DIGITS = {"currency": 0, "days": 0, "months": 1, "years": 1, "count": 1, "rating": 1, "hour": 1}
"""Decimals at most; 2 for the others."""


class Numbers:
    r"""Writes numbers in one language.

    >>> french = Numbers(Words("fr"))
    >>> french.percent(0.0909), Numbers(Words("en")).percent(0.0909)
    ('9,1\xa0%', '9.1%')
    """

    def __init__(self, words: Words) -> None:
        self._words = words
        self._french = words.language == "fr"
        self._percent = f"{WIDE}%" if self._french else "%"

    def plain(self, number: float, digits: int = 0) -> str:
        """A number with exactly so many decimals."""
        text = f"{abs(number):,.{digits}f}"
        sign = MINUS if number < 0 and text.strip("0.,") else ""
        if self._french:
            text = text.replace(",", NARROW).replace(".", ",")
        return sign + text

    def signed(self, number: float, digits: int = 1) -> str:
        """A number with its sign, even when positive.

        >>> Numbers(Words("fr")).signed(3.14159)
        '+3,1'
        """
        text = self.plain(number, digits)
        return text if text.startswith(MINUS) else f"+{text}"

    def percent(self, share: float, digits: int = 1) -> str:
        return self.plain(100 * share, digits) + self._percent

    def when(self, at: datetime) -> str:
        """A moment, to the minute, in UTC."""
        pattern = "%d/%m/%Y %H:%M" if self._french else "%Y-%m-%d %H:%M"
        return at.astimezone(UTC).strftime(pattern)

    def said(self, value: Value, unit: str, digits: int | None = None) -> str:
        r"""A client's value of a feature, with its unit, to at most so many decimals.

        >>> Numbers(Words("en")).said(9461.0, "days"), Numbers(Words("fr")).said(None, "days")
        ('25.9\xa0years', 'non connu')
        """
        if value is None:
            return self._words.unknown
        if isinstance(value, str):
            return value
        if unit == "flag":
            return self._words.yes if value else self._words.no
        if unit == "share":
            return self._short(100 * value, 1) + self._percent
        if unit == "days" and abs(value) > LONG:
            value, unit = value / 365.25, "years"
        places = DIGITS.get(unit, digits or 2)
        text = self._short(value, places)
        return (
            f"{text}{WIDE}{self._measure(unit, round(value, places))}"
            if unit in MEASURED
            else text
        )

    def _measure(self, unit: str, number: float) -> str:
        """The unit's word for so many; French counts many from two, English all but one."""
        one = abs(number) < 2 if self._french else number == 1  # noqa: PLR2004
        word: str = getattr(self._words, f"one_{unit}" if one and unit != "hour" else unit)
        return word

    def _short(self, number: float, digits: int) -> str:
        """Without decimals that say nothing."""
        text = self.plain(number, digits)
        point = "," if self._french else "."
        return text.rstrip("0").rstrip(point) if digits and point in text else text


MEASURED = frozenset({"days", "months", "years", "hour"})
"""Units that are written after the number."""
