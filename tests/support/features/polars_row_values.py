"""Values and windows of the history features as Polars expressions, for `polars_features`."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl


def is_category(name: str, *categories: str) -> pl.Expr:
    """Return 1 for one of the categories, 0 for another, null for unknown."""
    return pl.col(name).is_in(list(categories)).cast(pl.Float64)


def divide(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    return pl.when(denominator != 0).then(numerator / denominator)


def clip_at_zero(value: pl.Expr) -> pl.Expr:
    return pl.when(value > 0).then(value).otherwise(pl.when(value.is_not_null()).then(0.0))


def is_above(name: str, threshold: float) -> pl.Expr:
    return (pl.col(name) > threshold).cast(pl.Float64)


EACH_ROW = pl.lit(1.0)
STATUS_SEVERITY = pl.col("STATUS").replace_strict(
    {"C": 0, "0": 0, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5},
    default=None,
    return_dtype=pl.Float64,
)
INSTALMENT_COLUMNS = (
    "DAYS_INSTALMENT",
    "SK_ID_PREV",
    "NUM_INSTALMENT_NUMBER",
    "NUM_INSTALMENT_VERSION",
)
"""Columns that identify an instalment, where all of them are known."""
DAYS_LATE = pl.col("DAYS_ENTRY_PAYMENT") - pl.col("DAYS_INSTALMENT")
IS_LATE = pl.when(pl.col("DAYS_INSTALMENT").is_not_null()).then(
    (DAYS_LATE > 0).fill_null(value=True).cast(pl.Float64).max().over("group")
)
MAX_DAYS_LATE = DAYS_LATE.max().over("group")
AMOUNT_DUE = pl.col("AMT_INSTALMENT").max().over("group")
TOTAL_PAID = pl.when(pl.col("AMT_PAYMENT").count().over("group") > 0).then(
    ((pl.col("AMT_PAYMENT") * 1024 + 0.5).floor() / 1024).sum().over("group")
)
AMOUNT_PAID = (
    pl.when(pl.len().over("group") == 1)
    .then(pl.col("AMT_PAYMENT"))
    .when((TOTAL_PAID - AMOUNT_DUE).abs() < 0.01)
    .then(AMOUNT_DUE)
    .otherwise(TOTAL_PAID)
)
IS_APPROVED = pl.col("NAME_CONTRACT_STATUS") == "Approved"

MONTH_VALUES: Mapping[str, pl.Expr] = {
    "month_late": (STATUS_SEVERITY > 0).cast(pl.Float64),
    "month_severity": STATUS_SEVERITY,
    "month_on_file": EACH_ROW,
    "month_closed": is_category("STATUS", "C"),
    "month_silent": is_category("STATUS", "X"),
}

VALUES: Mapping[str, Mapping[str, pl.Expr]] = {
    "bureau_balance": MONTH_VALUES,
    "bureau": {
        "other_credits": EACH_ROW,
        "other_running": is_category("CREDIT_ACTIVE", "Active"),
        "other_age": 0 - pl.col("DAYS_CREDIT"),
        "other_time_left": pl.col("DAYS_CREDIT_ENDDATE"),
        "other_since_end": 0 - pl.col("DAYS_ENDDATE_FACT"),
        "other_since_update": 0 - pl.col("DAYS_CREDIT_UPDATE"),
        "other_credit": pl.col("AMT_CREDIT_SUM"),
        "other_debt": pl.col("AMT_CREDIT_SUM_DEBT"),
        "other_debt_share": divide(pl.col("AMT_CREDIT_SUM_DEBT"), pl.col("AMT_CREDIT_SUM")),
        "other_limit": pl.col("AMT_CREDIT_SUM_LIMIT"),
        "other_instalment": pl.col("AMT_ANNUITY"),
        "other_overdue": pl.col("AMT_CREDIT_SUM_OVERDUE"),
        "other_worst_overdue": pl.col("AMT_CREDIT_MAX_OVERDUE"),
        "other_late_now": is_above("CREDIT_DAY_OVERDUE", 0),
        "other_prolonged": pl.col("CNT_CREDIT_PROLONG"),
        "other_ended_late": clip_at_zero(
            pl.col("DAYS_ENDDATE_FACT") - pl.col("DAYS_CREDIT_ENDDATE")
        ),
        "other_lost": is_category("CREDIT_ACTIVE", "Sold", "Bad debt"),
        "other_microloan": is_category("CREDIT_TYPE", "Microloan"),
        "other_card": is_category("CREDIT_TYPE", "Credit card"),
        "other_limit_used": divide(
            clip_at_zero(pl.col("AMT_CREDIT_SUM_DEBT")),
            clip_at_zero(pl.col("AMT_CREDIT_SUM_DEBT"))
            + clip_at_zero(pl.col("AMT_CREDIT_SUM_LIMIT")),
        ),
        "other_overdue_share": divide(
            pl.col("AMT_CREDIT_SUM_OVERDUE"), pl.col("AMT_CREDIT_SUM_DEBT")
        ),
        "other_worst_share": divide(pl.col("AMT_CREDIT_MAX_OVERDUE"), pl.col("AMT_CREDIT_SUM")),
        "other_term": pl.col("DAYS_CREDIT_ENDDATE") - pl.col("DAYS_CREDIT"),
        "other_behind_plan": divide(pl.col("AMT_CREDIT_SUM_DEBT"), pl.col("AMT_CREDIT_SUM"))
        - divide(
            clip_at_zero(pl.col("DAYS_CREDIT_ENDDATE")),
            pl.col("DAYS_CREDIT_ENDDATE") - pl.col("DAYS_CREDIT"),
        ),
        "other_late_share": pl.col("month_late_mean_ever"),
        "other_late_recently": pl.col("month_late_decayed_ever"),
        "other_late_months": pl.col("month_late_sum_last_year"),
        "other_late_months_ever": pl.col("month_late_sum_ever"),
        "other_late_months_half": pl.col("month_late_sum_last_half"),
        "other_severity": pl.col("month_severity_max_ever"),
        "other_severity_last_year": pl.col("month_severity_max_last_year"),
        "other_severity_recently": pl.col("month_severity_decayed_ever"),
        "other_months": pl.col("month_on_file_count_ever"),
        "other_months_closed": pl.col("month_closed_mean_ever"),
        "other_months_silent": pl.col("month_silent_mean_ever"),
    },
    "previous_application": {
        "earlier": EACH_ROW,
        "earlier_refused": is_category("NAME_CONTRACT_STATUS", "Refused"),
        "earlier_approved": is_category("NAME_CONTRACT_STATUS", "Approved"),
        "earlier_refused_on_risk": is_category(
            "CODE_REJECT_REASON", "SCO", "SCOFR", "LIMIT", "HC"
        ),
        "earlier_age": 0 - pl.col("DAYS_DECISION"),
        "earlier_credit": pl.col("AMT_CREDIT"),
        "earlier_instalment": pl.col("AMT_ANNUITY"),
        "earlier_term": pl.col("CNT_PAYMENT"),
        "earlier_asked_to_granted": divide(pl.col("AMT_APPLICATION"), pl.col("AMT_CREDIT")),
        "earlier_down_payment": divide(pl.col("AMT_DOWN_PAYMENT"), pl.col("AMT_CREDIT")),
        "earlier_interest": divide(
            24 * (pl.col("CNT_PAYMENT") * pl.col("AMT_ANNUITY") - pl.col("AMT_CREDIT")),
            pl.col("AMT_CREDIT") * (pl.col("CNT_PAYMENT") + 1),
        ),
        "earlier_planned_end": pl.col("DAYS_LAST_DUE_1ST_VERSION"),
        "earlier_ended_early": pl.col("DAYS_LAST_DUE_1ST_VERSION") - pl.col("DAYS_LAST_DUE"),
        "earlier_high_yield": is_category("NAME_YIELD_GROUP", "high"),
        "earlier_low_yield": is_category("NAME_YIELD_GROUP", "low_normal", "low_action"),
        "earlier_withdrawn": is_category("NAME_CONTRACT_STATUS", "Canceled", "Unused offer"),
        "earlier_refused_on_score": is_category("CODE_REJECT_REASON", "SCO", "SCOFR"),
        "earlier_new_client": is_category("NAME_CLIENT_TYPE", "New"),
        "earlier_walk_in": is_category("NAME_PRODUCT_TYPE", "walk-in"),
        "earlier_cash": is_category("NAME_CONTRACT_TYPE", "Cash loans"),
        "earlier_revolving": is_category("NAME_CONTRACT_TYPE", "Revolving loans"),
        "earlier_asked": pl.col("AMT_APPLICATION"),
        "earlier_insured": pl.col("NFLAG_INSURED_ON_APPROVAL"),
        "earlier_seller_area": pl.col("SELLERPLACE_AREA"),
        "earlier_goods_to_credit": divide(pl.col("AMT_GOODS_PRICE"), pl.col("AMT_CREDIT")),
        "earlier_instalment_share": divide(pl.col("AMT_ANNUITY"), pl.col("AMT_CREDIT")),
        "earlier_wait": pl.col("DAYS_FIRST_DUE") - pl.col("DAYS_DECISION"),
        "earlier_lasted": pl.col("DAYS_TERMINATION") - pl.col("DAYS_DECISION"),
        "earlier_cut": (pl.col("AMT_CREDIT") < pl.col("AMT_APPLICATION")).cast(pl.Float64),
    },
    "installments_payments": {
        "instalments": EACH_ROW,
        "days_past_due": clip_at_zero(DAYS_LATE),
        "days_before_due": clip_at_zero(0 - DAYS_LATE),
        "late": IS_LATE,
        "week_late": (MAX_DAYS_LATE > 7).cast(pl.Float64),
        "very_late": (MAX_DAYS_LATE > 30).cast(pl.Float64),
        "since_late": pl.when(IS_LATE == 1).then(0 - pl.col("DAYS_INSTALMENT")),
        "amount_late": IS_LATE * AMOUNT_DUE,
        "underpaid": (AMOUNT_DUE > AMOUNT_PAID).cast(pl.Float64),
        "amount_due": AMOUNT_DUE,
        "plan_version": pl.col("NUM_INSTALMENT_VERSION"),
        "paid_share": divide(AMOUNT_PAID, AMOUNT_DUE),
        "amount_missing": AMOUNT_DUE - AMOUNT_PAID,
        "amount_paid": pl.col("AMT_PAYMENT"),
    },
    "POS_CASH_balance": {
        "pos_months": EACH_ROW,
        "pos_late": is_above("SK_DPD", 0),
        "pos_days_past_due": pl.col("SK_DPD_DEF"),
        "pos_left": pl.col("CNT_INSTALMENT_FUTURE"),
        "pos_left_share": divide(pl.col("CNT_INSTALMENT_FUTURE"), pl.col("CNT_INSTALMENT")),
        "pos_completed": is_category("NAME_CONTRACT_STATUS", "Completed"),
        "pos_active": is_category("NAME_CONTRACT_STATUS", "Active"),
        "pos_notably_late": is_above("SK_DPD_DEF", 0),
        "pos_since_late": pl.when(pl.col("SK_DPD") > 0).then(0 - pl.col("MONTHS_BALANCE")),
        "pos_days_late": pl.col("SK_DPD"),
        "pos_term": pl.col("CNT_INSTALMENT"),
        "pos_age": 0 - pl.col("MONTHS_BALANCE"),
    },
    "credit_card_balance": {
        "card_months": EACH_ROW,
        "card_balance": pl.col("AMT_BALANCE"),
        "card_limit": pl.col("AMT_CREDIT_LIMIT_ACTUAL"),
        "card_utilisation": divide(pl.col("AMT_BALANCE"), pl.col("AMT_CREDIT_LIMIT_ACTUAL")),
        "card_cash": pl.col("AMT_DRAWINGS_ATM_CURRENT"),
        "card_cash_times": pl.col("CNT_DRAWINGS_ATM_CURRENT"),
        "card_drawn": pl.col("AMT_DRAWINGS_CURRENT"),
        "card_paid_to_due": divide(
            pl.col("AMT_PAYMENT_CURRENT"), pl.col("AMT_INST_MIN_REGULARITY")
        ),
        "card_late": is_above("SK_DPD", 0),
        "card_in_use": is_above("AMT_BALANCE", 0),
        "card_since_cash": pl.when(pl.col("AMT_DRAWINGS_ATM_CURRENT") > 0).then(
            0 - pl.col("MONTHS_BALANCE")
        ),
        "card_drawn_times": pl.col("CNT_DRAWINGS_CURRENT"),
        "card_shopping": pl.col("AMT_DRAWINGS_POS_CURRENT"),
        "card_paid": pl.col("AMT_PAYMENT_CURRENT"),
        "card_due": pl.col("AMT_INST_MIN_REGULARITY"),
        "card_instalments_paid": pl.col("CNT_INSTALMENT_MATURE_CUM"),
        "card_drawn_share": divide(
            pl.col("AMT_DRAWINGS_CURRENT"), pl.col("AMT_CREDIT_LIMIT_ACTUAL")
        ),
        "card_cash_share": divide(
            pl.col("AMT_DRAWINGS_ATM_CURRENT"), pl.col("AMT_DRAWINGS_CURRENT")
        ),
        "card_paid_to_balance": divide(pl.col("AMT_PAYMENT_CURRENT"), pl.col("AMT_BALANCE")),
        "card_days_past_due": pl.col("SK_DPD_DEF"),
    },
}
"""Expression of each value, by table and name."""

GROUPED_VALUES = {
    "installments_payments": {
        "instalments", "late", "week_late", "very_late", "since_late", "amount_late", "underpaid",
        "amount_due", "paid_share", "amount_missing",
    },
}  # fmt: skip
"""Values of instalments, which count once, in the newest row of the instalment."""

NEWER_GROUPS = (pl.col("newest").cast(pl.Int64).cum_sum(reverse=True) - 1).over("client")

WINDOWS: Mapping[str, Mapping[str, pl.Expr]] = {
    "bureau_balance": {
        "last_half": pl.col("MONTHS_BALANCE") > -6,
        "last_year": pl.col("MONTHS_BALANCE") > -12,
    },
    "bureau": {
        "active": pl.col("CREDIT_ACTIVE") == "Active",
        "closed": pl.col("CREDIT_ACTIVE") == "Closed",
        "consumer": pl.col("CREDIT_TYPE") == "Consumer credit",
        "card": pl.col("CREDIT_TYPE") == "Credit card",
        "microloan": pl.col("CREDIT_TYPE") == "Microloan",
        "secured": pl.col("CREDIT_TYPE").is_in(["Mortgage", "Car loan"]),
        "half_year": pl.col("DAYS_CREDIT") >= -182,
        "recent": pl.col("DAYS_CREDIT") >= -365,
        "two_years": pl.col("DAYS_CREDIT") >= -730,
        "newest_3": NEWER_GROUPS < 3,
    },
    "previous_application": {
        "approved": IS_APPROVED,
        "refused": pl.col("NAME_CONTRACT_STATUS") == "Refused",
        "cash": pl.col("NAME_CONTRACT_TYPE") == "Cash loans",
        "purchase": pl.col("NAME_CONTRACT_TYPE") == "Consumer loans",
        "revolving": pl.col("NAME_CONTRACT_TYPE") == "Revolving loans",
        "within_year": pl.col("DAYS_DECISION") >= -365,
        "two_years": pl.col("DAYS_DECISION") >= -730,
        "still_open": IS_APPROVED & pl.col("never_ended"),
        "newest_3": NEWER_GROUPS < 3,
        "newest_5": NEWER_GROUPS < 5,
    },
    "installments_payments": {
        **{f"last_{days}_days": pl.col("DAYS_INSTALMENT") >= -days for days in (30, 90, 180)},
        "last_year": pl.col("DAYS_INSTALMENT") >= -365,
        "last_2_years": pl.col("DAYS_INSTALMENT") >= -730,
        **{f"newest_{rows}": rows > NEWER_GROUPS for rows in (3, 5, 10, 25)},
    },
    "POS_CASH_balance": {
        **{
            f"last_{months}_months": pl.col("MONTHS_BALANCE") >= -months
            for months in (3, 6, 12, 24)
        },
        "newest_6": NEWER_GROUPS < 6,
    },
    "credit_card_balance": {
        **{f"last_{months}_months": pl.col("MONTHS_BALANCE") >= -months for months in (6, 12, 24)},
        "newest_3": NEWER_GROUPS < 3,
    },
}
"""Predicate of each window, by table and name; the window `ever` has none."""
