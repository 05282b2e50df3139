"""Features of the monthly use of our credit cards."""

from __future__ import annotations

import numpy as np

from credit.dossier import Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import RiskDirection, Unit
from credit.features.declaration.history_features import HistoryFeatures
from credit.features.expressions.nan_arithmetic import MONTHS_PER_YEAR, count_each_row, flag_above
from credit.localised_text import Text
from credit.schema import CREDIT_CARD_BALANCE

CARD = HistoryFeatures(table=CREDIT_CARD_BALANCE, order_by=("MONTHS_BALANCE", "SK_ID_PREV"))

CARD.add_window_since("last_6_months", Text("6 derniers mois", "last 6 months"), 6)
CARD.add_window_since(
    "last_12_months", Text("12 derniers mois", "last 12 months"), MONTHS_PER_YEAR
)
CARD.add_window_since(
    "last_24_months", Text("24 derniers mois", "last 24 months"), 2 * MONTHS_PER_YEAR
)
CARD.add_newest_window(3, Text("3 derniers mois suivis", "latest 3 months on file"))


@CARD.value(
    Text("Mois de carte de crédit", "Months of credit card"),
    unit=Unit.COUNT, concept=Concept.CARD_BALANCE,
)  # fmt: skip
def card_months(month: Rows) -> Floats:
    return count_each_row(month)


# fmt: off
CARD.add_column("card_balance", Text("Solde dû de la carte", "Balance owed on the card"), "AMT_BALANCE", concept=Concept.CARD_BALANCE, risk=RiskDirection.RISES)
CARD.add_column("card_limit", Text("Plafond de la carte", "Card limit"), "AMT_CREDIT_LIMIT_ACTUAL", concept=Concept.CARD_BALANCE)
CARD.add_column("card_cash", Text("Retraits d’espèces par carte", "Cash drawn by card"), "AMT_DRAWINGS_ATM_CURRENT", concept=Concept.CARD_DRAWINGS, risk=RiskDirection.RISES)
CARD.add_column("card_cash_times", Text("Nombre de retraits d’espèces par carte", "Number of cash drawings by card"), "CNT_DRAWINGS_ATM_CURRENT", concept=Concept.CARD_DRAWINGS, risk=RiskDirection.RISES)
CARD.add_column("card_drawn", Text("Dépenses par carte", "Drawn by card"), "AMT_DRAWINGS_CURRENT", concept=Concept.CARD_DRAWINGS, risk=RiskDirection.RISES)
CARD.add_column("card_drawn_times", Text("Nombre d’opérations par carte", "Number of drawings by card"), "CNT_DRAWINGS_CURRENT", concept=Concept.CARD_DRAWINGS, risk=RiskDirection.RISES)
CARD.add_column("card_shopping", Text("Achats par carte", "Bought by card"), "AMT_DRAWINGS_POS_CURRENT", concept=Concept.CARD_DRAWINGS)
CARD.add_column("card_paid", Text("Paiements de la carte", "Payments of the card"), "AMT_PAYMENT_CURRENT", concept=Concept.AMOUNTS_PAID)
CARD.add_column("card_due", Text("Minimum exigé de la carte", "Least instalment of the card"), "AMT_INST_MIN_REGULARITY", concept=Concept.CARD_BALANCE)
CARD.add_column("card_instalments_paid", Text("Échéances de carte payées", "Card instalments paid"), "CNT_INSTALMENT_MATURE_CUM", concept=Concept.AMOUNTS_PAID)
CARD.add_column("card_days_past_due", Text("Jours de retard notables (carte)", "Notable days past due (card)"), "SK_DPD_DEF", concept=Concept.PUNCTUALITY, risk=RiskDirection.RISES)
CARD.add_ratio("card_utilisation", Text("Part utilisée du plafond de la carte", "Share of the card limit used"), "AMT_BALANCE", "AMT_CREDIT_LIMIT_ACTUAL", concept=Concept.CARD_BALANCE, risk=RiskDirection.RISES)
CARD.add_ratio("card_drawn_share", Text("Part du plafond de la carte dépensée", "Share of the card limit drawn"), "AMT_DRAWINGS_CURRENT", "AMT_CREDIT_LIMIT_ACTUAL", concept=Concept.CARD_DRAWINGS, risk=RiskDirection.RISES)
CARD.add_ratio("card_cash_share", Text("Part en espèces des dépenses par carte", "Share of cash in what the card draws"), "AMT_DRAWINGS_ATM_CURRENT", "AMT_DRAWINGS_CURRENT", concept=Concept.CARD_DRAWINGS, risk=RiskDirection.RISES)
CARD.add_ratio("card_paid_to_due", Text("Paiement sur minimum exigé de la carte", "Payment over the least instalment of the card"), "AMT_PAYMENT_CURRENT", "AMT_INST_MIN_REGULARITY", concept=Concept.AMOUNTS_PAID, risk=RiskDirection.FALLS)
CARD.add_ratio("card_paid_to_balance", Text("Paiement sur solde de la carte", "Payment over the balance of the card"), "AMT_PAYMENT_CURRENT", "AMT_BALANCE", concept=Concept.AMOUNTS_PAID, risk=RiskDirection.FALLS)
# fmt: on


@CARD.value(
    Text("Mois en retard (carte)", "Late months (card)"),
    unit=Unit.FLAG, concept=Concept.PUNCTUALITY, risk=RiskDirection.RISES,
)  # fmt: skip
def card_late(month: Rows) -> Floats:
    return flag_above(month["SK_DPD"], 0)


@CARD.value(
    Text("Mois avec un solde dû (carte)", "Months with a balance owed (card)"),
    unit=Unit.FLAG, concept=Concept.CARD_BALANCE, risk=RiskDirection.RISES,
)  # fmt: skip
def card_in_use(month: Rows) -> Floats:
    return flag_above(month["AMT_BALANCE"], 0)


@CARD.value(
    Text("Temps depuis un retrait d’espèces par carte", "Time since cash was drawn by card"),
    unit=Unit.MONTHS, concept=Concept.CARD_DRAWINGS, risk=RiskDirection.FALLS,
)  # fmt: skip
def card_since_cash(month: Rows) -> Floats:
    """Return the months since cash was drawn; unknown for months without cash drawings."""
    return np.where(month["AMT_DRAWINGS_ATM_CURRENT"] > 0, -month["MONTHS_BALANCE"], np.nan)


CARD.add_family("card_months", "ever last_12_months", "count")
CARD.add_family("card_balance", "ever last_6_months last_12_months newest_3", "mean max")
CARD.add_family("card_balance", "ever", "last trend decayed")
CARD.add_family("card_limit", "ever", "last max min mean")
CARD.add_family(
    "card_utilisation",
    "ever last_6_months last_12_months last_24_months newest_3",
    "mean",
)
CARD.add_family("card_utilisation", "ever last_12_months", "max std")
CARD.add_family("card_utilisation", "ever last_12_months", "trend")
CARD.add_family("card_utilisation", "ever", "last decayed min")
CARD.add_family("card_cash", "ever last_6_months last_12_months newest_3", "mean max sum")
CARD.add_family("card_cash_times", "ever last_6_months last_12_months newest_3", "mean max")
CARD.add_family("card_cash_times", "ever", "decayed")
CARD.add_family("card_drawn", "ever last_6_months last_12_months newest_3", "mean max")
CARD.add_family("card_drawn", "ever", "sum trend decayed")
CARD.add_family("card_drawn_times", "ever last_12_months newest_3", "mean max")
CARD.add_family("card_shopping", "ever last_12_months", "mean max")
CARD.add_family("card_drawn_share", "ever last_12_months newest_3", "mean max")
CARD.add_family("card_cash_share", "ever last_12_months", "mean max")
CARD.add_family("card_paid", "ever last_12_months newest_3", "mean max sum")
CARD.add_family("card_due", "ever newest_3", "mean max")
CARD.add_family("card_paid_to_due", "ever last_12_months newest_3", "mean min")
CARD.add_family("card_paid_to_balance", "ever last_12_months", "mean min")
CARD.add_family("card_instalments_paid", "ever", "max last")
CARD.add_family("card_late", "ever last_12_months last_24_months", "mean")
CARD.add_family("card_late", "ever", "sum decayed")
CARD.add_family("card_in_use", "ever last_12_months", "mean")
CARD.add_family("card_since_cash", "ever", "min")
CARD.add_family("card_days_past_due", "ever last_12_months", "max mean")
