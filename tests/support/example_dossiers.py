"""Example applicants as dossiers. A test gives the cells it is about; the others have defaults.

    make_applicant(AMT_INCOME_TOTAL=None)                            ordinary, with unknown income
    make_applicant_with_history(bureau=[{"DAYS_CREDIT": -30}])       with one credit elsewhere
    make_applicant_with_history(bureau=None, bureau_balance=[])      credits elsewhere unknown
    make_applicant_without_history()                                 no history known
    make_applicant_without_form("bureau")                            an empty form, one history

All values are fictitious.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from credit.schema import HISTORIES
from credit.schema.application import DOCUMENT_NUMBERS, HOUSING_MEASURES, HOUSING_STATISTICS

Row = Mapping[str, Any]
Dossier = dict[str, Any]

FIRST_CREDIT_ID = 700
"""Id of the first bureau credit; the others follow."""

FIRST_LOAN_ID = 300
"""Id of the first earlier application to us; the others follow."""

FORM: Row = {
    "SK_ID_CURR": 42,
    "NAME_CONTRACT_TYPE": "Cash loans",
    "CODE_GENDER": "F",
    "FLAG_OWN_CAR": "Y",
    "FLAG_OWN_REALTY": "N",
    "CNT_CHILDREN": 1,
    "AMT_INCOME_TOTAL": 180_000.0,
    "AMT_CREDIT": 450_000.0,
    "AMT_ANNUITY": 22_500.0,
    "AMT_GOODS_PRICE": 400_000.0,
    "NAME_TYPE_SUITE": "Unaccompanied",
    "NAME_INCOME_TYPE": "Working",
    "NAME_EDUCATION_TYPE": "Higher education",
    "NAME_FAMILY_STATUS": "Married",
    "NAME_HOUSING_TYPE": "House / apartment",
    "REGION_POPULATION_RELATIVE": 0.02,
    "DAYS_BIRTH": -14_600,
    "DAYS_EMPLOYED": -1_825,
    "DAYS_REGISTRATION": -3_650,
    "DAYS_ID_PUBLISH": -2_920,
    "OWN_CAR_AGE": 8,
    "FLAG_MOBIL": 1,
    "FLAG_EMP_PHONE": 1,
    "FLAG_WORK_PHONE": 0,
    "FLAG_CONT_MOBILE": 1,
    "FLAG_PHONE": 1,
    "FLAG_EMAIL": 0,
    "OCCUPATION_TYPE": "Core staff",
    "CNT_FAM_MEMBERS": 3,
    "REGION_RATING_CLIENT": 2,
    "REGION_RATING_CLIENT_W_CITY": 2,
    "WEEKDAY_APPR_PROCESS_START": "TUESDAY",
    "HOUR_APPR_PROCESS_START": 11,
    "REG_REGION_NOT_LIVE_REGION": 0,
    "REG_REGION_NOT_WORK_REGION": 0,
    "LIVE_REGION_NOT_WORK_REGION": 0,
    "REG_CITY_NOT_LIVE_CITY": 0,
    "REG_CITY_NOT_WORK_CITY": 1,
    "LIVE_CITY_NOT_WORK_CITY": 1,
    "ORGANIZATION_TYPE": "School",
    "EXT_SOURCE_1": 0.5,
    "EXT_SOURCE_2": 0.625,
    "EXT_SOURCE_3": 0.25,
    **{
        f"{measure}_{statistic}": index / 16
        for statistic in HOUSING_STATISTICS
        for index, measure in enumerate(HOUSING_MEASURES)
    },
    "TOTALAREA_MODE": 0.0625,
    "FONDKAPREMONT_MODE": "reg oper account",
    "HOUSETYPE_MODE": "block of flats",
    "WALLSMATERIAL_MODE": "Panel",
    "EMERGENCYSTATE_MODE": "No",
    "OBS_30_CNT_SOCIAL_CIRCLE": 4,
    "DEF_30_CNT_SOCIAL_CIRCLE": 1,
    "OBS_60_CNT_SOCIAL_CIRCLE": 4,
    "DEF_60_CNT_SOCIAL_CIRCLE": 0,
    "DAYS_LAST_PHONE_CHANGE": -730,
    **{f"FLAG_DOCUMENT_{number}": int(number in {3, 8}) for number in DOCUMENT_NUMBERS},
    "AMT_REQ_CREDIT_BUREAU_HOUR": 0,
    "AMT_REQ_CREDIT_BUREAU_DAY": 0,
    "AMT_REQ_CREDIT_BUREAU_WEEK": 0,
    "AMT_REQ_CREDIT_BUREAU_MON": 1,
    "AMT_REQ_CREDIT_BUREAU_QRT": 0,
    "AMT_REQ_CREDIT_BUREAU_YEAR": 2,
}

ROWS: Mapping[str, Row] = {
    "bureau": {
        "CREDIT_ACTIVE": "Active",
        "CREDIT_CURRENCY": "currency 1",
        "DAYS_CREDIT": -500,
        "CREDIT_DAY_OVERDUE": 0,
        "DAYS_CREDIT_ENDDATE": 600,
        "DAYS_ENDDATE_FACT": None,
        "AMT_CREDIT_MAX_OVERDUE": 0.0,
        "CNT_CREDIT_PROLONG": 0,
        "AMT_CREDIT_SUM": 90_000.0,
        "AMT_CREDIT_SUM_DEBT": 30_000.0,
        "AMT_CREDIT_SUM_LIMIT": 0.0,
        "AMT_CREDIT_SUM_OVERDUE": 0.0,
        "CREDIT_TYPE": "Consumer credit",
        "DAYS_CREDIT_UPDATE": -20,
        "AMT_ANNUITY": 4_500.0,
    },
    "bureau_balance": {"SK_ID_BUREAU": FIRST_CREDIT_ID, "STATUS": "0"},
    "previous_application": {
        "NAME_CONTRACT_TYPE": "Consumer loans",
        "AMT_ANNUITY": 5_000.0,
        "AMT_APPLICATION": 50_000.0,
        "AMT_CREDIT": 48_000.0,
        "AMT_DOWN_PAYMENT": 2_000.0,
        "AMT_GOODS_PRICE": 50_000.0,
        "WEEKDAY_APPR_PROCESS_START": "MONDAY",
        "HOUR_APPR_PROCESS_START": 10,
        "FLAG_LAST_APPL_PER_CONTRACT": "Y",
        "NFLAG_LAST_APPL_IN_DAY": 1,
        "RATE_DOWN_PAYMENT": 0.04,
        "NAME_CASH_LOAN_PURPOSE": "XNA",
        "NAME_CONTRACT_STATUS": "Approved",
        "DAYS_DECISION": -700,
        "NAME_PAYMENT_TYPE": "Cash through the bank",
        "CODE_REJECT_REASON": "XAP",
        "NAME_CLIENT_TYPE": "Repeater",
        "NAME_GOODS_CATEGORY": "Furniture",
        "NAME_PORTFOLIO": "POS",
        "NAME_PRODUCT_TYPE": "XNA",
        "CHANNEL_TYPE": "Stone",
        "SELLERPLACE_AREA": 40,
        "NAME_SELLER_INDUSTRY": "Furniture",
        "CNT_PAYMENT": 12,
        "NAME_YIELD_GROUP": "middle",
        "PRODUCT_COMBINATION": "POS industry with interest",
        "DAYS_FIRST_DRAWING": 365_243,
        "DAYS_FIRST_DUE": -670,
        "DAYS_LAST_DUE_1ST_VERSION": -340,
        "DAYS_LAST_DUE": -400,
        "DAYS_TERMINATION": -390,
        "NFLAG_INSURED_ON_APPROVAL": 0,
    },
    "installments_payments": {
        "SK_ID_PREV": FIRST_LOAN_ID,
        "NUM_INSTALMENT_VERSION": 1,
        "DAYS_INSTALMENT": -400,
        "DAYS_ENTRY_PAYMENT": -405,
        "AMT_INSTALMENT": 5_000.0,
        "AMT_PAYMENT": 5_000.0,
    },
    "POS_CASH_balance": {
        "SK_ID_PREV": FIRST_LOAN_ID,
        "CNT_INSTALMENT": 12,
        "CNT_INSTALMENT_FUTURE": 6,
        "NAME_CONTRACT_STATUS": "Active",
        "SK_DPD": 0,
        "SK_DPD_DEF": 0,
    },
    "credit_card_balance": {
        "SK_ID_PREV": FIRST_LOAN_ID + 1,
        "AMT_BALANCE": 20_000.0,
        "AMT_CREDIT_LIMIT_ACTUAL": 80_000.0,
        "AMT_DRAWINGS_ATM_CURRENT": 1_000.0,
        "AMT_DRAWINGS_CURRENT": 3_000.0,
        "AMT_DRAWINGS_POS_CURRENT": 2_000.0,
        "AMT_INST_MIN_REGULARITY": 1_500.0,
        "AMT_PAYMENT_CURRENT": 3_000.0,
        "CNT_DRAWINGS_ATM_CURRENT": 1,
        "CNT_DRAWINGS_CURRENT": 4,
        "CNT_INSTALMENT_MATURE_CUM": 3,
        "NAME_CONTRACT_STATUS": "Active",
        "SK_DPD": 0,
        "SK_DPD_DEF": 0,
    },
}
"""Default row of each history, without its keys."""

CLOSED_CREDIT: Row = {
    "DAYS_CREDIT": -2_500,
    "CREDIT_ACTIVE": "Closed",
    "DAYS_CREDIT_ENDDATE": -2_000,
    "DAYS_ENDDATE_FACT": -2_000,
    "AMT_CREDIT_SUM_DEBT": 0.0,
}
OLD_REFUSAL: Row = {
    "DAYS_DECISION": -2_000,
    "NAME_CONTRACT_STATUS": "Refused",
    "CODE_REJECT_REASON": "LIMIT",
    "NAME_PRODUCT_TYPE": "walk-in",
}

HISTORY: Mapping[str, Sequence[Row]] = {
    "bureau": [
        {},
        {"DAYS_CREDIT": -200, "CREDIT_TYPE": "Credit card", "AMT_CREDIT_SUM_LIMIT": 15_000.0},
        {
            "DAYS_CREDIT": -1_500,
            "CREDIT_ACTIVE": "Closed",
            "DAYS_CREDIT_ENDDATE": -800,
            "DAYS_ENDDATE_FACT": -780,
            "AMT_CREDIT_MAX_OVERDUE": 1_234.5,
            "AMT_CREDIT_SUM_DEBT": None,
        },
        {**CLOSED_CREDIT, "CREDIT_TYPE": "Mortgage"},
        {**CLOSED_CREDIT, "CREDIT_TYPE": "Microloan"},
    ],
    "bureau_balance": [
        {"STATUS": "1"},
        {"STATUS": "0"},
        {"STATUS": "X"},
        {"SK_ID_BUREAU": FIRST_CREDIT_ID + 2, "MONTHS_BALANCE": -30, "STATUS": "C"},
        {"SK_ID_BUREAU": FIRST_CREDIT_ID + 2, "MONTHS_BALANCE": -31, "STATUS": "3"},
    ],
    "previous_application": [
        {},
        {"DAYS_DECISION": -300, "NAME_CONTRACT_STATUS": "Refused", "CODE_REJECT_REASON": "HC"},
        {"DAYS_DECISION": -100, "DAYS_TERMINATION": 365_243, "NAME_YIELD_GROUP": "high"},
        {**OLD_REFUSAL, "NAME_CONTRACT_TYPE": "Cash loans"},
        {**OLD_REFUSAL, "NAME_CONTRACT_TYPE": "Revolving loans"},
    ],
    "installments_payments": [
        {},
        {"DAYS_INSTALMENT": -370, "DAYS_ENTRY_PAYMENT": -370},
        {"DAYS_INSTALMENT": -80, "DAYS_ENTRY_PAYMENT": -45, "AMT_PAYMENT": 4_000.0},
        {"DAYS_INSTALMENT": -50, "DAYS_ENTRY_PAYMENT": -51},
        {"DAYS_INSTALMENT": -25, "DAYS_ENTRY_PAYMENT": -25},
        {"DAYS_INSTALMENT": -20, "DAYS_ENTRY_PAYMENT": None, "AMT_PAYMENT": None},
    ],
    "POS_CASH_balance": [
        {"CNT_INSTALMENT_FUTURE": 3},
        {"SK_DPD": 4, "CNT_INSTALMENT_FUTURE": 4},
        {"MONTHS_BALANCE": -20, "NAME_CONTRACT_STATUS": "Completed", "CNT_INSTALMENT_FUTURE": 0},
    ],
    "credit_card_balance": [
        {},
        {"AMT_BALANCE": 40_000.0},
        {"AMT_BALANCE": 0.0, "AMT_INST_MIN_REGULARITY": 0.0},
        {"MONTHS_BALANCE": -15, "SK_DPD": 9, "SK_DPD_DEF": 9},
    ],
}
"""History of the ordinary applicant, as differences from the default rows."""


def make_applicant(**form_values: Any) -> Dossier:
    """Return an ordinary applicant with rows in all six histories and these cells of the form."""
    return {"application": {**FORM, **form_values}, **_histories(HISTORY)}


def make_applicant_with_history(**tables: Sequence[Row] | None) -> Dossier:
    """Return an ordinary applicant with these histories; other cells have defaults."""
    unknown = {name: None for name, rows in tables.items() if rows is None}
    known = {name: rows for name, rows in tables.items() if rows is not None}
    return {**make_applicant(), **_histories(known), **unknown}


def make_applicant_without_history(**form_values: Any) -> Dossier:
    """Return an ordinary form with these cells, and no known history."""
    return {"application": {**FORM, **form_values}}


def make_applicant_without_form(*histories: str) -> Dossier:
    """Return an empty form with these histories of the ordinary applicant."""
    return {"application": {}, **_histories({name: HISTORY[name] for name in histories})}


def _histories(tables: Mapping[str, Sequence[Row]]) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [{**_keys(name, index), **ROWS[name], **row} for index, row in enumerate(rows)]
        for name, rows in tables.items()
    }


def _keys(name: str, index: int) -> Row:
    """Return keys that are unique in the history; the row may override them."""
    table = HISTORIES[name]
    keys = {
        "SK_ID_BUREAU": FIRST_CREDIT_ID + index,
        "SK_ID_PREV": FIRST_LOAN_ID + index,
        "MONTHS_BALANCE": -1 - index,
        "NUM_INSTALMENT_NUMBER": 1 + index,
    }
    return {column: key for column, key in keys.items() if column in table.columns}
