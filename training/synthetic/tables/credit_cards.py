"""Simulate credit cards month by month: balances, drawings and payments.

    balance = last month's balance + interest - payment + drawings

The client's traits set a card's mean use; its monthly use varies around that as an
autoregressive process.
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
"""Age group of a card: older cards have higher balances and fewer drawings."""

USE_TRAIT, DRAWING_TRAIT = "cards: use", "cards: drawing"
"""Client traits: card use and drawing frequency."""

CLIENT_VARIANCE_SHARE = 0.9
"""Share of a card trait's variance that lies between clients; few clients have two cards."""

CARD_PAYMENT_VARIANCE_SHARE = 0.28
"""Share of the variance of payments, in minimum instalments, that lies between cards."""

MONTHLY_INTEREST_RATE = 0.037
"""Monthly growth of a balance, fees included."""

MIN_INSTALMENT_SHARE, MIN_INSTALMENT_AMOUNT = 0.05, 2_250
"""The instalment is 5 % of the balance and at least 2,250."""

USE_STANDARD_DEVIATION = 0.35
"""Standard deviation of a card's use around its mean, in shares of the limit."""

MONTHLY_AUTOCORRELATION = 0.9
"""Correlation of the deviation from the mean between adjacent months."""

MEAN_MONTHS_TO_FIRST_USE = 1.2
"""Mean months before the first drawing, for cards that are used."""

TARGET_USE_FACTOR, TARGET_USE_REDUCTION = 1.55, 0.8
"""Target use relative to the mean use, and its reduction by the drawing share.

Drawings aim above the mean because payments reduce the balance; frequent ones need less.
"""

MAX_USE_SHARE = 1.05
"""Highest balance as a share of the limit; interest and fees may exceed the limit."""

MIN_DRAWING_SHARE = 0.04
"""Drawing as a share of the limit when the balance has already reached its target."""

MIN_BALANCE = 1.0
"""Smaller balances count as zero."""

DAYS_TO_FIRST_DUE = 45


@dataclass(frozen=True, kw_only=True)
class CardModel:
    """Parameters of `credit_card_balance`."""

    old_card: float
    """Share of clients with a card older than the window of previous applications."""
    marginals: Mapping[str, Marginal]
    """Marginals by the card's age group, and for all cards.

    By age group: `level`, the mean balance as a share of the limit; `drawing_months`, the share of
    months with a drawing; `taken_back`, the rate of withdrawn limits. For all cards: `payment` in
    minimum instalments; `cash_drawings` and `shop_drawings`, the counts in a month with any;
    `drawn_at`, their place; `days_late`; `old_limit`, the limit of old cards.
    """
    payments: float
    """Mean number of payments in a month with any."""
    late: float
    """Share of months with a balance in which an amount is past due."""
    lingers: float
    """Share of cards with a small amount that stays past due."""


@dataclass(frozen=True, kw_only=True)
class Cards:
    """Cards, one entry each."""

    application_row: Integers
    """Row of the previous application, -1 if that is too old to be listed."""
    owner: Integers
    limit: Floats
    first_month: Integers
    """First month in the data, -96 or later."""
    level: Floats
    drawing_share: Floats
    """Share of months with a drawing."""
    payment_trait: Floats
    """Trait of payments: they are a smaller share of high balances and grow with drawings."""
    limit_end_month: Floats
    """Month from which the limit is 0; 0 if it is never withdrawn."""


@dataclass(frozen=True, kw_only=True)
class CardHistory:
    """Histories of cards: one row per card, one column per month from -96 to -1."""

    limit: Floats
    balance: Floats
    min_payment: Floats
    """Minimum payment due."""
    payment: Floats
    drawing: Floats


def sample_cards(
    model: CardModel, applications: pl.DataFrame, clients: Clients, rng: np.random.Generator
) -> Cards:
    """Sample the cards of all used card applications, then those too old to be listed."""
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
    """Simulate balances, payments and drawings month by month."""
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
        payment_ratio = _sample_payment_ratio(sampler, cards.payment_trait, rng)
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
        # Columns are in the order of the fields.
        for name, values in zip(
            columns, (limit, balance, min_payment, payment, drawing), strict=True
        ):
            columns[name][:, column] = np.round(values, 2)
    return CardHistory(**columns)


def _sample_payment_ratio(
    sampler: ColumnSampler, payment_trait: Floats, rng: np.random.Generator
) -> Floats:
    """Sample a month's payment of each card, in minimum instalments."""
    month_effect = np.sqrt(1 - CARD_PAYMENT_VARIANCE_SHARE) * rng.standard_normal(
        len(payment_trait)
    )
    trait = np.sqrt(CARD_PAYMENT_VARIANCE_SHARE) * payment_trait + month_effect
    return sampler.sample_numbers("payment", trait=trait)


def card_trait(clients: Clients, name: str, owner: Integers, rng: np.random.Generator) -> Floats:
    """Return each card's trait, mostly that of its client."""
    card_effect = np.sqrt(1 - CLIENT_VARIANCE_SHARE) * rng.standard_normal(len(owner))
    return np.asarray(np.sqrt(CLIENT_VARIANCE_SHARE) * clients.traits[name][owner] + card_effect)


def compute_card_days(cards: Cards, history: CardHistory) -> pl.DataFrame:
    """Return the DAYS columns of the previous applications that became cards, by `row`.

    A card without drawings has never been due. A card with a withdrawn limit has ended.
    """
    is_listed = cards.application_row >= 0
    has_drawing = history.drawing[is_listed] > 0
    was_ever_used = has_drawing.any(axis=1)
    first_drawing = np.where(
        was_ever_used, (has_drawing.argmax(axis=1) + OLDEST_MONTH) * DAYS_A_MONTH, NEVER_DAYS
    )
    has_ended = cards.limit_end_month[is_listed] < 0
    end = np.floor(cards.limit_end_month[is_listed] * DAYS_A_MONTH)
    first_due = np.minimum(first_drawing + DAYS_TO_FIRST_DUE, -1)
    return pl.DataFrame(
        {
            "row": cards.application_row[is_listed],
            "DAYS_FIRST_DRAWING": np.floor(first_drawing),
            "DAYS_FIRST_DUE": np.where(was_ever_used, np.floor(first_due), NEVER_DAYS),
            "DAYS_LAST_DUE_1ST_VERSION": np.full(len(first_drawing), float(NEVER_DAYS)),
            "DAYS_LAST_DUE": np.where(was_ever_used & has_ended, end, NEVER_DAYS),
            "DAYS_TERMINATION": np.where(has_ended, end, NEVER_DAYS),
        }
    )
