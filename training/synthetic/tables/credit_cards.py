"""Credit cards: granted ones, and older ones -> what is owed, drawn and paid, month by month.

    last month's balance + interest - payment + drawings = this month's balance

How far a card is used is its client's habit; month by month it wavers around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from credit.schema import NEVER_DAYS
from training.synthetic.sampling.column_sampler import ColumnSampler
from training.synthetic.sampling.marginals import Floats, Integers, Marginal
from training.synthetic.tables.bureau import DAYS_A_MONTH
from training.synthetic.tables.clients import Clients
from training.synthetic.tables.instalment_payments import OLDEST_MONTH
from training.synthetic.tables.previous_application import REVOLVING

CARD_AGE_GROUP = (
    pl.when(pl.col("months") <= 12)  # noqa: PLR2004 -- months
    .then(pl.lit("a year"))
    .when(pl.col("months") <= 48)  # noqa: PLR2004 -- months
    .then(pl.lit("four years"))
    .otherwise(pl.lit("more"))
)
"""How long a card is held: who holds one for long uses it, but seldom."""

USE_TRAIT, DRAWING_TRAIT, PAYMENT_DELAY_TRAIT = "cards: use", "cards: drawing", "payments: delay"
"""The client's traits: how far, how often, and how late paid."""

CLIENT_VARIANCE_SHARE = 0.9
"""The share of a card's habits that is its client's: hardly anybody has two."""

CARD_PAYMENT_VARIANCE_SHARE = 0.28
"""The share of the variance of payments, in least instalments, that is the card's."""

MONTHLY_INTEREST_RATE = 0.037
"""What a balance grows by in a month, fees included."""

MIN_INSTALMENT_SHARE, MIN_INSTALMENT_AMOUNT = 0.05, 2_250
"""The instalment is a twentieth of what was owed, and no less than this."""

USE_STANDARD_DEVIATION = 0.35
"""Standard deviation of a card's use around its level, in shares of the limit."""

MONTHLY_AUTOCORRELATION = 0.9
"""How much of a month's wavering is left the month after."""

MEAN_MONTHS_TO_FIRST_USE = 1.2
"""How long a card that is used at all lies unused at first, on average."""

TARGET_USE_FACTOR, TARGET_USE_REDUCTION = 1.55, 0.8
"""Drawings aim above the mean level, less so the more often they come: payments bring it down."""

MAX_USE_SHARE = 1.05
"""Interest and fees may carry a balance so far beyond its limit."""

MIN_DRAWING_SHARE = 0.04
"""What is drawn of the limit when the balance is where it is wanted already."""

MIN_BALANCE = 1.0
"""A smaller balance is none."""

DAYS_TO_FIRST_DUE = 45


@dataclass(frozen=True, kw_only=True)
class CardModel:
    """What is kept of `credit_card_balance`."""

    old_card: float
    """The share of clients with a card from before the window of earlier applications."""
    marginals: Mapping[str, Marginal]
    """By age of the card: `level`, the mean balance as a share of the limit, `drawing_months`, the
    share of months with a drawing, and `taken_back`, whether the limit was. Of all: `payment` in
    least instalments, how many `cash_drawings` and `shop_drawings` there are in a month with any,
    where they are made (`drawn_at`), `days_late`, and the `old_limit` of old cards.
    """
    payments: float
    """How many payments there are in a month with any, on average."""
    late: float
    """The share of months with a balance in which something is past due."""
    lingers: float
    """The share of cards with a trifle that stays past due for good."""


@dataclass(frozen=True, kw_only=True)
class Cards:
    """Cards, one entry each."""

    application_row: Integers
    """The row of the earlier application, -1 where that is too old to be known."""
    owner: Integers
    limit: Floats
    first_month: Integers
    """The first month known, -96 at the earliest."""
    level: Floats
    drawing_share: Floats
    """How far it is used, as a share of the limit, and in what share of months."""
    payment_trait: Floats
    """A trait: who owes much pays little of it, who draws often pays more."""
    limit_end_month: Floats
    """From when on the limit is nought; 0 if never."""


@dataclass(frozen=True, kw_only=True)
class CardHistory:
    """The course of cards: a row a card, a column a month from -96 to -1."""

    limit: Floats
    balance: Floats
    min_payment: Floats
    """The instalment: the least that is to be paid."""
    payment: Floats
    drawing: Floats


def sample_cards(
    model: CardModel, applications: pl.DataFrame, clients: Clients, rng: np.random.Generator
) -> Cards:
    """The cards of all used applications for one, then those too old to be listed."""
    rows = applications.with_row_index("row").filter(
        pl.col("used") & (pl.col("NAME_CONTRACT_TYPE") == REVOLVING)
    )
    old_card_owners = np.flatnonzero(rng.random(clients.size) < model.old_card)
    decision_month = np.floor(rows["DAYS_DECISION"].to_numpy() / DAYS_A_MONTH)
    listed_first_month = np.clip(
        decision_month + rng.integers(0, 2, len(decision_month)), OLDEST_MONTH, -1
    )
    first_month = np.concatenate(
        [listed_first_month, np.full(len(old_card_owners), OLDEST_MONTH)]
    ).astype(np.int64)
    owner = np.concatenate([rows["owner"].to_numpy(), old_card_owners])
    sampler = ColumnSampler.from_marginals(model.marginals, rng, len(owner))
    age_group = pl.DataFrame({"months": -first_month}).select(CARD_AGE_GROUP).to_series()
    use_trait, drawing_trait = (
        card_trait(clients, USE_TRAIT, owner, rng),
        card_trait(clients, DRAWING_TRAIT, owner, rng),
    )
    has_limit_ended = sampler.sample_flags_by("taken_back", age_group)
    limit = np.concatenate([rows["AMT_CREDIT"].to_numpy(), np.zeros(len(old_card_owners))])
    return Cards(
        application_row=np.concatenate(
            [rows["row"].to_numpy(), np.full(len(old_card_owners), -1)]
        ).astype(np.int64),
        owner=owner,
        limit=np.where(limit > 0, limit, sampler.sample_numbers("old_limit")),
        first_month=first_month,
        level=sampler.sample_numbers_by("level", age_group, trait=use_trait),
        drawing_share=sampler.sample_numbers_by("drawing_months", age_group, trait=drawing_trait),
        payment_trait=(drawing_trait - use_trait) / 2
        + np.sqrt(0.5) * rng.standard_normal(len(owner)),
        limit_end_month=np.where(
            has_limit_ended, np.floor(first_month * rng.random(len(owner))), 0
        ),
    )


def simulate_card_history(model: CardModel, cards: Cards, rng: np.random.Generator) -> CardHistory:
    """Month by month, what was owed, paid and drawn."""
    size = len(cards.owner)
    first_use = cards.first_month + np.floor(rng.exponential(MEAN_MONTHS_TO_FIRST_USE, size))
    sampler = ColumnSampler.from_marginals(model.marginals, rng, size)
    target_use = cards.level * (TARGET_USE_FACTOR - TARGET_USE_REDUCTION * cards.drawing_share)
    columns = {field.name: np.zeros((size, -OLDEST_MONTH)) for field in fields(CardHistory)}
    balance, use_deviation = np.zeros(size), rng.standard_normal(size)
    for column, month in enumerate(range(OLDEST_MONTH, 0)):
        use_deviation = MONTHLY_AUTOCORRELATION * use_deviation + np.sqrt(
            1 - MONTHLY_AUTOCORRELATION**2
        ) * rng.standard_normal(size)
        limit = np.where(month < cards.limit_end_month, cards.limit, 0.0)
        min_payment = np.minimum(
            np.maximum(MIN_INSTALMENT_SHARE * balance, MIN_INSTALMENT_AMOUNT), balance
        )
        month_effect = np.sqrt(1 - CARD_PAYMENT_VARIANCE_SHARE) * rng.standard_normal(size)
        payment_ratio = sampler.sample_numbers(
            "payment",
            trait=np.sqrt(CARD_PAYMENT_VARIANCE_SHARE) * cards.payment_trait + month_effect,
        )
        payment = np.where(limit > 0, np.minimum(min_payment * payment_ratio, balance), balance)
        balance = (balance - payment) * (1 + MONTHLY_INTEREST_RATE)
        is_drawing = (rng.random(size) < cards.drawing_share) & (month > first_use) | (
            month == first_use
        )
        is_drawing &= (cards.level > 0) & (limit > 0)
        target_drawing = (
            np.clip(target_use + USE_STANDARD_DEVIATION * use_deviation, 0, MAX_USE_SHARE) * limit
            - balance
        )
        drawing = (
            is_drawing
            * np.maximum(target_drawing, MIN_DRAWING_SHARE * limit)
            * rng.uniform(0.6, 1, size)
        )
        balance = np.where(balance + drawing < MIN_BALANCE, 0.0, balance + drawing)
        # In the order of the fields.
        for name, values in zip(
            columns, (limit, balance, min_payment, payment, drawing), strict=True
        ):
            columns[name][:, column] = np.round(values, 2)
    return CardHistory(**columns)


def card_trait(clients: Clients, name: str, owner: Integers, rng: np.random.Generator) -> Floats:
    """A card's own trait: mostly its client's."""
    card_effect = np.sqrt(1 - CLIENT_VARIANCE_SHARE) * rng.standard_normal(len(owner))
    return np.asarray(np.sqrt(CLIENT_VARIANCE_SHARE) * clients.traits[name][owner] + card_effect)


def compute_card_days(cards: Cards, history: CardHistory) -> pl.DataFrame:
    """The DAYS columns of the earlier applications that became cards, by `row`.

    A card never drawn on has never been due; one whose limit was taken back has ended.
    """
    is_listed = cards.application_row >= 0
    has_drawing = history.drawing[is_listed] > 0
    ever_drawn = has_drawing.any(axis=1)
    first_drawing = np.where(
        ever_drawn, (has_drawing.argmax(axis=1) + OLDEST_MONTH) * DAYS_A_MONTH, NEVER_DAYS
    )
    has_ended = cards.limit_end_month[is_listed] < 0
    end = np.floor(cards.limit_end_month[is_listed] * DAYS_A_MONTH)
    first_due = np.minimum(first_drawing + DAYS_TO_FIRST_DUE, -1)
    return pl.DataFrame(
        {
            "row": cards.application_row[is_listed],
            "DAYS_FIRST_DRAWING": np.floor(first_drawing),
            "DAYS_FIRST_DUE": np.where(ever_drawn, np.floor(first_due), NEVER_DAYS),
            "DAYS_LAST_DUE_1ST_VERSION": np.full(len(first_drawing), float(NEVER_DAYS)),
            "DAYS_LAST_DUE": np.where(ever_drawn & has_ended, end, NEVER_DAYS),
            "DAYS_TERMINATION": np.where(has_ended, end, NEVER_DAYS),
        }
    )
