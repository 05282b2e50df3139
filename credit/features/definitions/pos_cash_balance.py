"""Features of the monthly balances of our consumer and cash credits."""

from __future__ import annotations

import numpy as np

from credit.dossier import Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import RiskDirection, Unit
from credit.features.declaration.history_features import HistoryFeatures
from credit.features.expressions.nan_arithmetic import MONTHS_PER_YEAR, count_each_row, flag_above
from credit.features.expressions.vectorised import WeightedSum
from credit.localised_text import Text
from credit.schema import POS_CASH_BALANCE

POS = HistoryFeatures(table=POS_CASH_BALANCE, order_by=("MONTHS_BALANCE", "SK_ID_PREV"))

POS.add_window_since("last_3_months", Text("3 derniers mois", "last 3 months"), 3)
POS.add_window_since("last_6_months", Text("6 derniers mois", "last 6 months"), 6)
POS.add_window_since("last_12_months", Text("12 derniers mois", "last 12 months"), MONTHS_PER_YEAR)
POS.add_window_since(
    "last_24_months", Text("24 derniers mois", "last 24 months"), 2 * MONTHS_PER_YEAR
)
POS.add_newest_window(6, Text("6 derniers mois suivis", "latest 6 months on file"))


@POS.value(
    Text("Mois de crédit à la consommation", "Months of consumer credit"),
    unit=Unit.COUNT, concept=Concept.RUNNING_CREDITS, risk=RiskDirection.FALLS,
)  # fmt: skip
def pos_months(month: Rows) -> Floats:
    return count_each_row(month)


@POS.value(
    Text("Mois en retard (crédits à la consommation)", "Late months (consumer credits)"),
    unit=Unit.FLAG, concept=Concept.PUNCTUALITY, risk=RiskDirection.RISES,
)  # fmt: skip
def pos_late(month: Rows) -> Floats:
    return flag_above(month["SK_DPD"], 0)


@POS.value(
    Text("Mois en retard notable (crédits à la consommation)", "Notably late months (consumer credits)"),
    unit=Unit.FLAG, concept=Concept.PUNCTUALITY, risk=RiskDirection.RISES,
)  # fmt: skip
def pos_notably_late(month: Rows) -> Floats:
    return flag_above(month["SK_DPD_DEF"], 0)


@POS.value(
    Text("Temps depuis un mois en retard (crédits à la consommation)", "Time since a late month (consumer credits)"),
    unit=Unit.MONTHS, concept=Concept.PUNCTUALITY, risk=RiskDirection.FALLS,
)  # fmt: skip
def pos_since_late(month: Rows) -> Floats:
    """Return the months since a late month; unknown for months on time."""
    return np.where(month["SK_DPD"] > 0, -month["MONTHS_BALANCE"], np.nan)


# fmt: off
POS.add_column("pos_days_past_due", Text("Jours de retard notables (crédits à la consommation)", "Notable days past due (consumer credits)"), "SK_DPD_DEF", concept=Concept.PUNCTUALITY, risk=RiskDirection.RISES)
POS.add_column("pos_days_late", Text("Jours de retard (crédits à la consommation)", "Days past due (consumer credits)"), "SK_DPD", concept=Concept.PUNCTUALITY, risk=RiskDirection.RISES)
POS.add_column("pos_left", Text("Mensualités restantes (crédits à la consommation)", "Instalments left (consumer credits)"), "CNT_INSTALMENT_FUTURE", concept=Concept.RUNNING_CREDITS, risk=RiskDirection.RISES)
POS.add_value("pos_term", Text("Durée prévue (crédits à la consommation)", "Planned term (consumer credits)"), WeightedSum.from_columns("CNT_INSTALMENT"), unit=Unit.MONTHS, concept=Concept.RUNNING_CREDITS)
POS.add_column("pos_age", Text("Ancienneté des mois suivis (crédits à la consommation)", "Age of the months on file (consumer credits)"), "MONTHS_BALANCE", concept=Concept.RUNNING_CREDITS, sign=-1)
POS.add_ratio("pos_left_share", Text("Part restante de la durée (crédits à la consommation)", "Share of the term left (consumer credits)"), "CNT_INSTALMENT_FUTURE", "CNT_INSTALMENT", concept=Concept.RUNNING_CREDITS, risk=RiskDirection.RISES)
POS.add_flag("pos_completed", Text("Mois soldés (crédits à la consommation)", "Completed months (consumer credits)"), "NAME_CONTRACT_STATUS", "Completed", concept=Concept.RUNNING_CREDITS, risk=RiskDirection.FALLS)
POS.add_flag("pos_active", Text("Mois en cours (crédits à la consommation)", "Running months (consumer credits)"), "NAME_CONTRACT_STATUS", "Active", concept=Concept.RUNNING_CREDITS)
# fmt: on

POS.add_family(
    "pos_months", "ever last_3_months last_6_months last_12_months last_24_months", "count"
)
POS.add_family("pos_late", "ever last_6_months last_12_months last_24_months newest_6", "mean")
POS.add_family("pos_late", "ever", "sum decayed")
POS.add_family("pos_notably_late", "ever last_12_months last_24_months", "mean sum")
POS.add_family("pos_since_late", "ever", "min")
POS.add_family("pos_days_past_due", "ever last_12_months last_24_months newest_6", "max mean")
POS.add_family("pos_days_late", "ever last_12_months last_24_months newest_6", "max mean")
POS.add_family("pos_days_late", "ever", "decayed")
POS.add_family("pos_left", "newest_6 last_3_months", "mean max sum")
POS.add_family("pos_left", "ever", "last mean min decayed")
POS.add_family("pos_term", "newest_6 ever", "mean max min")
POS.add_family("pos_age", "ever", "max min")
POS.add_family("pos_left_share", "newest_6 ever last_12_months", "mean")
POS.add_family("pos_left_share", "ever", "last trend")
POS.add_family("pos_completed", "ever newest_6 last_12_months", "mean")
POS.add_family("pos_completed", "ever", "sum")
POS.add_family("pos_active", "ever newest_6", "mean")
