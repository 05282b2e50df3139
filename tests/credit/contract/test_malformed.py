"""Whatever is sent: read, or refused with faults. Never any other end."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from credit.contract.request import ScoringRequest, parse_request, parse_requests
from credit.errors import InvalidInput
from credit.schema import HISTORIES, TABLES, Column, ColumnKind
from tests.support.example_dossiers import Dossier, make_applicant, make_applicant_without_history

ANYTHING: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
"""JSON of any kind, Infinity and NaN among its numbers."""

NO_NUMBER = st.sampled_from(["1", "", True, [], {}, [1], float("nan"), float("inf"), 10**400])
NO_WORD = st.sampled_from([1, 0.5, True, [], {}, ["a"], "x" * 201, float("nan")])
NO_YES_NO = st.sampled_from([1, True, "yes", "y", "", [], {}])
NO_ROWS = st.sampled_from([{}, "rows", 1, True, [None], [1], [[]], ["row"]])
NO_ID = st.sampled_from([-1, 0.5, "1", True, [], {}, 2**54, 10**400, float("nan"), float("-inf")])

UNREADABLE = st.sampled_from([b"", b"{", b"}", b"nul", b"\xff", b'{"client_id":1}{', b"[1,]"])


def wrong(column: Column) -> SearchStrategy[Any]:
    """What cannot stand in a column."""
    if column.kind is ColumnKind.CATEGORY:
        return NO_WORD
    if column.kind is ColumnKind.YES_NO:
        return NO_YES_NO
    low, high = column.low or 0.0, column.high or 0.0
    beyond = [low - 3, high + 1 + abs(high), -1e308, 1e308]
    if column.is_whole_number:
        beyond.append(low + 0.25)
    return NO_NUMBER | st.sampled_from(beyond)


@st.composite
def malformed(draw: DrawFn) -> dict[str, Any]:
    """A valid request with one thing wrong in it."""
    person = draw(
        st.sampled_from([{"application": {}}, make_applicant_without_history(), make_applicant()])
    )
    breaks = [
        _wrong_cell, _unknown_column, _label, _no_rows, _no_form, _key_twice, _no_key,
        _another_clients_row, _unknown_table,
    ]  # fmt: skip
    whole = [_both, _neither, _wrong_id, _unknown_key, _wrong_changes]
    chosen = draw(st.sampled_from([*breaks, *whole]))
    broken: dict[str, Any] = chosen(draw, person)
    return broken if chosen in whole else {"dossier": broken}


def _wrong_cell(draw: DrawFn, person: Dossier) -> Dossier:
    table = TABLES[draw(st.sampled_from(list(TABLES)))]
    column = draw(st.sampled_from(list(table.columns.values())))
    return _saying(person, table.name, {column.name: draw(wrong(column))})


def _unknown_column(draw: DrawFn, person: Dossier) -> Dossier:
    table = draw(st.sampled_from(list(TABLES)))
    name = draw(st.text(min_size=1).filter(lambda name: name not in TABLES[table].columns))
    return _saying(person, table, {name: draw(ANYTHING)})


def _label(draw: DrawFn, person: Dossier) -> Dossier:
    table = draw(st.sampled_from(list(TABLES)))
    return _saying(person, table, {"TARGET": draw(st.sampled_from([0, 1, None, "1"]))})


def _no_rows(draw: DrawFn, person: Dossier) -> Dossier:
    return {**person, draw(st.sampled_from(list(HISTORIES))): draw(NO_ROWS)}


def _no_form(draw: DrawFn, person: Dossier) -> Dossier:
    return {**person, "application": draw(st.sampled_from([None, [], 1, "form", True]))}


def _key_twice(draw: DrawFn, person: Dossier) -> Dossier:
    keyed = [table for table in HISTORIES.values() if table.primary_key]
    table = draw(st.sampled_from(keyed))
    row = {column: 0 for column in table.columns if table[column].required}
    return {**person, table.name: [row, row]}


def _no_key(draw: DrawFn, person: Dossier) -> Dossier:
    return {**person, draw(st.sampled_from(list(HISTORIES))): [{}]}


def _another_clients_row(draw: DrawFn, person: Dossier) -> Dossier:
    table = draw(st.sampled_from([t for t in HISTORIES if t != "bureau_balance"]))
    named = {**person, "application": {**person["application"], "SK_ID_CURR": 5}}
    return _saying(named, table, {"SK_ID_CURR": draw(st.sampled_from([0, 4, 6, 2**53]))})


def _unknown_table(draw: DrawFn, person: Dossier) -> Dossier:
    return {
        **person,
        draw(st.text(min_size=1).filter(lambda name: name not in TABLES)): draw(ANYTHING),
    }


def _both(draw: DrawFn, person: Dossier) -> dict[str, Any]:
    return {"client_id": draw(st.integers(0, 2**53)), "dossier": person}


def _neither(draw: DrawFn, _: Dossier) -> dict[str, Any]:
    return draw(st.sampled_from([{}, {"changes": {}}, {"client_id": None, "dossier": None}]))


def _wrong_id(draw: DrawFn, _: Dossier) -> dict[str, Any]:
    return {"client_id": draw(NO_ID)}


def _unknown_key(draw: DrawFn, _: Dossier) -> dict[str, Any]:
    known = {"client_id", "dossier", "changes"}
    return {
        "client_id": 1,
        draw(st.text(min_size=1).filter(lambda key: key not in known)): draw(ANYTHING),
    }


def _wrong_changes(draw: DrawFn, _: Dossier) -> dict[str, Any]:
    column = draw(st.sampled_from(list(TABLES["application"].columns.values())))
    bad = {"SK_ID_CURR": 1} if column.kind is ColumnKind.ID else {column.name: draw(wrong(column))}
    return {"client_id": 1, "changes": draw(st.sampled_from([bad, {"TARGET": 1}, [], 1, "no"]))}


def _saying(person: Dossier, table: str, cells: dict[str, Any]) -> Dossier:
    if table == "application":
        return {**person, table: {**person[table], **cells}}
    keys = {name: 0 for name, column in TABLES[table].columns.items() if column.required}
    return {**person, table: [{**keys, **cells}]}


@settings(max_examples=300)
@given(malformed())
def test_a_malformed_request_is_refused_with_its_faults(request: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_request(json.dumps(request).encode())
    assert refused.value.faults
    assert all(fault.where and fault.expected for fault in refused.value.faults)


@settings(max_examples=150)
@given(malformed())
def test_a_malformed_request_is_refused_in_its_place_among_others(request: dict[str, Any]) -> None:
    asked = [{"client_id": 1}, request, {"dossier": make_applicant_without_history()}]
    first, refused, last = parse_requests(json.dumps({"requests": asked}).encode())
    assert isinstance(refused, InvalidInput)
    assert refused.faults
    assert first == ScoringRequest(client_id=1)
    assert last == ScoringRequest(dossier=make_applicant_without_history())


@settings(max_examples=200)
@given(UNREADABLE | st.binary(max_size=40) | ANYTHING.map(lambda said: json.dumps(said).encode()))
def test_whatever_is_sent_is_read_or_refused(body: bytes) -> None:
    for read in (parse_request, parse_requests):
        with contextlib.suppress(InvalidInput):
            read(body)


@pytest.mark.parametrize("depth", [10, 180, 300, 100_000])
def test_nesting_of_any_depth_is_refused(depth: int) -> None:
    body = b'{"client_id": ' + b"[" * depth + b"]" * depth + b"}"
    for read in (parse_request, parse_requests):
        with pytest.raises(InvalidInput):
            read(body)


def test_a_million_digits_are_refused() -> None:
    with pytest.raises(InvalidInput):
        parse_request(b'{"client_id": ' + b"9" * 1_000_000 + b"}")


def test_an_id_that_a_float_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidInput):
        parse_request(b'{"client_id": 9007199254740993}')


def test_of_two_keys_of_the_same_name_the_last_counts() -> None:
    """As most readers of JSON have it; the fast ones do not tell."""
    assert parse_request(b'{"client_id": 1, "client_id": 2}').client_id == 2


def test_an_unknown_column_called_dossier_is_told_in_its_place() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_request(b'{"dossier": {"application": {"dossier": 1}}}')
    assert [fault.where for fault in refused.value.faults] == ["application.dossier"]
