"""`previous_application` -> what is kept of it."""

from __future__ import annotations

import numpy as np
import polars as pl

from credit.schema import NEVER
from training.synthetic.calibration.application import lean_order
from training.synthetic.calibration.estimators import NONE, Stored
from training.synthetic.calibration.grouped_marginals import (
    by_group,
    flag,
    kept_by_group,
    kept_of,
    numbers,
    places,
    scores,
    words,
)
from training.synthetic.calibration.variance_components import Levels, levels
from training.synthetic.labels.history_risk import OWNER
from training.synthetic.tables.instalment_contracts import LONG_KNOWN, WINDOW
from training.synthetic.tables.previous_application import (
    APPROVED,
    CONSUMER,
    DUE_SO_FAR,
    FIRST_TURN,
    LATER_TURN,
    PERIOD,
    PRODUCT_STATUS,
    PRODUCT_TURN,
    REFUSED,
    REVOLVING,
    RUN_STAGE,
)

_c = pl.col
STATUSES = ("Approved", "Unused offer", "Canceled", "Refused")
YIELDS = ("XNA", "low_action", "low_normal", "middle", "high")
_detailed = _c("AMT_ANNUITY").is_not_null()
_card = _c("NAME_CONTRACT_TYPE") == REVOLVING
_consumer = _c("NAME_CONTRACT_TYPE") == CONSUMER
_used = _c("DAYS_FIRST_DUE").is_not_null()
_refused = _c("NAME_CONTRACT_STATUS") == REFUSED
_superseded = _c("FLAG_LAST_APPL_PER_CONTRACT") == "N"
_named = _detailed | _consumer
ASKED = pl.when(_named).then("AMT_APPLICATION")
FINANCED = pl.when(_detailed & ~_card & (_c("AMT_APPLICATION") > 0)).then(
    _c("AMT_CREDIT") / (_c("AMT_APPLICATION") - _c("AMT_DOWN_PAYMENT").fill_null(0))
)
COST = pl.when(_detailed & ~_card & (_c("AMT_CREDIT") > 0)).then(
    _c("AMT_ANNUITY") * _c("CNT_PAYMENT") / _c("AMT_CREDIT")
)
TERM = pl.when(_detailed & ~_card).then("CNT_PAYMENT")
_instalment_contract = ~_card & (_c("first_due") < 0) & (_c("CNT_PAYMENT") > 0)
_repaid = _c("DAYS_LAST_DUE") < NEVER
REPAID = pl.when(_instalment_contract).then(_repaid.cast(pl.Int8))
_run = (_c("DAYS_LAST_DUE") - _c("DAYS_FIRST_DUE")) / PERIOD + 1
SHARE_RUN = pl.when(_instalment_contract & _repaid).then(
    (_run / pl.min_horizontal(DUE_SO_FAR, "CNT_PAYMENT")).clip(0, 1)
)
"""How much of what was due by now, of the term at most, a contract ran before it was repaid."""


_first = _c("turn") == FIRST_TURN


OF_ALL = {
    "WEEKDAY_APPR_PROCESS_START": words("WEEKDAY_APPR_PROCESS_START"),
    "HOUR_APPR_PROCESS_START": words("HOUR_APPR_PROCESS_START"),
    "superseded": flag(_superseded, among=_refused),
    "superseded_same_day": flag(_c("NFLAG_LAST_APPL_IN_DAY") == 0, among=_superseded),
    "rates known": flag(_c("RATE_INTEREST_PRIMARY").is_not_null(), among=_consumer),
    "RATE_INTEREST_PRIMARY": numbers("RATE_INTEREST_PRIMARY", step=1e-6),
    "RATE_INTEREST_PRIVILEGED": numbers("RATE_INTEREST_PRIVILEGED", step=1e-6),
}
BY_GROUP = {
    "turn": {
        "NAME_CLIENT_TYPE": words(
            pl.when(_c("NAME_CLIENT_TYPE") != "XNA").then("NAME_CLIENT_TYPE")
        ),
    },
    "NAME_CONTRACT_TYPE": {
        "NAME_PAYMENT_TYPE": words(pl.when(_detailed).then("NAME_PAYMENT_TYPE")),
        "NAME_TYPE_SUITE": words(pl.when(_detailed).then(_c("NAME_TYPE_SUITE").fill_null(NONE))),
        "CODE_REJECT_REASON": words(pl.when(_refused).then("CODE_REJECT_REASON")),
        "used": flag(_used, among=_c("NAME_CONTRACT_STATUS") == APPROVED),
        "days_to_first_due": numbers(_c("first_due") - _c("DAYS_DECISION"), step=1),
        "NFLAG_INSURED_ON_APPROVAL": words("NFLAG_INSURED_ON_APPROVAL"),
    },
    "PRODUCT_COMBINATION": {
        "first_decision": numbers(
            pl.when(_first).then("DAYS_DECISION"), step=1, within=(-WINDOW, -1)
        ),
        "time_share": numbers("time_share", step=0.0001, within=(0, 1)),
        "NAME_PRODUCT_TYPE": words(pl.when(_detailed).then("NAME_PRODUCT_TYPE")),
        "NAME_YIELD_GROUP": words(pl.when(_detailed).then("NAME_YIELD_GROUP"), YIELDS),
        "CHANNEL_TYPE": words("CHANNEL_TYPE"),
        "NAME_GOODS_CATEGORY": words("NAME_GOODS_CATEGORY"),
        "NAME_SELLER_INDUSTRY": words("NAME_SELLER_INDUSTRY"),
        "NAME_CASH_LOAN_PURPOSE": words("NAME_CASH_LOAN_PURPOSE"),
        "AMT_APPLICATION": numbers(ASKED, step=4.5),
        "RATE_DOWN_PAYMENT known": flag(_c("RATE_DOWN_PAYMENT").is_not_null(), among=_named),
        "RATE_DOWN_PAYMENT": numbers(
            pl.when(_consumer).then("RATE_DOWN_PAYMENT"), step=1e-6, within=(0, 1)
        ),
        "credit_to_financed": numbers(FINANCED, step=0.0001),
        "card_limit": numbers(pl.when(_card & _detailed).then("AMT_CREDIT"), step=4500),
        "CNT_PAYMENT": words(TERM),
        "cost": numbers(COST, step=0.0001),
    },
    "product_turn": {"NAME_CONTRACT_STATUS": words("NAME_CONTRACT_STATUS", STATUSES)},
    "product_status": {"detailed": words(_detailed.cast(pl.Int8))},
    "run_stage": {
        "repaid": words(REPAID),
        "share_run": numbers(SHARE_RUN, step=0.0001, within=(0, 1)),
    },
}


def first_decisions(rows: pl.DataFrame) -> pl.DataFrame:
    """By client, how the first decision stands among the first ones on that product."""
    value = scores(rows, pl.when(_first).then("DAYS_DECISION"), "PRODUCT_COMBINATION")
    return rows.select(OWNER, value=pl.Series(value)).drop_nans("value")


def with_steps(applications: pl.DataFrame) -> pl.DataFrame:
    """The applications with the steps on the way that the generator takes too."""
    order = pl.struct("DAYS_DECISION", "SK_ID_PREV").rank("ordinal").over(OWNER)
    since_first = _c("DAYS_DECISION") / _c("DAYS_DECISION").min().over(OWNER)
    dated = applications.with_columns(
        time_share=pl.when(order > 1).then(since_first),
        turn=pl.when(order == 1).then(pl.lit(FIRST_TURN)).otherwise(pl.lit(LATER_TURN)),
        first_due=pl.when(_c("DAYS_FIRST_DUE") < NEVER).then(
            _c("DAYS_FIRST_DUE").cast(pl.Float64)
        ),
    )
    return dated.with_columns(
        product_turn=PRODUCT_TURN,
        product_status=PRODUCT_STATUS,
        run_stage=pl.when(_instalment_contract).then(RUN_STAGE),
    )


def application_marginals(rows: pl.DataFrame) -> Stored:
    """What is kept of the columns of `previous_application`; `rows` come from `with_steps`."""
    products = _products(rows)
    some = rows.filter(_c("PRODUCT_COMBINATION").is_in(products))
    of_turn = {"turn": {"PRODUCT_COMBINATION": words("PRODUCT_COMBINATION", products)}}
    return {
        **kept_of(rows, OF_ALL),
        **kept_by_group(some, BY_GROUP),
        **kept_by_group(some, of_turn),
        **by_group("SELLERPLACE_AREA", rows, "CHANNEL_TYPE", numbers("SELLERPLACE_AREA", step=1)),
    }


def application_levels(rows: pl.DataFrame, clients: int) -> Levels:
    """How the applications of one client are alike."""
    product = "PRODUCT_COMBINATION"
    parts = {
        "time_share": scores(rows, "time_share", product),
        product: scores(rows, places(product, _products(rows)), "turn"),
        "NAME_CONTRACT_STATUS": scores(
            rows, places("NAME_CONTRACT_STATUS", STATUSES), "product_turn"
        ),
        "AMT_APPLICATION": scores(rows, ASKED, product),
        "credit_to_financed": scores(rows, FINANCED, product),
        "CNT_PAYMENT": scores(rows, TERM, product),
        "cost": scores(rows, COST, product),
        "NAME_YIELD_GROUP": scores(
            rows, places(pl.when(_detailed & _consumer).then("NAME_YIELD_GROUP"), YIELDS), product
        ),
        "RATE_DOWN_PAYMENT": scores(rows, pl.when(_consumer).then("RATE_DOWN_PAYMENT"), product),
        "HOUR_APPR_PROCESS_START": scores(rows, "HOUR_APPR_PROCESS_START"),
        "SELLERPLACE_AREA": scores(
            rows, pl.when(_consumer).then("SELLERPLACE_AREA"), "CHANNEL_TYPE"
        ),
        "NFLAG_INSURED_ON_APPROVAL": scores(
            rows, "NFLAG_INSURED_ON_APPROVAL", "NAME_CONTRACT_TYPE"
        ),
        "share_run": scores(rows, SHARE_RUN, "run_stage"),
        "repaid": scores(rows, REPAID, "run_stage"),
    }
    return levels(parts, rows[OWNER].to_numpy(), clients)


LONGEST_RUN = 60
"""Months; contracts known for longer are kept open by a trifle, which is another matter."""


def old_contracts(rows: pl.DataFrame, balance: pl.DataFrame, clients: int) -> Stored:
    """Contracts known by their last months only: how many clients have one, and of what term."""
    unlisted = balance.filter(~_c("SK_ID_PREV").is_in(rows["SK_ID_PREV"].implode()))
    per_client = pl.DataFrame({OWNER: np.arange(clients)}).join(
        rows.group_by(OWNER).agg(oldest=_c("DAYS_DECISION").min()), on=OWNER, how="left"
    )
    known = pl.when(_c("oldest") < LONG_KNOWN).then(pl.lit("long known"))
    has_one = _c(OWNER).is_in(unlisted[OWNER].unique().implode()).cast(pl.Int8)
    months = unlisted.group_by("SK_ID_PREV").agg(pl.col(OWNER).first(), months=pl.len())
    first_month = (
        unlisted.sort("MONTHS_BALANCE").group_by("SK_ID_PREV", maintain_order=True).first()
    )
    long_ago = rows.filter(_consumer & (_c("DAYS_DECISION") < LONG_KNOWN))
    return {
        **by_group(
            "old_contract", per_client, known.otherwise(pl.lit("not long known")), words(has_one)
        ),
        "old_term": words("CNT_INSTALMENT")(first_month),
        "old_months": numbers("months", step=1)(months.filter(_c("months") < LONGEST_RUN)),
        "old_annuity": numbers("AMT_ANNUITY", step=0.045)(long_ago),
    }


def _products(rows: pl.DataFrame) -> list[str]:
    beside = [scores(rows, c) for c in ("DAYS_DECISION", "AMT_CREDIT", "HOUR_APPR_PROCESS_START")]
    return lean_order(rows["PRODUCT_COMBINATION"], np.nan_to_num(np.column_stack(beside))) or []
