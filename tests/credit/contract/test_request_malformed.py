"""Malformed requests: any input is parsed or rejected with faults; no other error occurs."""

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

ANY_JSON: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
"""JSON values of any kind; numbers include Infinity and NaN."""

NOT_NUMBERS = st.sampled_from(["1", "", True, [], {}, [1], float("nan"), float("inf"), 10**400])
NOT_CATEGORIES = st.sampled_from([1, 0.5, True, [], {}, ["a"], "x" * 201, float("nan")])
NOT_YES_NO = st.sampled_from([1, True, "yes", "y", "", [], {}])
NOT_ROWS = st.sampled_from([{}, "rows", 1, True, [None], [1], [[]], ["row"]])
NOT_IDS = st.sampled_from(
    [-1, 0.5, "1", True, [], {}, 2**54, 10**400, float("nan"), float("-inf")]
)

NOT_JSON = st.sampled_from([b"", b"{", b"}", b"nul", b"\xff", b'{"client_id":1}{', b"[1,]"])


def invalid_values(column: Column) -> SearchStrategy[Any]:
    """Return a strategy for values that a column does not accept."""
    if column.kind is ColumnKind.CATEGORY:
        return NOT_CATEGORIES
    if column.kind is ColumnKind.YES_NO:
        return NOT_YES_NO
    low, high = column.low or 0.0, column.high or 0.0
    out_of_range = [low - 3, high + 1 + abs(high), -1e308, 1e308]
    if column.is_whole_number:
        out_of_range.append(low + 0.25)
    return NOT_NUMBERS | st.sampled_from(out_of_range)


@st.composite
def malformed_requests(draw: DrawFn) -> dict[str, Any]:
    """Generate a valid request and break one part of it."""
    dossier = draw(
        st.sampled_from([{"application": {}}, make_applicant_without_history(), make_applicant()])
    )
    break_dossier = [
        _set_invalid_cell, _add_unknown_column, _add_label, _replace_rows, _replace_form,
        _repeat_key, _omit_key, _add_row_of_another_client, _add_unknown_table,
    ]  # fmt: skip
    make_request = [
        _add_client_id, _omit_both, _set_invalid_id, _add_unknown_key, _set_invalid_changes,
    ]  # fmt: skip
    chosen = draw(st.sampled_from([*break_dossier, *make_request]))
    broken: dict[str, Any] = chosen(draw, dossier)
    return broken if chosen in make_request else {"dossier": broken}


def _set_invalid_cell(draw: DrawFn, dossier: Dossier) -> Dossier:
    table = TABLES[draw(st.sampled_from(list(TABLES)))]
    column = draw(st.sampled_from(list(table.columns.values())))
    return _set_cells(dossier, table.name, {column.name: draw(invalid_values(column))})


def _add_unknown_column(draw: DrawFn, dossier: Dossier) -> Dossier:
    table = draw(st.sampled_from(list(TABLES)))
    name = draw(st.text(min_size=1).filter(lambda name: name not in TABLES[table].columns))
    return _set_cells(dossier, table, {name: draw(ANY_JSON)})


def _add_label(draw: DrawFn, dossier: Dossier) -> Dossier:
    table = draw(st.sampled_from(list(TABLES)))
    return _set_cells(dossier, table, {"TARGET": draw(st.sampled_from([0, 1, None, "1"]))})


def _replace_rows(draw: DrawFn, dossier: Dossier) -> Dossier:
    return {**dossier, draw(st.sampled_from(list(HISTORIES))): draw(NOT_ROWS)}


def _replace_form(draw: DrawFn, dossier: Dossier) -> Dossier:
    return {**dossier, "application": draw(st.sampled_from([None, [], 1, "form", True]))}


def _repeat_key(draw: DrawFn, dossier: Dossier) -> Dossier:
    keyed = [table for table in HISTORIES.values() if table.primary_key]
    table = draw(st.sampled_from(keyed))
    row = {column: 0 for column in table.columns if table[column].required}
    return {**dossier, table.name: [row, row]}


def _omit_key(draw: DrawFn, dossier: Dossier) -> Dossier:
    return {**dossier, draw(st.sampled_from(list(HISTORIES))): [{}]}


def _add_row_of_another_client(draw: DrawFn, dossier: Dossier) -> Dossier:
    table = draw(st.sampled_from([t for t in HISTORIES if t != "bureau_balance"]))
    with_id = {**dossier, "application": {**dossier["application"], "SK_ID_CURR": 5}}
    return _set_cells(with_id, table, {"SK_ID_CURR": draw(st.sampled_from([0, 4, 6, 2**53]))})


def _add_unknown_table(draw: DrawFn, dossier: Dossier) -> Dossier:
    return {
        **dossier,
        draw(st.text(min_size=1).filter(lambda name: name not in TABLES)): draw(ANY_JSON),
    }


def _add_client_id(draw: DrawFn, dossier: Dossier) -> dict[str, Any]:
    return {"client_id": draw(st.integers(0, 2**53)), "dossier": dossier}


def _omit_both(draw: DrawFn, _: Dossier) -> dict[str, Any]:
    return draw(st.sampled_from([{}, {"changes": {}}, {"client_id": None, "dossier": None}]))


def _set_invalid_id(draw: DrawFn, _: Dossier) -> dict[str, Any]:
    return {"client_id": draw(NOT_IDS)}


def _add_unknown_key(draw: DrawFn, _: Dossier) -> dict[str, Any]:
    known = {"client_id", "dossier", "changes"}
    return {
        "client_id": 1,
        draw(st.text(min_size=1).filter(lambda key: key not in known)): draw(ANY_JSON),
    }


def _set_invalid_changes(draw: DrawFn, _: Dossier) -> dict[str, Any]:
    column = draw(st.sampled_from(list(TABLES["application"].columns.values())))
    changes = (
        {"SK_ID_CURR": 1}
        if column.kind is ColumnKind.ID
        else {column.name: draw(invalid_values(column))}
    )
    return {
        "client_id": 1,
        "changes": draw(st.sampled_from([changes, {"TARGET": 1}, [], 1, "no"])),
    }


def _set_cells(dossier: Dossier, table: str, values: dict[str, Any]) -> Dossier:
    if table == "application":
        return {**dossier, table: {**dossier[table], **values}}
    keys = {name: 0 for name, column in TABLES[table].columns.items() if column.required}
    return {**dossier, table: [{**keys, **values}]}


@settings(max_examples=300)
@given(malformed_requests())
def test_a_malformed_request_is_rejected_with_faults(request: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse_request(json.dumps(request).encode())
    assert raised.value.faults
    assert all(fault.where and fault.expected for fault in raised.value.faults)


@settings(max_examples=150)
@given(malformed_requests())
def test_a_malformed_request_among_others_becomes_an_error(request: dict[str, Any]) -> None:
    requests = [{"client_id": 1}, request, {"dossier": make_applicant_without_history()}]
    first, error, last = parse_requests(json.dumps({"requests": requests}).encode())
    assert isinstance(error, InvalidInput)
    assert error.faults
    assert first == ScoringRequest(client_id=1)
    assert last == ScoringRequest(dossier=make_applicant_without_history())


@settings(max_examples=200)
@given(NOT_JSON | st.binary(max_size=40) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_parsed_or_rejected(body: bytes) -> None:
    for parse in (parse_request, parse_requests):
        with contextlib.suppress(InvalidInput):
            parse(body)


@pytest.mark.parametrize("depth", [10, 180, 300, 100_000])
def test_nesting_of_any_depth_is_rejected(depth: int) -> None:
    body = b'{"client_id": ' + b"[" * depth + b"]" * depth + b"}"
    for parse in (parse_request, parse_requests):
        with pytest.raises(InvalidInput):
            parse(body)


def test_a_number_with_a_million_digits_is_rejected() -> None:
    with pytest.raises(InvalidInput):
        parse_request(b'{"client_id": ' + b"9" * 1_000_000 + b"}")


def test_an_id_that_a_float_cannot_represent_is_rejected() -> None:
    with pytest.raises(InvalidInput):
        parse_request(b'{"client_id": 9007199254740993}')


def test_the_last_of_duplicate_keys_counts() -> None:
    """Most JSON parsers do the same, and fast ones do not report duplicates."""
    assert parse_request(b'{"client_id": 1, "client_id": 2}').client_id == 2


def test_an_unknown_column_named_dossier_has_its_location() -> None:
    with pytest.raises(InvalidInput) as raised:
        parse_request(b'{"dossier": {"application": {"dossier": 1}}}')
    assert [fault.where for fault in raised.value.faults] == ["application.dossier"]
