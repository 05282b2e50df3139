"""Credit cards: granted ones, and older ones -> what is owed, drawn and paid, month by month.

    last month's balance + interest - payment + drawings = this month's balance

How far a card is used is its client's habit; month by month it wavers around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from credit.schema import NEVER
from training.synthetic.sampling.column_sampler import Reader
from training.synthetic.sampling.marginals import Codes, Marginal, Numbers
from training.synthetic.tables.bureau import DAYS_A_MONTH
from training.synthetic.tables.clients import Clients
from training.synthetic.tables.instalment_payments import OLDEST_MONTH
from training.synthetic.tables.previous_application import REVOLVING

AGE = (
    pl.when(pl.col("months") <= 12)  # noqa: PLR2004 -- months
    .then(pl.lit("a year"))
    .when(pl.col("months") <= 48)  # noqa: PLR2004 -- months
    .then(pl.lit("four years"))
    .otherwise(pl.lit("more"))
)
"""How long a card is held: who holds one for long uses it, but seldom."""

USE, DRAWING, LATE = "cards: use", "cards: drawing", "payments: delay"
"""The client's traits: how far, how often, and how late paid."""

OF_CLIENT = 0.9
"""The share of a card's habits that is its client's: hardly anybody has two."""

PAYS_ALIKE = 0.28
"""The share of the variance of payments, in least instalments, that is the card's."""

INTEREST = 0.037
"""What a balance grows by in a month, fees included."""

LEAST_SHARE, LEAST_INSTALMENT = 0.05, 2_250
"""The instalment is a twentieth of what was owed, and no less than this."""

WAVERING = 0.35
"""Standard deviation of a card's use around its level, in shares of the limit."""

PERSISTENCE = 0.9
"""How much of a month's wavering is left the month after."""

MONTHS_TO_FIRST_USE = 1.2
"""How long a card that is used at all lies unused at first, on average."""

AIM, AIM_IF_OFTEN = 1.55, 0.8
"""Drawings aim above the mean level, less so the more often they come: payments bring it down."""

MOST_USED = 1.05
"""Interest and fees may carry a balance so far beyond its limit."""

SMALL_DRAWING = 0.04
"""What is drawn of the limit when the balance is where it is wanted already."""

TRIFLE = 1.0
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

    previous: Codes
    """The row of the earlier application, -1 where that is too old to be known."""
    owner: Codes
    limit: Numbers
    begins: Codes
    """The first month known, -96 at the earliest."""
    level: Numbers
    often: Numbers
    """How far it is used, as a share of the limit, and in what share of months."""
    pays: Numbers
    """A trait: who owes much pays little of it, who draws often pays more."""
    taken_back: Numbers
    """From when on the limit is nought; 0 if never."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """The course of cards: a row a card, a column a month from -96 to -1."""

    limit: Numbers
    owed: Numbers
    least: Numbers
    """The instalment: the least that is to be paid."""
    paid: Numbers
    drawn: Numbers


def cards(
    model: CardModel, applications: pl.DataFrame, clients: Clients, rng: np.random.Generator
) -> Cards:
    """The cards of all used applications for one, then those too old to be listed."""
    rows = applications.with_row_index("row").filter(
        pl.col("used") & (pl.col("NAME_CONTRACT_TYPE") == REVOLVING)
    )
    old = np.flatnonzero(rng.random(clients.size) < model.old_card)
    decided = np.floor(rows["DAYS_DECISION"].to_numpy() / DAYS_A_MONTH)
    listed_begin = np.clip(decided + rng.integers(0, 2, len(decided)), OLDEST_MONTH, -1)
    begins = np.concatenate([listed_begin, np.full(len(old), OLDEST_MONTH)]).astype(np.int64)
    owner = np.concatenate([rows["owner"].to_numpy(), old])
    reader = Reader.fresh(model.marginals, rng, len(owner))
    age = pl.DataFrame({"months": -begins}).select(AGE).to_series()
    uses, draws = habit(clients, USE, owner, rng), habit(clients, DRAWING, owner, rng)
    closed = reader.flags_by("taken_back", age)
    limit = np.concatenate([rows["AMT_CREDIT"].to_numpy(), np.zeros(len(old))])
    return Cards(
        previous=np.concatenate([rows["row"].to_numpy(), np.full(len(old), -1)]).astype(np.int64),
        owner=owner,
        limit=np.where(limit > 0, limit, reader.numbers("old_limit")),
        begins=begins,
        level=reader.numbers_by("level", age, stands=uses),
        often=reader.numbers_by("drawing_months", age, stands=draws),
        pays=(draws - uses) / 2 + np.sqrt(0.5) * rng.standard_normal(len(owner)),
        taken_back=np.where(closed, np.floor(begins * rng.random(len(owner))), 0),
    )


def course(model: CardModel, held: Cards, rng: np.random.Generator) -> Course:
    """Month by month, what was owed, paid and drawn."""
    size = len(held.owner)
    first_use = held.begins + np.floor(rng.exponential(MONTHS_TO_FIRST_USE, size))
    reader = Reader.fresh(model.marginals, rng, size)
    aim = held.level * (AIM - AIM_IF_OFTEN * held.often)
    columns = {field.name: np.zeros((size, -OLDEST_MONTH)) for field in fields(Course)}
    owed, wave = np.zeros(size), rng.standard_normal(size)
    for column, month in enumerate(range(OLDEST_MONTH, 0)):
        wave = PERSISTENCE * wave + np.sqrt(1 - PERSISTENCE**2) * rng.standard_normal(size)
        limit = np.where(month < held.taken_back, held.limit, 0.0)
        least = np.minimum(np.maximum(LEAST_SHARE * owed, LEAST_INSTALMENT), owed)
        this_month = np.sqrt(1 - PAYS_ALIKE) * rng.standard_normal(size)
        pays = reader.numbers("payment", stands=np.sqrt(PAYS_ALIKE) * held.pays + this_month)
        paid = np.where(limit > 0, np.minimum(least * pays, owed), owed)
        owed = (owed - paid) * (1 + INTEREST)
        draws = (rng.random(size) < held.often) & (month > first_use) | (month == first_use)
        draws &= (held.level > 0) & (limit > 0)
        gap = np.clip(aim + WAVERING * wave, 0, MOST_USED) * limit - owed
        drawn = draws * np.maximum(gap, SMALL_DRAWING * limit) * rng.uniform(0.6, 1, size)
        owed = np.where(owed + drawn < TRIFLE, 0.0, owed + drawn)
        # In the order of the fields.
        for name, values in zip(columns, (limit, owed, least, paid, drawn), strict=True):
            columns[name][:, column] = np.round(values, 2)
    return Course(**columns)


def habit(clients: Clients, name: str, owner: Codes, rng: np.random.Generator) -> Numbers:
    """A card's own trait: mostly its client's."""
    own = np.sqrt(1 - OF_CLIENT) * rng.standard_normal(len(owner))
    return np.asarray(np.sqrt(OF_CLIENT) * clients.traits[name][owner] + own)


def days_of_cards(held: Cards, went: Course) -> pl.DataFrame:
    """The DAYS columns of the earlier applications that became cards, by `row`.

    A card never drawn on has never been due; one whose limit was taken back has ended.
    """
    listed = held.previous >= 0
    drawn = went.drawn[listed] > 0
    ever = drawn.any(axis=1)
    first = np.where(ever, (drawn.argmax(axis=1) + OLDEST_MONTH) * DAYS_A_MONTH, NEVER)
    ended = held.taken_back[listed] < 0
    end = np.floor(held.taken_back[listed] * DAYS_A_MONTH)
    due = np.minimum(first + DAYS_TO_FIRST_DUE, -1)
    return pl.DataFrame(
        {
            "row": held.previous[listed],
            "DAYS_FIRST_DRAWING": np.floor(first),
            "DAYS_FIRST_DUE": np.where(ever, np.floor(due), NEVER),
            "DAYS_LAST_DUE_1ST_VERSION": np.full(len(first), float(NEVER)),
            "DAYS_LAST_DUE": np.where(ever & ended, end, NEVER),
            "DAYS_TERMINATION": np.where(ended, end, NEVER),
        }
    )
