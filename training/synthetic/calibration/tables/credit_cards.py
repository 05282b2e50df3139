"""Estimate the parameters of `credit_card_balance`."""

from __future__ import annotations

import polars as pl

from training.synthetic.calibration.estimators import (
    StoredAggregate,
    estimate_rate,
    round_significant,
)
from training.synthetic.calibration.grouped_marginals import (
    estimate_by_group,
    estimate_categories,
    estimate_numbers,
)
from training.synthetic.calibration.tables.instalment_payments import RESIDUAL_DAYS_PAST_DUE
from training.synthetic.labels.history_risk import OWNER
from training.synthetic.tables.credit_cards import CARD_AGE_GROUP

_c = pl.col
_has_drawing = _c("AMT_DRAWINGS_CURRENT") > 0
_at_machines = _c("AMT_DRAWINGS_ATM_CURRENT") > 0
_in_shops = _c("AMT_DRAWINGS_POS_CURRENT") > 0
_limit = _c("AMT_CREDIT_LIMIT_ACTUAL")
_drawing_channel = (
    pl.when(_has_drawing & _at_machines & _in_shops)
    .then(pl.lit("both"))
    .when(_has_drawing & _at_machines)
    .then(pl.lit("cash machines"))
    .when(_has_drawing & _in_shops)
    .then(pl.lit("shops"))
)
_payment_ratio = pl.when(_c("AMT_INST_MIN_REGULARITY") > 0).then(
    (_c("AMT_PAYMENT_TOTAL_CURRENT") / _c("AMT_INST_MIN_REGULARITY")).clip(0, 30)
)


CARD_ESTIMATORS = {
    "level": estimate_numbers(_c("level").fill_null(0), step=0.001),
    "drawing_months": estimate_numbers(
        pl.when(_c("used")).then("drawing"), step=0.001, bounds=(0, 1)
    ),
    "taken_back": estimate_categories((_c("last_limit") == 0).cast(pl.Int8)),
}
"""Columns with a marginal for each age group of cards."""


def estimate_card_parameters(
    balance: pl.DataFrame, applications: pl.DataFrame, clients: int
) -> StoredAggregate:
    """Estimate the parameters of cards; `balance` has client positions as `owner`."""
    card_summaries = summarise_cards(balance)
    old_cards = card_summaries.filter(
        ~_c("SK_ID_PREV").is_in(applications["SK_ID_PREV"].implode())
    )
    months_with_balance = balance.filter(
        (_c("AMT_BALANCE") > 0) & (_c("SK_DPD") < RESIDUAL_DAYS_PAST_DUE)
    )
    marginals: StoredAggregate = {}
    for column, estimate in CARD_ESTIMATORS.items():
        marginals |= estimate_by_group(column, card_summaries, CARD_AGE_GROUP, estimate)
    marginals |= {
        "old_limit": estimate_numbers("limit", step=4500)(old_cards),
        "payment": estimate_numbers(_payment_ratio, step=0.001)(balance),
        "drawn_at": estimate_categories(_drawing_channel)(balance),
        "cash_drawings": estimate_numbers(
            pl.when(_at_machines).then("CNT_DRAWINGS_ATM_CURRENT"), step=1
        )(balance),
        "shop_drawings": estimate_numbers(
            pl.when(_in_shops).then(_c("CNT_DRAWINGS_POS_CURRENT").clip(1)), step=1
        )(balance),
        "days_late": estimate_numbers(pl.when(_c("SK_DPD") > 0).then("SK_DPD"), step=1)(
            months_with_balance
        ),
    }
    return {
        "old_card": round_significant(old_cards[OWNER].n_unique() / clients, 3),
        "late": estimate_rate(months_with_balance["SK_DPD"] > 0),
        "lingers": estimate_rate(card_summaries["days_past_due"] >= RESIDUAL_DAYS_PAST_DUE),
        "marginals": marginals,
    }


def estimate_payments_per_month(payments: pl.DataFrame, balance: pl.DataFrame) -> float:
    """Return the mean number of payments per card in a month with any."""
    card_payments = payments.filter(
        _c("SK_ID_PREV").is_in(balance["SK_ID_PREV"].unique().implode())
    )
    payment_months = balance.filter(_c("AMT_PAYMENT_TOTAL_CURRENT") > 0)
    return round_significant(card_payments.height / payment_months.height, 3)


def summarise_cards(balance: pl.DataFrame) -> pl.DataFrame:
    """Summarise each card in one row: its use and how often it is drawn on."""
    has_limit = _limit > 0
    return (
        balance.sort("SK_ID_PREV", "MONTHS_BALANCE")
        .group_by("SK_ID_PREV", maintain_order=True)
        .agg(
            _c(OWNER).first(),
            months=pl.len(),
            used=(_c("AMT_BALANCE") > 0).any(),
            limit=_limit.max(),
            last_limit=_limit.last(),
            level=(_c("AMT_BALANCE") / _limit).filter(has_limit).mean(),
            drawing=_has_drawing.filter(has_limit).mean(),
            days_past_due=_c("SK_DPD").max(),
        )
    )
