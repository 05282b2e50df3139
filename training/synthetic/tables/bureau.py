"""Credits with other lenders: clients -> `bureau`, and month by month -> `bureau_balance`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from training.synthetic.sampling.column_sampler import Reader, given
from training.synthetic.sampling.marginals import NORMAL, Codes, Mask, Numbers
from training.synthetic.sampling.row_model import RowModel
from training.synthetic.tables.clients import Clients

CARD = "Credit card"
DAYS_A_MONTH = 30.4375
FARTHEST = 31_200
"""No planned end lies farther off, in days: about 85 years."""

_age = -pl.col("DAYS_CREDIT")
_quarter = (4 * _age / pl.col("planned_term")).floor()
STAGE = (
    pl.when(pl.col("CREDIT_TYPE") == CARD)
    .then(pl.format("card, year {}", (_age // 365 + 1).clip(1, 6).cast(pl.Int64)))
    .when(pl.col("planned_term").is_null() | (pl.col("planned_term") <= 0))
    .then(pl.lit("loan without end"))
    .when(_quarter < 4)  # noqa: PLR2004 -- four quarters are the planned term
    .then(pl.format("loan, quarter {}", (_quarter + 1).cast(pl.Int64)))
    .otherwise(pl.lit("loan past its end"))
)
"""How far a credit is on its way: what its status, its life and its debt depend on."""

MOST_MONTHS = 96
PAST_END = "loan past its end"

RAREST = 1e-9
"""Rarer is never: what a normal's inverse can still take."""

STATES = ("X", "0", "1", "2", "3", "4", "5", "C")
NOT_KNOWN, ON_TIME, CLOSED = 0, 1, 7


@dataclass(frozen=True, kw_only=True)
class BureauModel:
    """What is kept of `bureau` and `bureau_balance`."""

    credits: RowModel
    starts_unknown: float
    """The share of credits whose first month is not known; the others begin on time."""
    transitions: Numbers
    """How often each state of an open month is followed by each, `X` and `0` to `5`."""
    lean: float
    """How far the walk leans to the client's trait for being overdue, as a correlation."""
    end_unreported: float
    """The share of ended credits that go on as not known instead of closed."""


def bureau_credits(model: BureauModel, clients: Clients, rng: np.random.Generator) -> pl.DataFrame:
    """One row a credit, with its client's position as `owner` and without ids."""
    owner = clients.owners("bureau: count")
    reader = model.credits.reader(clients.traits, owner, rng)
    kind = reader.words("CREDIT_TYPE")
    start = reader.numbers("DAYS_CREDIT")
    planned = given(reader.flags_by("end known", kind), reader.numbers_by("planned_term", kind))
    base = pl.DataFrame(
        {"owner": owner, "CREDIT_TYPE": kind, "DAYS_CREDIT": start, "planned_term": planned},
        nan_to_null=True,
    )
    stage = base.select(STAGE).to_series()
    status = reader.words_by("CREDIT_ACTIVE", stage)
    running = (status == "Active").to_numpy()
    past_end = (stage == PAST_END).to_numpy()
    lived = reader.numbers_by("lived", stage) * np.where(past_end, planned, -start)
    end = given(~running, np.minimum(start + np.round(lived), -1))
    return base.with_columns(
        DAYS_CREDIT=start.astype(np.int32),
        CREDIT_ACTIVE=status,
        CREDIT_CURRENCY=reader.words("CREDIT_CURRENCY"),
        DAYS_CREDIT_ENDDATE=pl.Series(np.clip(start + planned, -FARTHEST, FARTHEST)),
        DAYS_ENDDATE_FACT=pl.Series(end),
        CNT_CREDIT_PROLONG=reader.numbers("CNT_CREDIT_PROLONG").astype(np.int32),
        DAYS_CREDIT_UPDATE=_update(reader, start, end),
        **_amounts(reader, kind, stage, running, clients.covered_by_bureau[owner]),
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def _update(reader: Reader, start: Numbers, end: Numbers) -> Codes:
    """When the bureau last heard of the credit: lately, or soon after its end."""
    ended = np.isfinite(end)
    heard = np.where(ended, end + reader.numbers("heard after end"), reader.numbers("heard"))
    return np.clip(heard, start, 0).astype(np.int32)


def _amounts(
    reader: Reader, kind: pl.Series, stage: pl.Series, running: Mask, covered: Mask
) -> dict[str, Any]:
    amount = reader.numbers_by("AMT_CREDIT_SUM", kind)
    state = pl.Series(np.where(running, "running", "ended"))
    share_owed = np.where(running, reader.numbers_by("debt_share", stage), 0.0)
    debt = given(reader.flags_by("debt known", state), np.round(share_owed * amount, 2))
    is_card = (kind == CARD).to_numpy()
    has_limit = is_card & running & reader.flags("limit left")
    limit = given(
        reader.flags("limit known"), np.where(has_limit, amount - np.nan_to_num(debt), 0.0)
    )
    overdue = running & reader.flags("overdue now")
    return {
        "AMT_CREDIT_SUM": amount,
        "AMT_CREDIT_SUM_DEBT": debt,
        "AMT_CREDIT_SUM_LIMIT": np.maximum(limit, 0),
        "AMT_CREDIT_MAX_OVERDUE": reader.known("AMT_CREDIT_MAX_OVERDUE"),
        "CREDIT_DAY_OVERDUE": (overdue * reader.numbers("CREDIT_DAY_OVERDUE")).astype(np.int32),
        "AMT_CREDIT_SUM_OVERDUE": overdue * reader.numbers("amount_overdue"),
        "AMT_ANNUITY": given(
            covered & reader.flags("AMT_ANNUITY known"), reader.numbers_by("AMT_ANNUITY", state)
        ),
    }


def monthly_states(
    model: BureauModel, clients: Clients, credits_: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """`bureau_balance` of the covered clients' credits, with `owner` and `credit` by position."""
    owner = credits_["owner"].to_numpy()
    chosen = np.flatnonzero(clients.covered_by_bureau[owner])
    start = -credits_["DAYS_CREDIT"].to_numpy()[chosen]
    months = np.minimum((start / DAYS_A_MONTH).astype(np.int64), MOST_MONTHS) + 1
    end = credits_["DAYS_ENDDATE_FACT"].fill_null(np.nan).to_numpy()[chosen]
    # Month 0 is the first; an ended credit is closed from the month after its end.
    closes = np.where(np.isfinite(end), np.ceil((start + end) / DAYS_A_MONTH) + 1, np.inf)
    closes[rng.random(len(chosen)) < model.end_unreported] = np.inf
    trait = clients.traits[model.credits.client_trait("AMT_CREDIT_MAX_OVERDUE")][owner[chosen]]
    states = _walk(model, months, closes, trait, rng)
    lived = np.arange(states.shape[1]) < months[:, None]
    row, month = np.nonzero(lived)
    return pl.DataFrame(
        {
            "credit": chosen[row],
            "owner": owner[chosen[row]],
            "MONTHS_BALANCE": (month - months[row] + 1).astype(np.int32),
            "STATUS": pl.Series(STATES).gather(states[lived].astype(np.int64)),
        }
    )


def _walk(
    model: BureauModel, months: Codes, closes: Numbers, trait: Numbers, rng: np.random.Generator
) -> NDArray[np.int8]:
    """The state of each credit (row) in each month since its start (column)."""
    limits = np.array(
        [
            [NORMAL.inv_cdf(p) for p in np.clip(row, RAREST, 1 - RAREST)]
            for row in np.cumsum(model.transitions, axis=1)[:, :-1]
        ]
    )
    states = np.full((len(months), int(months.max(initial=0))), CLOSED, dtype=np.int8)
    state = np.where(rng.random(len(months)) < model.starts_unknown, NOT_KNOWN, ON_TIME)
    # Longest first: those still open in a month are then the first so many rows.
    order = np.argsort(-np.minimum(months, closes), kind="stable")
    open_months = np.minimum(months, closes)[order]
    state, leaning = state[order], model.lean * trait[order]
    for month in range(states.shape[1]):
        still = int(np.searchsorted(-open_months, -month, side="left"))
        states[order[:still], month] = state[:still]
        own = np.sqrt(1 - model.lean**2) * rng.standard_normal(still)
        stands = leaning[:still] + own
        state = (stands[:, None] > limits[state[:still]]).sum(axis=1)
    return states
