"""The course of cards -> the rows of `credit_card_balance`, and their `installments_payments`."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from training.synthetic.sampling.column_sampler import Reader, given
from training.synthetic.sampling.marginals import NORMAL, Codes, Mask, Numbers
from training.synthetic.tables.application import Columns
from training.synthetic.tables.bureau import DAYS_A_MONTH
from training.synthetic.tables.clients import Clients
from training.synthetic.tables.credit_cards import LATE, CardModel, Cards, Course, habit
from training.synthetic.tables.instalment_contracts import WINDOW
from training.synthetic.tables.instalment_payments import OLDEST_MONTH

PRINCIPAL = 0.96
"""Principal in the balance; the rest is interest and fees."""

LATE_BY_HABIT = 0.2
"""Correlation of a month's lateness with the client's habit."""

DAYS_EARLY = 4.0
"""How many days before they are due card payments are made, on average."""


def card_balances(
    model: CardModel, held: Cards, went: Course, clients: Clients, rng: np.random.Generator
) -> pl.DataFrame:
    """`credit_card_balance` without ids: one row a month, `contract` by position."""
    month = np.arange(OLDEST_MONTH, 0)
    card, column = np.nonzero(month >= held.begins[:, None])
    owed, drawn = went.owed[card, column], went.drawn[card, column]
    paid, least = went.paid[card, column], went.least[card, column]
    ever_drawn = (np.cumsum(went.drawn, axis=1) > 0)[card, column]
    # The instalment of a new card is worked out after a month, or a few.
    settled = month[column] - held.begins[card] > rng.integers(-1, 3, len(card))
    reader = Reader.fresh(model.marginals, rng, len(card))
    late = _days_late(reader, habit(clients, LATE, held.owner, rng)[card], owed > 0, model.late)
    trifling = _days_of_trifles(model, held, went, rng)[card, column]
    return pl.DataFrame(
        {
            "contract": card,
            "MONTHS_BALANCE": month[column].astype(np.int32),
            "AMT_BALANCE": owed,
            "AMT_CREDIT_LIMIT_ACTUAL": went.limit[card, column].astype(np.int64),
            **_drawings(reader, drawn, ever_drawn),
            "AMT_INST_MIN_REGULARITY": given(settled, least),
            "AMT_PAYMENT_CURRENT": given(ever_drawn, paid),
            "AMT_PAYMENT_TOTAL_CURRENT": paid,
            "AMT_RECEIVABLE_PRINCIPAL": np.round(owed * PRINCIPAL, 2),
            "AMT_RECIVABLE": owed,
            "AMT_TOTAL_RECEIVABLE": owed,
            "CNT_INSTALMENT_MATURE_CUM": given(
                settled, np.cumsum(went.least > 0, axis=1)[card, column].astype(float)
            ),
            "NAME_CONTRACT_STATUS": pl.Series(("Active", "Completed")).gather(
                (month[column] - 1 > held.taken_back[card]).astype(np.int64)
            ),
            "SK_DPD": np.maximum(late, trifling).astype(np.int32),
            "SK_DPD_DEF": late.astype(np.int32),
        },
        nan_to_null=True,
    )


def _drawings(reader: Reader, drawn: Numbers, ever: Mask) -> Columns:
    """What is drawn at cash machines and in shops, and how often.

    Where is known only of cards that were `ever` drawn on.
    """
    where = reader.words("drawn_at")
    machines, shops = (where == "cash machines").to_numpy(), (where == "shops").to_numpy()
    cash = np.select([machines, shops], [1.0, 0.0], reader.rng.random(len(drawn))) * drawn
    cash_count = reader.numbers("cash_drawings") * (~shops & (drawn > 0))
    shop_count = reader.numbers("shop_drawings") * (~machines & (drawn > 0))
    return {
        "AMT_DRAWINGS_ATM_CURRENT": given(ever, np.round(cash, 2)),
        "AMT_DRAWINGS_CURRENT": drawn,
        "AMT_DRAWINGS_OTHER_CURRENT": given(ever, 0 * drawn),
        "AMT_DRAWINGS_POS_CURRENT": given(ever, np.round(drawn - cash, 2)),
        "CNT_DRAWINGS_ATM_CURRENT": given(ever, cash_count),
        "CNT_DRAWINGS_CURRENT": (cash_count + shop_count).astype(np.int32),
        "CNT_DRAWINGS_OTHER_CURRENT": given(ever, 0 * drawn),
        "CNT_DRAWINGS_POS_CURRENT": given(ever, shop_count),
    }


def _days_late(reader: Reader, habits: Numbers, owing: Mask, rate: float) -> Numbers:
    own = np.sqrt(1 - LATE_BY_HABIT**2) * reader.rng.standard_normal(len(owing))
    late = owing & (LATE_BY_HABIT * habits + own > NORMAL.inv_cdf(1 - rate))
    return np.where(late, reader.numbers("days_late"), 0)


def _days_of_trifles(
    model: CardModel, held: Cards, went: Course, rng: np.random.Generator
) -> Numbers:
    """By card and month, the days past due of a trifle that is never paid."""
    size = len(held.begins)
    lingers = (rng.random(size) < model.lingers) & (went.owed.max(axis=1) > 0)
    since = np.floor(held.begins * rng.random(size))
    months = np.maximum(np.arange(OLDEST_MONTH, 0) - since[:, None], 0)
    return np.asarray(np.ceil(months * DAYS_A_MONTH) * lingers[:, None])


def card_payments(
    model: CardModel, held: Cards, went: Course, rng: np.random.Generator
) -> pl.DataFrame:
    """`installments_payments` of cards, without ids: one row a payment, `contract` by position."""
    known = np.arange(OLDEST_MONTH, 0) >= held.begins[:, None]
    card, column = np.nonzero((went.paid > 0) & known)
    parts = 1 + rng.poisson(model.payments - 1, len(card))
    row = np.repeat(np.arange(len(card)), parts)
    paid = (went.paid[card, column] / parts)[row]
    month_begins = np.floor((column + OLDEST_MONTH) * DAYS_A_MONTH)[row]
    # A payment is due around a day of the month that is the card's, and made some days before.
    due_day = rng.integers(5, 26, len(held.owner))[card[row]] + rng.integers(-3, 4, len(row))
    due = np.minimum(month_begins + due_day, -1)
    frame = pl.DataFrame(
        {
            "contract": card[row],
            "NUM_INSTALMENT_VERSION": np.zeros(len(row)),
            "NUM_INSTALMENT_NUMBER": _running_number(card[row]),
            "DAYS_INSTALMENT": due,
            "DAYS_ENTRY_PAYMENT": due - np.floor(rng.exponential(DAYS_EARLY, len(row))),
            "AMT_INSTALMENT": np.round(paid, 3),
            "AMT_PAYMENT": np.round(paid, 3),
        }
    )
    return frame.filter(pl.col("DAYS_INSTALMENT") >= -WINDOW)


def _running_number(card: Codes) -> NDArray[np.int32]:
    """1, 2, 3... within each card; its rows stand together."""
    starts = np.flatnonzero(np.diff(card, prepend=-1))
    first = np.repeat(starts, np.diff(starts, append=len(card)))
    return (np.arange(len(card)) - first + 1).astype(np.int32)
