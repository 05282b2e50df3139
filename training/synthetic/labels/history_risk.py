"""Compute what a client's history adds to the risk known from the form.

    histories -> one number per client and summary -> residual given the form -> log-odds

Histories and forms overlap in what they predict, so only the unexpected part counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl

from training.synthetic.sampling.marginals import Floats

OWNER = "owner"
"""Column with the position of each row's client."""

MAX_STANDARD_DEVIATIONS = 3.0
"""Summaries are clipped to this many standard deviations around their mean."""

_c = pl.col
_active = _c("CREDIT_ACTIVE") == "Active"
_granted = _c("NAME_CONTRACT_STATUS") == "Approved"
_limit = _c("AMT_CREDIT_LIMIT_ACTUAL")

HISTORY_SUMMARIES: Mapping[str, Mapping[str, pl.Expr]] = MappingProxyType(
    {
        "bureau": {
            "credits": pl.len().log1p(),
            "credit_age": _c("DAYS_CREDIT").mean(),
            "newest_credit": (-_c("DAYS_CREDIT").max()).sqrt(),
            "active_share": _active.mean(),
            "debt_share": _c("AMT_CREDIT_SUM_DEBT").filter(_active).sum()
            / _c("AMT_CREDIT_SUM").filter(_active & (_c("AMT_CREDIT_SUM") > 0)).sum(),
            "credit_amount": _c("AMT_CREDIT_SUM").mean().log1p(),
            "card_share": (_c("CREDIT_TYPE") == "Credit card").mean(),
            "ever_overdue_share": (_c("AMT_CREDIT_MAX_OVERDUE") > 0).mean(),
            "last_heard": _c("DAYS_CREDIT_UPDATE").mean(),
        },
        "bureau_balance": {
            "late_month_share": _c("STATUS").is_in(["1", "2", "3", "4", "5"]).mean().sqrt()
        },
        "previous_application": {
            "applications": pl.len().log1p(),
            "known_for": _c("DAYS_DECISION").min(),
            "application_age": _c("DAYS_DECISION").mean(),
            "refused_share": (_c("NAME_CONTRACT_STATUS") == "Refused").mean(),
            "granted_share": _granted.mean(),
            "amount_asked": _c("AMT_APPLICATION").mean().log1p(),
            "down_payment": _c("RATE_DOWN_PAYMENT").mean(),
            "dear_share": (_c("NAME_YIELD_GROUP") == "high").mean(),
            "term": _c("CNT_PAYMENT").mean(),
            "hour": _c("HOUR_APPR_PROCESS_START").mean(),
            "card_application_share": (_c("NAME_CONTRACT_TYPE") == "Revolving loans").mean(),
            "seller_area": _c("SELLERPLACE_AREA").mean().clip(0).log1p(),
        },
        "POS_CASH_balance": {
            "months": pl.len().sqrt(),
            "past_due_share": (_c("SK_DPD") > 0).mean().sqrt(),
            "past_due_amount_share": (_c("SK_DPD_DEF") > 0).mean().sqrt(),
        },
        "credit_card_balance": {
            "use": (_c("AMT_BALANCE").sum() / _limit.sum()).clip(0, 1.2),
            "drawing_share": (_c("AMT_DRAWINGS_CURRENT") > 0).mean(),
            "drawn": _c("AMT_DRAWINGS_CURRENT").mean().clip(0).log1p(),
        },
    }
)
"""By table, the aggregates over one client's rows."""


@dataclass(frozen=True, kw_only=True)
class HistoryEffect:
    """Effect of one summary on the log-odds."""

    mean: float
    spread: float
    expected: float
    by_form: float
    """Expected z-score of the summary: `expected` plus `by_form` times the form's log-odds."""
    log_odds: float
    """Log-odds added per standard deviation above the expected value."""


def summarise_histories(histories: Mapping[str, pl.DataFrame], clients: int) -> pl.DataFrame:
    """Return one row per client, in order; null where a client has no rows to summarise."""
    summary = pl.DataFrame({OWNER: np.arange(clients)})
    for table, summaries in HISTORY_SUMMARIES.items():
        rows = histories[table].group_by(OWNER).agg(**summaries)
        summary = summary.join(rows, on=OWNER, how="left", maintain_order="left")
    return summary.drop(OWNER).select(pl.all().cast(pl.Float64))


def compute_residuals(values: Floats, form_log_odds: Floats, effect: HistoryEffect) -> Floats:
    """Return the z-score of a summary minus its expected value; 0 where unknown."""
    z_scores = np.clip(
        (values - effect.mean) / effect.spread, -MAX_STANDARD_DEVIATIONS, MAX_STANDARD_DEVIATIONS
    )
    return np.nan_to_num(z_scores - effect.expected - effect.by_form * form_log_odds)


def compute_history_log_odds(
    summaries: pl.DataFrame, form_log_odds: Floats, history_effects: Mapping[str, HistoryEffect]
) -> Floats:
    """Return the log-odds that the histories add, one number per client."""
    total = np.zeros(summaries.height)
    for name, effect in history_effects.items():
        values = summaries[name].fill_null(np.nan).to_numpy()
        total += effect.log_odds * compute_residuals(values, form_log_odds, effect)
    return total
