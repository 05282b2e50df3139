"""Sample the repayment of contracts: `installments_payments` and `POS_CASH_balance`.

    due days -> delays (by client and contract) -> payments -> days past due at month end

An instalment shows as past due in a month's balance if it is unpaid at the end of that month.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from training.synthetic.sampling.column_sampler import ColumnSampler, keep_where
from training.synthetic.sampling.marginals import Floats, Integers, Marginal, Mask
from training.synthetic.tables.bureau import DAYS_A_MONTH
from training.synthetic.tables.clients import Clients
from training.synthetic.tables.instalment_contracts import HISTORY_WINDOW_DAYS, Contracts
from training.synthetic.tables.previous_application import INSTALMENT_PERIOD_DAYS

PAYMENT_DELAY_TRAIT = "payments: delay"
"""Client trait: a high value means late payments."""

OLDEST_MONTH = -96
"""First month of monthly balances, relative to the application."""

OLD_CONTRACT_MONTH = -36
"""Contracts from before this month can stay open because of a small amount."""

MAX_MONTHS_LATE = 3
"""Maximum number of month ends that a delay covers."""

MIN_LAST_INSTALMENT_SHARE = 0.95
"""The last instalment is the remainder: at least this share of the others."""

SIGNED_SHARE = 0.08
"""Share of contracts that are signed, but not yet active, in their first month."""


@dataclass(frozen=True, kw_only=True)
class RepaymentModel:
    """Parameters of how instalments are paid."""

    marginals: Mapping[str, Marginal]
    """Marginals of delays and amounts.

    `delay`: days from due to fully paid, mostly negative. For instalments paid in two parts:
    `part`,
    the first part as a share, and `gap`, the days between them. `settlement`: for contracts repaid
    early, the amount as a share of the instalments left. `lingering`: months that contracts stay
    open
    because of a small amount.
    """
    of_client: float
    """Share of a delay's variance that lies between clients."""
    of_contract: float
    """Share of a delay's variance that lies between a client's contracts."""
    split_if_late: float
    split_if_not: float
    """Share of instalments paid in two parts."""
    never_paid: float
    """Share of instalments without a recorded payment."""
    lingers: float
    """Share of old contracts that stay open with a small amount past due."""
    matters: float
    """Share of months past due with a debt above the materiality limit."""
    serious: float
    """Share of contracts kept open for long by an amount above the materiality limit."""


@dataclass(frozen=True, kw_only=True)
class Instalments:
    """Instalments due so far; `contract` is the position of the contract."""

    contract: Integers
    number: Integers
    due_day: Floats
    delay_days: Floats


def sample_instalments(
    model: RepaymentModel, contracts: Contracts, clients: Clients, rng: np.random.Generator
) -> Instalments:
    due_so_far = np.clip(
        np.floor((-1 - contracts.first_due) / INSTALMENT_PERIOD_DAYS) + 1,
        0,
        contracts.last_instalment,
    )
    counts = due_so_far.astype(np.int64)
    contract = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    contract_trait = (
        np.sqrt(model.of_client) * clients.traits[PAYMENT_DELAY_TRAIT][contracts.owner]
    )
    contract_trait += np.sqrt(model.of_contract) * rng.standard_normal(len(counts))
    residual_scale = np.sqrt(1 - model.of_client - model.of_contract)
    trait = contract_trait[contract] + residual_scale * rng.standard_normal(len(contract))
    sampler = ColumnSampler.from_marginals(model.marginals, rng, len(contract))
    return Instalments(
        contract=contract,
        number=number + 1,
        due_day=contracts.first_due[contract] + INSTALMENT_PERIOD_DAYS * number,
        delay_days=sampler.sample_numbers("delay", trait=trait),
    )


def sample_payments(
    model: RepaymentModel, contracts: Contracts, instalments: Instalments, rng: np.random.Generator
) -> pl.DataFrame:
    """Build `installments_payments` without ids, one row per payment; `contract` is a position."""
    contract, size = instalments.contract, len(instalments.contract)
    is_last = instalments.number == contracts.last_instalment[contract]
    is_settlement = is_last & contracts.is_repaid_early[contract]
    remaining = (contracts.term - contracts.last_instalment + 1)[contract]
    sampler = ColumnSampler.from_marginals(model.marginals, rng, size)
    settlement = np.maximum(remaining * sampler.sample_numbers("settlement"), 1)
    last_share = np.where(is_last, rng.uniform(MIN_LAST_INSTALMENT_SHARE, 1, size), 1)
    amount = contracts.annuity[contract] * np.where(is_settlement, settlement, last_share)
    is_split = rng.random(size) < np.where(
        instalments.delay_days > 0, model.split_if_late, model.split_if_not
    )
    first_part = np.where(is_split, sampler.sample_numbers("part"), 0.0)
    split_rows = np.flatnonzero(is_split)
    row = np.concatenate([np.arange(size), split_rows])
    payment_day = (instalments.due_day + instalments.delay_days)[row]
    payment_day[size:] -= sampler.sample_numbers("gap")[split_rows]
    payment_day[rng.random(len(row)) < model.never_paid] = np.nan
    share = np.concatenate([1 - first_part, first_part[split_rows]])
    frame = pl.DataFrame(
        {
            "contract": contract[row],
            "NUM_INSTALMENT_VERSION": np.where(is_settlement, 2.0, 1.0)[row],
            "NUM_INSTALMENT_NUMBER": instalments.number[row].astype(np.int32),
            "DAYS_INSTALMENT": instalments.due_day[row],
            "DAYS_ENTRY_PAYMENT": payment_day,
            "AMT_INSTALMENT": np.round(amount[row], 3),
            "AMT_PAYMENT": keep_where(np.isfinite(payment_day), np.round(amount[row] * share, 3)),
        },
        nan_to_null=True,
    )
    # Payments after the application are unknown, and rows from before the window are not kept.
    known = pl.col("DAYS_ENTRY_PAYMENT").is_null() | (pl.col("DAYS_ENTRY_PAYMENT") < 0)
    return frame.filter(known & (pl.col("DAYS_INSTALMENT") >= -HISTORY_WINDOW_DAYS))


def build_pos_cash_balances(
    model: RepaymentModel, contracts: Contracts, instalments: Instalments, rng: np.random.Generator
) -> pl.DataFrame:
    """Build `POS_CASH_balance` without ids, one row per month; `contract` is a position."""
    has_ended = contracts.has_ended
    last_planned = np.floor(contracts.last_due / DAYS_A_MONTH)
    is_old = contracts.decision_day < OLD_CONTRACT_MONTH * DAYS_A_MONTH
    has_residual = has_ended & is_old & (rng.random(len(has_ended)) < model.lingers)
    sampler = ColumnSampler.from_marginals(model.marginals, rng, len(has_ended))
    lingering_months = np.where(has_residual, sampler.sample_numbers("lingering"), 0)
    last_month = np.where(has_ended, last_planned + lingering_months, -1)
    first_month = np.maximum(np.floor(contracts.decision_day / DAYS_A_MONTH), OLDEST_MONTH)
    counts = np.maximum(np.minimum(last_month, -1) - first_month + 1, 0).astype(np.int64)
    offset = np.cumsum(counts) - counts
    contract = np.repeat(np.arange(len(counts)), counts)
    month = np.arange(counts.sum()) - offset[contract] + first_month[contract]
    is_completed = has_ended[contract] & (month == last_month[contract])
    term = np.where(is_completed, contracts.last_instalment[contract], contracts.term[contract])
    days_since_first_due = (month + 1) * DAYS_A_MONTH - contracts.first_due[contract]
    n_due = np.maximum(np.floor(days_since_first_due / INSTALMENT_PERIOD_DAYS) + 1, 0)
    remaining = np.clip(term - n_due, 0, None)
    past_due = _compute_days_past_due(instalments, first_month, counts)
    is_residual_month = has_residual[contract] & (month > last_planned[contract]) & ~is_completed
    residual_days = np.ceil((month - last_planned[contract]) * DAYS_A_MONTH) * is_residual_month
    is_material = rng.random(len(contract)) < model.matters
    is_serious = (rng.random(len(has_ended)) < model.serious)[contract]
    return pl.DataFrame(
        {
            "contract": contract,
            "MONTHS_BALANCE": month.astype(np.int32),
            "CNT_INSTALMENT": term,
            "CNT_INSTALMENT_FUTURE": np.where(is_completed | is_residual_month, 0, remaining),
            "NAME_CONTRACT_STATUS": _sample_status(contract, is_completed, offset, rng),
            "SK_DPD": np.maximum(residual_days, past_due).astype(np.int32),
            "SK_DPD_DEF": np.maximum(is_material * past_due, is_serious * residual_days).astype(
                np.int32
            ),
        }
    )


def _compute_days_past_due(
    instalments: Instalments, first_month: Floats, counts: Integers
) -> Floats:
    """Return days past due by contract and month; `counts` is the number of months of each."""
    offset = np.cumsum(counts) - counts
    past_due = np.zeros(counts.sum())
    for contract, late_month, days in iter_past_due_months(instalments):
        month_index = late_month - first_month[contract]
        in_history = (month_index >= 0) & (month_index < counts[contract])
        rows = (offset[contract] + month_index)[in_history].astype(np.int64)
        past_due[rows] = days[in_history]
    return past_due


def iter_past_due_months(instalments: Instalments) -> Iterator[tuple[Integers, Floats, Floats]]:
    """Yield contract, month and days past due of instalments unpaid at a month end."""
    to_month_end = (-instalments.due_day) % DAYS_A_MONTH
    for months_late in range(MAX_MONTHS_LATE):
        days = to_month_end + months_late * DAYS_A_MONTH
        late_rows = np.flatnonzero(instalments.delay_days > days)
        month = np.floor(instalments.due_day[late_rows] / DAYS_A_MONTH) + months_late
        yield instalments.contract[late_rows], month, np.maximum(np.ceil(days[late_rows]), 1)


def _sample_status(
    contract: Integers, is_completed: Mask, offset: Integers, rng: np.random.Generator
) -> pl.Series:
    is_first_month = np.zeros(len(contract), dtype=bool)
    is_first_month[offset[contract]] = True
    is_signed = is_first_month & (rng.random(len(contract)) < SIGNED_SHARE)
    return pl.Series(("Active", "Signed", "Completed")).gather(
        np.where(is_completed, 2, is_signed.astype(np.int64))
    )
