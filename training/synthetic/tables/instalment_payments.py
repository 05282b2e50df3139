"""How instalment contracts were repaid: contracts -> `installments_payments`, `POS_CASH_balance`.

    due days -> delays (how late this client pays) -> payments -> days past due at month's end

Whoever is late by days is past due in the month's balance if the month ended in between.
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
"""The client's trait: who stands high pays late."""

OLDEST_MONTH = -96
"""How far back monthly balances go."""

OLD_CONTRACT_MONTH = -36
"""Months since the decision from which a contract can be kept open by a trifle."""

MAX_MONTHS_LATE = 3
"""No delay reaches over more ends of months."""

MIN_LAST_INSTALMENT_SHARE = 0.95
"""The last instalment is what is left: at least this share of the others."""

SIGNED_SHARE = 0.08
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
    """`installments_payments` without ids: one row a payment, `contract` by position."""
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
    # What was not paid by the day of application is not known; older rows are not kept.
    known = pl.col("DAYS_ENTRY_PAYMENT").is_null() | (pl.col("DAYS_ENTRY_PAYMENT") < 0)
    return frame.filter(known & (pl.col("DAYS_INSTALMENT") >= -HISTORY_WINDOW_DAYS))


def build_pos_cash_balances(
    model: RepaymentModel, contracts: Contracts, instalments: Instalments, rng: np.random.Generator
) -> pl.DataFrame:
    """`POS_CASH_balance` without ids: one row a month, `contract` by position."""
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
    remaining = np.clip(
        term - np.maximum(np.floor(days_since_first_due / INSTALMENT_PERIOD_DAYS) + 1, 0), 0, None
    )
    past_due = np.zeros(len(contract))
    for contract_index, late_month, days in iter_past_due_months(instalments):
        month_index = late_month - first_month[contract_index]
        in_history = (month_index >= 0) & (month_index < counts[contract_index])
        past_due[(offset[contract_index] + month_index)[in_history].astype(np.int64)] = days[
            in_history
        ]
    is_residual_month = has_residual[contract] & (month > last_planned[contract]) & ~is_completed
    residual_days_past_due = (
        np.ceil((month - last_planned[contract]) * DAYS_A_MONTH) * is_residual_month
    )
    is_material = rng.random(len(contract)) < model.matters
    is_serious = (rng.random(len(has_ended)) < model.serious)[contract]
    return pl.DataFrame(
        {
            "contract": contract,
            "MONTHS_BALANCE": month.astype(np.int32),
            "CNT_INSTALMENT": term,
            "CNT_INSTALMENT_FUTURE": np.where(is_completed | is_residual_month, 0, remaining),
            "NAME_CONTRACT_STATUS": _sample_status(contract, is_completed, offset, rng),
            "SK_DPD": np.maximum(residual_days_past_due, past_due).astype(np.int32),
            "SK_DPD_DEF": np.maximum(
                is_material * past_due, is_serious * residual_days_past_due
            ).astype(np.int32),
        }
    )


def iter_past_due_months(instalments: Instalments) -> Iterator[tuple[Integers, Floats, Floats]]:
    """Contract, month and days past due wherever an instalment is unpaid at a month's end."""
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
