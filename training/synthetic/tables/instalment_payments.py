"""How instalment contracts were repaid: contracts -> `installments_payments`, `POS_CASH_balance`.

    due days -> delays (how late this client pays) -> payments -> days past due at month's end

Whoever is late by days is past due in the month's balance if the month ended in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from training.synthetic.sampling.column_sampler import Reader, given
from training.synthetic.sampling.marginals import Codes, Marginal, Mask, Numbers
from training.synthetic.tables.bureau import DAYS_A_MONTH
from training.synthetic.tables.clients import Clients
from training.synthetic.tables.instalment_contracts import WINDOW, Contracts
from training.synthetic.tables.previous_application import PERIOD

PAYING = "payments: delay"
"""The client's trait: who stands high pays late."""

OLDEST_MONTH = -96
"""How far back monthly balances go."""

OLD = -36
"""Months since the decision from which a contract can be kept open by a trifle."""

MOST_MONTHS_LATE = 3
"""No delay reaches over more ends of months."""

LEAST_REMAINDER = 0.95
"""The last instalment is what is left: at least this share of the others."""

SIGNED = 0.08
"""The share of contracts whose first month is not yet an active one."""


@dataclass(frozen=True, kw_only=True)
class RepaymentModel:
    """What is kept of how instalments are paid."""

    marginals: Mapping[str, Marginal]
    """Of instalments, `delay`, the days from due to paid in full, most of them negative. Of those
    paid in two parts, the first `part` as a share and the `gap` between them in days. Of contracts
    repaid early, the `settlement` as a share of the instalments left. Of contracts kept open by a
    trifle, the months of `lingering`.
    """
    of_client: float
    """The share of a delay's variance that lies between clients."""
    of_contract: float
    """The share that lies between one client's contracts."""
    split_if_late: float
    split_if_not: float
    """The share of instalments paid in two parts."""
    never_paid: float
    """The share of instalments whose payment is not recorded."""
    lingers: float
    """The share of old contracts kept open by a trifle that is past due."""
    matters: float
    """The share of months past due in which the debt is no trifle."""
    serious: float
    """The share of contracts kept open for long that are so by no trifle."""


@dataclass(frozen=True, kw_only=True)
class Instalments:
    """Every instalment due so far, with its contract by position."""

    contract: Codes
    number: Codes
    due: Numbers
    delay: Numbers


def instalments(
    model: RepaymentModel, contracts: Contracts, clients: Clients, rng: np.random.Generator
) -> Instalments:
    due_so_far = np.clip(np.floor((-1 - contracts.first_due) / PERIOD) + 1, 0, contracts.run)
    counts = due_so_far.astype(np.int64)
    contract = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    habit = np.sqrt(model.of_client) * clients.traits[PAYING][contracts.owner]
    habit += np.sqrt(model.of_contract) * rng.standard_normal(len(counts))
    own = np.sqrt(1 - model.of_client - model.of_contract)
    stands = habit[contract] + own * rng.standard_normal(len(contract))
    reader = Reader.fresh(model.marginals, rng, len(contract))
    return Instalments(
        contract=contract,
        number=number + 1,
        due=contracts.first_due[contract] + PERIOD * number,
        delay=reader.numbers("delay", stands=stands),
    )


def payments(
    model: RepaymentModel, contracts: Contracts, due: Instalments, rng: np.random.Generator
) -> pl.DataFrame:
    """`installments_payments` without ids: one row a payment, `contract` by position."""
    contract, size = due.contract, len(due.contract)
    last = due.number == contracts.run[contract]
    settles = last & contracts.early[contract]
    left = (contracts.term - contracts.run + 1)[contract]
    reader = Reader.fresh(model.marginals, rng, size)
    settlement = np.maximum(left * reader.numbers("settlement"), 1)
    remainder = np.where(last, rng.uniform(LEAST_REMAINDER, 1, size), 1)
    amount = contracts.annuity[contract] * np.where(settles, settlement, remainder)
    split = rng.random(size) < np.where(due.delay > 0, model.split_if_late, model.split_if_not)
    part = np.where(split, reader.numbers("part"), 0.0)
    first = np.flatnonzero(split)
    row = np.concatenate([np.arange(size), first])
    paid_on = (due.due + due.delay)[row]
    paid_on[size:] -= reader.numbers("gap")[first]
    paid_on[rng.random(len(row)) < model.never_paid] = np.nan
    share = np.concatenate([1 - part, part[first]])
    frame = pl.DataFrame(
        {
            "contract": contract[row],
            "NUM_INSTALMENT_VERSION": np.where(settles, 2.0, 1.0)[row],
            "NUM_INSTALMENT_NUMBER": due.number[row].astype(np.int32),
            "DAYS_INSTALMENT": due.due[row],
            "DAYS_ENTRY_PAYMENT": paid_on,
            "AMT_INSTALMENT": np.round(amount[row], 3),
            "AMT_PAYMENT": given(np.isfinite(paid_on), np.round(amount[row] * share, 3)),
        },
        nan_to_null=True,
    )
    # What was not paid by the day of application is not known; older rows are not kept.
    known = pl.col("DAYS_ENTRY_PAYMENT").is_null() | (pl.col("DAYS_ENTRY_PAYMENT") < 0)
    return frame.filter(known & (pl.col("DAYS_INSTALMENT") >= -WINDOW))


def balances(
    model: RepaymentModel, contracts: Contracts, rows: Instalments, rng: np.random.Generator
) -> pl.DataFrame:
    """`POS_CASH_balance` without ids: one row a month, `contract` by position."""
    ended = contracts.ended
    last_planned = np.floor(contracts.last_due / DAYS_A_MONTH)
    old = contracts.decided < OLD * DAYS_A_MONTH
    trifle = ended & old & (rng.random(len(ended)) < model.lingers)
    reader = Reader.fresh(model.marginals, rng, len(ended))
    extra = np.where(trifle, reader.numbers("lingering"), 0)
    ends = np.where(ended, last_planned + extra, -1)
    starts = np.maximum(np.floor(contracts.decided / DAYS_A_MONTH), OLDEST_MONTH)
    counts = np.maximum(np.minimum(ends, -1) - starts + 1, 0).astype(np.int64)
    offset = np.cumsum(counts) - counts
    contract = np.repeat(np.arange(len(counts)), counts)
    month = np.arange(counts.sum()) - offset[contract] + starts[contract]
    completed = ended[contract] & (month == ends[contract])
    term = np.where(completed, contracts.run[contract], contracts.term[contract])
    since_first = (month + 1) * DAYS_A_MONTH - contracts.first_due[contract]
    left = np.clip(term - np.maximum(np.floor(since_first / PERIOD) + 1, 0), 0, None)
    past_due = np.zeros(len(contract))
    for at, when, days in past_due_at_month_ends(rows):
        place = when - starts[at]
        inside = (place >= 0) & (place < counts[at])
        past_due[(offset[at] + place)[inside].astype(np.int64)] = days[inside]
    open_by_trifle = trifle[contract] & (month > last_planned[contract]) & ~completed
    over = np.ceil((month - last_planned[contract]) * DAYS_A_MONTH) * open_by_trifle
    matters = rng.random(len(contract)) < model.matters
    serious = (rng.random(len(ended)) < model.serious)[contract]
    return pl.DataFrame(
        {
            "contract": contract,
            "MONTHS_BALANCE": month.astype(np.int32),
            "CNT_INSTALMENT": term,
            "CNT_INSTALMENT_FUTURE": np.where(completed | open_by_trifle, 0, left),
            "NAME_CONTRACT_STATUS": _status(contract, completed, offset, rng),
            "SK_DPD": np.maximum(over, past_due).astype(np.int32),
            "SK_DPD_DEF": np.maximum(matters * past_due, serious * over).astype(np.int32),
        }
    )


def past_due_at_month_ends(rows: Instalments) -> Iterator[tuple[Codes, Numbers, Numbers]]:
    """Contract, month and days past due wherever an instalment is unpaid at a month's end."""
    to_month_end = (-rows.due) % DAYS_A_MONTH
    for later in range(MOST_MONTHS_LATE):
        days = to_month_end + later * DAYS_A_MONTH
        late = np.flatnonzero(rows.delay > days)
        month = np.floor(rows.due[late] / DAYS_A_MONTH) + later
        yield rows.contract[late], month, np.maximum(np.ceil(days[late]), 1)


def _status(
    contract: Codes, completed: Mask, offset: Codes, rng: np.random.Generator
) -> pl.Series:
    first = np.zeros(len(contract), dtype=bool)
    first[offset[contract]] = True
    signed = first & (rng.random(len(contract)) < SIGNED)
    return pl.Series(("Active", "Signed", "Completed")).gather(
        np.where(completed, 2, signed.astype(np.int64))
    )
