"""Faults of invalid requests: their location, the value found and the values accepted."""

from __future__ import annotations

import pytest

from credit.contract.request import parse_request, parse_requests
from credit.errors import InvalidDossier, NotJson
from credit.schema import TABLES, ColumnKind
from tests.support.invalid_requests import (
    encode_request,
    get_faults,
    make_form,
    make_histories,
)

EXPECTED_REQUEST = "exactly one of client_id and dossier"
EXPECTED_ID = "the integer id of a known client"
AMOUNT_RANGE = "a number from 0 to 1e+10, or null"

SAME_KEY_TWICE = [{"SK_ID_BUREAU": 7}, {"SK_ID_BUREAU": 7}]
MONTH_ROW = {"SK_ID_PREV": 1, "MONTHS_BALANCE": -1}

FAULTS: dict[str, tuple[object, str, object, str]] = {
    "neither": ({}, "request", "neither", EXPECTED_REQUEST),
    "both": ({"client_id": 1, **make_form()}, "request", "both", EXPECTED_REQUEST),
    "a list": ([], "request", [], "an object with client_id or dossier"),
    "a number": (5, "request", 5, "an object with client_id or dossier"),
    "id as text": ({"client_id": "1"}, "client_id", "1", EXPECTED_ID),
    "id with a fraction": ({"client_id": 1.5}, "client_id", 1.5, EXPECTED_ID),
    "id below zero": ({"client_id": -1}, "client_id", -1, EXPECTED_ID),
    "id as true": ({"client_id": True}, "client_id", True, EXPECTED_ID),
    "unknown key": ({"client": 1}, "client", 1, "a known column; did you mean client_id?"),
    "unknown table": (make_histories(burea=[]),
                      "burea", [], "a known column; did you mean bureau?"),
    "no form": ({"dossier": {}}, "application", None, "an object of the application's columns"),
    "form is null": ({"dossier": {"application": None}}, "application", None,
                     "an object of the application's columns"),
    "negative amount": (make_form(AMT_CREDIT=-1), "application.AMT_CREDIT", -1, AMOUNT_RANGE),
    "amount too large": (make_form(AMT_CREDIT=2e10), "application.AMT_CREDIT", 2e10, AMOUNT_RANGE),
    "amount as text": (make_form(AMT_CREDIT="5"), "application.AMT_CREDIT", "5", AMOUNT_RANGE),
    "amount as true": (make_form(AMT_CREDIT=True), "application.AMT_CREDIT", True, AMOUNT_RANGE),
    "amount as list": (make_form(AMT_CREDIT=[5]), "application.AMT_CREDIT", [5], AMOUNT_RANGE),
    "misspelt column": (make_form(AMT_CREDT=5), "application.AMT_CREDT", 5,
                        "a known column; did you mean AMT_CREDIT?"),
    "unknown column": (make_form(SHOE_SIZE=5), "application.SHOE_SIZE", 5, "a known column"),
    "label": (make_form(TARGET=0), "application.TARGET", 0, "no label in a request"),
    "flag with value two": (make_form(FLAG_EMAIL=2),
                            "application.FLAG_EMAIL", 2, "0 or 1, or null"),
    "yes as a number": (make_form(FLAG_OWN_CAR=1), "application.FLAG_OWN_CAR", 1,
                        '"Y" or "N", or null'),
    "yes in lower case": (make_form(FLAG_OWN_CAR="y"), "application.FLAG_OWN_CAR", "y",
                          '"Y" or "N", or null'),
    "category as a number": (make_form(NAME_CONTRACT_TYPE=3), "application.NAME_CONTRACT_TYPE", 3,
                             "a string, or null"),
    "half a child": (make_form(CNT_CHILDREN=0.5), "application.CNT_CHILDREN", 0.5,
                     "an integer from 0 to 100, or null"),
    "born tomorrow": (make_form(DAYS_BIRTH=1), "application.DAYS_BIRTH", 1,
                      "an integer from -36525 to -1, or null"),
    "one less than the sentinel": (make_form(DAYS_EMPLOYED=365_242),
                                   "application.DAYS_EMPLOYED", 365_242,
                                   "an integer from -36525 to 0 (or 365243), or null"),
    "history as object": (make_histories(bureau={}), "bureau", {},
                          "a list of at most 20,000 rows, or null"),
    "row is null": (make_histories(bureau=[None]),
                    "bureau[0]", None, "an object of the table's columns"),
    "row without key": (make_histories(bureau=[{}]),
                        "bureau[0].SK_ID_BUREAU", None, "an integer id"),
    "bad cell in a row": (
        make_histories(POS_CASH_balance=[MONTH_ROW, {**MONTH_ROW, "SK_ID_PREV": 2, "SK_DPD": -1}]),
        "POS_CASH_balance[1].SK_DPD", -1, "an integer from 0 to 36525, or null"),
    "misspelt in a row": (make_histories(bureau=[{"SK_ID_BUREAU": 1, "STATUS_": 1}]),
                          "bureau[0].STATUS_", 1, "a known column"),
    "column of another table": (make_histories(bureau=[{"SK_ID_BUREAU": 1, "EXT_SOURCE_1": 1}]),
                                "bureau[0].EXT_SOURCE_1", 1, "a known column"),
    "label in a row": (make_histories(bureau=[{"SK_ID_BUREAU": 1, "TARGET": 1}]),
                       "bureau[0].TARGET", 1, "no label in a request"),
    "key twice": (make_histories(bureau=SAME_KEY_TWICE), "bureau[1].SK_ID_BUREAU", [7],
                  "a key that no other row has"),
    "month twice": (make_histories(POS_CASH_balance=[MONTH_ROW, MONTH_ROW]),
                    "POS_CASH_balance[1].SK_ID_PREV+MONTHS_BALANCE", [1, -1],
                    "a key that no other row has"),
    "another client's row": (
        {"dossier": {"application": {"SK_ID_CURR": 3},
                     "bureau": [{"SK_ID_BUREAU": 1, "SK_ID_CURR": 4}]}},
        "bureau[0].SK_ID_CURR", 4, "the client of the dossier, 3, or null"),
    "two clients' rows": (
        make_histories(bureau=[{"SK_ID_BUREAU": 1, "SK_ID_CURR": 4}],
                       installments_payments=[{"SK_ID_PREV": 1, "SK_ID_CURR": 5}]),
        "installments_payments[0].SK_ID_CURR", 5, "the client of the dossier, 4, or null"),
    "change of an id": ({"client_id": 1, "changes": {"SK_ID_CURR": 2}},
                        "application.SK_ID_CURR", 2, "no change of ids"),
    "change of the label": ({"client_id": 1, "changes": {"TARGET": 1}},
                            "application.TARGET", 1, "no label in a request"),
    "bad change": ({"client_id": 1, "changes": {"AMT_CREDIT": -1}},
                   "application.AMT_CREDIT", -1, AMOUNT_RANGE),
    "misspelt change": ({"client_id": 1, "changes": {"AMT_CREDT": 1}},
                        "application.AMT_CREDT", 1, "a known column; did you mean AMT_CREDIT?"),
    "changes as a list": ({"client_id": 1, "changes": []}, "application", [],
                          "an object of the application's columns"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_a_fault_has_the_location_the_value_found_and_the_values_accepted(
    case: tuple[object, str, object, str],
) -> None:
    request, location, got, expected = case
    [fault] = get_faults(request)
    assert (fault.where, fault.got, fault.expected) == (location, got, expected)


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_a_fault_among_many_requests_is_described_in_the_same_way(
    case: tuple[object, str, object, str],
) -> None:
    request, location, got, expected = case
    [error] = parse_requests(encode_request({"requests": [request]}))
    assert isinstance(error, InvalidDossier)
    [fault] = error.faults
    assert (fault.where, fault.got, fault.expected) == (location, got, expected)


def test_every_fault_is_listed_not_only_the_first() -> None:
    rows = [{"SK_ID_BUREAU": 1, "AMT_ANNUITY": -1}, {"CREDIT_DAY_OVERDUE": 0.5}]
    dossier = {"application": {"AMT_CREDIT": "5", "TARGET": 1, "FLAG_EMAIL": 7}, "bureau": rows}
    assert {fault.where for fault in get_faults({"dossier": dossier, "x": 1})} == {
        "application.AMT_CREDIT", "application.TARGET", "application.FLAG_EMAIL",
        "bureau[0].AMT_ANNUITY", "bureau[1].CREDIT_DAY_OVERDUE", "bureau[1].SK_ID_BUREAU", "x",
    }  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_every_numeric_column_rejects_values_outside_its_range(table: str) -> None:
    for column in TABLES[table].columns.values():
        if column.low is None or column.high is None or column.kind is ColumnKind.YES_NO:
            continue
        row = {c.name: 0 for c in TABLES[table].columns.values() if c.required}
        for value in (column.high + abs(column.high) + 1, column.low - abs(column.low) - 2):
            row[column.name] = int(value)
            dossier = (
                make_form(**row) if table == "application" else make_histories(**{table: [row]})
            )
            location = table if table == "application" else f"{table}[0]"
            faults = get_faults(dossier)
            assert [fault.where for fault in faults] == [f"{location}.{column.name}"]


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"{]", b"\xff\xfe", b'{"client_id": 1} x', b'{"client_id": 01}', b"nul",
     b'{"client_id": "\xe9"}', b"[" * 100_000, b'{"client_id": ' + b"9" * 5_000 + b"}"],
    ids=lambda body: f"{len(body)} bytes: {body[:18]!r}",
)  # fmt: skip
def test_a_body_that_is_not_json_raises_not_json(body: bytes) -> None:
    for parse in (parse_request, parse_requests):
        with pytest.raises(NotJson) as raised:
            parse(body)
        [fault] = raised.value.faults
        assert (fault.where, fault.expected) == ("body", "a JSON object in UTF-8")
        assert raised.value.code == "not-json"
