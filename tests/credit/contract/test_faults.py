"""What is refused: in which place, what stands there, and what would be right."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from credit import errors
from credit.contract.request import parse_request, parse_requests
from credit.contract.validation_errors import (
    MAX_FAULTS_PER_CALL,
    MAX_FAULTS_PER_REQUEST,
    MAX_PYDANTIC_ERRORS,
    MAX_REQUESTS_PER_CALL,
    MAX_SUGGESTIONS_PER_CALL,
)
from credit.contract.wire_types import MAX_CATEGORY_CHARS, MAX_ROWS_PER_HISTORY
from credit.errors import MAX_SHOWN_CHARS, InvalidDossier, NotJson
from credit.schema import TABLES, ColumnKind

KNOWN_REQUEST = "exactly one of client_id and dossier"
ID = "the integer id of a known client"
AMOUNT = "a number from 0 to 1e+10, or null"


def body(request: object) -> bytes:
    return json.dumps(request).encode()


def form(**said: Any) -> dict[str, Any]:
    return {"dossier": {"application": said}}


def history(**said: Any) -> dict[str, Any]:
    return {"dossier": {"application": {}, **said}}


def refusal(request: object) -> InvalidDossier:
    with pytest.raises(InvalidDossier) as refused:
        parse_request(body(request))
    return refused.value


TWICE = [{"SK_ID_BUREAU": 7}, {"SK_ID_BUREAU": 7}]
MONTH = {"SK_ID_PREV": 1, "MONTHS_BALANCE": -1}

FAULTS: dict[str, tuple[object, str, object, str]] = {
    "neither": ({}, "request", "neither", KNOWN_REQUEST),
    "both": ({"client_id": 1, **form()}, "request", "both", KNOWN_REQUEST),
    "a list": ([], "request", [], "an object with client_id or dossier"),
    "a number": (5, "request", 5, "an object with client_id or dossier"),
    "id as text": ({"client_id": "1"}, "client_id", "1", ID),
    "id with a fraction": ({"client_id": 1.5}, "client_id", 1.5, ID),
    "id below zero": ({"client_id": -1}, "client_id", -1, ID),
    "id of true": ({"client_id": True}, "client_id", True, ID),
    "unknown key": ({"client": 1}, "client", 1, "a known column; did you mean client_id?"),
    "unknown table": (history(burea=[]), "burea", [], "a known column; did you mean bureau?"),
    "no form": ({"dossier": {}}, "application", None, "an object of the application's columns"),
    "form is null": ({"dossier": {"application": None}}, "application", None,
                     "an object of the application's columns"),
    "negative amount": (form(AMT_CREDIT=-1), "application.AMT_CREDIT", -1, AMOUNT),
    "amount too large": (form(AMT_CREDIT=2e10), "application.AMT_CREDIT", 2e10, AMOUNT),
    "amount as text": (form(AMT_CREDIT="5"), "application.AMT_CREDIT", "5", AMOUNT),
    "amount of true": (form(AMT_CREDIT=True), "application.AMT_CREDIT", True, AMOUNT),
    "amount as list": (form(AMT_CREDIT=[5]), "application.AMT_CREDIT", [5], AMOUNT),
    "misspelt": (form(AMT_CREDT=5), "application.AMT_CREDT", 5,
                 "a known column; did you mean AMT_CREDIT?"),
    "unheard of": (form(SHOE_SIZE=5), "application.SHOE_SIZE", 5, "a known column"),
    "label": (form(TARGET=0), "application.TARGET", 0, "no label in a request"),
    "flag of two": (form(FLAG_EMAIL=2), "application.FLAG_EMAIL", 2, "0 or 1, or null"),
    "yes as a number": (form(FLAG_OWN_CAR=1), "application.FLAG_OWN_CAR", 1,
                        '"Y" or "N", or null'),
    "yes in lower case": (form(FLAG_OWN_CAR="y"), "application.FLAG_OWN_CAR", "y",
                          '"Y" or "N", or null'),
    "word as a number": (form(NAME_CONTRACT_TYPE=3), "application.NAME_CONTRACT_TYPE", 3,
                         "a string, or null"),
    "half a child": (form(CNT_CHILDREN=0.5), "application.CNT_CHILDREN", 0.5,
                     "an integer from 0 to 100, or null"),
    "born tomorrow": (form(DAYS_BIRTH=1), "application.DAYS_BIRTH", 1,
                      "an integer from -36525 to -1, or null"),
    "nearly never": (form(DAYS_EMPLOYED=365_242), "application.DAYS_EMPLOYED", 365_242,
                     "an integer from -36525 to 0 (or 365243), or null"),
    "history as object": (history(bureau={}), "bureau", {},
                          "a list of at most 20,000 rows, or null"),
    "row is null": (history(bureau=[None]), "bureau[0]", None, "an object of the table's columns"),
    "row without key": (history(bureau=[{}]), "bureau[0].SK_ID_BUREAU", None, "an integer id"),
    "bad cell in a row": (
        history(POS_CASH_balance=[MONTH, {**MONTH, "SK_ID_PREV": 2, "SK_DPD": -1}]),
        "POS_CASH_balance[1].SK_DPD", -1, "an integer from 0 to 36525, or null"),
    "misspelt in a row": (history(bureau=[{"SK_ID_BUREAU": 1, "STATUS_": 1}]),
                          "bureau[0].STATUS_", 1, "a known column"),
    "column of another table": (history(bureau=[{"SK_ID_BUREAU": 1, "EXT_SOURCE_1": 1}]),
                                "bureau[0].EXT_SOURCE_1", 1, "a known column"),
    "label in a row": (history(bureau=[{"SK_ID_BUREAU": 1, "TARGET": 1}]),
                       "bureau[0].TARGET", 1, "no label in a request"),
    "key twice": (history(bureau=TWICE), "bureau[1].SK_ID_BUREAU", [7],
                  "a key that no other row has"),
    "month twice": (history(POS_CASH_balance=[MONTH, MONTH]),
                    "POS_CASH_balance[1].SK_ID_PREV+MONTHS_BALANCE", [1, -1],
                    "a key that no other row has"),
    "another client's row": (
        {"dossier": {"application": {"SK_ID_CURR": 3},
                     "bureau": [{"SK_ID_BUREAU": 1, "SK_ID_CURR": 4}]}},
        "bureau[0].SK_ID_CURR", 4, "the client of the dossier, 3, or null"),
    "two clients' rows": (
        history(bureau=[{"SK_ID_BUREAU": 1, "SK_ID_CURR": 4}],
                installments_payments=[{"SK_ID_PREV": 1, "SK_ID_CURR": 5}]),
        "installments_payments[0].SK_ID_CURR", 5, "the client of the dossier, 4, or null"),
    "change of an id": ({"client_id": 1, "changes": {"SK_ID_CURR": 2}},
                        "application.SK_ID_CURR", 2, "no change of ids"),
    "change of the label": ({"client_id": 1, "changes": {"TARGET": 1}},
                            "application.TARGET", 1, "no label in a request"),
    "bad change": ({"client_id": 1, "changes": {"AMT_CREDIT": -1}},
                   "application.AMT_CREDIT", -1, AMOUNT),
    "misspelt change": ({"client_id": 1, "changes": {"AMT_CREDT": 1}},
                        "application.AMT_CREDT", 1, "a known column; did you mean AMT_CREDIT?"),
    "changes as a list": ({"client_id": 1, "changes": []}, "application", [],
                          "an object of the application's columns"),
}  # fmt: skip


@pytest.mark.parametrize("said", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_with_its_place_what_stands_there_and_what_would_be_right(
    said: tuple[object, str, object, str],
) -> None:
    request, where, got, expected = said
    [fault] = refusal(request).faults
    assert (fault.where, fault.got, fault.expected) == (where, got, expected)


@pytest.mark.parametrize("said", FAULTS.values(), ids=FAULTS)
def test_a_fault_among_many_requests_is_told_in_the_same_words(
    said: tuple[object, str, object, str],
) -> None:
    request, where, got, expected = said
    [refused] = parse_requests(body({"requests": [request]}))
    assert isinstance(refused, InvalidDossier)
    [fault] = refused.faults
    assert (fault.where, fault.got, fault.expected) == (where, got, expected)


def test_every_fault_is_told_not_the_first() -> None:
    rows = [{"SK_ID_BUREAU": 1, "AMT_ANNUITY": -1}, {"CREDIT_DAY_OVERDUE": 0.5}]
    person = {"application": {"AMT_CREDIT": "5", "TARGET": 1, "FLAG_EMAIL": 7}, "bureau": rows}
    assert {fault.where for fault in refusal({"dossier": person, "x": 1}).faults} == {
        "application.AMT_CREDIT", "application.TARGET", "application.FLAG_EMAIL",
        "bureau[0].AMT_ANNUITY", "bureau[1].CREDIT_DAY_OVERDUE", "bureau[1].SK_ID_BUREAU", "x",
    }  # fmt: skip


@pytest.mark.parametrize("faulty", [MAX_FAULTS_PER_REQUEST, MAX_FAULTS_PER_REQUEST + 1, 5_000])
def test_very_many_faults_are_counted(faulty: int) -> None:
    rows = [{"SK_ID_BUREAU": place, "AMT_ANNUITY": -1} for place in range(faulty)]
    told = refusal(history(bureau=rows)).faults
    assert [fault.where for fault in told[:2]] == [
        "bureau[0].AMT_ANNUITY",
        "bureau[1].AMT_ANNUITY",
    ]
    if faulty > MAX_FAULTS_PER_REQUEST:
        assert len(told) == MAX_FAULTS_PER_REQUEST + 1
        assert told[-1].got == f"{faulty:,} faults"
    else:
        assert len(told) == faulty


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were compared with all that are known, which is slow."""
    kept: list[str] = []

    def nearest(name: str, known: Iterable[str]) -> str:
        kept.append(name)
        return errors.suggest_known_name(name, known)

    monkeypatch.setattr("credit.contract.validation_errors.suggest_known_name", nearest)
    return kept


def test_what_is_not_told_is_not_compared_either(compared: list[str]) -> None:
    told = refusal(form(**{f"COLUMN_{place}": 1 for place in range(5_000)})).faults
    assert told[-1].got == "5,000 faults"
    assert compared == [f"COLUMN_{place}" for place in range(MAX_SUGGESTIONS_PER_CALL)]
    assert {fault.expected for fault in told[MAX_SUGGESTIONS_PER_CALL:-1]} == {"a known column"}


def test_names_beside_the_dossier_are_compared_as_seldom(compared: list[str]) -> None:
    asked = {f"key_{place}": 1 for place in range(5_000)}
    assert len(refusal(asked).faults) == MAX_FAULTS_PER_REQUEST + 1
    assert len(compared) == MAX_SUGGESTIONS_PER_CALL


def test_many_requests_share_what_is_compared(compared: list[str]) -> None:
    asked = [form(**{f"AMT_CREDT_{place}": 1}) for place in range(MAX_REQUESTS_PER_CALL)]
    refusals = parse_requests(body({"requests": asked}))
    assert len(compared) == MAX_SUGGESTIONS_PER_CALL
    told = [one.faults[0] for one in refusals if isinstance(one, InvalidDossier)]
    assert [fault.where for fault in told[-2:]] == [
        "application.AMT_CREDT_998", "application.AMT_CREDT_999",
    ]  # fmt: skip


def test_many_requests_misspelt_alike_are_compared_once(compared: list[str]) -> None:
    parse_requests(body({"requests": [form(AMT_CREDIT_OF_ALL=1)] * MAX_REQUESTS_PER_CALL}))
    assert compared == ["AMT_CREDIT_OF_ALL"]


def test_many_requests_of_many_faults_tell_one_each_in_the_end(compared: list[str]) -> None:
    asked = [form(**{f"N_{n}_{m}": 1 for m in range(MAX_FAULTS_PER_REQUEST)}) for n in range(50)]
    refusals = parse_requests(body({"requests": asked}))
    told = [len(refused.faults) for refused in refusals if isinstance(refused, InvalidDossier)]
    whole = MAX_FAULTS_PER_CALL // MAX_FAULTS_PER_REQUEST
    assert told == [MAX_FAULTS_PER_REQUEST] * whole + [2] * (50 - whole), (
        "one and how many there are"
    )
    assert len(compared) == MAX_SUGGESTIONS_PER_CALL


def test_a_name_much_longer_than_all_others_resembles_none() -> None:
    [fault] = refusal(form(**{"AMT_CREDIT" * 500_000: 1})).faults
    assert fault.expected == "a known column"
    assert fault.where == "application." + ("AMT_CREDIT" * 8)[:77] + "..."


def test_long_names_that_begin_alike_are_told_each() -> None:
    names = ["x" * 100 + last for last in "abc"]
    for asked in (form(**dict.fromkeys(names, 1)), dict.fromkeys(names, 1)):
        assert len(refusal(asked).faults) == 3


def test_of_a_large_wrong_value_only_what_is_told_is_kept() -> None:
    [fault] = refusal({"dossier": {"application": [{"x": 1}] * 100_000}}).faults
    assert isinstance(fault.got, str)
    assert fault.got.startswith('[{"x": 1}, {"x": 1}, ')
    assert len(fault.got) == MAX_SHOWN_CHARS


def test_of_a_wrong_value_no_more_is_written_than_is_shown() -> None:
    written: list[object] = []

    class Endless(list[object]):
        def __iter__(self) -> Iterator[object]:
            while True:
                written.append(0)
                yield 0

    assert errors.abbreviate_value(Endless([0])).endswith(", 0...")
    assert len(written) < MAX_SHOWN_CHARS


def test_millions_of_faults_are_counted_and_not_listed() -> None:
    [fault] = refusal(
        form(**{f"COLUMN_{place}": 1 for place in range(MAX_PYDANTIC_ERRORS + 1)})
    ).faults
    assert (fault.where, fault.got) == ("request", f"{MAX_PYDANTIC_ERRORS + 1:,} faults")


def test_a_history_has_a_longest_length() -> None:
    rows = [{"SK_ID_PREV": 1}] * MAX_ROWS_PER_HISTORY
    assert parse_request(body(history(installments_payments=rows))).dossier
    [fault] = refusal(history(installments_payments=[*rows, rows[0]])).faults
    assert fault.where == "installments_payments"
    assert fault.expected == "a list of at most 20,000 rows, or null"


def test_a_word_has_a_longest_length() -> None:
    assert parse_request(body(form(OCCUPATION_TYPE="x" * MAX_CATEGORY_CHARS)))
    [fault] = refusal(form(OCCUPATION_TYPE="x" * (MAX_CATEGORY_CHARS + 1))).faults
    assert fault.where == "application.OCCUPATION_TYPE"


@pytest.mark.parametrize("table", TABLES)
def test_every_number_of_a_table_is_held_to_its_range(table: str) -> None:
    for column in TABLES[table].columns.values():
        if column.low is None or column.high is None or column.kind is ColumnKind.YES_NO:
            continue
        cells = {c.name: 0 for c in TABLES[table].columns.values() if c.required}
        for beyond in (column.high + abs(column.high) + 1, column.low - abs(column.low) - 2):
            cells[column.name] = int(beyond)
            person = form(**cells) if table == "application" else history(**{table: [cells]})
            place = table if table == "application" else f"{table}[0]"
            assert [fault.where for fault in refusal(person).faults] == [f"{place}.{column.name}"]


@pytest.mark.parametrize(
    "wrong",
    [b"", b" ", b"{", b"{]", b"\xff\xfe", b'{"client_id": 1} x', b'{"client_id": 01}', b"nul",
     b'{"client_id": "\xe9"}', b"[" * 100_000, b'{"client_id": ' + b"9" * 5_000 + b"}"],
    ids=lambda wrong: f"{len(wrong)} bytes: {wrong[:18]!r}",
)  # fmt: skip
def test_what_is_no_json_is_refused_as_such(wrong: bytes) -> None:
    for read in (parse_request, parse_requests):
        with pytest.raises(NotJson) as refused:
            read(wrong)
        [fault] = refused.value.faults
        assert (fault.where, fault.expected) == ("body", "a JSON object in UTF-8")
        assert refused.value.code == "not-json"
