"""Estimate the parameters of `previous_application`."""

from __future__ import annotations

import numpy as np
import polars as pl

from credit.schema import NEVER_DAYS
from training.synthetic.calibration.estimators import StoredAggregate
from training.synthetic.calibration.grouped_marginals import (
    compute_group_scores,
    estimate_by_group,
    estimate_categories,
    estimate_columns,
    estimate_columns_by_group,
    estimate_flag_rate,
    estimate_numbers,
    rank_categories,
)
from training.synthetic.calibration.tables.application import order_categories
from training.synthetic.calibration.variance_components import (
    VarianceComponents,
    estimate_variance_components,
)
from training.synthetic.labels.history_risk import OWNER
from training.synthetic.sampling.marginals import MISSING
from training.synthetic.tables.instalment_contracts import HISTORY_WINDOW_DAYS, LONG_TENURE_DAY
from training.synthetic.tables.previous_application import (
    APPROVED,
    CONSUMER,
    FIRST_TURN,
    INSTALMENT_PERIOD_DAYS,
    INSTALMENTS_DUE,
    LATER_TURN,
    PRODUCT_STATUS,
    PRODUCT_TURN,
    REFUSED,
    REVOLVING,
    RUN_STAGE,
)

_c = pl.col
STATUSES = ("Approved", "Unused offer", "Canceled", "Refused")
YIELD_GROUPS = ("XNA", "low_action", "low_normal", "middle", "high")
_detailed = _c("AMT_ANNUITY").is_not_null()
_card = _c("NAME_CONTRACT_TYPE") == REVOLVING
_consumer = _c("NAME_CONTRACT_TYPE") == CONSUMER
_used = _c("DAYS_FIRST_DUE").is_not_null()
_refused = _c("NAME_CONTRACT_STATUS") == REFUSED
_superseded = _c("FLAG_LAST_APPL_PER_CONTRACT") == "N"
_has_amount = _detailed | _consumer
AMOUNT_REQUESTED = pl.when(_has_amount).then("AMT_APPLICATION")
CREDIT_TO_FINANCED = pl.when(_detailed & ~_card & (_c("AMT_APPLICATION") > 0)).then(
    _c("AMT_CREDIT") / (_c("AMT_APPLICATION") - _c("AMT_DOWN_PAYMENT").fill_null(0))
)
COST_RATIO = pl.when(_detailed & ~_card & (_c("AMT_CREDIT") > 0)).then(
    _c("AMT_ANNUITY") * _c("CNT_PAYMENT") / _c("AMT_CREDIT")
)
TERM = pl.when(_detailed & ~_card).then("CNT_PAYMENT")
_instalment_contract = ~_card & (_c("first_due") < 0) & (_c("CNT_PAYMENT") > 0)
_repaid = _c("DAYS_LAST_DUE") < NEVER_DAYS
REPAID = pl.when(_instalment_contract).then(_repaid.cast(pl.Int8))
_run = (_c("DAYS_LAST_DUE") - _c("DAYS_FIRST_DUE")) / INSTALMENT_PERIOD_DAYS + 1
SHARE_RUN = pl.when(_instalment_contract & _repaid).then(
    (_run / pl.min_horizontal(INSTALMENTS_DUE, "CNT_PAYMENT")).clip(0, 1)
)
"""Instalments until repayment as a share of those due so far, which are at most the term."""


_first = _c("turn") == FIRST_TURN


COLUMN_ESTIMATORS = {
    "WEEKDAY_APPR_PROCESS_START": estimate_categories("WEEKDAY_APPR_PROCESS_START"),
    "HOUR_APPR_PROCESS_START": estimate_categories("HOUR_APPR_PROCESS_START"),
    "superseded": estimate_flag_rate(_superseded, among=_refused),
    "superseded_same_day": estimate_flag_rate(
        _c("NFLAG_LAST_APPL_IN_DAY") == 0, among=_superseded
    ),
    "rates known": estimate_flag_rate(_c("RATE_INTEREST_PRIMARY").is_not_null(), among=_consumer),
    "RATE_INTEREST_PRIMARY": estimate_numbers("RATE_INTEREST_PRIMARY", step=1e-6),
    "RATE_INTEREST_PRIVILEGED": estimate_numbers("RATE_INTEREST_PRIVILEGED", step=1e-6),
}
GROUPED_ESTIMATORS = {
    "turn": {
        "NAME_CLIENT_TYPE": estimate_categories(
            pl.when(_c("NAME_CLIENT_TYPE") != "XNA").then("NAME_CLIENT_TYPE")
        ),
    },
    "NAME_CONTRACT_TYPE": {
        "NAME_PAYMENT_TYPE": estimate_categories(pl.when(_detailed).then("NAME_PAYMENT_TYPE")),
        "NAME_TYPE_SUITE": estimate_categories(
            pl.when(_detailed).then(_c("NAME_TYPE_SUITE").fill_null(MISSING))
        ),
        "CODE_REJECT_REASON": estimate_categories(pl.when(_refused).then("CODE_REJECT_REASON")),
        "used": estimate_flag_rate(_used, among=_c("NAME_CONTRACT_STATUS") == APPROVED),
        "days_to_first_due": estimate_numbers(_c("first_due") - _c("DAYS_DECISION"), step=1),
        "NFLAG_INSURED_ON_APPROVAL": estimate_categories("NFLAG_INSURED_ON_APPROVAL"),
    },
    "PRODUCT_COMBINATION": {
        "first_decision": estimate_numbers(
            pl.when(_first).then("DAYS_DECISION"), step=1, bounds=(-HISTORY_WINDOW_DAYS, -1)
        ),
        "time_share": estimate_numbers("time_share", step=0.0001, bounds=(0, 1)),
        "NAME_PRODUCT_TYPE": estimate_categories(pl.when(_detailed).then("NAME_PRODUCT_TYPE")),
        "NAME_YIELD_GROUP": estimate_categories(
            pl.when(_detailed).then("NAME_YIELD_GROUP"), YIELD_GROUPS
        ),
        "CHANNEL_TYPE": estimate_categories("CHANNEL_TYPE"),
        "NAME_GOODS_CATEGORY": estimate_categories("NAME_GOODS_CATEGORY"),
        "NAME_SELLER_INDUSTRY": estimate_categories("NAME_SELLER_INDUSTRY"),
        "NAME_CASH_LOAN_PURPOSE": estimate_categories("NAME_CASH_LOAN_PURPOSE"),
        "AMT_APPLICATION": estimate_numbers(AMOUNT_REQUESTED, step=4.5),
        "RATE_DOWN_PAYMENT known": estimate_flag_rate(
            _c("RATE_DOWN_PAYMENT").is_not_null(), among=_has_amount
        ),
        "RATE_DOWN_PAYMENT": estimate_numbers(
            pl.when(_consumer).then("RATE_DOWN_PAYMENT"), step=1e-6, bounds=(0, 1)
        ),
        "credit_to_financed": estimate_numbers(CREDIT_TO_FINANCED, step=0.0001),
        "card_limit": estimate_numbers(pl.when(_card & _detailed).then("AMT_CREDIT"), step=4500),
        "CNT_PAYMENT": estimate_categories(TERM),
        "cost": estimate_numbers(COST_RATIO, step=0.0001),
    },
    "product_turn": {
        "NAME_CONTRACT_STATUS": estimate_categories("NAME_CONTRACT_STATUS", STATUSES)
    },
    "product_status": {"detailed": estimate_categories(_detailed.cast(pl.Int8))},
    "run_stage": {
        "repaid": estimate_categories(REPAID),
        "share_run": estimate_numbers(SHARE_RUN, step=0.0001, bounds=(0, 1)),
    },
}


def compute_first_decision_scores(rows: pl.DataFrame) -> pl.DataFrame:
    """Return each client's first decision day as a normal score within the product."""
    decision_scores = compute_group_scores(
        rows, pl.when(_first).then("DAYS_DECISION"), "PRODUCT_COMBINATION"
    )
    return rows.select(OWNER, value=pl.Series(decision_scores)).drop_nans("value")


def add_derived_columns(applications: pl.DataFrame) -> pl.DataFrame:
    """Add the intermediate columns that the generator samples too."""
    order = pl.struct("DAYS_DECISION", "SK_ID_PREV").rank("ordinal").over(OWNER)
    since_first = _c("DAYS_DECISION") / _c("DAYS_DECISION").min().over(OWNER)
    dated = applications.with_columns(
        time_share=pl.when(order > 1).then(since_first),
        turn=pl.when(order == 1).then(pl.lit(FIRST_TURN)).otherwise(pl.lit(LATER_TURN)),
        first_due=pl.when(_c("DAYS_FIRST_DUE") < NEVER_DAYS).then(
            _c("DAYS_FIRST_DUE").cast(pl.Float64)
        ),
    )
    return dated.with_columns(
        product_turn=PRODUCT_TURN,
        product_status=PRODUCT_STATUS,
        run_stage=pl.when(_instalment_contract).then(RUN_STAGE),
    )


def estimate_application_marginals(rows: pl.DataFrame) -> StoredAggregate:
    """Estimate the marginals of `previous_application`; `rows` come from `add_derived_columns`."""
    products = _order_products(rows)
    known_product_rows = rows.filter(_c("PRODUCT_COMBINATION").is_in(products))
    product_estimators = {
        "turn": {"PRODUCT_COMBINATION": estimate_categories("PRODUCT_COMBINATION", products)}
    }
    return {
        **estimate_columns(rows, COLUMN_ESTIMATORS),
        **estimate_columns_by_group(known_product_rows, GROUPED_ESTIMATORS),
        **estimate_columns_by_group(known_product_rows, product_estimators),
        **estimate_by_group(
            "SELLERPLACE_AREA", rows, "CHANNEL_TYPE", estimate_numbers("SELLERPLACE_AREA", step=1)
        ),
    }


def estimate_application_components(rows: pl.DataFrame, clients: int) -> VarianceComponents:
    """Estimate how similar the applications of one client are."""
    product = "PRODUCT_COMBINATION"
    scores_by_trait = {
        "time_share": compute_group_scores(rows, "time_share", product),
        product: compute_group_scores(
            rows, rank_categories(product, _order_products(rows)), "turn"
        ),
        "NAME_CONTRACT_STATUS": compute_group_scores(
            rows, rank_categories("NAME_CONTRACT_STATUS", STATUSES), "product_turn"
        ),
        "AMT_APPLICATION": compute_group_scores(rows, AMOUNT_REQUESTED, product),
        "credit_to_financed": compute_group_scores(rows, CREDIT_TO_FINANCED, product),
        "CNT_PAYMENT": compute_group_scores(rows, TERM, product),
        "cost": compute_group_scores(rows, COST_RATIO, product),
        "NAME_YIELD_GROUP": compute_group_scores(
            rows,
            rank_categories(pl.when(_detailed & _consumer).then("NAME_YIELD_GROUP"), YIELD_GROUPS),
            product,
        ),
        "RATE_DOWN_PAYMENT": compute_group_scores(
            rows, pl.when(_consumer).then("RATE_DOWN_PAYMENT"), product
        ),
        "HOUR_APPR_PROCESS_START": compute_group_scores(rows, "HOUR_APPR_PROCESS_START"),
        "SELLERPLACE_AREA": compute_group_scores(
            rows, pl.when(_consumer).then("SELLERPLACE_AREA"), "CHANNEL_TYPE"
        ),
        "NFLAG_INSURED_ON_APPROVAL": compute_group_scores(
            rows, "NFLAG_INSURED_ON_APPROVAL", "NAME_CONTRACT_TYPE"
        ),
        "share_run": compute_group_scores(rows, SHARE_RUN, "run_stage"),
        "repaid": compute_group_scores(rows, REPAID, "run_stage"),
    }
    return estimate_variance_components(scores_by_trait, rows[OWNER].to_numpy(), clients)


MAX_OLD_CONTRACT_MONTHS = 60
"""Contracts listed for more months are kept open by a residual amount and are excluded."""


def estimate_old_contracts(
    rows: pl.DataFrame, balance: pl.DataFrame, clients: int
) -> StoredAggregate:
    """Estimate contracts with only their last months listed: share of clients, and terms."""
    unlisted = balance.filter(~_c("SK_ID_PREV").is_in(rows["SK_ID_PREV"].implode()))
    per_client = pl.DataFrame({OWNER: np.arange(clients)}).join(
        rows.group_by(OWNER).agg(oldest=_c("DAYS_DECISION").min()), on=OWNER, how="left"
    )
    tenure_group = pl.when(_c("oldest") < LONG_TENURE_DAY).then(pl.lit("long known"))
    has_old_contract = _c(OWNER).is_in(unlisted[OWNER].unique().implode()).cast(pl.Int8)
    months = unlisted.group_by("SK_ID_PREV").agg(pl.col(OWNER).first(), months=pl.len())
    first_month = (
        unlisted.sort("MONTHS_BALANCE").group_by("SK_ID_PREV", maintain_order=True).first()
    )
    old_applications = rows.filter(_consumer & (_c("DAYS_DECISION") < LONG_TENURE_DAY))
    return {
        **estimate_by_group(
            "old_contract",
            per_client,
            tenure_group.otherwise(pl.lit("not long known")),
            estimate_categories(has_old_contract),
        ),
        "old_term": estimate_categories("CNT_INSTALMENT")(first_month),
        "old_months": estimate_numbers("months", step=1)(
            months.filter(_c("months") < MAX_OLD_CONTRACT_MONTHS)
        ),
        "old_annuity": estimate_numbers("AMT_ANNUITY", step=0.045)(old_applications),
    }


def _order_products(rows: pl.DataFrame) -> list[str]:
    numeric_scores = [
        compute_group_scores(rows, column)
        for column in ("DAYS_DECISION", "AMT_CREDIT", "HOUR_APPR_PROCESS_START")
    ]
    return (
        order_categories(
            rows["PRODUCT_COMBINATION"], np.nan_to_num(np.column_stack(numeric_scores))
        )
        or []
    )
