"""What the oracle looks at in each row, and in which rows: values and windows, in Polars."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl


def col(name: str) -> pl.Expr:
    """A column with the source's words for "unknown" taken out."""
    return pl.col(name)


def says(name: str, *words: str) -> pl.Expr:
    """1 for one of the words, 0 for another, null for none."""
    return col(name).is_in(list(words)).cast(pl.Float64)


def part(of: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole != 0).then(of / whole)


def positive(number: pl.Expr) -> pl.Expr:
    return pl.when(number > 0).then(number).otherwise(pl.when(number.is_not_null()).then(0.0))


def over(name: str, bound: float) -> pl.Expr:
    return (col(name) > bound).cast(pl.Float64)


ONE = pl.lit(1.0)
SEVERITY = col("STATUS").replace_strict(
    {"C": 0, "0": 0, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5},
    default=None,
    return_dtype=pl.Float64,
)
INSTALMENT = ("DAYS_INSTALMENT", "SK_ID_PREV", "NUM_INSTALMENT_NUMBER", "NUM_INSTALMENT_VERSION")
"""What all payments of one instalment share, if they say all of it."""
LATENESS = col("DAYS_ENTRY_PAYMENT") - col("DAYS_INSTALMENT")
IS_LATE = pl.when(col("DAYS_INSTALMENT").is_not_null()).then(
    (LATENESS > 0).fill_null(value=True).cast(pl.Float64).max().over("whole")
)
LATEST = LATENESS.max().over("whole")
AMOUNT = col("AMT_INSTALMENT").max().over("whole")
ADDED_UP = pl.when(col("AMT_PAYMENT").count().over("whole") > 0).then(
    ((col("AMT_PAYMENT") * 1024 + 0.5).floor() / 1024).sum().over("whole")
)
PAID = (
    pl.when(pl.len().over("whole") == 1)
    .then(col("AMT_PAYMENT"))
    .when((ADDED_UP - AMOUNT).abs() < 0.01)
    .then(AMOUNT)
    .otherwise(ADDED_UP)
)
APPROVED = col("NAME_CONTRACT_STATUS") == "Approved"

MONTH_OF_CREDIT: Mapping[str, pl.Expr] = {
    "month_late": (SEVERITY > 0).cast(pl.Float64),
    "month_severity": SEVERITY,
    "month_on_file": ONE,
    "month_closed": says("STATUS", "C"),
    "month_silent": says("STATUS", "X"),
}

VALUES: Mapping[str, Mapping[str, pl.Expr]] = {
    "bureau_balance": MONTH_OF_CREDIT,
    "bureau": {
        "other_credits": ONE,
        "other_running": says("CREDIT_ACTIVE", "Active"),
        "other_age": 0 - col("DAYS_CREDIT"),
        "other_time_left": col("DAYS_CREDIT_ENDDATE"),
        "other_since_end": 0 - col("DAYS_ENDDATE_FACT"),
        "other_since_update": 0 - col("DAYS_CREDIT_UPDATE"),
        "other_credit": col("AMT_CREDIT_SUM"),
        "other_debt": col("AMT_CREDIT_SUM_DEBT"),
        "other_debt_share": part(col("AMT_CREDIT_SUM_DEBT"), col("AMT_CREDIT_SUM")),
        "other_limit": col("AMT_CREDIT_SUM_LIMIT"),
        "other_instalment": col("AMT_ANNUITY"),
        "other_overdue": col("AMT_CREDIT_SUM_OVERDUE"),
        "other_worst_overdue": col("AMT_CREDIT_MAX_OVERDUE"),
        "other_late_now": over("CREDIT_DAY_OVERDUE", 0),
        "other_prolonged": col("CNT_CREDIT_PROLONG"),
        "other_ended_late": positive(col("DAYS_ENDDATE_FACT") - col("DAYS_CREDIT_ENDDATE")),
        "other_lost": says("CREDIT_ACTIVE", "Sold", "Bad debt"),
        "other_microloan": says("CREDIT_TYPE", "Microloan"),
        "other_card": says("CREDIT_TYPE", "Credit card"),
        "other_limit_used": part(
            positive(col("AMT_CREDIT_SUM_DEBT")),
            positive(col("AMT_CREDIT_SUM_DEBT")) + positive(col("AMT_CREDIT_SUM_LIMIT")),
        ),
        "other_overdue_share": part(col("AMT_CREDIT_SUM_OVERDUE"), col("AMT_CREDIT_SUM_DEBT")),
        "other_worst_share": part(col("AMT_CREDIT_MAX_OVERDUE"), col("AMT_CREDIT_SUM")),
        "other_term": col("DAYS_CREDIT_ENDDATE") - col("DAYS_CREDIT"),
        "other_behind_plan": part(col("AMT_CREDIT_SUM_DEBT"), col("AMT_CREDIT_SUM"))
        - part(
            positive(col("DAYS_CREDIT_ENDDATE")), col("DAYS_CREDIT_ENDDATE") - col("DAYS_CREDIT")
        ),
        "other_late_share": col("month_late_mean_ever"),
        "other_late_recently": col("month_late_decayed_ever"),
        "other_late_months": col("month_late_sum_last_year"),
        "other_late_months_ever": col("month_late_sum_ever"),
        "other_late_months_half": col("month_late_sum_last_half"),
        "other_severity": col("month_severity_max_ever"),
        "other_severity_last_year": col("month_severity_max_last_year"),
        "other_severity_recently": col("month_severity_decayed_ever"),
        "other_months": col("month_on_file_count_ever"),
        "other_months_closed": col("month_closed_mean_ever"),
        "other_months_silent": col("month_silent_mean_ever"),
    },
    "previous_application": {
        "earlier": ONE,
        "earlier_refused": says("NAME_CONTRACT_STATUS", "Refused"),
        "earlier_approved": says("NAME_CONTRACT_STATUS", "Approved"),
        "earlier_refused_on_risk": says("CODE_REJECT_REASON", "SCO", "SCOFR", "LIMIT", "HC"),
        "earlier_age": 0 - col("DAYS_DECISION"),
        "earlier_credit": col("AMT_CREDIT"),
        "earlier_instalment": col("AMT_ANNUITY"),
        "earlier_term": col("CNT_PAYMENT"),
        "earlier_asked_to_granted": part(col("AMT_APPLICATION"), col("AMT_CREDIT")),
        "earlier_down_payment": part(col("AMT_DOWN_PAYMENT"), col("AMT_CREDIT")),
        "earlier_interest": part(
            24 * (col("CNT_PAYMENT") * col("AMT_ANNUITY") - col("AMT_CREDIT")),
            col("AMT_CREDIT") * (col("CNT_PAYMENT") + 1),
        ),
        "earlier_planned_end": col("DAYS_LAST_DUE_1ST_VERSION"),
        "earlier_ended_early": col("DAYS_LAST_DUE_1ST_VERSION") - col("DAYS_LAST_DUE"),
        "earlier_high_yield": says("NAME_YIELD_GROUP", "high"),
        "earlier_low_yield": says("NAME_YIELD_GROUP", "low_normal", "low_action"),
        "earlier_withdrawn": says("NAME_CONTRACT_STATUS", "Canceled", "Unused offer"),
        "earlier_refused_on_score": says("CODE_REJECT_REASON", "SCO", "SCOFR"),
        "earlier_new_client": says("NAME_CLIENT_TYPE", "New"),
        "earlier_walk_in": says("NAME_PRODUCT_TYPE", "walk-in"),
        "earlier_cash": says("NAME_CONTRACT_TYPE", "Cash loans"),
        "earlier_revolving": says("NAME_CONTRACT_TYPE", "Revolving loans"),
        "earlier_asked": col("AMT_APPLICATION"),
        "earlier_insured": col("NFLAG_INSURED_ON_APPROVAL"),
        "earlier_seller_area": col("SELLERPLACE_AREA"),
        "earlier_goods_to_credit": part(col("AMT_GOODS_PRICE"), col("AMT_CREDIT")),
        "earlier_instalment_share": part(col("AMT_ANNUITY"), col("AMT_CREDIT")),
        "earlier_wait": col("DAYS_FIRST_DUE") - col("DAYS_DECISION"),
        "earlier_lasted": col("DAYS_TERMINATION") - col("DAYS_DECISION"),
        "earlier_cut": (col("AMT_CREDIT") < col("AMT_APPLICATION")).cast(pl.Float64),
    },
    "installments_payments": {
        "instalments": ONE,
        "days_past_due": positive(LATENESS),
        "days_before_due": positive(0 - LATENESS),
        "late": IS_LATE,
        "week_late": (LATEST > 7).cast(pl.Float64),
        "very_late": (LATEST > 30).cast(pl.Float64),
        "since_late": pl.when(IS_LATE == 1).then(0 - col("DAYS_INSTALMENT")),
        "amount_late": IS_LATE * AMOUNT,
        "underpaid": (AMOUNT > PAID).cast(pl.Float64),
        "amount_due": AMOUNT,
        "plan_version": col("NUM_INSTALMENT_VERSION"),
        "paid_share": part(PAID, AMOUNT),
        "amount_missing": AMOUNT - PAID,
        "amount_paid": col("AMT_PAYMENT"),
    },
    "POS_CASH_balance": {
        "pos_months": ONE,
        "pos_late": over("SK_DPD", 0),
        "pos_days_past_due": col("SK_DPD_DEF"),
        "pos_left": col("CNT_INSTALMENT_FUTURE"),
        "pos_left_share": part(col("CNT_INSTALMENT_FUTURE"), col("CNT_INSTALMENT")),
        "pos_completed": says("NAME_CONTRACT_STATUS", "Completed"),
        "pos_active": says("NAME_CONTRACT_STATUS", "Active"),
        "pos_notably_late": over("SK_DPD_DEF", 0),
        "pos_since_late": pl.when(col("SK_DPD") > 0).then(0 - col("MONTHS_BALANCE")),
        "pos_days_late": col("SK_DPD"),
        "pos_term": col("CNT_INSTALMENT"),
        "pos_age": 0 - col("MONTHS_BALANCE"),
    },
    "credit_card_balance": {
        "card_months": ONE,
        "card_balance": col("AMT_BALANCE"),
        "card_limit": col("AMT_CREDIT_LIMIT_ACTUAL"),
        "card_utilisation": part(col("AMT_BALANCE"), col("AMT_CREDIT_LIMIT_ACTUAL")),
        "card_cash": col("AMT_DRAWINGS_ATM_CURRENT"),
        "card_cash_times": col("CNT_DRAWINGS_ATM_CURRENT"),
        "card_drawn": col("AMT_DRAWINGS_CURRENT"),
        "card_paid_to_due": part(col("AMT_PAYMENT_CURRENT"), col("AMT_INST_MIN_REGULARITY")),
        "card_late": over("SK_DPD", 0),
        "card_in_use": over("AMT_BALANCE", 0),
        "card_since_cash": pl.when(col("AMT_DRAWINGS_ATM_CURRENT") > 0).then(
            0 - col("MONTHS_BALANCE")
        ),
        "card_drawn_times": col("CNT_DRAWINGS_CURRENT"),
        "card_shopping": col("AMT_DRAWINGS_POS_CURRENT"),
        "card_paid": col("AMT_PAYMENT_CURRENT"),
        "card_due": col("AMT_INST_MIN_REGULARITY"),
        "card_instalments_paid": col("CNT_INSTALMENT_MATURE_CUM"),
        "card_drawn_share": part(col("AMT_DRAWINGS_CURRENT"), col("AMT_CREDIT_LIMIT_ACTUAL")),
        "card_cash_share": part(col("AMT_DRAWINGS_ATM_CURRENT"), col("AMT_DRAWINGS_CURRENT")),
        "card_paid_to_balance": part(col("AMT_PAYMENT_CURRENT"), col("AMT_BALANCE")),
        "card_days_past_due": col("SK_DPD_DEF"),
    },
}
"""What is looked at in each row, by table and name."""

WHOLES = {
    "installments_payments": {
        "instalments", "late", "week_late", "very_late", "since_late", "amount_late", "underpaid",
        "amount_due", "paid_share", "amount_missing",
    },
}  # fmt: skip
"""Values that are said of an instalment, and so but once, in its newest row."""

FROM_THE_END = (col("newest").cast(pl.Int64).cum_sum(reverse=True) - 1).over("client")

WINDOWS: Mapping[str, Mapping[str, pl.Expr]] = {
    "bureau_balance": {
        "last_half": col("MONTHS_BALANCE") > -6,
        "last_year": col("MONTHS_BALANCE") > -12,
    },
    "bureau": {
        "active": col("CREDIT_ACTIVE") == "Active",
        "closed": col("CREDIT_ACTIVE") == "Closed",
        "consumer": col("CREDIT_TYPE") == "Consumer credit",
        "card": col("CREDIT_TYPE") == "Credit card",
        "microloan": col("CREDIT_TYPE") == "Microloan",
        "secured": col("CREDIT_TYPE").is_in(["Mortgage", "Car loan"]),
        "half_year": col("DAYS_CREDIT") >= -182,
        "recent": col("DAYS_CREDIT") >= -365,
        "two_years": col("DAYS_CREDIT") >= -730,
        "newest_3": FROM_THE_END < 3,
    },
    "previous_application": {
        "approved": APPROVED,
        "refused": col("NAME_CONTRACT_STATUS") == "Refused",
        "cash": col("NAME_CONTRACT_TYPE") == "Cash loans",
        "purchase": col("NAME_CONTRACT_TYPE") == "Consumer loans",
        "revolving": col("NAME_CONTRACT_TYPE") == "Revolving loans",
        "within_year": col("DAYS_DECISION") >= -365,
        "two_years": col("DAYS_DECISION") >= -730,
        "still_open": APPROVED & col("never_ended"),
        "newest_3": FROM_THE_END < 3,
        "newest_5": FROM_THE_END < 5,
    },
    "installments_payments": {
        **{f"last_{days}_days": col("DAYS_INSTALMENT") >= -days for days in (30, 90, 180)},
        "last_year": col("DAYS_INSTALMENT") >= -365,
        "last_2_years": col("DAYS_INSTALMENT") >= -730,
        **{f"newest_{rows}": rows > FROM_THE_END for rows in (3, 5, 10, 25)},
    },
    "POS_CASH_balance": {
        **{f"last_{months}_months": col("MONTHS_BALANCE") >= -months for months in (3, 6, 12, 24)},
        "newest_6": FROM_THE_END < 6,
    },
    "credit_card_balance": {
        **{f"last_{months}_months": col("MONTHS_BALANCE") >= -months for months in (6, 12, 24)},
        "newest_3": FROM_THE_END < 3,
    },
}
"""Which rows are looked at, by table and name; `ever` looks at all."""
