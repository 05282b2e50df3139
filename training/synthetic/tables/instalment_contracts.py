"""Instalment contracts: granted applications, and older ones -> how each was repaid by plan.

    earlier applications -> contracts (term, instalment, first and last due day) -> DAYS columns

Contracts decided on before the window of `previous_application` are known by their last rows only:
their ids appear in `POS_CASH_balance` and `installments_payments` and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from credit.schema import NEVER
from training.synthetic.sampling.column_sampler import Reader
from training.synthetic.sampling.marginals import Codes, Mask, Numbers
from training.synthetic.sampling.row_model import RowModel
from training.synthetic.tables.clients import Clients
from training.synthetic.tables.previous_application import PERIOD, REVOLVING

WINDOW = 2_922
"""Eight years, in days: how far back earlier applications and instalments are known."""

LONG_KNOWN = -2_000
"""Clients whose oldest listed application is older had earlier contracts more often."""

DAYS_TO_CLOSE = (2, 11)
"""A contract is closed so many days after its last instalment was due, the upper end excluded."""


@dataclass(frozen=True, kw_only=True)
class Contracts:
    """Instalment contracts, one entry each."""

    previous: Codes
    """The row of the earlier application, -1 where that is too old to be known."""
    owner: Codes
    decided: Numbers
    first_due: Numbers
    term: Numbers
    annuity: Numbers
    run: Codes
    """After how many instalments everything was repaid; the term, unless it was early."""

    @property
    def last_due(self) -> Numbers:
        return self.first_due + PERIOD * (self.run - 1)

    @property
    def ended(self) -> Mask:
        return self.last_due < 0

    @property
    def early(self) -> Mask:
        return self.run < self.term


def contracts(
    applications: pl.DataFrame, model: RowModel, clients: Clients, rng: np.random.Generator
) -> Contracts:
    """The contracts of all used cash and consumer applications, then those too old to list."""
    rows = applications.with_row_index("previous").filter(
        pl.col("used") & (pl.col("NAME_CONTRACT_TYPE") != REVOLVING)
    )
    listed = Contracts(
        previous=rows["previous"].to_numpy().astype(np.int64),
        owner=rows["owner"].to_numpy(),
        decided=rows["DAYS_DECISION"].to_numpy().astype(float),
        first_due=rows["first_due"].to_numpy(),
        term=rows["CNT_PAYMENT"].to_numpy(),
        annuity=rows["AMT_ANNUITY"].to_numpy(),
        run=rows["run"].to_numpy().astype(np.int64),
    )
    return _joined(listed, _too_old(applications, model, clients, rng))


def _too_old(
    applications: pl.DataFrame, model: RowModel, clients: Clients, rng: np.random.Generator
) -> Contracts:
    """Contracts decided on before the window whose last instalments lie within it."""
    oldest = np.zeros(clients.size)
    np.minimum.at(
        oldest, applications["owner"].to_numpy(), applications["DAYS_DECISION"].to_numpy()
    )
    reader = Reader.fresh(model.marginals, rng, clients.size)
    known_long = pl.Series(np.where(oldest < LONG_KNOWN, "long known", "not long known"))
    owner = np.flatnonzero(reader.flags_by("old_contract", known_long))
    reader = Reader.fresh(model.marginals, rng, len(owner))
    remaining = reader.numbers("old_months")
    term = np.maximum(reader.numbers("old_term"), remaining)
    first_due = -WINDOW - PERIOD * (term - remaining) + rng.integers(0, PERIOD, len(owner))
    return Contracts(
        previous=np.full(len(owner), -1),
        owner=owner,
        decided=first_due - PERIOD,
        first_due=first_due,
        term=term,
        annuity=reader.numbers("old_annuity"),
        run=term.astype(np.int64),
    )


def _joined(one: Contracts, other: Contracts) -> Contracts:
    return Contracts(
        **{
            field.name: np.concatenate([getattr(one, field.name), getattr(other, field.name)])
            for field in fields(Contracts)
        }
    )


def days_of_contracts(contracts_: Contracts, rng: np.random.Generator) -> pl.DataFrame:
    """The DAYS columns of the earlier applications that became instalment contracts, by `row`."""
    listed = contracts_.previous >= 0
    last_due, first_due = contracts_.last_due[listed], contracts_.first_due[listed]
    closed = last_due + rng.integers(*DAYS_TO_CLOSE, listed.sum())
    return pl.DataFrame(
        {
            "row": contracts_.previous[listed],
            "DAYS_FIRST_DRAWING": np.full(listed.sum(), float(NEVER)),
            "DAYS_FIRST_DUE": first_due,
            "DAYS_LAST_DUE_1ST_VERSION": first_due + PERIOD * (contracts_.term[listed] - 1),
            "DAYS_LAST_DUE": np.where(last_due < 0, last_due, NEVER),
            "DAYS_TERMINATION": np.where(closed < 0, closed, NEVER),
        }
    )
