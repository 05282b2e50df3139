"""How the instalments of earlier credits with us were paid."""

from __future__ import annotations

import numpy as np

from credit.dossier import Floats, Rows
from credit.features.cells import YEAR, above, at_least_zero, mark
from credit.features.concepts import Concept
from credit.features.declare import Risk, Unit
from credit.features.source import Source, everything
from credit.features.together import once
from credit.schema import INSTALLMENTS_PAYMENTS
from credit.text import Text

INSTALMENTS = Source(
    table=INSTALLMENTS_PAYMENTS, order=("DAYS_INSTALMENT", "SK_ID_PREV", "NUM_INSTALMENT_NUMBER")
)

FEW_DAYS_LATE, MANY_DAYS_LATE = 7, 30

INSTALMENTS.since("last_30_days", Text("depuis 30 jours", "within 30 days"), 30)
INSTALMENTS.since("last_90_days", Text("depuis 90 jours", "within 90 days"), 90)
INSTALMENTS.since("last_180_days", Text("depuis 180 jours", "within 180 days"), 180)
INSTALMENTS.since("last_year", Text("depuis un an", "within a year"), YEAR)
INSTALMENTS.since("last_2_years", Text("depuis deux ans", "within two years"), 2 * YEAR)
INSTALMENTS.newest(3, Text("3 dernières", "latest 3"))
INSTALMENTS.newest(5, Text("5 dernières", "latest 5"))
INSTALMENTS.newest(10, Text("10 dernières", "latest 10"))
INSTALMENTS.newest(25, Text("25 dernières", "latest 25"))


@INSTALMENTS.value(
    Text("Mensualités", "Instalments"), unit=Unit.COUNT, concept=Concept.AMOUNTS_PAID
)
def instalments(due: Rows) -> Floats:
    return everything(due)


@once
def _lateness(due: Rows) -> Floats:
    return due["DAYS_ENTRY_PAYMENT"] - due["DAYS_INSTALMENT"]


@INSTALMENTS.value(
    Text("Retard de paiement des mensualités", "Days past due of instalments"),
    unit=Unit.DAYS, concept=Concept.PUNCTUALITY, risk=Risk.RISES,
)  # fmt: skip
def days_past_due(due: Rows) -> Floats:
    return at_least_zero(_lateness(due))


@INSTALMENTS.value(
    Text("Avance de paiement des mensualités", "Days before due of instalments"),
    unit=Unit.DAYS, concept=Concept.PUNCTUALITY, risk=Risk.FALLS,
)  # fmt: skip
def days_before_due(due: Rows) -> Floats:
    return at_least_zero(-_lateness(due))


@INSTALMENTS.value(
    Text("Mensualités payées en retard ou jamais", "Instalments paid late or never"),
    unit=Unit.FLAG, concept=Concept.PUNCTUALITY, risk=Risk.RISES,
)  # fmt: skip
@once
def late(due: Rows) -> Floats:
    """Never paid is late: the day is due and the payment is not there."""
    day, paid = due["DAYS_INSTALMENT"], due["DAYS_ENTRY_PAYMENT"]
    return mark(~(paid <= day), ~np.isnan(day))


@INSTALMENTS.value(
    Text("Mensualités en retard de plus de 7 jours", "Instalments more than 7 days late"),
    unit=Unit.FLAG, concept=Concept.PUNCTUALITY, risk=Risk.RISES,
)  # fmt: skip
def week_late(due: Rows) -> Floats:
    return above(_lateness(due), FEW_DAYS_LATE)


@INSTALMENTS.value(
    Text("Mensualités en retard de plus de 30 jours", "Instalments more than 30 days late"),
    unit=Unit.FLAG, concept=Concept.PUNCTUALITY, risk=Risk.RISES,
)  # fmt: skip
def very_late(due: Rows) -> Floats:
    return above(_lateness(due), MANY_DAYS_LATE)


@INSTALMENTS.value(
    Text("Temps depuis une mensualité payée en retard", "Time since an instalment paid late"),
    unit=Unit.DAYS, concept=Concept.PUNCTUALITY, risk=Risk.FALLS,
)  # fmt: skip
def since_late(due: Rows) -> Floats:
    """Unknown of instalments that were paid on time."""
    return np.where(late(due) == 1, -due["DAYS_INSTALMENT"], np.nan)


@INSTALMENTS.value(
    Text("Montant payé en retard", "Amount paid late"),
    unit=Unit.CURRENCY, concept=Concept.PUNCTUALITY, risk=Risk.RISES,
)  # fmt: skip
def amount_late(due: Rows) -> Floats:
    return late(due) * due["AMT_INSTALMENT"]


@INSTALMENTS.value(
    Text("Montant manquant de la mensualité", "Amount missing from the instalment"),
    unit=Unit.CURRENCY, concept=Concept.AMOUNTS_PAID, risk=Risk.RISES,
)  # fmt: skip
@once
def amount_missing(due: Rows) -> Floats:
    return due["AMT_INSTALMENT"] - due["AMT_PAYMENT"]


@INSTALMENTS.value(
    Text("Mensualités payées en partie", "Instalments paid in part"),
    unit=Unit.FLAG, concept=Concept.AMOUNTS_PAID, risk=Risk.RISES,
)  # fmt: skip
def underpaid(due: Rows) -> Floats:
    return above(amount_missing(due), 0)


# fmt: off
INSTALMENTS.ratio("paid_share", Text("Part payée de la mensualité", "Paid share of the instalment"), "AMT_PAYMENT", "AMT_INSTALMENT", concept=Concept.AMOUNTS_PAID, risk=Risk.FALLS)
INSTALMENTS.column("amount_paid", Text("Montant payé", "Amount paid"), "AMT_PAYMENT", concept=Concept.AMOUNTS_PAID)
INSTALMENTS.column("amount_due", Text("Montant de la mensualité", "Amount of the instalment"), "AMT_INSTALMENT", concept=Concept.AMOUNTS_PAID)
INSTALMENTS.column("plan_version", Text("Version du plan de paiement", "Version of the payment plan"), "NUM_INSTALMENT_VERSION", concept=Concept.AMOUNTS_PAID)
# fmt: on

INSTALMENTS.family("instalments", "ever last_year last_2_years", "count")
INSTALMENTS.family(
    "days_past_due",
    "ever last_30_days last_90_days last_180_days last_year last_2_years",
    "mean max",
)
INSTALMENTS.family("days_past_due", "newest_3 newest_5 newest_10 newest_25", "mean max")
INSTALMENTS.family("days_past_due", "ever last_year", "decayed trend std sum")
INSTALMENTS.family("days_past_due", "ever", "last")
INSTALMENTS.family(
    "days_before_due",
    "ever last_90_days last_180_days last_year last_2_years newest_3 newest_5 newest_10 newest_25",
    "mean",
)
INSTALMENTS.family("days_before_due", "ever last_year", "max std decayed trend")
INSTALMENTS.family(
    "late",
    "ever last_30_days last_90_days last_180_days last_year last_2_years newest_3 newest_5 newest_10 newest_25",
    "mean",
)
INSTALMENTS.family("late", "ever last_year last_90_days", "sum")
INSTALMENTS.family("late", "ever", "decayed trend last")
INSTALMENTS.family("week_late", "ever last_180_days last_year newest_10 newest_25", "mean sum")
INSTALMENTS.family("week_late", "ever", "decayed")
INSTALMENTS.family("very_late", "ever last_year last_2_years", "sum")
INSTALMENTS.family("very_late", "ever", "decayed")
INSTALMENTS.family("since_late", "ever", "min mean max")
INSTALMENTS.family("amount_late", "ever last_year last_180_days", "sum max")
INSTALMENTS.family(
    "paid_share", "ever last_90_days last_180_days last_year newest_5 newest_10", "mean min"
)
INSTALMENTS.family("paid_share", "ever", "std decayed")
INSTALMENTS.family("amount_missing", "ever last_180_days last_year newest_10", "max mean sum")
INSTALMENTS.family("underpaid", "ever last_180_days last_year newest_10", "mean sum")
INSTALMENTS.family("underpaid", "ever", "decayed")
INSTALMENTS.family(
    "amount_paid", "ever last_90_days last_180_days last_year newest_3 newest_10", "mean max sum"
)
INSTALMENTS.family("amount_paid", "ever last_year", "trend min std")
INSTALMENTS.family("amount_due", "ever last_year newest_3", "mean max sum")
INSTALMENTS.family("plan_version", "ever last_year", "mean max")
