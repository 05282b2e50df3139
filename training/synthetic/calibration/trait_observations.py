"""Declare which form values give each trait and each marginal."""

from __future__ import annotations

import polars as pl

from credit.schema import NEVER_DAYS
from credit.schema.application import HOUSING_MEASURES
from training.synthetic.sampling.marginals import MISSING
from training.synthetic.tables.application import (
    BUILDING_CATEGORIES,
    CASH_LOAN,
    COUPLE_STATUSES,
    ENQUIRY_COLUMNS,
    EXTERNAL_SCORES,
    MAIN_DOCUMENTS,
    PHONE_FLAGS,
    RARE_DOCUMENTS,
    STATE_OF_REPAIR,
)

_c = pl.col
_cash = _c("NAME_CONTRACT_TYPE") == CASH_LOAN
_works = _c("DAYS_EMPLOYED") != NEVER_DAYS
_owns_car = _c("FLAG_OWN_CAR") == "Y"
_couple = _c("NAME_FAMILY_STATUS").is_in(COUPLE_STATUSES)
_late_around = _c("DEF_30_CNT_SOCIAL_CIRCLE")

VALUE_STEPS: dict[str, float] = {
    "AMT_INCOME_TOTAL": 450,
    "AMT_GOODS_PRICE": 4500,
    "revolving_limit": 4500,
    "credit_to_goods": 0.0001,
    "credit_to_annuity": 0.01,
    "DAYS_BIRTH": 1,
    "DAYS_EMPLOYED": 1,
    "DAYS_REGISTRATION": 1,
    "DAYS_ID_PUBLISH": 1,
    "DAYS_LAST_PHONE_CHANGE": 1,
    "OWN_CAR_AGE": 1,
    **dict.fromkeys(EXTERNAL_SCORES, 1e-6),
    **{f"{m}_AVG": 1e-4 for m in HOUSING_MEASURES},
    **{f"{m}_{s} to AVG": 1e-4 for m in HOUSING_MEASURES for s in ("MODE", "MEDI")},
    "TOTALAREA_MODE": 1e-4,
}
"""Columns stored as quantiles, with the step of their values."""

FINEST_GRIDS = {
    **dict.fromkeys(
        ("AMT_INCOME_TOTAL", "AMT_GOODS_PRICE", "credit_to_goods", "credit_to_annuity"), "fine"
    ),
    **{f"{m}_{s} to AVG": "coarse" for m in HOUSING_MEASURES for s in ("MODE", "MEDI")},
}
"""Finest grid of a column.

Amounts are heaped on round numbers and need a fine grid. A coarse grid is enough for the relations
between the statistics of a building.
"""


_building = _c(STATE_OF_REPAIR).is_not_null()
BUILDING_COLUMNS = (
    *(f"{measure}_AVG" for measure in HOUSING_MEASURES),
    "TOTALAREA_MODE",
    *(word for word in BUILDING_CATEGORIES if word != STATE_OF_REPAIR),
)
"""Building columns, known only if the state of repair is."""


def _is_known_of_building(column: str) -> pl.Expr:
    return pl.when(_building).then(_c(column).is_not_null().cast(pl.Int8))


def _works_in_third_area(area: str) -> pl.Expr:
    """Return if clients who moved and commute work outside the registered area; else null."""
    moved = _c(f"REG_{area}_NOT_LIVE_{area}") == 1
    commutes = _c(f"LIVE_{area}_NOT_WORK_{area}") == 1
    return pl.when(_works & moved & commutes).then(f"REG_{area}_NOT_WORK_{area}")


def _find_main_document() -> pl.Expr:
    document = pl.lit("none")
    for name in MAIN_DOCUMENTS:
        document = pl.when(_c(name) == 1).then(pl.lit(name)).otherwise(document)
    return document


TRAIT_OBSERVATIONS: dict[str, pl.Expr] = {
    "NAME_CONTRACT_TYPE": _c("NAME_CONTRACT_TYPE"),
    "AMT_GOODS_PRICE": pl.when(_cash).then("AMT_GOODS_PRICE"),
    "credit_to_goods": pl.when(_cash).then(_c("AMT_CREDIT") / _c("AMT_GOODS_PRICE")),
    "credit_to_annuity": pl.when(_cash).then(_c("AMT_CREDIT") / _c("AMT_ANNUITY")),
    "AMT_INCOME_TOTAL": _c("AMT_INCOME_TOTAL"),
    "CODE_GENDER": _c("CODE_GENDER"),
    "FLAG_OWN_CAR": _owns_car.cast(pl.Int8),
    "OWN_CAR_AGE": pl.when(_owns_car).then("OWN_CAR_AGE"),
    "FLAG_OWN_REALTY": (_c("FLAG_OWN_REALTY") == "Y").cast(pl.Int8),
    "CNT_CHILDREN": _c("CNT_CHILDREN"),
    "couple": _couple.cast(pl.Int8),
    "couple's status": pl.when(_couple).then("NAME_FAMILY_STATUS"),
    "single's status": pl.when(~_couple).then("NAME_FAMILY_STATUS"),
    "NAME_EDUCATION_TYPE": _c("NAME_EDUCATION_TYPE"),
    "NAME_HOUSING_TYPE": _c("NAME_HOUSING_TYPE"),
    "works": _works.cast(pl.Int8),
    "DAYS_BIRTH": _c("DAYS_BIRTH"),
    "DAYS_EMPLOYED": pl.when(_works).then("DAYS_EMPLOYED"),
    "NAME_INCOME_TYPE": pl.when(_works).then("NAME_INCOME_TYPE"),
    "ORGANIZATION_TYPE": pl.when(_works).then("ORGANIZATION_TYPE"),
    "OCCUPATION_TYPE": pl.when(_works).then(_c("OCCUPATION_TYPE").fill_null(MISSING)),
    "DAYS_REGISTRATION": _c("DAYS_REGISTRATION"),
    "DAYS_ID_PUBLISH": _c("DAYS_ID_PUBLISH"),
    "REG_REGION_NOT_LIVE_REGION": _c("REG_REGION_NOT_LIVE_REGION"),
    "LIVE_REGION_NOT_WORK_REGION": pl.when(_works).then("LIVE_REGION_NOT_WORK_REGION"),
    "REG_CITY_NOT_LIVE_CITY": _c("REG_CITY_NOT_LIVE_CITY"),
    "LIVE_CITY_NOT_WORK_CITY": pl.when(_works).then("LIVE_CITY_NOT_WORK_CITY"),
    "REGION_POPULATION_RELATIVE": _c("REGION_POPULATION_RELATIVE"),
    "REGION_RATING_CLIENT": _c("REGION_RATING_CLIENT"),
    "city_rated_better": pl.when(_c("REGION_RATING_CLIENT") > 1).then(
        (_c("REGION_RATING_CLIENT_W_CITY") < _c("REGION_RATING_CLIENT")).cast(pl.Int8)
    ),
    "main_document": pl.when(_cash).then(_find_main_document()),
    **{name: _c(name) for name in PHONE_FLAGS if name not in {"FLAG_MOBIL", "FLAG_CONT_MOBILE"}},
    "NAME_TYPE_SUITE": _c("NAME_TYPE_SUITE").fill_null(MISSING),
    "WEEKDAY_APPR_PROCESS_START": _c("WEEKDAY_APPR_PROCESS_START"),
    "HOUR_APPR_PROCESS_START": _c("HOUR_APPR_PROCESS_START"),
    "DAYS_LAST_PHONE_CHANGE": _c("DAYS_LAST_PHONE_CHANGE"),
    **{name: _c(name) for name in EXTERNAL_SCORES},
    "EXT_SOURCE_1 known": _c("EXT_SOURCE_1").is_not_null().cast(pl.Int8),
    "EXT_SOURCE_3 known": _c("EXT_SOURCE_3").is_not_null().cast(pl.Int8),
    "enquiries known": _c(ENQUIRY_COLUMNS[0]).is_not_null().cast(pl.Int8),
    **{name: _c(name) for name in ENQUIRY_COLUMNS},
    "OBS_30_CNT_SOCIAL_CIRCLE": _c("OBS_30_CNT_SOCIAL_CIRCLE"),
    "late_around": pl.when(_c("OBS_30_CNT_SOCIAL_CIRCLE") > 0).then(_late_around),
    "building known": _building.cast(pl.Int8),
    **{f"{name} known": _is_known_of_building(name) for name in BUILDING_COLUMNS},
    **{f"{m}_AVG": _c(f"{m}_AVG") for m in HOUSING_MEASURES},
    "TOTALAREA_MODE": _c("TOTALAREA_MODE"),
    **{word: _c(word) for word in BUILDING_CATEGORIES},
}
"""Observed value of each trait in a form; null where the form does not show it."""

COLUMNS_WITHOUT_TRAIT: dict[str, pl.Expr] = {
    "revolving_limit": pl.when(~_cash).then("AMT_CREDIT"),
    "revolving_goods known": pl.when(~_cash).then(
        _c("AMT_GOODS_PRICE").is_not_null().cast(pl.Int8)
    ),
    "revolving_document": pl.when(~_cash).then(_find_main_document()),
    "works_in_third_region": _works_in_third_area("REGION"),
    "works_in_third_city": _works_in_third_area("CITY"),
    "EXT_SOURCE_2 known": _c("EXT_SOURCE_2").is_not_null().cast(pl.Int8),
    "circle known": _c("OBS_30_CNT_SOCIAL_CIRCLE").is_not_null().cast(pl.Int8),
    "fewer_observed_at_60": pl.when(_c("OBS_30_CNT_SOCIAL_CIRCLE") > 0).then(
        (_c("OBS_60_CNT_SOCIAL_CIRCLE") < _c("OBS_30_CNT_SOCIAL_CIRCLE")).cast(pl.Int8)
    ),
    "very_late_around": pl.when(_late_around > 0).then("DEF_60_CNT_SOCIAL_CIRCLE"),
    **{
        f"{m}_{s} to AVG": pl.when(_c(f"{m}_AVG") > 0).then(_c(f"{m}_{s}") / _c(f"{m}_AVG"))
        for m in HOUSING_MEASURES
        for s in ("MODE", "MEDI")
    },
    **{name: _c(name) for name in (*RARE_DOCUMENTS, "FLAG_MOBIL", "FLAG_CONT_MOBILE")},
}
"""Columns sampled independently, or with the trait of another column."""
