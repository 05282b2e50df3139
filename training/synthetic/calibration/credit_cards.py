"""`credit_card_balance` -> what is kept of it."""

from __future__ import annotations

import polars as pl

from training.synthetic.calibration.estimators import Stored, rate, sensible
from training.synthetic.calibration.grouped_marginals import by_group, numbers, words
from training.synthetic.labels.history_risk import OWNER
from training.synthetic.tables.credit_cards import AGE

_c = pl.col
_drawn = _c("AMT_DRAWINGS_CURRENT") > 0
_at_machines = _c("AMT_DRAWINGS_ATM_CURRENT") > 0
_in_shops = _c("AMT_DRAWINGS_POS_CURRENT") > 0
_limit = _c("AMT_CREDIT_LIMIT_ACTUAL")
_where = (
    pl.when(_drawn & _at_machines & _in_shops)
    .then(pl.lit("both"))
    .when(_drawn & _at_machines)
    .then(pl.lit("cash machines"))
    .when(_drawn & _in_shops)
    .then(pl.lit("shops"))
)
_paid_to_least = pl.when(_c("AMT_INST_MIN_REGULARITY") > 0).then(
    (_c("AMT_PAYMENT_TOTAL_CURRENT") / _c("AMT_INST_MIN_REGULARITY")).clip(0, 30)
)
TRIFLING = 120
"""Days past due from which a card is taken to be late by a trifle."""


def cards(balance: pl.DataFrame, applications: pl.DataFrame, clients: int) -> Stored:
    """What is kept of the months of cards; `balance` has each row's client as `owner`."""
    held = by_card(balance)
    old = held.filter(~_c("SK_ID_PREV").is_in(applications["SK_ID_PREV"].implode()))
    owing = balance.filter((_c("AMT_BALANCE") > 0) & (_c("SK_DPD") < TRIFLING))
    of_age = {
        "level": numbers(_c("level").fill_null(0), step=0.001),
        "drawing_months": numbers(pl.when(_c("used")).then("drawing"), step=0.001, within=(0, 1)),
        "taken_back": words((_c("last_limit") == 0).cast(pl.Int8)),
    }
    marginals: Stored = {}
    for column, measure in of_age.items():
        marginals |= by_group(column, held, AGE, measure)
    marginals |= {
        "old_limit": numbers("limit", step=4500)(old),
        "payment": numbers(_paid_to_least, step=0.001)(balance),
        "drawn_at": words(_where)(balance),
        "cash_drawings": numbers(pl.when(_at_machines).then("CNT_DRAWINGS_ATM_CURRENT"), step=1)(
            balance
        ),
        "shop_drawings": numbers(
            pl.when(_in_shops).then(_c("CNT_DRAWINGS_POS_CURRENT").clip(1)), step=1
        )(balance),
        "days_late": numbers(pl.when(_c("SK_DPD") > 0).then("SK_DPD"), step=1)(owing),
    }
    return {
        "old_card": sensible(old[OWNER].n_unique() / clients, 3),
        "late": rate(owing["SK_DPD"] > 0),
        "lingers": rate(held["days_past_due"] >= TRIFLING),
        "marginals": marginals,
    }


def payments_a_month(paid: pl.DataFrame, balance: pl.DataFrame) -> float:
    """How many payments a card has in a month with any."""
    of_cards = paid.filter(_c("SK_ID_PREV").is_in(balance["SK_ID_PREV"].unique().implode()))
    months = balance.filter(_c("AMT_PAYMENT_TOTAL_CURRENT") > 0)
    return sensible(of_cards.height / months.height, 3)


def by_card(balance: pl.DataFrame) -> pl.DataFrame:
    """One row a card: how far and how often it was used."""
    with_limit = _limit > 0
    return (
        balance.sort("SK_ID_PREV", "MONTHS_BALANCE")
        .group_by("SK_ID_PREV", maintain_order=True)
        .agg(
            _c(OWNER).first(),
            months=pl.len(),
            used=(_c("AMT_BALANCE") > 0).any(),
            limit=_limit.max(),
            last_limit=_limit.last(),
            level=(_c("AMT_BALANCE") / _limit).filter(with_limit).mean(),
            drawing=_drawn.filter(with_limit).mean(),
            days_past_due=_c("SK_DPD").max(),
        )
    )
