"""Earlier applications to us, granted or not: clients -> `previous_application`.

The product says most: what kind of contract, how dear, through which channel, how often refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from training.synthetic.sampling.column_sampler import Reader, given
from training.synthetic.sampling.marginals import Mask, Numbers, whole_multiples
from training.synthetic.sampling.row_model import RowModel
from training.synthetic.tables.application import AMOUNT_STEP
from training.synthetic.tables.clients import Clients

CASH, CONSUMER, REVOLVING = "Cash loans", "Consumer loans", "Revolving loans"
APPROVED, REFUSED, UNUSED = "Approved", "Refused", "Unused offer"
PORTFOLIOS = {CASH: "Cash", CONSUMER: "POS", REVOLVING: "Cards"}
CARD_SHARE_DUE = 0.05
"""A card's instalment is a twentieth of its limit."""

CONTRACT = (
    pl.when(pl.col("PRODUCT_COMBINATION").str.starts_with("POS"))
    .then(pl.lit(CONSUMER))
    .when(pl.col("PRODUCT_COMBINATION").str.starts_with("Card"))
    .then(pl.lit(REVOLVING))
    .otherwise(pl.lit(CASH))
)
"""The contract type of a product."""

PERIOD = 30
"""Instalments fall due every thirty days."""

DUE_SO_FAR = (-pl.col("first_due") / PERIOD).floor() + 1
_quarter = (
    pl.when(pl.col("CNT_PAYMENT") > 0)
    .then((4 * DUE_SO_FAR / pl.col("CNT_PAYMENT")).floor().clip(0, 4))
    .cast(pl.Int64)
)
RUN_STAGE = pl.format(
    "{} {}",
    "NAME_CONTRACT_TYPE",
    pl.when(_quarter < 4)  # noqa: PLR2004 -- four quarters are the term
    .then(pl.format("in quarter {}", _quarter + 1))
    .when(_quarter >= 4)  # noqa: PLR2004 -- four quarters are the term
    .then(pl.lit("past its end")),
)
"""How far an instalment contract is: what depends on it is whether it was repaid by now.

It is no plain matter of time: many repay early by a new loan, and this is when they apply for one.
"""

FIRST = "previous: first"
"""The client's trait: how long known to us."""

FIRST_TURN, LATER_TURN = "first", "later"
TURNS = (LATER_TURN, FIRST_TURN)
PRODUCT_TURN = pl.format("{}, {}", "PRODUCT_COMBINATION", "turn")
"""Clients come to us by a consumer credit, nearly always granted; what comes later is mixed."""

PRODUCT_STATUS = pl.format("{}, {}", "PRODUCT_COMBINATION", "NAME_CONTRACT_STATUS")
"""What tells how likely it is that an amount was worked out."""


def earlier_applications(
    model: RowModel, clients: Clients, rng: np.random.Generator
) -> pl.DataFrame:
    """One row an application, with its client's position as `owner` and without ids.

    The days of the contract's course are added by `contracts`.
    """
    owner = clients.owners("previous: count")
    reader = model.reader(clients.traits, owner, rng)
    first = pl.Series(np.diff(owner, prepend=-1) > 0)
    base = pl.DataFrame({"owner": owner, "turn": pl.Series(TURNS).gather(first.cast(pl.Int64))})
    product = reader.words_by("PRODUCT_COMBINATION", base["turn"])
    base = base.with_columns(PRODUCT_COMBINATION=product)
    base = base.with_columns(NAME_CONTRACT_TYPE=CONTRACT, product_turn=PRODUCT_TURN)
    base = base.with_columns(
        NAME_CONTRACT_STATUS=reader.words_by("NAME_CONTRACT_STATUS", base["product_turn"]),
        DAYS_DECISION=_decided(reader, base, clients.traits[FIRST]),
    )
    detailed = reader.flags_by("detailed", base.select(PRODUCT_STATUS).to_series())
    base = base.with_columns(**_words(reader, base, detailed))
    base = base.with_columns(**_amounts(reader, base, detailed), **_dealing(reader, base))
    base = base.with_columns(pl.col(pl.Float64).fill_nan(None))
    return base.with_columns(**_course(reader, base)).with_columns(
        pl.col(pl.Float64).fill_nan(None)
    )


def _decided(reader: Reader, base: pl.DataFrame, long_known: Numbers) -> NDArray[np.int32]:
    """The day of each decision: of the first, and then as a share of the time since."""
    owner, product = base["owner"].to_numpy(), base["PRODUCT_COMBINATION"]
    first = (base["turn"] == FIRST_TURN).to_numpy()
    first_product = product.zip_with(pl.Series(first), pl.Series([None], dtype=pl.String))
    begun = reader.numbers_by("first_decision", first_product, stands=long_known[owner])
    since = begun[np.flatnonzero(first)][np.cumsum(first) - 1]
    share = np.where(first, 1.0, reader.numbers_by("time_share", product))
    return np.asarray(np.minimum(np.round(since * share), -1), dtype=np.int32)


def _words(reader: Reader, base: pl.DataFrame, detailed: Mask) -> dict[str, pl.Series]:
    """What the application says in words; most of it only if an amount was worked out."""
    product, contract = base["PRODUCT_COMBINATION"], base["NAME_CONTRACT_TYPE"]
    status, known = base["NAME_CONTRACT_STATUS"], pl.Series(detailed)
    nothing = pl.Series([None], dtype=pl.String)
    not_applicable = pl.Series(["XNA"])
    refused = status == REFUSED
    reason = reader.words_by("CODE_REJECT_REASON", contract).zip_with(refused, pl.Series(["XAP"]))
    return {
        "NAME_PORTFOLIO": contract.replace_strict(PORTFOLIOS).zip_with(known, not_applicable),
        "NAME_PRODUCT_TYPE": reader.words_by("NAME_PRODUCT_TYPE", product).zip_with(
            known, not_applicable
        ),
        "NAME_YIELD_GROUP": reader.words_by("NAME_YIELD_GROUP", product).zip_with(
            known, not_applicable
        ),
        "NAME_PAYMENT_TYPE": reader.words_by("NAME_PAYMENT_TYPE", contract).zip_with(
            known, not_applicable
        ),
        "NAME_TYPE_SUITE": reader.words_by("NAME_TYPE_SUITE", contract).zip_with(known, nothing),
        "CODE_REJECT_REASON": reason.zip_with(status != UNUSED, pl.Series(["CLIENT"])),
        "NAME_CLIENT_TYPE": reader.words_by("NAME_CLIENT_TYPE", base["turn"]),
        **{
            column: reader.words_by(column, product)
            for column in (
                "CHANNEL_TYPE",
                "NAME_GOODS_CATEGORY",
                "NAME_SELLER_INDUSTRY",
                "NAME_CASH_LOAN_PURPOSE",
            )
        },
    }


def _amounts(reader: Reader, base: pl.DataFrame, detailed: Mask) -> dict[str, Numbers]:
    """What was asked for and offered; nothing for a bare application."""
    product = base["PRODUCT_COMBINATION"]
    is_card = (base["NAME_CONTRACT_TYPE"] == REVOLVING).to_numpy()
    goods_sold = (base["NAME_CONTRACT_TYPE"] == CONSUMER).to_numpy()
    named = detailed | goods_sold
    asked = np.where(named, reader.numbers_by("AMT_APPLICATION", product), 0.0)
    rate_down = given(
        named & reader.flags_by("RATE_DOWN_PAYMENT known", product),
        np.where(goods_sold, reader.numbers_by("RATE_DOWN_PAYMENT", product), 0.0),
    )
    down = whole_multiples(rate_down * asked, AMOUNT_STEP)
    financed = asked - np.nan_to_num(down)
    offered = whole_multiples(
        financed * reader.numbers_by("credit_to_financed", product), AMOUNT_STEP
    )
    limit = reader.numbers_by("card_limit", product)
    credit = np.where(named, np.where(is_card, limit, offered), 0.0)
    term = np.where(is_card, 0.0, reader.numbers_by("CNT_PAYMENT", product))
    cost = reader.numbers_by("cost", product)
    with np.errstate(divide="ignore", invalid="ignore"):
        annuity = np.where(is_card, credit * CARD_SHARE_DUE, credit * cost / term)
    return {
        "AMT_APPLICATION": asked,
        "AMT_CREDIT": credit,
        "AMT_ANNUITY": given(detailed, whole_multiples(annuity, AMOUNT_STEP / 100)),
        "AMT_GOODS_PRICE": given(named & (asked > 0), asked),
        "AMT_DOWN_PAYMENT": down,
        "RATE_DOWN_PAYMENT": rate_down,
        "CNT_PAYMENT": given(detailed, term),
    }


def _dealing(reader: Reader, base: pl.DataFrame) -> dict[str, Any]:
    """Where and when the application was taken, and the rare rates of interest."""
    refused = (base["NAME_CONTRACT_STATUS"] == REFUSED).to_numpy()
    superseded = refused & reader.flags("superseded")
    same_day = superseded & reader.flags("superseded_same_day")
    rated = (base["NAME_CONTRACT_TYPE"] == CONSUMER).to_numpy() & reader.flags("rates known")
    return {
        "WEEKDAY_APPR_PROCESS_START": reader.words("WEEKDAY_APPR_PROCESS_START"),
        "HOUR_APPR_PROCESS_START": reader.numbers("HOUR_APPR_PROCESS_START").astype(np.int32),
        "FLAG_LAST_APPL_PER_CONTRACT": pl.Series(["Y", "N"]).gather(superseded.astype(np.int64)),
        "NFLAG_LAST_APPL_IN_DAY": (~same_day).astype(np.int32),
        "SELLERPLACE_AREA": reader.numbers_by("SELLERPLACE_AREA", base["CHANNEL_TYPE"]).astype(
            np.int32
        ),
        "RATE_INTEREST_PRIMARY": given(rated, reader.numbers("RATE_INTEREST_PRIMARY")),
        "RATE_INTEREST_PRIVILEGED": given(rated, reader.numbers("RATE_INTEREST_PRIVILEGED")),
    }


def _course(reader: Reader, base: pl.DataFrame) -> dict[str, Any]:
    """How an approved application went on as a contract: when it was due, how much of it was run.

    `run` is after how many instalments all was repaid, or would be by plan.
    """
    contract, status = base["NAME_CONTRACT_TYPE"], base["NAME_CONTRACT_STATUS"]
    granted = ((status == APPROVED) & base["AMT_ANNUITY"].is_not_null()).to_numpy()
    used = granted & reader.flags_by("used", contract)
    lag = reader.numbers_by("days_to_first_due", contract)
    first_due = given(used, base["DAYS_DECISION"].to_numpy() + lag)
    dated = base.with_columns(first_due=pl.Series(first_due, nan_to_null=True))
    stage = dated.select(RUN_STAGE).to_series()
    term = base["CNT_PAYMENT"].fill_null(np.nan).to_numpy()
    so_far = dated.select(DUE_SO_FAR.fill_null(0).clip(0)).to_series().to_numpy()
    repaid = reader.flags_by("repaid", stage)
    run = np.ceil(reader.numbers_by("share_run", stage) * np.minimum(so_far, term))
    return {
        "used": used,
        "first_due": first_due,
        "run": np.clip(np.where(repaid & (so_far > 0), run, term), 1, term),
        "NFLAG_INSURED_ON_APPROVAL": given(
            used, reader.numbers_by("NFLAG_INSURED_ON_APPROVAL", contract)
        ),
    }
