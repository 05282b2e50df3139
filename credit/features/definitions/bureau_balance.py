"""Monthly status of credits with other lenders; its features are columns of the credit."""

from __future__ import annotations

import numpy as np

from credit.dossier import Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import RiskDirection, Unit
from credit.features.declaration.history_features import HistoryFeatures
from credit.features.expressions.nan_arithmetic import count_each_row
from credit.localised_text import Text
from credit.schema import BUREAU_BALANCE

BUREAU_MONTHS = HistoryFeatures(table=BUREAU_BALANCE, order_by=("MONTHS_BALANCE",))

STATUSES = ("1", "2", "3", "4", "5", "X")
"""Statuses 1 to 5 mean past due, in rising severity; X means unknown. Any other is on time."""

STATUS_SEVERITIES = (1.0, 2.0, 3.0, 4.0, 5.0, np.nan)
STATUS_LATE_FLAGS = (1.0, 1.0, 1.0, 1.0, 1.0, np.nan)

# The month of the application is month 0, so the last 6 months are 0 to -5.
BUREAU_MONTHS.add_window_since("last_half", Text("6 derniers mois", "last 6 months"), 5)
BUREAU_MONTHS.add_window_since("last_year", Text("12 derniers mois", "last 12 months"), 11)


@BUREAU_MONTHS.value(
    Text("Mois en retard", "Late months"),
    unit=Unit.FLAG, concept=Concept.OTHER_LATENESS, risk=RiskDirection.RISES,
)  # fmt: skip
def month_late(month: Rows) -> Floats:
    return month.get_categorical("STATUS").map_values(STATUSES, STATUS_LATE_FLAGS)


@BUREAU_MONTHS.value(
    Text("Gravité du retard (0 à 5)", "Severity of lateness (0 to 5)"),
    unit=Unit.RATING, concept=Concept.OTHER_LATENESS, risk=RiskDirection.RISES,
)  # fmt: skip
def month_severity(month: Rows) -> Floats:
    return month.get_categorical("STATUS").map_values(STATUSES, STATUS_SEVERITIES)


@BUREAU_MONTHS.value(
    Text("Mois suivis", "Months on file"), unit=Unit.COUNT, concept=Concept.OTHER_CREDITS
)
def month_on_file(month: Rows) -> Floats:
    return count_each_row(month)


BUREAU_MONTHS.add_flag(
    "month_closed",
    Text("Mois soldés", "Closed months"),
    "STATUS",
    "C",
    concept=Concept.OTHER_CREDITS,
)
BUREAU_MONTHS.add_flag(
    "month_silent",
    Text("Mois sans information", "Months without information"),
    "STATUS",
    "X",
    concept=Concept.OTHER_CREDITS,
)

BUREAU_MONTHS.add_family("month_late", "ever", "mean sum decayed")
BUREAU_MONTHS.add_family("month_late", "last_year", "mean sum")
BUREAU_MONTHS.add_family("month_late", "last_half", "sum")
BUREAU_MONTHS.add_family("month_severity", "ever last_year", "max")
BUREAU_MONTHS.add_family("month_severity", "ever", "decayed")
BUREAU_MONTHS.add_family("month_on_file", "ever", "count")
BUREAU_MONTHS.add_family("month_closed month_silent", "ever", "mean")
