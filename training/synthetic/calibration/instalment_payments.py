"""`installments_payments` and `POS_CASH_balance` -> how instalments are paid.

Payments are known of a sample with as many clients in difficulties as without: each row counts
by how often clients of its kind are met.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from training.synthetic.calibration.estimators import EVERYWHERE, Stored, quantiles, rate, sensible
from training.synthetic.labels.history_risk import OWNER
from training.synthetic.sampling.marginals import NORMAL
from training.synthetic.tables.instalment_payments import OLD
from training.synthetic.tables.previous_application import REVOLVING

_c = pl.col
DELAY = _c("DAYS_ENTRY_PAYMENT") - _c("DAYS_INSTALMENT")
INSTALMENT = ("SK_ID_PREV", "NUM_INSTALMENT_NUMBER", "NUM_INSTALMENT_VERSION")
LINGERING = 120
"""Days past due from which a contract is taken to be kept open by a trifle."""


def repayment(
    paid: pl.DataFrame,
    applications: pl.DataFrame,
    balance: pl.DataFrame,
    *,
    population_rate: float,
    never_paid: float,
) -> Stored:
    """What is kept of payments. `paid` has each client's difficulties as `TARGET`."""
    rows = _on_contracts(paid, applications)
    rows = rows.with_columns(met=_how_often_met(rows, population_rate))
    instalments = _instalments(rows)
    split = instalments.filter("split")
    late = _c("delay") > 0
    of_client = _alike_in_lateness(instalments, OWNER)
    of_contract = _alike_in_lateness(instalments, "SK_ID_PREV") - of_client
    return {
        "of_client": of_client,
        "of_contract": round(max(of_contract, 0.0), 3),
        "split_if_late": sensible(_mean(instalments.filter(late), _c("split")), 3),
        "split_if_not": sensible(_mean(instalments.filter(~late), _c("split")), 3),
        "never_paid": never_paid,
        **_past_due(balance),
        "marginals": {
            "delay": _quantiles(instalments, "delay", step=1, finest="fine", within=(-120, 60)),
            "part": _quantiles(split, "part", step=0.0001, within=(0, 1)),
            "gap": _quantiles(split, "gap", step=1, within=(0, 120)),
            "settlement": _settlement(rows),
            "lingering": _quantiles(_lingering(balance), "months", step=1),
        },
    }


def _on_contracts(paid: pl.DataFrame, applications: pl.DataFrame) -> pl.DataFrame:
    contracts = applications.filter(_c("NAME_CONTRACT_TYPE") != REVOLVING)
    return paid.join(contracts.select("SK_ID_PREV", "AMT_ANNUITY", "CNT_PAYMENT"), on="SK_ID_PREV")


def _instalments(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an instalment, however many payments it took."""
    parts = rows.sort(*INSTALMENT, "DAYS_ENTRY_PAYMENT").group_by(INSTALMENT, maintain_order=True)
    return parts.agg(
        _c(OWNER, "met").first(),
        split=pl.len() > 1,
        part=_c("AMT_PAYMENT").first() / _c("AMT_INSTALMENT").first(),
        gap=_c("DAYS_ENTRY_PAYMENT").last() - _c("DAYS_ENTRY_PAYMENT").first(),
        delay=DELAY.last(),
    )


def late_share(balance: pl.DataFrame) -> pl.DataFrame:
    """By client, the share of months in which something that matters was past due."""
    return balance.group_by(OWNER).agg(value=(_c("SK_DPD_DEF") > 0).mean())


def _how_often_met(rows: pl.DataFrame, population_rate: float) -> pl.Expr:
    """A whole weight: clients without difficulties are met so many times as often."""
    clients = rows.group_by(OWNER).agg(_c("TARGET").first())
    sampled = float(np.mean(clients["TARGET"].to_numpy()))
    odds = (1 - population_rate) / population_rate * sampled / (1 - sampled)
    return pl.when(_c("TARGET") == 1).then(1).otherwise(round(odds))


def _quantiles(
    rows: pl.DataFrame,
    column: str,
    *,
    step: float,
    finest: str = "coarse",
    within: tuple[float, float] = EVERYWHERE,
) -> Stored:
    known = rows.drop_nulls(column)
    times = known["met"].to_numpy()
    return quantiles(
        np.repeat(known[column].to_numpy().astype(float), times),
        owners=np.repeat(known[OWNER].to_numpy(), times),
        step=step,
        finest=finest,
        within=within,
    )


def _mean(rows: pl.DataFrame, flag: pl.Expr) -> float:
    return float(rows.select((flag.cast(pl.Float64) * _c("met")).sum() / _c("met").sum()).item())


def _alike_in_lateness(instalments: pl.DataFrame, whose: str) -> float:
    """The correlation of traits that makes two instalments of one owner late together as often.

    Every owner counts by its instalments.
    """
    late = pl.col("delay") > 0
    by_owner = instalments.group_by(whose).agg(
        rows=pl.len(), late=late.sum(), met=_c("met").first()
    )
    pairs = by_owner.filter(_c("rows") > 1).select(
        weight=_c("met") * _c("rows"),
        share=_c("late") / _c("rows"),
        both=_c("late") * (_c("late") - 1) / (_c("rows") * (_c("rows") - 1)),
    )
    weights = pairs["weight"].to_numpy()
    late, both = (
        np.average(pairs[name].to_numpy(), weights=weights) for name in ("share", "both")
    )
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _both_above(late, middle) < both else (low, middle)
    return round(middle, 3)


def _both_above(share: float, correlation: float) -> float:
    """How often two traits, so correlated, are both among their highest `share`."""
    limit = NORMAL.inv_cdf(1 - share)
    shared = np.linspace(-6, 6, 601)
    reach = (np.sqrt(correlation) * shared - limit) / np.sqrt(1 - correlation)
    one = np.array([NORMAL.cdf(value) for value in reach])
    weight = np.exp(-(shared**2) / 2)
    return float(np.sum(weight * one**2) / np.sum(weight))


def _settlement(rows: pl.DataFrame) -> Stored:
    """What was paid at last on contracts repaid early, as a share of the instalments left."""
    last = rows.sort(*INSTALMENT).group_by("SK_ID_PREV", maintain_order=True).last()
    left = _c("CNT_PAYMENT") - _c("NUM_INSTALMENT_NUMBER") + 1
    early = last.filter((left > 1) & (_c("AMT_INSTALMENT") > 1.5 * _c("AMT_ANNUITY")))
    shares = early.with_columns(settlement=_c("AMT_INSTALMENT") / (_c("AMT_ANNUITY") * left))
    return _quantiles(shares, "settlement", step=0.001)


def _past_due(balance: pl.DataFrame) -> Stored:
    """How months past due come about, and how many matter."""
    contracts = _contracts(balance)
    past_due = balance.filter(_c("SK_DPD").is_between(1, LINGERING))
    long_due = balance.filter(_c("SK_DPD") > LINGERING)
    return {
        "lingers": rate(contracts.filter("old")["days"] > LINGERING),
        "matters": rate(past_due["SK_DPD_DEF"] > 0),
        "serious": rate(long_due["SK_DPD_DEF"] > LINGERING),
    }


def _lingering(balance: pl.DataFrame) -> pl.DataFrame:
    return _contracts(balance).filter(_c("days") > LINGERING).with_columns(met=1)


def _contracts(balance: pl.DataFrame) -> pl.DataFrame:
    return balance.group_by("SK_ID_PREV", maintain_order=True).agg(
        _c(OWNER).first(),
        days=_c("SK_DPD").max(),
        months=(_c("SK_DPD") > 0).sum(),
        old=_c("MONTHS_BALANCE").min() < OLD,
    )
