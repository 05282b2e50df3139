"""Estimate how instalments are paid, from `installments_payments` and `POS_CASH_balance`.

The sample of payments has as many clients with difficulties as without. Rows are weighted to the
rates of the population.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from training.synthetic.calibration.estimators import (
    UNBOUNDED,
    StoredAggregate,
    estimate_rate,
    fit_quantiles,
    round_significant,
)
from training.synthetic.labels.history_risk import OWNER
from training.synthetic.sampling.marginals import STANDARD_NORMAL
from training.synthetic.tables.instalment_payments import OLD_CONTRACT_MONTH
from training.synthetic.tables.previous_application import REVOLVING

_c = pl.col
DELAY_DAYS = _c("DAYS_ENTRY_PAYMENT") - _c("DAYS_INSTALMENT")
INSTALMENT_KEY = ("SK_ID_PREV", "NUM_INSTALMENT_NUMBER", "NUM_INSTALMENT_VERSION")
RESIDUAL_DAYS_PAST_DUE = 120
"""Days past due from which a credit counts as kept open by a small residual amount."""


def estimate_repayment_parameters(
    payments: pl.DataFrame,
    applications: pl.DataFrame,
    balance: pl.DataFrame,
    *,
    population_rate: float,
    never_paid: float,
) -> StoredAggregate:
    """Estimate the parameters of payments; `payments` has the client's label as `TARGET`."""
    rows = _select_contract_payments(payments, applications)
    rows = rows.with_columns(met=_build_sampling_weight(rows, population_rate))
    instalments = _group_instalments(rows)
    split_instalments = instalments.filter("split")
    is_late = _c("delay") > 0
    client_share = _estimate_lateness_correlation(instalments, OWNER)
    contract_share = _estimate_lateness_correlation(instalments, "SK_ID_PREV") - client_share
    return {
        "of_client": client_share,
        "of_contract": round(max(contract_share, 0.0), 3),
        "split_if_late": round_significant(
            _compute_weighted_mean(instalments.filter(is_late), _c("split")), 3
        ),
        "split_if_not": round_significant(
            _compute_weighted_mean(instalments.filter(~is_late), _c("split")), 3
        ),
        "never_paid": never_paid,
        **_estimate_past_due_rates(balance),
        "marginals": {
            "delay": _fit_weighted_quantiles(
                instalments, "delay", step=1, finest_grid="fine", bounds=(-120, 60)
            ),
            "part": _fit_weighted_quantiles(split_instalments, "part", step=0.0001, bounds=(0, 1)),
            "gap": _fit_weighted_quantiles(split_instalments, "gap", step=1, bounds=(0, 120)),
            "settlement": _fit_settlement(rows),
            "lingering": _fit_weighted_quantiles(
                _select_lingering_contracts(balance), "months", step=1
            ),
        },
    }


def _select_contract_payments(payments: pl.DataFrame, applications: pl.DataFrame) -> pl.DataFrame:
    contracts = applications.filter(_c("NAME_CONTRACT_TYPE") != REVOLVING)
    return payments.join(
        contracts.select("SK_ID_PREV", "AMT_ANNUITY", "CNT_PAYMENT"), on="SK_ID_PREV"
    )


def _group_instalments(rows: pl.DataFrame) -> pl.DataFrame:
    """Aggregate the payments of each instalment to one row."""
    payment_groups = rows.sort(*INSTALMENT_KEY, "DAYS_ENTRY_PAYMENT").group_by(
        INSTALMENT_KEY, maintain_order=True
    )
    return payment_groups.agg(
        _c(OWNER, "met").first(),
        split=pl.len() > 1,
        part=_c("AMT_PAYMENT").first() / _c("AMT_INSTALMENT").first(),
        gap=_c("DAYS_ENTRY_PAYMENT").last() - _c("DAYS_ENTRY_PAYMENT").first(),
        delay=DELAY_DAYS.last(),
    )


def compute_late_share(balance: pl.DataFrame) -> pl.DataFrame:
    """Return each client's share of months with a material amount past due."""
    return balance.group_by(OWNER).agg(value=(_c("SK_DPD_DEF") > 0).mean())


def _build_sampling_weight(rows: pl.DataFrame, population_rate: float) -> pl.Expr:
    """Return an integer weight that restores the population's rate of difficulties."""
    clients = rows.group_by(OWNER).agg(_c("TARGET").first())
    sample_rate = float(np.mean(clients["TARGET"].to_numpy()))
    odds = (1 - population_rate) / population_rate * sample_rate / (1 - sample_rate)
    return pl.when(_c("TARGET") == 1).then(1).otherwise(round(odds))


def _fit_weighted_quantiles(
    rows: pl.DataFrame,
    column: str,
    *,
    step: float,
    finest_grid: str = "coarse",
    bounds: tuple[float, float] = UNBOUNDED,
) -> StoredAggregate:
    known_rows = rows.drop_nulls(column)
    weights = known_rows["met"].to_numpy()
    return fit_quantiles(
        np.repeat(known_rows[column].to_numpy().astype(float), weights),
        owners=np.repeat(known_rows[OWNER].to_numpy(), weights),
        step=step,
        finest_grid=finest_grid,
        bounds=bounds,
    )


def _compute_weighted_mean(rows: pl.DataFrame, flag: pl.Expr) -> float:
    return float(rows.select((flag.cast(pl.Float64) * _c("met")).sum() / _c("met").sum()).item())


def _estimate_lateness_correlation(instalments: pl.DataFrame, owner_column: str) -> float:
    """Estimate the trait correlation from how often two instalments of one owner are late.

    Owners are weighted by their number of instalments.
    """
    late = pl.col("delay") > 0
    by_owner = instalments.group_by(owner_column).agg(
        rows=pl.len(), late=late.sum(), met=_c("met").first()
    )
    pairs = by_owner.filter(_c("rows") > 1).select(
        weight=_c("met") * _c("rows"),
        share=_c("late") / _c("rows"),
        both=_c("late") * (_c("late") - 1) / (_c("rows") * (_c("rows") - 1)),
    )
    weights = pairs["weight"].to_numpy()
    late, both_late = (
        np.average(pairs[name].to_numpy(), weights=weights) for name in ("share", "both")
    )
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (middle, high)
            if _compute_joint_exceedance(late, middle) < both_late
            else (low, middle)
        )
    return round(middle, 3)


def _compute_joint_exceedance(share: float, correlation: float) -> float:
    """Return the probability that two correlated traits are both in their top `share`."""
    limit = STANDARD_NORMAL.inv_cdf(1 - share)
    shared_trait = np.linspace(-6, 6, 601)
    z_scores = (np.sqrt(correlation) * shared_trait - limit) / np.sqrt(1 - correlation)
    conditional_share = np.array([STANDARD_NORMAL.cdf(value) for value in z_scores])
    weight = np.exp(-(shared_trait**2) / 2)
    return float(np.sum(weight * conditional_share**2) / np.sum(weight))


def _fit_settlement(rows: pl.DataFrame) -> StoredAggregate:
    """Estimate the last payment of contracts repaid early, as a share of the instalments left."""
    last = rows.sort(*INSTALMENT_KEY).group_by("SK_ID_PREV", maintain_order=True).last()
    remaining = _c("CNT_PAYMENT") - _c("NUM_INSTALMENT_NUMBER") + 1
    early_settlements = last.filter(
        (remaining > 1) & (_c("AMT_INSTALMENT") > 1.5 * _c("AMT_ANNUITY"))
    )
    shares = early_settlements.with_columns(
        settlement=_c("AMT_INSTALMENT") / (_c("AMT_ANNUITY") * remaining)
    )
    return _fit_weighted_quantiles(shares, "settlement", step=0.001)


def _estimate_past_due_rates(balance: pl.DataFrame) -> StoredAggregate:
    """Estimate the rates of residual, material and serious amounts past due."""
    contracts = _summarise_contracts(balance)
    past_due = balance.filter(_c("SK_DPD").is_between(1, RESIDUAL_DAYS_PAST_DUE))
    long_past_due = balance.filter(_c("SK_DPD") > RESIDUAL_DAYS_PAST_DUE)
    return {
        "lingers": estimate_rate(contracts.filter("old")["days"] > RESIDUAL_DAYS_PAST_DUE),
        "matters": estimate_rate(past_due["SK_DPD_DEF"] > 0),
        "serious": estimate_rate(long_past_due["SK_DPD_DEF"] > RESIDUAL_DAYS_PAST_DUE),
    }


def _select_lingering_contracts(balance: pl.DataFrame) -> pl.DataFrame:
    return (
        _summarise_contracts(balance)
        .filter(_c("days") > RESIDUAL_DAYS_PAST_DUE)
        .with_columns(met=1)
    )


def _summarise_contracts(balance: pl.DataFrame) -> pl.DataFrame:
    return balance.group_by("SK_ID_PREV", maintain_order=True).agg(
        _c(OWNER).first(),
        days=_c("SK_DPD").max(),
        months=(_c("SK_DPD") > 0).sum(),
        old=_c("MONTHS_BALANCE").min() < OLD_CONTRACT_MONTH,
    )
