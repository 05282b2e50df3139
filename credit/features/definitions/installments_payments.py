"""How the instalments of earlier credits with us were paid.

The source has a row for every payment, each with the whole amount of its instalment. What is said
of days and amounts of payments is said row by row; an instalment counts once, however it was paid.
"""

from __future__ import annotations

import numpy as np

from credit.dossier import Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Risk, Unit
from credit.features.declaration.history_features import Source
from credit.features.expressions.nan_arithmetic import (
    YEAR,
    above,
    at_least_zero,
    everything,
    mark,
    ratio,
)
from credit.features.expressions.row_groups import Parts
from credit.features.expressions.vectorised import once
from credit.features.kernel.aggregation import step_of
from credit.localised_text import Text
from credit.schema import INSTALLMENTS_PAYMENTS

INSTALMENT = ("DAYS_INSTALMENT", "SK_ID_PREV", "NUM_INSTALMENT_NUMBER", "NUM_INSTALMENT_VERSION")
"""What all payments of one instalment share."""


@once
def payments(due: Rows) -> Parts:
    """Which rows are payments of one instalment."""
    return Parts.sharing(due, INSTALMENT)


INSTALMENTS = Source(
    table=INSTALLMENTS_PAYMENTS,
    order=(*INSTALMENT, "DAYS_ENTRY_PAYMENT"),
    parts=payments,
    shared=len(INSTALMENT),
)

CENT = 0.01
"""Less is not missing: it is what adding up payments leaves."""

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
@INSTALMENTS.whole
def instalments(due: Rows) -> Floats:
    return everything(due)


@once
def _lateness(due: Rows) -> Floats:
    return due["DAYS_ENTRY_PAYMENT"] - due["DAYS_INSTALMENT"]


@once
def _latest(due: Rows) -> Floats:
    """How late the latest payment of the instalment was."""
    return payments(due).greatest(_lateness(due))


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
@INSTALMENTS.whole
@once
def late(due: Rows) -> Floats:
    """Never paid is late: the day is due and the payment is not there. So is paid late in part."""
    day, paid = due["DAYS_INSTALMENT"], due["DAYS_ENTRY_PAYMENT"]
    return payments(due).greatest(mark(~(paid <= day), ~np.isnan(day)))


@INSTALMENTS.value(
    Text("Mensualités en retard de plus de 7 jours", "Instalments more than 7 days late"),
    unit=Unit.FLAG, concept=Concept.PUNCTUALITY, risk=Risk.RISES,
)  # fmt: skip
@INSTALMENTS.whole
def week_late(due: Rows) -> Floats:
    return above(_latest(due), FEW_DAYS_LATE)


@INSTALMENTS.value(
    Text("Mensualités en retard de plus de 30 jours", "Instalments more than 30 days late"),
    unit=Unit.FLAG, concept=Concept.PUNCTUALITY, risk=Risk.RISES,
)  # fmt: skip
@INSTALMENTS.whole
def very_late(due: Rows) -> Floats:
    return above(_latest(due), MANY_DAYS_LATE)


@INSTALMENTS.value(
    Text("Temps depuis une mensualité payée en retard", "Time since an instalment paid late"),
    unit=Unit.DAYS, concept=Concept.PUNCTUALITY, risk=Risk.FALLS,
)  # fmt: skip
@INSTALMENTS.whole
def since_late(due: Rows) -> Floats:
    """Unknown of instalments that were paid on time."""
    return np.where(late(due) == 1, -due["DAYS_INSTALMENT"], np.nan)


@INSTALMENTS.value(
    Text("Montant de la mensualité", "Amount of the instalment"),
    unit=Unit.CURRENCY, concept=Concept.AMOUNTS_PAID,
)  # fmt: skip
@INSTALMENTS.whole
@once
def amount_due(due: Rows) -> Floats:
    return payments(due).greatest(due["AMT_INSTALMENT"])


@once
def _paid(due: Rows) -> Floats:
    """What all payments of the instalment come to; unknown where none of them is known."""
    one, amount, parts = due["AMT_PAYMENT"], amount_due(due), payments(due)
    if parts.none:
        return one
    together = parts.total(one, step_of(Unit.CURRENCY))
    together = np.where(np.abs(amount - together) < CENT, amount, together)
    return np.where(parts.several, together, one)


@INSTALMENTS.value(
    Text("Montant payé en retard", "Amount paid late"),
    unit=Unit.CURRENCY, concept=Concept.PUNCTUALITY, risk=Risk.RISES,
)  # fmt: skip
@INSTALMENTS.whole
def amount_late(due: Rows) -> Floats:
    """The whole instalment, though only a part of it may have come late."""
    return late(due) * amount_due(due)


@INSTALMENTS.value(
    Text("Montant manquant de la mensualité", "Amount missing from the instalment"),
    unit=Unit.CURRENCY, concept=Concept.AMOUNTS_PAID, risk=Risk.RISES,
)  # fmt: skip
@INSTALMENTS.whole
@once
def amount_missing(due: Rows) -> Floats:
    return amount_due(due) - _paid(due)


@INSTALMENTS.value(
    Text("Mensualités payées en partie", "Instalments paid in part"),
    unit=Unit.FLAG, concept=Concept.AMOUNTS_PAID, risk=Risk.RISES,
)  # fmt: skip
@INSTALMENTS.whole
def underpaid(due: Rows) -> Floats:
    return above(amount_missing(due), 0)


@INSTALMENTS.value(
    Text("Part payée de la mensualité", "Paid share of the instalment"),
    unit=Unit.RATIO, concept=Concept.AMOUNTS_PAID, risk=Risk.FALLS,
)  # fmt: skip
@INSTALMENTS.whole
def paid_share(due: Rows) -> Floats:
    return ratio(_paid(due), amount_due(due))


# fmt: off
INSTALMENTS.column("amount_paid", Text("Montant payé", "Amount paid"), "AMT_PAYMENT", concept=Concept.AMOUNTS_PAID)
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
