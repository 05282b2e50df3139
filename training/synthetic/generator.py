"""A block of clients -> rows of all eight files, with ids that hold together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from credit.schema import APPLICATION, HISTORIES, TARGET
from training.synthetic.labels.application_risk import chances
from training.synthetic.labels.history_risk import summarise
from training.synthetic.parameters import Model
from training.synthetic.sampling.marginals import Codes, Mask
from training.synthetic.tables.bureau import bureau_credits, monthly_states
from training.synthetic.tables.clients import Clients, draw_clients
from training.synthetic.tables.credit_card_balance import card_balances, card_payments
from training.synthetic.tables.credit_cards import cards, course, days_of_cards
from training.synthetic.tables.instalment_contracts import contracts, days_of_contracts
from training.synthetic.tables.instalment_payments import balances, instalments, payments
from training.synthetic.tables.previous_application import earlier_applications

FILES = ("application_train", "application_test", *HISTORIES)


@dataclass(kw_only=True)
class Ids:
    """The next free ids; each block of clients takes its own."""

    client: int = 100_001
    bureau_credit: int = 5_000_000
    earlier_application: int = 1_000_000

    def clients(self, count: int) -> Codes:
        self.client += count
        return np.arange(self.client - count, self.client)

    def bureau_credits(self, count: int) -> Codes:
        self.bureau_credit += count
        return np.arange(self.bureau_credit - count, self.bureau_credit)

    def earlier_applications(self, count: int) -> Codes:
        self.earlier_application += count
        return np.arange(self.earlier_application - count, self.earlier_application)


def block_tables(
    model: Model, later: Mask, ids: Ids, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """The rows of one block of clients, by file."""
    for_clients, for_histories, for_difficulties = rng.spawn(3)
    clients = draw_clients(model.traits, model.form, later, for_clients)
    client_ids = ids.clients(clients.size)
    histories = draw_histories(model, clients, client_ids, ids, for_histories)
    log_odds = model.risk.log_odds(clients.form, summarise(histories, clients.size))
    difficult = for_difficulties.random(clients.size) < chances(log_odds)
    form = clients.form.with_columns(SK_ID_CURR=client_ids, TARGET=difficult.astype(np.int64))
    columns = list(APPLICATION.columns)
    return {
        "application_train": form.filter(~later).select(columns[0], TARGET.name, *columns[1:]),
        "application_test": form.filter(later).select(columns),
        **{name: rows.select(list(HISTORIES[name].columns)) for name, rows in histories.items()},
    }


def draw_histories(
    model: Model, clients: Clients, client_ids: Codes, ids: Ids, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """The clients' six history tables, with each row's client by position as `owner`."""
    for_bureau, for_us = rng.spawn(2)
    return {
        **_bureau(model, clients, client_ids, ids, for_bureau),
        **_with_us(model, clients, client_ids, ids, for_us),
    }


def _bureau(
    model: Model, clients: Clients, client_ids: Codes, ids: Ids, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    rows = bureau_credits(model.bureau, clients, rng)
    credit_ids = ids.bureau_credits(rows.height)
    rows = rows.with_columns(SK_ID_CURR=client_ids[rows["owner"]], SK_ID_BUREAU=credit_ids)
    states = monthly_states(model.bureau, clients, rows, rng)
    return {
        "bureau": rows,
        "bureau_balance": states.with_columns(SK_ID_BUREAU=credit_ids[states["credit"]]),
    }


def _with_us(
    model: Model, clients: Clients, client_ids: Codes, ids: Ids, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    for_applications, for_contracts, for_cards = rng.spawn(3)
    applications = earlier_applications(model.previous, clients, for_applications)
    application_ids = ids.earlier_applications(applications.height)
    signed = contracts(applications, model.previous, clients, for_contracts)
    held = cards(model.cards, applications, clients, for_cards)
    went = course(model.cards, held, for_cards)
    days = pl.concat([days_of_contracts(signed, for_contracts), days_of_cards(held, went)])
    due = instalments(model.repayment, signed, clients, for_contracts)
    contract_keys = _keys(signed.previous, signed.owner, application_ids, client_ids, ids)
    card_keys = _keys(held.previous, held.owner, application_ids, client_ids, ids)
    paid = payments(model.repayment, signed, due, for_contracts)
    paid_on_cards = card_payments(model.cards, held, went, for_cards)
    months = balances(model.repayment, signed, due, for_contracts)
    card_months = card_balances(model.cards, held, went, clients, for_cards)
    return {
        "previous_application": applications.with_columns(
            SK_ID_CURR=client_ids[applications["owner"]],
            SK_ID_PREV=application_ids,
            row=np.arange(applications.height),
        ).join(days, on="row", how="left", maintain_order="left"),
        "installments_payments": pl.concat(
            [_keyed(paid, contract_keys), _keyed(paid_on_cards, card_keys)]
        ),
        "POS_CASH_balance": _keyed(months, contract_keys),
        "credit_card_balance": _keyed(card_months, card_keys),
    }


def _keys(
    previous: Codes, owner: Codes, application_ids: Codes, client_ids: Codes, ids: Ids
) -> pl.DataFrame:
    """The ids of contracts: their application's, or new ones that no application has."""
    listed = previous >= 0
    keys = np.empty(len(previous), dtype=np.int64)
    keys[listed] = application_ids[previous[listed]]
    keys[~listed] = ids.earlier_applications(int((~listed).sum()))
    return pl.DataFrame({"SK_ID_PREV": keys, "SK_ID_CURR": client_ids[owner], "owner": owner})


def _keyed(rows: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """The rows with the ids of the contract that each has by position."""
    return rows.drop("contract").hstack(keys[rows["contract"]])
