"""Estimate the parameters of `bureau` and `bureau_balance`."""

from __future__ import annotations

import numpy as np
import polars as pl

from training.synthetic.calibration.estimators import (
    MIN_CLIENTS_PER_AGGREGATE,
    StoredAggregate,
    estimate_rate,
    round_significant,
)
from training.synthetic.calibration.grouped_marginals import (
    compute_group_scores,
    estimate_categories,
    estimate_columns,
    estimate_columns_by_group,
    estimate_flag_rate,
    estimate_known_rate,
    estimate_numbers,
    rank_categories,
)
from training.synthetic.calibration.tables.application import order_categories
from training.synthetic.calibration.variance_components import (
    VarianceComponents,
    estimate_variance_components,
)
from training.synthetic.labels.history_risk import OWNER
from training.synthetic.tables.bureau import (
    CREDIT_CARD,
    CREDIT_STAGE,
    DAYS_A_MONTH,
    MONTH_STATES,
    PAST_END,
)
from training.synthetic.tables.instalment_contracts import HISTORY_WINDOW_DAYS

_c = pl.col
LATENESS_CORRELATION = 0.35
"""Correlation between the monthly transitions and the client's trait for being overdue."""

STATUSES = ("Closed", "Sold", "Active")
_running = _c("CREDIT_ACTIVE") == "Active"
_overdue = _c("CREDIT_DAY_OVERDUE") > 0
_limit = _c("AMT_CREDIT_SUM_LIMIT")
_life = _c("DAYS_ENDDATE_FACT") - _c("DAYS_CREDIT")
LIFETIME_SHARE = (
    pl.when(_running.not_() & (_c("stage") == PAST_END))
    .then(_life / _c("planned_term"))
    .when(_running.not_() & (_c("DAYS_CREDIT") < 0))
    .then(_life / -_c("DAYS_CREDIT"))
)
DEBT_SHARE = pl.when(_running & (_c("AMT_CREDIT_SUM") > 0)).then(
    (_c("AMT_CREDIT_SUM_DEBT") / _c("AMT_CREDIT_SUM")).clip(-0.1, 1.5)
)


COLUMN_ESTIMATORS = {
    "DAYS_CREDIT": estimate_numbers(
        "DAYS_CREDIT", step=1, finest_grid="tailed", bounds=(-HISTORY_WINDOW_DAYS, 0)
    ),
    "CREDIT_CURRENCY": estimate_categories("CREDIT_CURRENCY"),
    "CNT_CREDIT_PROLONG": estimate_categories("CNT_CREDIT_PROLONG"),
    "overdue now": estimate_flag_rate(_overdue, among=_running),
    "CREDIT_DAY_OVERDUE": estimate_numbers(pl.when(_overdue).then("CREDIT_DAY_OVERDUE"), step=1),
    "amount_overdue": estimate_numbers(
        pl.when(_overdue).then("AMT_CREDIT_SUM_OVERDUE"), step=0.01
    ),
    "limit known": estimate_known_rate("AMT_CREDIT_SUM_LIMIT"),
    "limit left": estimate_flag_rate(
        _limit > 0, among=(_c("CREDIT_TYPE") == CREDIT_CARD) & _running & _limit.is_not_null()
    ),
    "AMT_CREDIT_MAX_OVERDUE known": estimate_known_rate("AMT_CREDIT_MAX_OVERDUE"),
    "AMT_CREDIT_MAX_OVERDUE": estimate_numbers(
        "AMT_CREDIT_MAX_OVERDUE", step=0.01, finest_grid="tailed"
    ),
    "heard": estimate_numbers(
        pl.when(_running).then("DAYS_CREDIT_UPDATE"), step=1, finest_grid="tailed"
    ),
    "heard after end": estimate_numbers(
        (_c("DAYS_CREDIT_UPDATE") - _c("DAYS_ENDDATE_FACT")).clip(0), step=1
    ),
}
GROUPED_ESTIMATORS = {
    "CREDIT_TYPE": {
        "end known": estimate_known_rate("planned_term"),
        "planned_term": estimate_numbers("planned_term", step=1),
        "AMT_CREDIT_SUM": estimate_numbers("AMT_CREDIT_SUM", step=0.01),
    },
    "stage": {
        "CREDIT_ACTIVE": estimate_categories("CREDIT_ACTIVE", STATUSES),
        "lived": estimate_numbers(LIFETIME_SHARE, step=0.0001),
        "debt_share": estimate_numbers(DEBT_SHARE, step=0.0001),
    },
    "state": {
        "debt known": estimate_known_rate("AMT_CREDIT_SUM_DEBT"),
        "AMT_ANNUITY": estimate_numbers("AMT_ANNUITY", step=0.01, finest_grid="tailed"),
    },
}


def add_derived_columns(bureau: pl.DataFrame) -> pl.DataFrame:
    """Add the intermediate columns that the generator samples too."""
    with_term = bureau.with_columns(planned_term=_c("DAYS_CREDIT_ENDDATE") - _c("DAYS_CREDIT"))
    state = pl.when(_running).then(pl.lit("running")).otherwise(pl.lit("ended"))
    return with_term.with_columns(stage=CREDIT_STAGE, state=state)


def estimate_credit_marginals(rows: pl.DataFrame) -> StoredAggregate:
    """Estimate the marginals of `bureau`; `rows` come from `add_derived_columns`."""
    credit_types = _order_credit_types(rows)
    reported = rows.filter(_c("AMT_ANNUITY").is_not_null().any().over(OWNER))
    return {
        "CREDIT_TYPE": estimate_categories("CREDIT_TYPE", credit_types)(rows),
        **estimate_columns(rows, COLUMN_ESTIMATORS),
        **estimate_columns_by_group(
            rows.filter(_c("CREDIT_TYPE").is_in(credit_types)), GROUPED_ESTIMATORS
        ),
        "AMT_ANNUITY known": estimate_known_rate("AMT_ANNUITY")(reported),
    }


def estimate_credit_components(rows: pl.DataFrame, clients: int) -> VarianceComponents:
    """Estimate how similar the credits of one client are."""
    scores_by_trait = {
        "DAYS_CREDIT": compute_group_scores(rows, "DAYS_CREDIT"),
        "CREDIT_TYPE": compute_group_scores(
            rows, rank_categories("CREDIT_TYPE", _order_credit_types(rows))
        ),
        "planned_term": compute_group_scores(rows, "planned_term", "CREDIT_TYPE"),
        "AMT_CREDIT_SUM": compute_group_scores(rows, "AMT_CREDIT_SUM", "CREDIT_TYPE"),
        "CREDIT_ACTIVE": compute_group_scores(
            rows, rank_categories("CREDIT_ACTIVE", STATUSES), "stage"
        ),
        "lived": compute_group_scores(rows, LIFETIME_SHARE, "stage"),
        "debt_share": compute_group_scores(rows, DEBT_SHARE, "stage"),
        "AMT_CREDIT_MAX_OVERDUE": compute_group_scores(rows, "AMT_CREDIT_MAX_OVERDUE"),
        "AMT_ANNUITY": compute_group_scores(rows, "AMT_ANNUITY", "state"),
        "heard": compute_group_scores(rows, pl.when(_running).then("DAYS_CREDIT_UPDATE")),
    }
    return estimate_variance_components(scores_by_trait, rows[OWNER].to_numpy(), clients)


def _order_credit_types(rows: pl.DataFrame) -> list[str]:
    numeric_scores = [
        compute_group_scores(rows, column)
        for column in ("DAYS_CREDIT", "planned_term", "AMT_CREDIT_SUM")
    ]
    return (
        order_categories(rows["CREDIT_TYPE"], np.nan_to_num(np.column_stack(numeric_scores))) or []
    )


def estimate_month_states(balance: pl.DataFrame, bureau: pl.DataFrame) -> StoredAggregate:
    """Estimate the transitions between months, and the client's part in lateness."""
    months = balance.join(
        bureau.select("SK_ID_BUREAU", "DAYS_CREDIT", "DAYS_ENDDATE_FACT"), on="SK_ID_BUREAU"
    ).sort("SK_ID_BUREAU", "MONTHS_BALANCE")
    first_months = months.group_by("SK_ID_BUREAU", maintain_order=True).first()
    end_month = (_c("DAYS_ENDDATE_FACT") / DAYS_A_MONTH).floor()
    after_end = months.filter(_c("MONTHS_BALANCE") > end_month + 1)
    return {
        "starts_unknown": estimate_rate(first_months["STATUS"] == "X"),
        "transitions": _estimate_transitions(months),
        "lean": LATENESS_CORRELATION,
        "end_unreported": estimate_rate(after_end["STATUS"] == "X"),
    }


def _estimate_transitions(months: pl.DataFrame) -> list[list[float]]:
    """Return the transition rates from each open state, omitting those of too few clients."""
    month_pairs = months.with_columns(then=_c("STATUS").shift(-1).over("SK_ID_BUREAU")).filter(
        (_c("STATUS") != "C") & (_c("then") != "C")
    )
    probabilities = []
    for state in MONTH_STATES[:-1]:
        state_rows = month_pairs.filter(_c("STATUS") == state)
        counts = np.array(
            [
                rows if clients >= MIN_CLIENTS_PER_AGGREGATE else 0
                for next_state in MONTH_STATES[:-1]
                for rows, clients in [
                    _count_rows_and_clients(state_rows.filter(_c("then") == next_state))
                ]
            ],
            dtype=float,
        )
        probabilities.append([round_significant(share, 3) for share in counts / counts.sum()])
    return probabilities


def _count_rows_and_clients(rows: pl.DataFrame) -> tuple[int, int]:
    return rows.height, rows[OWNER].n_unique()
