"""Sample credits with other lenders: `bureau`, and their months in `bureau_balance`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from training.synthetic.sampling.column_sampler import ColumnSampler, keep_where
from training.synthetic.sampling.marginals import STANDARD_NORMAL, Floats, Integers, Mask
from training.synthetic.sampling.row_model import RowModel
from training.synthetic.tables.clients import Clients

CREDIT_CARD = "Credit card"
DAYS_A_MONTH = 30.4375
MAX_PLANNED_END_DAYS = 31_200
"""Latest planned end in days, about 85 years."""

_age = -pl.col("DAYS_CREDIT")
_quarter = (4 * _age / pl.col("planned_term")).floor()
CREDIT_STAGE = (
    pl.when(pl.col("CREDIT_TYPE") == CREDIT_CARD)
    .then(pl.format("card, year {}", (_age // 365 + 1).clip(1, 6).cast(pl.Int64)))
    .when(pl.col("planned_term").is_null() | (pl.col("planned_term") <= 0))
    .then(pl.lit("loan without end"))
    .when(_quarter < 4)  # noqa: PLR2004 -- four quarters are the planned term
    .then(pl.format("loan, quarter {}", (_quarter + 1).cast(pl.Int64)))
    .otherwise(pl.lit("loan past its end"))
)
"""Stage of a credit, on which its status, its lifetime and its debt depend."""

MAX_MONTHS = 96
PAST_END = "loan past its end"

MIN_PROBABILITY = 1e-9
"""Lower bound of probabilities, so that the inverse normal stays finite."""

MONTH_STATES = ("X", "0", "1", "2", "3", "4", "5", "C")
NOT_KNOWN, ON_TIME, CLOSED = 0, 1, 7


@dataclass(frozen=True, kw_only=True)
class BureauModel:
    """Parameters of `bureau` and `bureau_balance`."""

    credits: RowModel
    starts_unknown: float
    """Share of credits with an unknown first month; all others start on time."""
    transitions: Floats
    """Transition probabilities between the states of an open month, `X` and `0` to `5`."""
    lateness_correlation: float
    """Correlation between the monthly transitions and the client's trait for being overdue."""
    end_unreported: float
    """Share of ended credits that continue as unknown instead of closed."""


def sample_bureau_credits(
    model: BureauModel, clients: Clients, rng: np.random.Generator
) -> pl.DataFrame:
    """Sample one row per credit, without ids; `owner` is the position of its client."""
    owner = clients.sample_row_owners("bureau: count")
    sampler = model.credits.build_sampler(clients.traits, owner, rng)
    base = _sample_terms(sampler, owner)
    credit_type = base["CREDIT_TYPE"]
    start, planned_term = base["DAYS_CREDIT"].to_numpy(), base["planned_term"].to_numpy()
    stage = base.select(CREDIT_STAGE).to_series()
    status = sampler.sample_categories_by("CREDIT_ACTIVE", stage)
    is_active = (status == "Active").to_numpy()
    is_past_end = (stage == PAST_END).to_numpy()
    lifetime = sampler.sample_numbers_by("lived", stage) * np.where(
        is_past_end, planned_term, -start
    )
    end = keep_where(~is_active, np.minimum(start + np.round(lifetime), -1))
    return base.with_columns(
        DAYS_CREDIT=start.astype(np.int32),
        CREDIT_ACTIVE=status,
        CREDIT_CURRENCY=sampler.sample_categories("CREDIT_CURRENCY"),
        DAYS_CREDIT_ENDDATE=pl.Series(
            np.clip(start + planned_term, -MAX_PLANNED_END_DAYS, MAX_PLANNED_END_DAYS)
        ),
        DAYS_ENDDATE_FACT=pl.Series(end),
        CNT_CREDIT_PROLONG=sampler.sample_numbers("CNT_CREDIT_PROLONG").astype(np.int32),
        DAYS_CREDIT_UPDATE=_sample_update_days(sampler, start, end),
        **_sample_amounts(
            sampler, credit_type, stage, is_active, clients.covered_by_bureau[owner]
        ),
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def _sample_terms(sampler: ColumnSampler, owner: Integers) -> pl.DataFrame:
    """Sample each credit's type, start and planned term in days; null if that is unknown."""
    credit_type = sampler.sample_categories("CREDIT_TYPE")
    start = sampler.sample_numbers("DAYS_CREDIT")
    planned_term = keep_where(
        sampler.sample_flags_by("end known", credit_type),
        sampler.sample_numbers_by("planned_term", credit_type),
    )
    return pl.DataFrame(
        {
            "owner": owner,
            "CREDIT_TYPE": credit_type,
            "DAYS_CREDIT": start,
            "planned_term": planned_term,
        },
        nan_to_null=True,
    )


def _sample_update_days(sampler: ColumnSampler, start: Floats, end: Floats) -> Integers:
    """Sample the last update: recent, or soon after the credit's end."""
    has_ended = np.isfinite(end)
    last_update = np.where(
        has_ended, end + sampler.sample_numbers("heard after end"), sampler.sample_numbers("heard")
    )
    return np.clip(last_update, start, 0).astype(np.int32)


def _sample_amounts(
    sampler: ColumnSampler,
    credit_type: pl.Series,
    stage: pl.Series,
    is_active: Mask,
    is_covered: Mask,
) -> dict[str, Any]:
    amount = sampler.sample_numbers_by("AMT_CREDIT_SUM", credit_type)
    state = pl.Series(np.where(is_active, "running", "ended"))
    share_owed = np.where(is_active, sampler.sample_numbers_by("debt_share", stage), 0.0)
    debt = keep_where(
        sampler.sample_flags_by("debt known", state), np.round(share_owed * amount, 2)
    )
    is_card = (credit_type == CREDIT_CARD).to_numpy()
    has_limit = is_card & is_active & sampler.sample_flags("limit left")
    limit = keep_where(
        sampler.sample_flags("limit known"), np.where(has_limit, amount - np.nan_to_num(debt), 0.0)
    )
    is_overdue = is_active & sampler.sample_flags("overdue now")
    return {
        "AMT_CREDIT_SUM": amount,
        "AMT_CREDIT_SUM_DEBT": debt,
        "AMT_CREDIT_SUM_LIMIT": np.maximum(limit, 0),
        "AMT_CREDIT_MAX_OVERDUE": sampler.sample_with_missing("AMT_CREDIT_MAX_OVERDUE"),
        "CREDIT_DAY_OVERDUE": (is_overdue * sampler.sample_numbers("CREDIT_DAY_OVERDUE")).astype(
            np.int32
        ),
        "AMT_CREDIT_SUM_OVERDUE": is_overdue * sampler.sample_numbers("amount_overdue"),
        "AMT_ANNUITY": keep_where(
            is_covered & sampler.sample_flags("AMT_ANNUITY known"),
            sampler.sample_numbers_by("AMT_ANNUITY", state),
        ),
    }


def sample_monthly_states(
    model: BureauModel, clients: Clients, credit_rows: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """Sample `bureau_balance` of covered clients; `owner` and `credit` are positions."""
    owner = credit_rows["owner"].to_numpy()
    covered = np.flatnonzero(clients.covered_by_bureau[owner])
    start = -credit_rows["DAYS_CREDIT"].to_numpy()[covered]
    months = np.minimum((start / DAYS_A_MONTH).astype(np.int64), MAX_MONTHS) + 1
    end = credit_rows["DAYS_ENDDATE_FACT"].fill_null(np.nan).to_numpy()[covered]
    # Month 0 is the first; an ended credit is closed from the month after its end.
    closing_month = np.where(np.isfinite(end), np.ceil((start + end) / DAYS_A_MONTH) + 1, np.inf)
    closing_month[rng.random(len(covered)) < model.end_unreported] = np.inf
    trait = clients.traits[model.credits.get_client_trait_name("AMT_CREDIT_MAX_OVERDUE")][
        owner[covered]
    ]
    states = _simulate_states(model, months, closing_month, trait, rng)
    has_row = np.arange(states.shape[1]) < months[:, None]
    row, month = np.nonzero(has_row)
    return pl.DataFrame(
        {
            "credit": covered[row],
            "owner": owner[covered[row]],
            "MONTHS_BALANCE": (month - months[row] + 1).astype(np.int32),
            "STATUS": pl.Series(MONTH_STATES).gather(states[has_row].astype(np.int64)),
        }
    )


def _simulate_states(
    model: BureauModel,
    months: Integers,
    closing_month: Floats,
    trait: Floats,
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    """Simulate the state of each credit (row) in each month since its start (column)."""
    limits = np.array(
        [
            [
                STANDARD_NORMAL.inv_cdf(p)
                for p in np.clip(row, MIN_PROBABILITY, 1 - MIN_PROBABILITY)
            ]
            for row in np.cumsum(model.transitions, axis=1)[:, :-1]
        ]
    )
    states = np.full((len(months), int(months.max(initial=0))), CLOSED, dtype=np.int8)
    state = np.where(rng.random(len(months)) < model.starts_unknown, NOT_KNOWN, ON_TIME)
    # Sort by decreasing length: the credits still open in a month are then a prefix.
    order = np.argsort(-np.minimum(months, closing_month), kind="stable")
    open_months = np.minimum(months, closing_month)[order]
    state, client_effect = state[order], model.lateness_correlation * trait[order]
    for month in range(states.shape[1]):
        n_open = int(np.searchsorted(-open_months, -month, side="left"))
        states[order[:n_open], month] = state[:n_open]
        noise = np.sqrt(1 - model.lateness_correlation**2) * rng.standard_normal(n_open)
        latent = client_effect[:n_open] + noise
        state = (latent[:, None] > limits[state[:n_open]]).sum(axis=1)
    return states
