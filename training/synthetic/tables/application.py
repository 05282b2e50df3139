"""The application form: traits -> the columns of `application_train` and `application_test`.

A column is read off the trait of its name; names in small letters are steps on the way. What the
source keeps consistent is kept: who has no job has no employer, a revolving loan is repaid by
twentieths, nobody found a job before the age of sixteen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from credit.schema import APPLICATION, NEVER
from credit.schema.application import DOCUMENTS, HOUSING_MEASURES
from training.synthetic.sampling.column_sampler import Reader, given, yes_no
from training.synthetic.sampling.marginals import Marginal, Mask, whole_multiples

CASH = "Cash loans"
REVOLVING_TERM = 20
WORKING_AGE = 16 * 365
AMOUNT_STEP = 4.5
"""The source rescaled its currency: amounts are multiples of 4.5."""

COUPLES = ("Married", "Civil marriage")
MAIN_DOCUMENTS = ("FLAG_DOCUMENT_3", "FLAG_DOCUMENT_6", "FLAG_DOCUMENT_8")
"""A cash loan asks for one of these three, as a rule."""

RARE_DOCUMENTS = tuple(
    name for n in DOCUMENTS if (name := f"FLAG_DOCUMENT_{n}") not in MAIN_DOCUMENTS
)
PHONES = ("FLAG_MOBIL", "FLAG_WORK_PHONE", "FLAG_CONT_MOBILE", "FLAG_PHONE", "FLAG_EMAIL")
SCORES = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3")
ENQUIRIES = tuple(
    f"AMT_REQ_CREDIT_BUREAU_{period}" for period in ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR")
)
STATE_OF_REPAIR = "EMERGENCYSTATE_MODE"
"""What is known of every building of which anything is."""

BUILDING_WORDS = ("FONDKAPREMONT_MODE", "HOUSETYPE_MODE", "WALLSMATERIAL_MODE", STATE_OF_REPAIR)
BUILDING_STEP = 0.0001

Columns: TypeAlias = dict[str, Any]
"""Arrays and series by column."""


@dataclass(frozen=True, kw_only=True)
class FormModel:
    """What is kept of the form's columns."""

    marginals: Mapping[str, Marginal]
    shifted: Mapping[str, Marginal]
    """The marginals of `application_test` where they differ: its applicants came later."""


def application_form(reader: Reader) -> pl.DataFrame:
    """One row a client, with the schema's columns but the client's id."""
    columns = _loan(reader) | _household(reader) | _job(reader) | _home(reader)
    columns |= _paperwork(reader, cash=columns["NAME_CONTRACT_TYPE"] == CASH)
    columns |= _outside(reader) | _building(reader)
    frame = pl.DataFrame(columns, nan_to_null=True)
    return frame.select(name for name in APPLICATION.columns if name != "SK_ID_CURR")


def _loan(reader: Reader) -> Columns:
    contract = reader.words("NAME_CONTRACT_TYPE")
    cash = (contract == CASH).to_numpy()
    price = reader.numbers("AMT_GOODS_PRICE", stands=reader.among(cash, "AMT_GOODS_PRICE"))
    limit = reader.numbers("revolving_limit", stands=reader.among(~cash, "AMT_GOODS_PRICE"))
    extra = reader.numbers("credit_to_goods", stands=reader.among(cash, "credit_to_goods"))
    term = reader.numbers("credit_to_annuity", stands=reader.among(cash, "credit_to_annuity"))
    credit = np.where(cash, whole_multiples(price * extra, AMOUNT_STEP), limit)
    annuity = whole_multiples(credit / np.where(cash, term, REVOLVING_TERM), AMOUNT_STEP)
    goods_known = cash | reader.flags("revolving_goods known")
    return {
        "NAME_CONTRACT_TYPE": contract,
        "AMT_INCOME_TOTAL": reader.numbers("AMT_INCOME_TOTAL"),
        "AMT_CREDIT": credit,
        "AMT_ANNUITY": annuity,
        "AMT_GOODS_PRICE": given(goods_known, np.where(cash, price, limit)),
    }


def _household(reader: Reader) -> Columns:
    couple = reader.flags("couple")
    of_couples = reader.words("couple's status", stands=reader.among(couple, "couple's status"))
    of_singles = reader.words("single's status", stands=reader.among(~couple, "single's status"))
    children = reader.numbers("CNT_CHILDREN")
    owns_car = reader.flags("FLAG_OWN_CAR")
    car_age = reader.numbers("OWN_CAR_AGE", stands=reader.among(owns_car, "OWN_CAR_AGE"))
    return {
        "CODE_GENDER": reader.words("CODE_GENDER"),
        "FLAG_OWN_CAR": yes_no(owns_car),
        "OWN_CAR_AGE": given(owns_car, car_age),
        "FLAG_OWN_REALTY": yes_no(reader.flags("FLAG_OWN_REALTY")),
        "CNT_CHILDREN": children.astype(np.int32),
        "CNT_FAM_MEMBERS": children + 1 + couple,
        "NAME_FAMILY_STATUS": of_couples.zip_with(pl.Series(couple), of_singles),
        "NAME_EDUCATION_TYPE": reader.words("NAME_EDUCATION_TYPE"),
        "NAME_HOUSING_TYPE": reader.words("NAME_HOUSING_TYPE"),
    }


def _job(reader: Reader) -> Columns:
    works = reader.flags("works")
    born = reader.numbers("DAYS_BIRTH")
    tenure = reader.numbers("DAYS_EMPLOYED", stands=reader.among(works, "DAYS_EMPLOYED"))
    employed = np.maximum(tenure, np.minimum(born + WORKING_AGE, -1))
    columns: Columns = {
        "DAYS_BIRTH": born.astype(np.int32),
        "DAYS_EMPLOYED": np.where(works, employed, NEVER).astype(np.int32),
        "DAYS_REGISTRATION": np.maximum(reader.numbers("DAYS_REGISTRATION"), born),
        "DAYS_ID_PUBLISH": np.maximum(reader.numbers("DAYS_ID_PUBLISH"), born).astype(np.int32),
        "FLAG_EMP_PHONE": works.astype(np.int32),
    }
    for column, without_job in (
        ("NAME_INCOME_TYPE", "Pensioner"),
        ("ORGANIZATION_TYPE", "XNA"),
        ("OCCUPATION_TYPE", None),
    ):
        at_work = reader.words(column, stands=reader.among(works, column))
        otherwise = pl.Series([without_job], dtype=pl.String)
        columns[column] = at_work.zip_with(pl.Series(works), otherwise)
    return columns | _places(reader, works, "REGION") | _places(reader, works, "CITY")


def _places(reader: Reader, works: Mask, place: str) -> Columns:
    """Registered in A, living in B, working in C: which of the three differ."""
    moved = reader.flags(f"REG_{place}_NOT_LIVE_{place}")
    commutes = reader.flags(f"LIVE_{place}_NOT_WORK_{place}", works)
    third_place = reader.flags(f"works_in_third_{place.lower()}")
    away = np.where(moved, works & (~commutes | third_place), commutes)
    return {
        f"REG_{place}_NOT_LIVE_{place}": moved.astype(np.int32),
        f"LIVE_{place}_NOT_WORK_{place}": commutes.astype(np.int32),
        f"REG_{place}_NOT_WORK_{place}": away.astype(np.int32),
    }


def _home(reader: Reader) -> Columns:
    rating = reader.numbers("REGION_RATING_CLIENT")
    with_city = np.maximum(rating - reader.flags("city_rated_better"), 1)
    return {
        "REGION_POPULATION_RELATIVE": reader.numbers("REGION_POPULATION_RELATIVE"),
        "REGION_RATING_CLIENT": rating.astype(np.int32),
        "REGION_RATING_CLIENT_W_CITY": with_city.astype(np.int32),
    }


def _paperwork(reader: Reader, *, cash: pl.Series) -> Columns:
    document = reader.words("main_document").zip_with(cash, reader.words("revolving_document"))
    columns: Columns = {name: (document == name).cast(pl.Int32) for name in MAIN_DOCUMENTS}
    columns |= {name: reader.flags(name).astype(np.int32) for name in (*RARE_DOCUMENTS, *PHONES)}
    return columns | {
        "NAME_TYPE_SUITE": reader.words("NAME_TYPE_SUITE"),
        "WEEKDAY_APPR_PROCESS_START": reader.words("WEEKDAY_APPR_PROCESS_START"),
        "HOUR_APPR_PROCESS_START": reader.numbers("HOUR_APPR_PROCESS_START").astype(np.int32),
        "DAYS_LAST_PHONE_CHANGE": reader.numbers("DAYS_LAST_PHONE_CHANGE"),
    }


def _outside(reader: Reader) -> Columns:
    """What others say of the client: scores, enquiries, the people around."""
    scores = {name: reader.known(name) for name in SCORES}
    asked = reader.flags("enquiries known")
    enquiries = {name: given(asked, reader.numbers(name)) for name in ENQUIRIES}
    circle = reader.flags("circle known")
    around = reader.numbers("OBS_30_CNT_SOCIAL_CIRCLE")
    stands = reader.among(around > 0, "late_around")
    late = np.minimum(reader.numbers("late_around", stands=stands), around)
    return {
        **scores,
        **enquiries,
        "OBS_30_CNT_SOCIAL_CIRCLE": given(circle, around),
        "DEF_30_CNT_SOCIAL_CIRCLE": given(circle, late),
        "OBS_60_CNT_SOCIAL_CIRCLE": given(
            circle, np.maximum(around - reader.flags("fewer_observed_at_60"), late)
        ),
        "DEF_60_CNT_SOCIAL_CIRCLE": given(
            circle, np.minimum(reader.numbers("very_late_around"), late)
        ),
    }


def _building(reader: Reader) -> Columns:
    building = reader.flags("building known")
    columns: Columns = {"TOTALAREA_MODE": reader.known("TOTALAREA_MODE", building)}
    for measure in HOUSING_MEASURES:
        average = reader.known(f"{measure}_AVG", building)
        columns[f"{measure}_AVG"] = average
        for name in (f"{measure}_MODE", f"{measure}_MEDI"):
            other = average * reader.numbers(f"{name} to AVG")
            columns[name] = np.minimum(whole_multiples(other, BUILDING_STEP), 1)
    unknown = pl.Series([None], dtype=pl.String)
    for name in BUILDING_WORDS:
        known = building if name == STATE_OF_REPAIR else reader.flags(f"{name} known", building)
        words = reader.words(name, stands=reader.among(known, name))
        columns[name] = words.zip_with(pl.Series(known), unknown)
    return columns
