"""Generate all eight tables, block by block, with consistent ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from credit.schema import APPLICATION, HISTORIES, TARGET
from stores.progress import ProgressCallback
from training.synthetic.labels.application_risk import to_probabilities
from training.synthetic.labels.history_risk import summarise_histories
from training.synthetic.parameters import PopulationModel, read_population_model
from training.synthetic.sampling.marginals import Integers, Mask
from training.synthetic.tables.bureau import sample_bureau_credits, sample_monthly_states
from training.synthetic.tables.clients import Clients, sample_clients
from training.synthetic.tables.credit_card_balance import build_card_balances, build_card_payments
from training.synthetic.tables.credit_cards import (
    compute_card_days,
    sample_cards,
    simulate_card_history,
)
from training.synthetic.tables.instalment_contracts import compute_contract_days, sample_contracts
from training.synthetic.tables.instalment_payments import (
    build_pos_cash_balances,
    sample_instalments,
    sample_payments,
)
from training.synthetic.tables.previous_application import sample_previous_applications
from training.synthetic.writer import TableWriter

CLIENTS_PER_BLOCK = 10_000
"""Clients sampled at a time. It limits memory; the output for a seed depends on it."""

TEST_SHARE = 48_744 / 356_255
"""Share of the source's clients that are in `application_test`."""

ContractIdAssigner = Callable[[Integers, Integers], pl.DataFrame]
"""Maps application rows and owners of contracts to their ids."""

TABLE_NAMES = ("application_train", "application_test", *HISTORIES)


class TableFormat(StrEnum):
    """File format of the tables."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(kw_only=True)
class IdAllocator:
    """Hand out consecutive ids; each block of clients takes the next ones."""

    next_client: int = 100_001
    next_bureau_credit: int = 5_000_000
    next_previous_application: int = 1_000_000

    def allocate_clients(self, count: int) -> Integers:
        self.next_client += count
        return np.arange(self.next_client - count, self.next_client)

    def allocate_bureau_credits(self, count: int) -> Integers:
        self.next_bureau_credit += count
        return np.arange(self.next_bureau_credit - count, self.next_bureau_credit)

    def allocate_previous_applications(self, count: int) -> Integers:
        self.next_previous_application += count
        return np.arange(self.next_previous_application - count, self.next_previous_application)


def synthesise_tables(
    clients: int,
    out: Path,
    *,
    seed: int = 0,
    file_format: str = "parquet",
    advance: ProgressCallback | None = None,
) -> None:
    """Write the eight tables and their marker into `out`, once all of them are complete.

    The same seed and number of clients give the same bytes. `advance` is called after each block
    with its number of clients.

    Raises:
        InvalidTables: if older files in `out` would be read instead of the new ones.
    """
    model = read_population_model()
    is_test = _draw_test_mask(clients, seed)
    ids = IdAllocator()
    with TableWriter(out, TABLE_NAMES, TableFormat(file_format)) as files:
        for block, start in enumerate(range(0, clients, CLIENTS_PER_BLOCK)):
            rng = np.random.default_rng([seed, block])
            block_is_test = is_test[start : start + CLIENTS_PER_BLOCK]
            for table, rows in generate_block_tables(model, block_is_test, ids, rng).items():
                files.append(table, rows)
            if advance:
                advance(len(block_is_test))


def _draw_test_mask(clients: int, seed: int) -> Mask:
    """Choose the clients of `application_test` at random."""
    is_test = np.arange(clients) < round(clients * TEST_SHARE)
    return np.random.default_rng([seed]).permutation(is_test)


def generate_block_tables(
    model: PopulationModel, is_test: Mask, ids: IdAllocator, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """Generate the rows of one block of clients, by table name."""
    client_rng, history_rng, outcome_rng = rng.spawn(3)
    clients = sample_clients(model.traits, model.form, is_test, client_rng)
    client_ids = ids.allocate_clients(clients.size)
    histories = sample_histories(model, clients, client_ids, ids, history_rng)
    log_odds = model.risk.compute_log_odds(
        clients.form, summarise_histories(histories, clients.size)
    )
    has_difficulties = outcome_rng.random(clients.size) < to_probabilities(log_odds)
    form = clients.form.with_columns(
        SK_ID_CURR=client_ids, TARGET=has_difficulties.astype(np.int64)
    )
    columns = list(APPLICATION.columns)
    return {
        "application_train": form.filter(~is_test).select(columns[0], TARGET.name, *columns[1:]),
        "application_test": form.filter(is_test).select(columns),
        **{name: rows.select(list(HISTORIES[name].columns)) for name, rows in histories.items()},
    }


def sample_histories(
    model: PopulationModel,
    clients: Clients,
    client_ids: Integers,
    ids: IdAllocator,
    rng: np.random.Generator,
) -> dict[str, pl.DataFrame]:
    """Sample the six history tables; `owner` is the position of each row's client."""
    bureau_rng, lender_rng = rng.spawn(2)
    return {
        **_sample_bureau_tables(model, clients, client_ids, ids, bureau_rng),
        **_sample_lender_tables(model, clients, client_ids, ids, lender_rng),
    }


def _sample_bureau_tables(
    model: PopulationModel,
    clients: Clients,
    client_ids: Integers,
    ids: IdAllocator,
    rng: np.random.Generator,
) -> dict[str, pl.DataFrame]:
    rows = sample_bureau_credits(model.bureau, clients, rng)
    credit_ids = ids.allocate_bureau_credits(rows.height)
    rows = rows.with_columns(SK_ID_CURR=client_ids[rows["owner"]], SK_ID_BUREAU=credit_ids)
    states = sample_monthly_states(model.bureau, clients, rows, rng)
    return {
        "bureau": rows,
        "bureau_balance": states.with_columns(SK_ID_BUREAU=credit_ids[states["credit"]]),
    }


@dataclass(frozen=True, kw_only=True)
class _ContractTables:
    """The tables of some contracts, with ids and `owner`."""

    days: pl.DataFrame
    """DAYS columns of the previous applications, by `row`."""
    payments: pl.DataFrame
    balances: pl.DataFrame


def _sample_lender_tables(
    model: PopulationModel,
    clients: Clients,
    client_ids: Integers,
    ids: IdAllocator,
    rng: np.random.Generator,
) -> dict[str, pl.DataFrame]:
    application_rng, contract_rng, card_rng = rng.spawn(3)
    applications = sample_previous_applications(model.previous, clients, application_rng)
    application_ids = ids.allocate_previous_applications(applications.height)
    assign_ids = partial(
        _assign_contract_ids, application_ids=application_ids, client_ids=client_ids, ids=ids
    )
    instalments = _sample_instalment_tables(model, applications, clients, assign_ids, contract_rng)
    cards = _sample_card_tables(model, applications, clients, assign_ids, card_rng)
    return {
        "previous_application": applications.with_columns(
            SK_ID_CURR=client_ids[applications["owner"]],
            SK_ID_PREV=application_ids,
            row=np.arange(applications.height),
        ).join(
            pl.concat([instalments.days, cards.days]),
            on="row",
            how="left",
            maintain_order="left",
        ),
        "installments_payments": pl.concat([instalments.payments, cards.payments]),
        "POS_CASH_balance": instalments.balances,
        "credit_card_balance": cards.balances,
    }


def _sample_instalment_tables(
    model: PopulationModel,
    applications: pl.DataFrame,
    clients: Clients,
    assign_ids: ContractIdAssigner,
    rng: np.random.Generator,
) -> _ContractTables:
    contracts = sample_contracts(applications, model.previous, clients, rng)
    days = compute_contract_days(contracts, rng)
    instalments = sample_instalments(model.repayment, contracts, clients, rng)
    contract_ids = assign_ids(contracts.application_row, contracts.owner)
    payments = sample_payments(model.repayment, contracts, instalments, rng)
    balances = build_pos_cash_balances(model.repayment, contracts, instalments, rng)
    return _ContractTables(
        days=days,
        payments=_attach_contract_ids(payments, contract_ids),
        balances=_attach_contract_ids(balances, contract_ids),
    )


def _sample_card_tables(
    model: PopulationModel,
    applications: pl.DataFrame,
    clients: Clients,
    assign_ids: ContractIdAssigner,
    rng: np.random.Generator,
) -> _ContractTables:
    cards = sample_cards(model.cards, applications, clients, rng)
    history = simulate_card_history(model.cards, cards, rng)
    card_ids = assign_ids(cards.application_row, cards.owner)
    payments = build_card_payments(model.cards, cards, history, rng)
    balances = build_card_balances(model.cards, cards, history, clients, rng)
    return _ContractTables(
        days=compute_card_days(cards, history),
        payments=_attach_contract_ids(payments, card_ids),
        balances=_attach_contract_ids(balances, card_ids),
    )


def _assign_contract_ids(
    application_row: Integers,
    owner: Integers,
    *,
    application_ids: Integers,
    client_ids: Integers,
    ids: IdAllocator,
) -> pl.DataFrame:
    """Assign each contract the id of its application, or a new id if that is not listed."""
    is_listed = application_row >= 0
    contract_ids = np.empty(len(application_row), dtype=np.int64)
    contract_ids[is_listed] = application_ids[application_row[is_listed]]
    contract_ids[~is_listed] = ids.allocate_previous_applications(int((~is_listed).sum()))
    return pl.DataFrame(
        {"SK_ID_PREV": contract_ids, "SK_ID_CURR": client_ids[owner], "owner": owner}
    )


def _attach_contract_ids(rows: pl.DataFrame, contract_ids: pl.DataFrame) -> pl.DataFrame:
    """Add each row's contract ids; `contract` is the position of its contract."""
    return rows.drop("contract").hstack(contract_ids[rows["contract"]])
