"""`bureau` and `bureau_balance` -> what is kept of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from training.synthetic.calibration.application import lean_order
from training.synthetic.calibration.estimators import FEWEST, Stored, rate, sensible
from training.synthetic.calibration.grouped_marginals import (
    flag,
    kept_by_group,
    kept_of,
    known,
    numbers,
    places,
    scores,
    words,
)
from training.synthetic.calibration.variance_components import Levels, levels
from training.synthetic.labels.history_risk import OWNER
from training.synthetic.tables.bureau import CARD, DAYS_A_MONTH, PAST_END, STAGE, STATES
from training.synthetic.tables.instalment_contracts import WINDOW

_c = pl.col
LEAN = 0.35
"""How a month's lateness correlates with the client's trait for being overdue; see `compare`."""

STATUSES = ("Closed", "Sold", "Active")
_running = _c("CREDIT_ACTIVE") == "Active"
_overdue = _c("CREDIT_DAY_OVERDUE") > 0
_limit = _c("AMT_CREDIT_SUM_LIMIT")
_life = _c("DAYS_ENDDATE_FACT") - _c("DAYS_CREDIT")
LIVED = (
    pl.when(_running.not_() & (_c("stage") == PAST_END))
    .then(_life / _c("planned_term"))
    .when(_running.not_() & (_c("DAYS_CREDIT") < 0))
    .then(_life / -_c("DAYS_CREDIT"))
)
DEBT = pl.when(_running & (_c("AMT_CREDIT_SUM") > 0)).then(
    (_c("AMT_CREDIT_SUM_DEBT") / _c("AMT_CREDIT_SUM")).clip(-0.1, 1.5)
)


OF_ALL = {
    "DAYS_CREDIT": numbers("DAYS_CREDIT", step=1, finest="tailed", within=(-WINDOW, 0)),
    "CREDIT_CURRENCY": words("CREDIT_CURRENCY"),
    "CNT_CREDIT_PROLONG": words("CNT_CREDIT_PROLONG"),
    "overdue now": flag(_overdue, among=_running),
    "CREDIT_DAY_OVERDUE": numbers(pl.when(_overdue).then("CREDIT_DAY_OVERDUE"), step=1),
    "amount_overdue": numbers(pl.when(_overdue).then("AMT_CREDIT_SUM_OVERDUE"), step=0.01),
    "limit known": known("AMT_CREDIT_SUM_LIMIT"),
    "limit left": flag(
        _limit > 0, among=(_c("CREDIT_TYPE") == CARD) & _running & _limit.is_not_null()
    ),
    "AMT_CREDIT_MAX_OVERDUE known": known("AMT_CREDIT_MAX_OVERDUE"),
    "AMT_CREDIT_MAX_OVERDUE": numbers("AMT_CREDIT_MAX_OVERDUE", step=0.01, finest="tailed"),
    "heard": numbers(pl.when(_running).then("DAYS_CREDIT_UPDATE"), step=1, finest="tailed"),
    "heard after end": numbers(
        (_c("DAYS_CREDIT_UPDATE") - _c("DAYS_ENDDATE_FACT")).clip(0), step=1
    ),
}
BY_GROUP = {
    "CREDIT_TYPE": {
        "end known": known("planned_term"),
        "planned_term": numbers("planned_term", step=1),
        "AMT_CREDIT_SUM": numbers("AMT_CREDIT_SUM", step=0.01),
    },
    "stage": {
        "CREDIT_ACTIVE": words("CREDIT_ACTIVE", STATUSES),
        "lived": numbers(LIVED, step=0.0001),
        "debt_share": numbers(DEBT, step=0.0001),
    },
    "state": {
        "debt known": known("AMT_CREDIT_SUM_DEBT"),
        "AMT_ANNUITY": numbers("AMT_ANNUITY", step=0.01, finest="tailed"),
    },
}


def with_steps(bureau: pl.DataFrame) -> pl.DataFrame:
    """The credits with the steps on the way that the generator takes too."""
    planned = bureau.with_columns(planned_term=_c("DAYS_CREDIT_ENDDATE") - _c("DAYS_CREDIT"))
    state = pl.when(_running).then(pl.lit("running")).otherwise(pl.lit("ended"))
    return planned.with_columns(stage=STAGE, state=state)


def credit_marginals(rows: pl.DataFrame) -> Stored:
    """What is kept of the columns of `bureau`; `rows` come from `with_steps`."""
    kinds = _kinds(rows)
    reported = rows.filter(_c("AMT_ANNUITY").is_not_null().any().over(OWNER))
    return {
        "CREDIT_TYPE": words("CREDIT_TYPE", kinds)(rows),
        **kept_of(rows, OF_ALL),
        **kept_by_group(rows.filter(_c("CREDIT_TYPE").is_in(kinds)), BY_GROUP),
        "AMT_ANNUITY known": known("AMT_ANNUITY")(reported),
    }


def credit_levels(rows: pl.DataFrame, clients: int) -> Levels:
    """How the credits of one client are alike."""
    parts = {
        "DAYS_CREDIT": scores(rows, "DAYS_CREDIT"),
        "CREDIT_TYPE": scores(rows, places("CREDIT_TYPE", _kinds(rows))),
        "planned_term": scores(rows, "planned_term", "CREDIT_TYPE"),
        "AMT_CREDIT_SUM": scores(rows, "AMT_CREDIT_SUM", "CREDIT_TYPE"),
        "CREDIT_ACTIVE": scores(rows, places("CREDIT_ACTIVE", STATUSES), "stage"),
        "lived": scores(rows, LIVED, "stage"),
        "debt_share": scores(rows, DEBT, "stage"),
        "AMT_CREDIT_MAX_OVERDUE": scores(rows, "AMT_CREDIT_MAX_OVERDUE"),
        "AMT_ANNUITY": scores(rows, "AMT_ANNUITY", "state"),
        "heard": scores(rows, pl.when(_running).then("DAYS_CREDIT_UPDATE")),
    }
    return levels(parts, rows[OWNER].to_numpy(), clients)


def _kinds(rows: pl.DataFrame) -> list[str]:
    beside = [scores(rows, column) for column in ("DAYS_CREDIT", "planned_term", "AMT_CREDIT_SUM")]
    return lean_order(rows["CREDIT_TYPE"], np.nan_to_num(np.column_stack(beside))) or []


def month_states(balance: pl.DataFrame, bureau: pl.DataFrame) -> Stored:
    """How the months of credits follow one another, and how far lateness is a client's own."""
    months = balance.join(
        bureau.select("SK_ID_BUREAU", "DAYS_CREDIT", "DAYS_ENDDATE_FACT"), on="SK_ID_BUREAU"
    ).sort("SK_ID_BUREAU", "MONTHS_BALANCE")
    first = months.group_by("SK_ID_BUREAU", maintain_order=True).first()
    end = (_c("DAYS_ENDDATE_FACT") / DAYS_A_MONTH).floor()
    after_end = months.filter(_c("MONTHS_BALANCE") > end + 1)
    return {
        "starts_unknown": rate(first["STATUS"] == "X"),
        "transitions": _transitions(months),
        "lean": LEAN,
        "end_unreported": rate(after_end["STATUS"] == "X"),
    }


def _transitions(months: pl.DataFrame) -> list[list[float]]:
    """From each open state, how often each follows; what too few clients show does not."""
    followed = months.with_columns(then=_c("STATUS").shift(-1).over("SK_ID_BUREAU")).filter(
        (_c("STATUS") != "C") & (_c("then") != "C")
    )
    kept = []
    for state in STATES[:-1]:
        here = followed.filter(_c("STATUS") == state)
        counts = np.array(
            [
                rows if clients >= FEWEST else 0
                for then in STATES[:-1]
                for rows, clients in [_rows_and_clients(here.filter(_c("then") == then))]
            ],
            dtype=float,
        )
        kept.append([sensible(share, 3) for share in counts / counts.sum()])
    return kept


def _rows_and_clients(rows: pl.DataFrame) -> tuple[int, int]:
    return rows.height, rows[OWNER].n_unique()
