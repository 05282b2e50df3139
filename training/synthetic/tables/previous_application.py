"""Sample `previous_application`: earlier applications to this lender.

The product determines most columns: contract type, price, channel, refusal rate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from training.synthetic.sampling.column_sampler import ColumnSampler, keep_where
from training.synthetic.sampling.marginals import Floats, Mask, round_to_multiple
from training.synthetic.sampling.row_model import RowModel
from training.synthetic.tables.application import AMOUNT_STEP
from training.synthetic.tables.clients import Clients

CASH, CONSUMER, REVOLVING = "Cash loans", "Consumer loans", "Revolving loans"
APPROVED, REFUSED, UNUSED = "Approved", "Refused", "Unused offer"
PORTFOLIOS = {CASH: "Cash", CONSUMER: "POS", REVOLVING: "Cards"}
CARD_INSTALMENT_SHARE = 0.05
"""A card's instalment is 5 % of its limit."""

CONTRACT_TYPE = (
    pl.when(pl.col("PRODUCT_COMBINATION").str.starts_with("POS"))
    .then(pl.lit(CONSUMER))
    .when(pl.col("PRODUCT_COMBINATION").str.starts_with("Card"))
    .then(pl.lit(REVOLVING))
    .otherwise(pl.lit(CASH))
)
"""Contract type of a product."""

INSTALMENT_PERIOD_DAYS = 30
"""Days between instalments."""

INSTALMENTS_DUE = (-pl.col("first_due") / INSTALMENT_PERIOD_DAYS).floor() + 1
_quarter = (
    pl.when(pl.col("CNT_PAYMENT") > 0)
    .then((4 * INSTALMENTS_DUE / pl.col("CNT_PAYMENT")).floor().clip(0, 4))
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
"""Stage of an instalment contract, on which the rate of full repayment depends.

It is not only a matter of time: many clients repay early by a new loan, at which time they apply.
"""

TENURE_TRAIT = "previous: first"
"""Client trait: how long the client has been a customer of this lender."""

FIRST_TURN, LATER_TURN = "first", "later"
TURNS = (LATER_TURN, FIRST_TURN)
PRODUCT_TURN = pl.format("{}, {}", "PRODUCT_COMBINATION", "turn")
"""Product and turn: first applications are mostly consumer loans, later ones are mixed."""

PRODUCT_STATUS = pl.format("{}, {}", "PRODUCT_COMBINATION", "NAME_CONTRACT_STATUS")
"""Product and status: they set the rate of applications with a computed amount."""


def sample_previous_applications(
    model: RowModel, clients: Clients, rng: np.random.Generator
) -> pl.DataFrame:
    """Sample one row per application, without ids; `owner` is the position of its client.

    `instalment_contracts` and `credit_cards` add the DAYS columns of the contract.
    """
    owner = clients.sample_row_owners("previous: count")
    sampler = model.build_sampler(clients.traits, owner, rng)
    is_first = pl.Series(np.diff(owner, prepend=-1) > 0)
    base = pl.DataFrame({"owner": owner, "turn": pl.Series(TURNS).gather(is_first.cast(pl.Int64))})
    product = sampler.sample_categories_by("PRODUCT_COMBINATION", base["turn"])
    base = base.with_columns(PRODUCT_COMBINATION=product)
    base = base.with_columns(NAME_CONTRACT_TYPE=CONTRACT_TYPE, product_turn=PRODUCT_TURN)
    base = base.with_columns(
        NAME_CONTRACT_STATUS=sampler.sample_categories_by(
            "NAME_CONTRACT_STATUS", base["product_turn"]
        ),
        DAYS_DECISION=_sample_decision_days(sampler, base, clients.traits[TENURE_TRAIT]),
    )
    detailed = sampler.sample_flags_by("detailed", base.select(PRODUCT_STATUS).to_series())
    base = base.with_columns(**_sample_categories(sampler, base, detailed))
    base = base.with_columns(
        **_sample_amounts(sampler, base, detailed), **_sample_process(sampler, base)
    )
    base = base.with_columns(pl.col(pl.Float64).fill_nan(None))
    return base.with_columns(**_sample_contract_run(sampler, base)).with_columns(
        pl.col(pl.Float64).fill_nan(None)
    )


def _sample_decision_days(
    sampler: ColumnSampler, base: pl.DataFrame, tenure: Floats
) -> NDArray[np.int32]:
    """Sample each first decision day, and later ones as a share of the time since then."""
    owner, product = base["owner"].to_numpy(), base["PRODUCT_COMBINATION"]
    is_first = (base["turn"] == FIRST_TURN).to_numpy()
    first_product = product.zip_with(pl.Series(is_first), pl.Series([None], dtype=pl.String))
    first_decision = sampler.sample_numbers_by(
        "first_decision", first_product, trait=tenure[owner]
    )
    client_first_decision = first_decision[np.flatnonzero(is_first)][np.cumsum(is_first) - 1]
    share = np.where(is_first, 1.0, sampler.sample_numbers_by("time_share", product))
    return np.asarray(np.minimum(np.round(client_first_decision * share), -1), dtype=np.int32)


def _sample_categories(
    sampler: ColumnSampler, base: pl.DataFrame, detailed: Mask
) -> dict[str, pl.Series]:
    """Sample the categories; most are known only if an amount was computed."""
    product, contract = base["PRODUCT_COMBINATION"], base["NAME_CONTRACT_TYPE"]
    status, known = base["NAME_CONTRACT_STATUS"], pl.Series(detailed)
    missing = pl.Series([None], dtype=pl.String)
    not_applicable = pl.Series(["XNA"])
    is_refused = status == REFUSED
    reason = sampler.sample_categories_by("CODE_REJECT_REASON", contract).zip_with(
        is_refused, pl.Series(["XAP"])
    )
    return {
        "NAME_PORTFOLIO": contract.replace_strict(PORTFOLIOS).zip_with(known, not_applicable),
        "NAME_PRODUCT_TYPE": sampler.sample_categories_by("NAME_PRODUCT_TYPE", product).zip_with(
            known, not_applicable
        ),
        "NAME_YIELD_GROUP": sampler.sample_categories_by("NAME_YIELD_GROUP", product).zip_with(
            known, not_applicable
        ),
        "NAME_PAYMENT_TYPE": sampler.sample_categories_by("NAME_PAYMENT_TYPE", contract).zip_with(
            known, not_applicable
        ),
        "NAME_TYPE_SUITE": sampler.sample_categories_by("NAME_TYPE_SUITE", contract).zip_with(
            known, missing
        ),
        "CODE_REJECT_REASON": reason.zip_with(status != UNUSED, pl.Series(["CLIENT"])),
        "NAME_CLIENT_TYPE": sampler.sample_categories_by("NAME_CLIENT_TYPE", base["turn"]),
        **{
            column: sampler.sample_categories_by(column, product)
            for column in (
                "CHANNEL_TYPE",
                "NAME_GOODS_CATEGORY",
                "NAME_SELLER_INDUSTRY",
                "NAME_CASH_LOAN_PURPOSE",
            )
        },
    }


def _sample_amounts(
    sampler: ColumnSampler, base: pl.DataFrame, detailed: Mask
) -> dict[str, Floats]:
    """Compute requested and offered amounts; 0 or NaN for an application without details."""
    product = base["PRODUCT_COMBINATION"]
    is_card = (base["NAME_CONTRACT_TYPE"] == REVOLVING).to_numpy()
    is_consumer = (base["NAME_CONTRACT_TYPE"] == CONSUMER).to_numpy()
    has_amount = detailed | is_consumer
    amount_requested = np.where(
        has_amount, sampler.sample_numbers_by("AMT_APPLICATION", product), 0.0
    )
    rate_down = keep_where(
        has_amount & sampler.sample_flags_by("RATE_DOWN_PAYMENT known", product),
        np.where(is_consumer, sampler.sample_numbers_by("RATE_DOWN_PAYMENT", product), 0.0),
    )
    down_payment = round_to_multiple(rate_down * amount_requested, AMOUNT_STEP)
    financed = amount_requested - np.nan_to_num(down_payment)
    offered = round_to_multiple(
        financed * sampler.sample_numbers_by("credit_to_financed", product), AMOUNT_STEP
    )
    limit = sampler.sample_numbers_by("card_limit", product)
    credit = np.where(has_amount, np.where(is_card, limit, offered), 0.0)
    term = np.where(is_card, 0.0, sampler.sample_numbers_by("CNT_PAYMENT", product))
    cost = sampler.sample_numbers_by("cost", product)
    with np.errstate(divide="ignore", invalid="ignore"):
        annuity = np.where(is_card, credit * CARD_INSTALMENT_SHARE, credit * cost / term)
    return {
        "AMT_APPLICATION": amount_requested,
        "AMT_CREDIT": credit,
        "AMT_ANNUITY": keep_where(detailed, round_to_multiple(annuity, AMOUNT_STEP / 100)),
        "AMT_GOODS_PRICE": keep_where(has_amount & (amount_requested > 0), amount_requested),
        "AMT_DOWN_PAYMENT": down_payment,
        "RATE_DOWN_PAYMENT": rate_down,
        "CNT_PAYMENT": keep_where(detailed, term),
    }


def _sample_process(sampler: ColumnSampler, base: pl.DataFrame) -> dict[str, Any]:
    """Sample where and when the application was made, and the rarely known interest rates."""
    is_refused = (base["NAME_CONTRACT_STATUS"] == REFUSED).to_numpy()
    is_superseded = is_refused & sampler.sample_flags("superseded")
    same_day = is_superseded & sampler.sample_flags("superseded_same_day")
    has_rates = (base["NAME_CONTRACT_TYPE"] == CONSUMER).to_numpy() & sampler.sample_flags(
        "rates known"
    )
    return {
        "WEEKDAY_APPR_PROCESS_START": sampler.sample_categories("WEEKDAY_APPR_PROCESS_START"),
        "HOUR_APPR_PROCESS_START": sampler.sample_numbers("HOUR_APPR_PROCESS_START").astype(
            np.int32
        ),
        "FLAG_LAST_APPL_PER_CONTRACT": pl.Series(["Y", "N"]).gather(
            is_superseded.astype(np.int64)
        ),
        "NFLAG_LAST_APPL_IN_DAY": (~same_day).astype(np.int32),
        "SELLERPLACE_AREA": sampler.sample_numbers_by(
            "SELLERPLACE_AREA", base["CHANNEL_TYPE"]
        ).astype(np.int32),
        "RATE_INTEREST_PRIMARY": keep_where(
            has_rates, sampler.sample_numbers("RATE_INTEREST_PRIMARY")
        ),
        "RATE_INTEREST_PRIVILEGED": keep_where(
            has_rates, sampler.sample_numbers("RATE_INTEREST_PRIVILEGED")
        ),
    }


def _sample_contract_run(sampler: ColumnSampler, base: pl.DataFrame) -> dict[str, Any]:
    """Sample how a granted application continued as a contract.

    `run` is the number of instalments until full repayment, actual or by plan.
    """
    contract, status = base["NAME_CONTRACT_TYPE"], base["NAME_CONTRACT_STATUS"]
    is_granted = ((status == APPROVED) & base["AMT_ANNUITY"].is_not_null()).to_numpy()
    is_used = is_granted & sampler.sample_flags_by("used", contract)
    lag = sampler.sample_numbers_by("days_to_first_due", contract)
    first_due = keep_where(is_used, base["DAYS_DECISION"].to_numpy() + lag)
    dated = base.with_columns(first_due=pl.Series(first_due, nan_to_null=True))
    stage = dated.select(RUN_STAGE).to_series()
    term = base["CNT_PAYMENT"].fill_null(np.nan).to_numpy()
    n_due = dated.select(INSTALMENTS_DUE.fill_null(0).clip(0)).to_series().to_numpy()
    is_repaid = sampler.sample_flags_by("repaid", stage)
    last_instalment = np.ceil(
        sampler.sample_numbers_by("share_run", stage) * np.minimum(n_due, term)
    )
    return {
        "used": is_used,
        "first_due": first_due,
        "run": np.clip(np.where(is_repaid & (n_due > 0), last_instalment, term), 1, term),
        "NFLAG_INSURED_ON_APPROVAL": keep_where(
            is_used, sampler.sample_numbers_by("NFLAG_INSURED_ON_APPROVAL", contract)
        ),
    }
