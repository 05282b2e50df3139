"""Features of instalments paid on earlier credits with us.

The source has one row for each payment, which repeats the full amount of its instalment. Values
of payments are computed for each row. Values of instalments are counted once for each
instalment, however many payments it took.
"""

from __future__ import annotations

import numpy as np

from credit.dossier import Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import RiskDirection, Unit
from credit.features.declaration.history_features import HistoryFeatures
from credit.features.expressions.nan_arithmetic import (
    DAYS_PER_YEAR,
    clip_at_zero,
    count_each_row,
    divide_or_nan,
    flag,
    flag_above,
)
from credit.features.expressions.row_groups import RowGroups
from credit.features.expressions.vectorised import memoise_per_rows
from credit.features.kernel.aggregation import get_steps_per_unit
from credit.localised_text import Text
from credit.schema import INSTALLMENTS_PAYMENTS

INSTALMENT_KEY = (
    "DAYS_INSTALMENT",
    "SK_ID_PREV",
    "NUM_INSTALMENT_NUMBER",
    "NUM_INSTALMENT_VERSION",
)
"""Columns that identify an instalment; its payments agree in all of them."""


@memoise_per_rows
def group_payments(payment: Rows) -> RowGroups:
    """Group the payments of each instalment."""
    return RowGroups.group_by(payment, INSTALMENT_KEY)


INSTALMENTS = HistoryFeatures(
    table=INSTALLMENTS_PAYMENTS,
    order_by=(*INSTALMENT_KEY, "DAYS_ENTRY_PAYMENT"),
    row_groups=group_payments,
    group_key_length=len(INSTALMENT_KEY),
)

MISSING_AMOUNT_TOLERANCE = 0.01
"""A smaller difference is a rounding error of the source's payments, not a missing amount."""

WEEK_LATE_DAYS, VERY_LATE_DAYS = 7, 30

INSTALMENTS.add_window_since("last_30_days", Text("depuis 30 jours", "within 30 days"), 30)
INSTALMENTS.add_window_since("last_90_days", Text("depuis 90 jours", "within 90 days"), 90)
INSTALMENTS.add_window_since("last_180_days", Text("depuis 180 jours", "within 180 days"), 180)
INSTALMENTS.add_window_since("last_year", Text("depuis un an", "within a year"), DAYS_PER_YEAR)
INSTALMENTS.add_window_since(
    "last_2_years", Text("depuis deux ans", "within two years"), 2 * DAYS_PER_YEAR
)
INSTALMENTS.add_newest_window(3, Text("3 dernières", "latest 3"))
INSTALMENTS.add_newest_window(5, Text("5 dernières", "latest 5"))
INSTALMENTS.add_newest_window(10, Text("10 dernières", "latest 10"))
INSTALMENTS.add_newest_window(25, Text("25 dernières", "latest 25"))


@INSTALMENTS.value(
    Text("Mensualités", "Instalments"), unit=Unit.COUNT, concept=Concept.AMOUNTS_PAID
)
@INSTALMENTS.per_group
def instalments(payment: Rows) -> Floats:
    return count_each_row(payment)


@memoise_per_rows
def _compute_days_late(payment: Rows) -> Floats:
    return payment["DAYS_ENTRY_PAYMENT"] - payment["DAYS_INSTALMENT"]


@memoise_per_rows
def _compute_max_days_late(payment: Rows) -> Floats:
    """Return the days late of the instalment's latest payment; negative if early."""
    return group_payments(payment).broadcast_max(_compute_days_late(payment))


@INSTALMENTS.value(
    Text("Retard de paiement des mensualités", "Days past due of instalments"),
    unit=Unit.DAYS, concept=Concept.PUNCTUALITY, risk=RiskDirection.RISES,
)  # fmt: skip
def days_past_due(payment: Rows) -> Floats:
    return clip_at_zero(_compute_days_late(payment))


@INSTALMENTS.value(
    Text("Avance de paiement des mensualités", "Days before due of instalments"),
    unit=Unit.DAYS, concept=Concept.PUNCTUALITY, risk=RiskDirection.FALLS,
)  # fmt: skip
def days_before_due(payment: Rows) -> Floats:
    return clip_at_zero(-_compute_days_late(payment))


@INSTALMENTS.value(
    Text("Mensualités payées en retard ou jamais", "Instalments paid late or never"),
    unit=Unit.FLAG, concept=Concept.PUNCTUALITY, risk=RiskDirection.RISES,
)  # fmt: skip
@INSTALMENTS.per_group
@memoise_per_rows
def late(payment: Rows) -> Floats:
    """Return 1 if any payment is late. A payment without a date never came, so it is late."""
    due_day, payment_day = payment["DAYS_INSTALMENT"], payment["DAYS_ENTRY_PAYMENT"]
    return group_payments(payment).broadcast_max(
        flag(~(payment_day <= due_day), ~np.isnan(due_day))
    )


@INSTALMENTS.value(
    Text("Mensualités en retard de plus de 7 jours", "Instalments more than 7 days late"),
    unit=Unit.FLAG, concept=Concept.PUNCTUALITY, risk=RiskDirection.RISES,
)  # fmt: skip
@INSTALMENTS.per_group
def week_late(payment: Rows) -> Floats:
    return flag_above(_compute_max_days_late(payment), WEEK_LATE_DAYS)


@INSTALMENTS.value(
    Text("Mensualités en retard de plus de 30 jours", "Instalments more than 30 days late"),
    unit=Unit.FLAG, concept=Concept.PUNCTUALITY, risk=RiskDirection.RISES,
)  # fmt: skip
@INSTALMENTS.per_group
def very_late(payment: Rows) -> Floats:
    return flag_above(_compute_max_days_late(payment), VERY_LATE_DAYS)


@INSTALMENTS.value(
    Text("Temps depuis une mensualité payée en retard", "Time since an instalment paid late"),
    unit=Unit.DAYS, concept=Concept.PUNCTUALITY, risk=RiskDirection.FALLS,
)  # fmt: skip
@INSTALMENTS.per_group
def since_late(payment: Rows) -> Floats:
    """Return the days since the due day; unknown for instalments paid on time."""
    return np.where(late(payment) == 1, -payment["DAYS_INSTALMENT"], np.nan)


@INSTALMENTS.value(
    Text("Montant de la mensualité", "Amount of the instalment"),
    unit=Unit.CURRENCY, concept=Concept.AMOUNTS_PAID,
)  # fmt: skip
@INSTALMENTS.per_group
@memoise_per_rows
def amount_due(payment: Rows) -> Floats:
    return group_payments(payment).broadcast_max(payment["AMT_INSTALMENT"])


@memoise_per_rows
def _compute_amount_paid(payment: Rows) -> Floats:
    """Return the sum of the instalment's payments; unknown if no payment is known."""
    amount_paid, amount_to_pay, payment_groups = (
        payment["AMT_PAYMENT"],
        amount_due(payment),
        group_payments(payment),
    )
    if payment_groups.has_only_single_rows:
        return amount_paid
    total_paid = payment_groups.broadcast_sum(amount_paid, get_steps_per_unit(Unit.CURRENCY))
    total_paid = np.where(
        np.abs(amount_to_pay - total_paid) < MISSING_AMOUNT_TOLERANCE, amount_to_pay, total_paid
    )
    return np.where(payment_groups.is_in_multi_row_group, total_paid, amount_paid)


@INSTALMENTS.value(
    Text("Montant payé en retard", "Amount paid late"),
    unit=Unit.CURRENCY, concept=Concept.PUNCTUALITY, risk=RiskDirection.RISES,
)  # fmt: skip
@INSTALMENTS.per_group
def amount_late(payment: Rows) -> Floats:
    """Return the full amount of a late instalment, even if only part of it came late."""
    return late(payment) * amount_due(payment)


@INSTALMENTS.value(
    Text("Montant manquant de la mensualité", "Amount missing from the instalment"),
    unit=Unit.CURRENCY, concept=Concept.AMOUNTS_PAID, risk=RiskDirection.RISES,
)  # fmt: skip
@INSTALMENTS.per_group
@memoise_per_rows
def amount_missing(payment: Rows) -> Floats:
    return amount_due(payment) - _compute_amount_paid(payment)


@INSTALMENTS.value(
    Text("Mensualités payées en partie", "Instalments paid in part"),
    unit=Unit.FLAG, concept=Concept.AMOUNTS_PAID, risk=RiskDirection.RISES,
)  # fmt: skip
@INSTALMENTS.per_group
def underpaid(payment: Rows) -> Floats:
    return flag_above(amount_missing(payment), 0)


@INSTALMENTS.value(
    Text("Part payée de la mensualité", "Paid share of the instalment"),
    unit=Unit.RATIO, concept=Concept.AMOUNTS_PAID, risk=RiskDirection.FALLS,
)  # fmt: skip
@INSTALMENTS.per_group
def paid_share(payment: Rows) -> Floats:
    return divide_or_nan(_compute_amount_paid(payment), amount_due(payment))


# fmt: off
INSTALMENTS.add_column("amount_paid", Text("Montant payé", "Amount paid"), "AMT_PAYMENT", concept=Concept.AMOUNTS_PAID)
INSTALMENTS.add_column("plan_version", Text("Version du plan de paiement", "Version of the payment plan"), "NUM_INSTALMENT_VERSION", concept=Concept.AMOUNTS_PAID)
# fmt: on

INSTALMENTS.add_family("instalments", "ever last_year last_2_years", "count")
INSTALMENTS.add_family(
    "days_past_due",
    "ever last_30_days last_90_days last_180_days last_year last_2_years",
    "mean max",
)
INSTALMENTS.add_family("days_past_due", "newest_3 newest_5 newest_10 newest_25", "mean max")
INSTALMENTS.add_family("days_past_due", "ever last_year", "decayed trend std sum")
INSTALMENTS.add_family("days_past_due", "ever", "last")
INSTALMENTS.add_family(
    "days_before_due",
    "ever last_90_days last_180_days last_year last_2_years newest_3 newest_5 newest_10 newest_25",
    "mean",
)
INSTALMENTS.add_family("days_before_due", "ever last_year", "max std decayed trend")
INSTALMENTS.add_family(
    "late",
    "ever last_30_days last_90_days last_180_days last_year last_2_years newest_3 newest_5 newest_10 newest_25",
    "mean",
)
INSTALMENTS.add_family("late", "ever last_year last_90_days", "sum")
INSTALMENTS.add_family("late", "ever", "decayed trend last")
INSTALMENTS.add_family("week_late", "ever last_180_days last_year newest_10 newest_25", "mean sum")
INSTALMENTS.add_family("week_late", "ever", "decayed")
INSTALMENTS.add_family("very_late", "ever last_year last_2_years", "sum")
INSTALMENTS.add_family("very_late", "ever", "decayed")
INSTALMENTS.add_family("since_late", "ever", "min mean max")
INSTALMENTS.add_family("amount_late", "ever last_year last_180_days", "sum max")
INSTALMENTS.add_family(
    "paid_share", "ever last_90_days last_180_days last_year newest_5 newest_10", "mean min"
)
INSTALMENTS.add_family("paid_share", "ever", "std decayed")
INSTALMENTS.add_family("amount_missing", "ever last_180_days last_year newest_10", "max mean sum")
INSTALMENTS.add_family("underpaid", "ever last_180_days last_year newest_10", "mean sum")
INSTALMENTS.add_family("underpaid", "ever", "decayed")
INSTALMENTS.add_family(
    "amount_paid", "ever last_90_days last_180_days last_year newest_3 newest_10", "mean max sum"
)
INSTALMENTS.add_family("amount_paid", "ever last_year", "trend min std")
INSTALMENTS.add_family("amount_due", "ever last_year newest_3", "mean max sum")
INSTALMENTS.add_family("plan_version", "ever last_year", "mean max")
