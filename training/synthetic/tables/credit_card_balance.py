"""Build `credit_card_balance` and card payments from simulated card histories."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from training.synthetic.sampling.column_sampler import ColumnSampler, keep_where
from training.synthetic.sampling.marginals import STANDARD_NORMAL, Floats, Integers, Mask
from training.synthetic.tables.application import Columns
from training.synthetic.tables.bureau import DAYS_A_MONTH
from training.synthetic.tables.clients import Clients
from training.synthetic.tables.credit_cards import (
    CardHistory,
    CardModel,
    Cards,
    card_trait,
)
from training.synthetic.tables.instalment_contracts import HISTORY_WINDOW_DAYS
from training.synthetic.tables.instalment_payments import OLDEST_MONTH, PAYMENT_DELAY_TRAIT

PRINCIPAL_SHARE = 0.96
"""Share of principal in the balance; the rest is interest and fees."""

LATENESS_CORRELATION = 0.2
"""Correlation between a month's lateness and the client's payment delay trait."""

MEAN_DAYS_EARLY = 4.0
"""Mean number of days that card payments are made before they are due."""


def build_card_balances(
    model: CardModel,
    cards: Cards,
    history: CardHistory,
    clients: Clients,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Build `credit_card_balance` without ids, one row per month; `contract` is a position."""
    month = np.arange(OLDEST_MONTH, 0)
    card, column = np.nonzero(month >= cards.first_month[:, None])
    balance, drawing = history.balance[card, column], history.drawing[card, column]
    payment = history.payment[card, column]
    was_used_before = (np.cumsum(history.drawing, axis=1) > 0)[card, column]
    instalment_columns = _sample_instalment_columns(cards, history, card, column, rng)
    sampler = ColumnSampler.from_marginals(model.marginals, rng, len(card))
    lateness = card_trait(clients, PAYMENT_DELAY_TRAIT, cards.owner, rng)[card]
    days_past_due = _sample_days_past_due(sampler, lateness, balance > 0, model.late)
    residual_days = _sample_residual_days_past_due(model, cards, history, rng)[card, column]
    return pl.DataFrame(
        {
            "contract": card,
            "MONTHS_BALANCE": month[column].astype(np.int32),
            "AMT_BALANCE": balance,
            "AMT_CREDIT_LIMIT_ACTUAL": history.limit[card, column].astype(np.int64),
            **_sample_drawings(sampler, drawing, was_used_before),
            **instalment_columns,
            "AMT_PAYMENT_CURRENT": keep_where(was_used_before, payment),
            "AMT_PAYMENT_TOTAL_CURRENT": payment,
            "AMT_RECEIVABLE_PRINCIPAL": np.round(balance * PRINCIPAL_SHARE, 2),
            "AMT_RECIVABLE": balance,
            "AMT_TOTAL_RECEIVABLE": balance,
            "NAME_CONTRACT_STATUS": pl.Series(("Active", "Completed")).gather(
                (month[column] - 1 > cards.limit_end_month[card]).astype(np.int64)
            ),
            "SK_DPD": np.maximum(days_past_due, residual_days).astype(np.int32),
            "SK_DPD_DEF": days_past_due.astype(np.int32),
        },
        nan_to_null=True,
    )


def _sample_instalment_columns(
    cards: Cards,
    history: CardHistory,
    card: Integers,
    column: Integers,
    rng: np.random.Generator,
) -> Columns:
    """Build the minimum instalment and the count of instalments, unknown in the first months."""
    # A new card has its first instalment after one or a few months.
    age_months = column + OLDEST_MONTH - cards.first_month[card]
    has_instalment = age_months > rng.integers(-1, 3, len(card))
    instalment_count = np.cumsum(history.min_payment > 0, axis=1)[card, column].astype(float)
    return {
        "AMT_INST_MIN_REGULARITY": keep_where(has_instalment, history.min_payment[card, column]),
        "CNT_INSTALMENT_MATURE_CUM": keep_where(has_instalment, instalment_count),
    }


def _sample_drawings(sampler: ColumnSampler, drawing: Floats, was_used_before: Mask) -> Columns:
    """Sample amounts and counts of drawings at cash machines and in shops.

    The place is known only for cards with any drawing.
    """
    channel = sampler.sample_categories("drawn_at")
    only_machines, only_shops = (
        (channel == "cash machines").to_numpy(),
        (channel == "shops").to_numpy(),
    )
    cash_amount = (
        np.select([only_machines, only_shops], [1.0, 0.0], sampler.rng.random(len(drawing)))
        * drawing
    )
    cash_count = sampler.sample_numbers("cash_drawings") * (~only_shops & (drawing > 0))
    shop_count = sampler.sample_numbers("shop_drawings") * (~only_machines & (drawing > 0))
    return {
        "AMT_DRAWINGS_ATM_CURRENT": keep_where(was_used_before, np.round(cash_amount, 2)),
        "AMT_DRAWINGS_CURRENT": drawing,
        "AMT_DRAWINGS_OTHER_CURRENT": keep_where(was_used_before, 0 * drawing),
        "AMT_DRAWINGS_POS_CURRENT": keep_where(
            was_used_before, np.round(drawing - cash_amount, 2)
        ),
        "CNT_DRAWINGS_ATM_CURRENT": keep_where(was_used_before, cash_count),
        "CNT_DRAWINGS_CURRENT": (cash_count + shop_count).astype(np.int32),
        "CNT_DRAWINGS_OTHER_CURRENT": keep_where(was_used_before, 0 * drawing),
        "CNT_DRAWINGS_POS_CURRENT": keep_where(was_used_before, shop_count),
    }


def _sample_days_past_due(
    sampler: ColumnSampler, lateness_trait: Floats, has_balance: Mask, rate: float
) -> Floats:
    noise = np.sqrt(1 - LATENESS_CORRELATION**2) * sampler.rng.standard_normal(len(has_balance))
    is_late = has_balance & (
        LATENESS_CORRELATION * lateness_trait + noise > STANDARD_NORMAL.inv_cdf(1 - rate)
    )
    return np.where(is_late, sampler.sample_numbers("days_late"), 0)


def _sample_residual_days_past_due(
    model: CardModel, cards: Cards, history: CardHistory, rng: np.random.Generator
) -> Floats:
    """Return days past due by card and month, for small amounts that are never paid."""
    size = len(cards.first_month)
    has_residual = (rng.random(size) < model.lingers) & (history.balance.max(axis=1) > 0)
    first_month = np.floor(cards.first_month * rng.random(size))
    months = np.maximum(np.arange(OLDEST_MONTH, 0) - first_month[:, None], 0)
    return np.asarray(np.ceil(months * DAYS_A_MONTH) * has_residual[:, None])


def build_card_payments(
    model: CardModel, cards: Cards, history: CardHistory, rng: np.random.Generator
) -> pl.DataFrame:
    """Build `installments_payments` of cards without ids; `contract` is a position."""
    is_known = np.arange(OLDEST_MONTH, 0) >= cards.first_month[:, None]
    card, column = np.nonzero((history.payment > 0) & is_known)
    n_payments = 1 + rng.poisson(model.payments - 1, len(card))
    row = np.repeat(np.arange(len(card)), n_payments)
    payment = (history.payment[card, column] / n_payments)[row]
    month_start = np.floor((column + OLDEST_MONTH) * DAYS_A_MONTH)[row]
    # Each card has a due day in the month; payments are made some days before it.
    due_day = rng.integers(5, 26, len(cards.owner))[card[row]] + rng.integers(-3, 4, len(row))
    due = np.minimum(month_start + due_day, -1)
    frame = pl.DataFrame(
        {
            "contract": card[row],
            "NUM_INSTALMENT_VERSION": np.zeros(len(row)),
            "NUM_INSTALMENT_NUMBER": _number_within_card(card[row]),
            "DAYS_INSTALMENT": due,
            "DAYS_ENTRY_PAYMENT": due - np.floor(rng.exponential(MEAN_DAYS_EARLY, len(row))),
            "AMT_INSTALMENT": np.round(payment, 3),
            "AMT_PAYMENT": np.round(payment, 3),
        }
    )
    return frame.filter(pl.col("DAYS_INSTALMENT") >= -HISTORY_WINDOW_DAYS)


def _number_within_card(card: Integers) -> NDArray[np.int32]:
    """Return the row number within each card, from 1; rows of a card must be adjacent."""
    starts = np.flatnonzero(np.diff(card, prepend=-1))
    first = np.repeat(starts, np.diff(starts, append=len(card)))
    return (np.arange(len(card)) - first + 1).astype(np.int32)
