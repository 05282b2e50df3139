"""Sample instalment contracts: listed applications, and older contracts.

    previous applications -> contracts (term, instalment, due days) -> DAYS columns

Contracts older than the window of `previous_application` have only their last rows in the data:
their ids appear in `POS_CASH_balance` and `installments_payments` only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from credit.schema import NEVER_DAYS
from training.synthetic.sampling.column_sampler import ColumnSampler
from training.synthetic.sampling.marginals import Floats, Integers, Mask
from training.synthetic.sampling.row_model import RowModel
from training.synthetic.tables.clients import Clients
from training.synthetic.tables.previous_application import INSTALMENT_PERIOD_DAYS, REVOLVING

HISTORY_WINDOW_DAYS = 2_922
"""Days before the application that previous applications and instalments go back: 8 years."""

LONG_TENURE_DAY = -2_000
"""Clients with an older first listed application had earlier contracts more often."""

DAYS_TO_CLOSE = (2, 11)
"""Range of days from the last instalment to the contract's end; the upper end is excluded."""


@dataclass(frozen=True, kw_only=True)
class Contracts:
    """Instalment contracts, one entry each."""

    application_row: Integers
    """Row of the previous application, -1 if that is too old to be listed."""
    owner: Integers
    decision_day: Floats
    first_due: Floats
    term: Floats
    annuity: Floats
    last_instalment: Integers
    """Number of instalments until full repayment: the term, or fewer if repaid early."""

    @property
    def last_due(self) -> Floats:
        return self.first_due + INSTALMENT_PERIOD_DAYS * (self.last_instalment - 1)

    @property
    def has_ended(self) -> Mask:
        return self.last_due < 0

    @property
    def is_repaid_early(self) -> Mask:
        return self.last_instalment < self.term


def sample_contracts(
    applications: pl.DataFrame, model: RowModel, clients: Clients, rng: np.random.Generator
) -> Contracts:
    """Sample contracts of all used cash and consumer applications, then unlisted older ones."""
    rows = applications.with_row_index("previous").filter(
        pl.col("used") & (pl.col("NAME_CONTRACT_TYPE") != REVOLVING)
    )
    listed_contracts = Contracts(
        application_row=rows["previous"].to_numpy().astype(np.int64),
        owner=rows["owner"].to_numpy(),
        decision_day=rows["DAYS_DECISION"].to_numpy().astype(float),
        first_due=rows["first_due"].to_numpy(),
        term=rows["CNT_PAYMENT"].to_numpy(),
        annuity=rows["AMT_ANNUITY"].to_numpy(),
        last_instalment=rows["run"].to_numpy().astype(np.int64),
    )
    return _concat_contracts(
        listed_contracts, _sample_unlisted_contracts(applications, model, clients, rng)
    )


def _sample_unlisted_contracts(
    applications: pl.DataFrame, model: RowModel, clients: Clients, rng: np.random.Generator
) -> Contracts:
    """Sample contracts from before the window with their last instalments inside it."""
    oldest_decision = np.zeros(clients.size)
    np.minimum.at(
        oldest_decision, applications["owner"].to_numpy(), applications["DAYS_DECISION"].to_numpy()
    )
    sampler = ColumnSampler.from_marginals(model.marginals, rng, clients.size)
    tenure_group = pl.Series(
        np.where(oldest_decision < LONG_TENURE_DAY, "long known", "not long known")
    )
    owner = np.flatnonzero(sampler.sample_flags_by("old_contract", tenure_group))
    sampler = ColumnSampler.from_marginals(model.marginals, rng, len(owner))
    remaining_months = sampler.sample_numbers("old_months")
    term = np.maximum(sampler.sample_numbers("old_term"), remaining_months)
    first_due = (
        -HISTORY_WINDOW_DAYS
        - INSTALMENT_PERIOD_DAYS * (term - remaining_months)
        + rng.integers(0, INSTALMENT_PERIOD_DAYS, len(owner))
    )
    return Contracts(
        application_row=np.full(len(owner), -1),
        owner=owner,
        decision_day=first_due - INSTALMENT_PERIOD_DAYS,
        first_due=first_due,
        term=term,
        annuity=sampler.sample_numbers("old_annuity"),
        last_instalment=term.astype(np.int64),
    )


def _concat_contracts(first: Contracts, second: Contracts) -> Contracts:
    return Contracts(
        **{
            field.name: np.concatenate([getattr(first, field.name), getattr(second, field.name)])
            for field in fields(Contracts)
        }
    )


def compute_contract_days(contracts: Contracts, rng: np.random.Generator) -> pl.DataFrame:
    """Return the DAYS columns of the previous applications that became contracts, by `row`."""
    is_listed = contracts.application_row >= 0
    last_due, first_due = contracts.last_due[is_listed], contracts.first_due[is_listed]
    closing_day = last_due + rng.integers(*DAYS_TO_CLOSE, is_listed.sum())
    return pl.DataFrame(
        {
            "row": contracts.application_row[is_listed],
            "DAYS_FIRST_DRAWING": np.full(is_listed.sum(), float(NEVER_DAYS)),
            "DAYS_FIRST_DUE": first_due,
            "DAYS_LAST_DUE_1ST_VERSION": first_due
            + INSTALMENT_PERIOD_DAYS * (contracts.term[is_listed] - 1),
            "DAYS_LAST_DUE": np.where(last_due < 0, last_due, NEVER_DAYS),
            "DAYS_TERMINATION": np.where(closing_day < 0, closing_day, NEVER_DAYS),
        }
    )
