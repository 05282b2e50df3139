"""Sample the columns of `application_train` and `application_test` from traits.

A column is sampled from the trait of the same name; lower-case names are intermediate values.
Rules of the source hold: clients without a job have no employer, a revolving loan is repaid in
twentieths, and employment starts at 16 at the earliest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from credit.schema import APPLICATION, NEVER_DAYS
from credit.schema.application import DOCUMENT_NUMBERS, HOUSING_MEASURES
from training.synthetic.sampling.column_sampler import ColumnSampler, encode_yes_no, keep_where
from training.synthetic.sampling.marginals import Marginal, Mask, round_to_multiple

CASH_LOAN = "Cash loans"
REVOLVING_TERM_MONTHS = 20
MIN_WORKING_AGE_DAYS = 16 * 365
AMOUNT_STEP = 4.5
"""The source rescaled its currency: amounts are multiples of 4.5."""

COUPLE_STATUSES = ("Married", "Civil marriage")
MAIN_DOCUMENTS = ("FLAG_DOCUMENT_3", "FLAG_DOCUMENT_6", "FLAG_DOCUMENT_8")
"""Documents of a cash loan; a client usually hands in one of them."""

RARE_DOCUMENTS = tuple(
    name for n in DOCUMENT_NUMBERS if (name := f"FLAG_DOCUMENT_{n}") not in MAIN_DOCUMENTS
)
PHONE_FLAGS = ("FLAG_MOBIL", "FLAG_WORK_PHONE", "FLAG_CONT_MOBILE", "FLAG_PHONE", "FLAG_EMAIL")
EXTERNAL_SCORES = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3")
ENQUIRY_COLUMNS = tuple(
    f"AMT_REQ_CREDIT_BUREAU_{period}" for period in ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR")
)
STATE_OF_REPAIR = "EMERGENCYSTATE_MODE"
"""Known for every building with any known measure."""

BUILDING_CATEGORIES = (
    "FONDKAPREMONT_MODE",
    "HOUSETYPE_MODE",
    "WALLSMATERIAL_MODE",
    STATE_OF_REPAIR,
)
BUILDING_STEP = 0.0001

Columns: TypeAlias = dict[str, Any]
"""Arrays and series by column."""


@dataclass(frozen=True, kw_only=True)
class FormModel:
    """Parameters of the form's columns."""

    marginals: Mapping[str, Marginal]
    test_marginals: Mapping[str, Marginal]
    """Marginals of `application_test` where they differ: its clients applied later."""


def sample_application_form(sampler: ColumnSampler) -> pl.DataFrame:
    """Sample one row per client, with all columns of the schema except `SK_ID_CURR`."""
    columns = (
        _sample_loan(sampler)
        | _sample_household(sampler)
        | _sample_job(sampler)
        | _sample_region(sampler)
    )
    columns |= _sample_process(sampler, cash=columns["NAME_CONTRACT_TYPE"] == CASH_LOAN)
    columns |= _sample_external_information(sampler) | _sample_building(sampler)
    frame = pl.DataFrame(columns, nan_to_null=True)
    return frame.select(name for name in APPLICATION.columns if name != "SK_ID_CURR")


def _sample_loan(sampler: ColumnSampler) -> Columns:
    contract = sampler.sample_categories("NAME_CONTRACT_TYPE")
    is_cash = (contract == CASH_LOAN).to_numpy()
    goods_price = sampler.sample_numbers(
        "AMT_GOODS_PRICE", trait=sampler.standardise_within(is_cash, "AMT_GOODS_PRICE")
    )
    limit = sampler.sample_numbers(
        "revolving_limit", trait=sampler.standardise_within(~is_cash, "AMT_GOODS_PRICE")
    )
    credit_to_goods = sampler.sample_numbers(
        "credit_to_goods", trait=sampler.standardise_within(is_cash, "credit_to_goods")
    )
    term = sampler.sample_numbers(
        "credit_to_annuity", trait=sampler.standardise_within(is_cash, "credit_to_annuity")
    )
    credit = np.where(
        is_cash, round_to_multiple(goods_price * credit_to_goods, AMOUNT_STEP), limit
    )
    annuity = round_to_multiple(
        credit / np.where(is_cash, term, REVOLVING_TERM_MONTHS), AMOUNT_STEP
    )
    goods_known = is_cash | sampler.sample_flags("revolving_goods known")
    return {
        "NAME_CONTRACT_TYPE": contract,
        "AMT_INCOME_TOTAL": sampler.sample_numbers("AMT_INCOME_TOTAL"),
        "AMT_CREDIT": credit,
        "AMT_ANNUITY": annuity,
        "AMT_GOODS_PRICE": keep_where(goods_known, np.where(is_cash, goods_price, limit)),
    }


def _sample_household(sampler: ColumnSampler) -> Columns:
    is_couple = sampler.sample_flags("couple")
    couple_status = sampler.sample_categories(
        "couple's status", trait=sampler.standardise_within(is_couple, "couple's status")
    )
    single_status = sampler.sample_categories(
        "single's status", trait=sampler.standardise_within(~is_couple, "single's status")
    )
    children = sampler.sample_numbers("CNT_CHILDREN")
    owns_car = sampler.sample_flags("FLAG_OWN_CAR")
    car_age = sampler.sample_numbers(
        "OWN_CAR_AGE", trait=sampler.standardise_within(owns_car, "OWN_CAR_AGE")
    )
    return {
        "CODE_GENDER": sampler.sample_categories("CODE_GENDER"),
        "FLAG_OWN_CAR": encode_yes_no(owns_car),
        "OWN_CAR_AGE": keep_where(owns_car, car_age),
        "FLAG_OWN_REALTY": encode_yes_no(sampler.sample_flags("FLAG_OWN_REALTY")),
        "CNT_CHILDREN": children.astype(np.int32),
        "CNT_FAM_MEMBERS": children + 1 + is_couple,
        "NAME_FAMILY_STATUS": couple_status.zip_with(pl.Series(is_couple), single_status),
        "NAME_EDUCATION_TYPE": sampler.sample_categories("NAME_EDUCATION_TYPE"),
        "NAME_HOUSING_TYPE": sampler.sample_categories("NAME_HOUSING_TYPE"),
    }


def _sample_job(sampler: ColumnSampler) -> Columns:
    works = sampler.sample_flags("works")
    birth_day = sampler.sample_numbers("DAYS_BIRTH")
    tenure = sampler.sample_numbers(
        "DAYS_EMPLOYED", trait=sampler.standardise_within(works, "DAYS_EMPLOYED")
    )
    employment_day = np.maximum(tenure, np.minimum(birth_day + MIN_WORKING_AGE_DAYS, -1))
    columns: Columns = {
        "DAYS_BIRTH": birth_day.astype(np.int32),
        "DAYS_EMPLOYED": np.where(works, employment_day, NEVER_DAYS).astype(np.int32),
        "DAYS_REGISTRATION": np.maximum(sampler.sample_numbers("DAYS_REGISTRATION"), birth_day),
        "DAYS_ID_PUBLISH": np.maximum(sampler.sample_numbers("DAYS_ID_PUBLISH"), birth_day).astype(
            np.int32
        ),
        "FLAG_EMP_PHONE": works.astype(np.int32),
    }
    for column, unemployed_category in (
        ("NAME_INCOME_TYPE", "Pensioner"),
        ("ORGANIZATION_TYPE", "XNA"),
        ("OCCUPATION_TYPE", None),
    ):
        employed_categories = sampler.sample_categories(
            column, trait=sampler.standardise_within(works, column)
        )
        unemployed = pl.Series([unemployed_category], dtype=pl.String)
        columns[column] = employed_categories.zip_with(pl.Series(works), unemployed)
    return (
        columns
        | _sample_address_mismatches(sampler, works, "REGION")
        | _sample_address_mismatches(sampler, works, "CITY")
    )


def _sample_address_mismatches(sampler: ColumnSampler, works: Mask, area: str) -> Columns:
    """Sample which of registered, home and work addresses differ."""
    moved = sampler.sample_flags(f"REG_{area}_NOT_LIVE_{area}")
    commutes = sampler.sample_flags(f"LIVE_{area}_NOT_WORK_{area}", works)
    works_in_third = sampler.sample_flags(f"works_in_third_{area.lower()}")
    works_away = np.where(moved, works & (~commutes | works_in_third), commutes)
    return {
        f"REG_{area}_NOT_LIVE_{area}": moved.astype(np.int32),
        f"LIVE_{area}_NOT_WORK_{area}": commutes.astype(np.int32),
        f"REG_{area}_NOT_WORK_{area}": works_away.astype(np.int32),
    }


def _sample_region(sampler: ColumnSampler) -> Columns:
    rating = sampler.sample_numbers("REGION_RATING_CLIENT")
    rating_with_city = np.maximum(rating - sampler.sample_flags("city_rated_better"), 1)
    return {
        "REGION_POPULATION_RELATIVE": sampler.sample_numbers("REGION_POPULATION_RELATIVE"),
        "REGION_RATING_CLIENT": rating.astype(np.int32),
        "REGION_RATING_CLIENT_W_CITY": rating_with_city.astype(np.int32),
    }


def _sample_process(sampler: ColumnSampler, *, cash: pl.Series) -> Columns:
    document = sampler.sample_categories("main_document").zip_with(
        cash, sampler.sample_categories("revolving_document")
    )
    columns: Columns = {name: (document == name).cast(pl.Int32) for name in MAIN_DOCUMENTS}
    columns |= {
        name: sampler.sample_flags(name).astype(np.int32)
        for name in (*RARE_DOCUMENTS, *PHONE_FLAGS)
    }
    return columns | {
        "NAME_TYPE_SUITE": sampler.sample_categories("NAME_TYPE_SUITE"),
        "WEEKDAY_APPR_PROCESS_START": sampler.sample_categories("WEEKDAY_APPR_PROCESS_START"),
        "HOUR_APPR_PROCESS_START": sampler.sample_numbers("HOUR_APPR_PROCESS_START").astype(
            np.int32
        ),
        "DAYS_LAST_PHONE_CHANGE": sampler.sample_numbers("DAYS_LAST_PHONE_CHANGE"),
    }


def _sample_external_information(sampler: ColumnSampler) -> Columns:
    """Sample external data: credit scores, bureau enquiries, the social circle."""
    scores = {name: sampler.sample_with_missing(name) for name in EXTERNAL_SCORES}
    enquiries_known = sampler.sample_flags("enquiries known")
    enquiries = {
        name: keep_where(enquiries_known, sampler.sample_numbers(name)) for name in ENQUIRY_COLUMNS
    }
    circle_known = sampler.sample_flags("circle known")
    observed = sampler.sample_numbers("OBS_30_CNT_SOCIAL_CIRCLE")
    trait = sampler.standardise_within(observed > 0, "late_around")
    late = np.minimum(sampler.sample_numbers("late_around", trait=trait), observed)
    return {
        **scores,
        **enquiries,
        "OBS_30_CNT_SOCIAL_CIRCLE": keep_where(circle_known, observed),
        "DEF_30_CNT_SOCIAL_CIRCLE": keep_where(circle_known, late),
        "OBS_60_CNT_SOCIAL_CIRCLE": keep_where(
            circle_known, np.maximum(observed - sampler.sample_flags("fewer_observed_at_60"), late)
        ),
        "DEF_60_CNT_SOCIAL_CIRCLE": keep_where(
            circle_known, np.minimum(sampler.sample_numbers("very_late_around"), late)
        ),
    }


def _sample_building(sampler: ColumnSampler) -> Columns:
    building_known = sampler.sample_flags("building known")
    columns: Columns = {
        "TOTALAREA_MODE": sampler.sample_with_missing("TOTALAREA_MODE", building_known)
    }
    for measure in HOUSING_MEASURES:
        average = sampler.sample_with_missing(f"{measure}_AVG", building_known)
        columns[f"{measure}_AVG"] = average
        for name in (f"{measure}_MODE", f"{measure}_MEDI"):
            other = average * sampler.sample_numbers(f"{name} to AVG")
            columns[name] = np.minimum(round_to_multiple(other, BUILDING_STEP), 1)
    missing = pl.Series([None], dtype=pl.String)
    for name in BUILDING_CATEGORIES:
        known = (
            building_known
            if name == STATE_OF_REPAIR
            else sampler.sample_flags(f"{name} known", building_known)
        )
        categories = sampler.sample_categories(name, trait=sampler.standardise_within(known, name))
        columns[name] = categories.zip_with(pl.Series(known), missing)
    return columns
