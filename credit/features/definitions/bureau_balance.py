"""Month by month, how a credit with another lender was paid: numbers that its row then carries."""

from __future__ import annotations

import numpy as np

from credit.dossier import Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Risk, Unit
from credit.features.declaration.history_features import Source
from credit.features.expressions.nan_arithmetic import everything
from credit.localised_text import Text
from credit.schema import BUREAU_BALANCE

BALANCE = Source(table=BUREAU_BALANCE, order=("MONTHS_BALANCE",))

STATES = ("1", "2", "3", "4", "5", "X")
"""Past due, ever longer; and X, of which nothing is known. Any other is in time."""

SEVERITY = (1.0, 2.0, 3.0, 4.0, 5.0, np.nan)
LATE = (1.0, 1.0, 1.0, 1.0, 1.0, np.nan)

# Months are counted from that of the application, whose number is 0.
BALANCE.since("last_half", Text("6 derniers mois", "last 6 months"), 5)
BALANCE.since("last_year", Text("12 derniers mois", "last 12 months"), 11)


@BALANCE.value(
    Text("Mois en retard", "Late months"),
    unit=Unit.FLAG, concept=Concept.OTHER_LATENESS, risk=Risk.RISES,
)  # fmt: skip
def month_late(month: Rows) -> Floats:
    return month.words("STATUS").means(STATES, LATE)


@BALANCE.value(
    Text("Gravité du retard (0 à 5)", "Severity of lateness (0 to 5)"),
    unit=Unit.RATING, concept=Concept.OTHER_LATENESS, risk=Risk.RISES,
)  # fmt: skip
def month_severity(month: Rows) -> Floats:
    return month.words("STATUS").means(STATES, SEVERITY)


@BALANCE.value(
    Text("Mois suivis", "Months on file"), unit=Unit.COUNT, concept=Concept.OTHER_CREDITS
)
def month_on_file(month: Rows) -> Floats:
    return everything(month)


BALANCE.flag(
    "month_closed",
    Text("Mois soldés", "Closed months"),
    "STATUS",
    "C",
    concept=Concept.OTHER_CREDITS,
)
BALANCE.flag(
    "month_silent",
    Text("Mois sans information", "Months without information"),
    "STATUS",
    "X",
    concept=Concept.OTHER_CREDITS,
)

BALANCE.family("month_late", "ever", "mean sum decayed")
BALANCE.family("month_late", "last_year", "mean sum")
BALANCE.family("month_late", "last_half", "sum")
BALANCE.family("month_severity", "ever last_year", "max")
BALANCE.family("month_severity", "ever", "decayed")
BALANCE.family("month_on_file", "ever", "count")
BALANCE.family("month_closed month_silent", "ever", "mean")
