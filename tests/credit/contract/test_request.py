"""Valid requests, alone and among many, and limits on their number."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from credit.contract.request import (
    ScoringRequest,
    parse_request,
    parse_requests,
)
from credit.contract.validation_errors import MAX_REQUESTS_PER_CALL
from credit.errors import InvalidDossier
from tests.support.example_dossiers import (
    FIRST_CREDIT_ID,
    FIRST_LOAN_ID,
    Dossier,
    make_applicant,
    make_applicant_with_history,
    make_applicant_without_history,
)
from tests.support.invalid_requests import encode_request
from tests.support.strategies import dossier_documents


def test_a_dossier_is_returned_unchanged() -> None:
    for dossier in (make_applicant(), make_applicant_without_history()):
        request = parse_request(encode_request({"dossier": dossier}))
        assert request == ScoringRequest(client_id=None, dossier=dossier, changes={})


def test_a_stored_client_is_requested_by_id() -> None:
    assert parse_request(b'{"client_id": 100002}') == ScoringRequest(client_id=100_002)
    assert parse_request(b'{"client_id": 0}').client_id == 0


def test_null_means_missing() -> None:
    with_nulls = {"client_id": 1, "dossier": None, "changes": None}
    assert parse_request(encode_request(with_nulls)) == ScoringRequest(client_id=1)


@given(dossier_documents())
def test_every_valid_dossier_is_returned_unchanged(dossier: Dossier) -> None:
    [alone, among_many] = [
        parse_request(encode_request({"dossier": dossier})),
        *parse_requests(encode_request({"requests": [{"dossier": dossier}]})),
    ]
    assert isinstance(among_many, ScoringRequest)
    assert alone.dossier == among_many.dossier == dossier


def test_integers_may_be_written_as_floats_in_every_column() -> None:
    dossier = make_applicant()
    with_floats = json.loads(json.dumps(dossier), parse_int=float)
    request = parse_request(encode_request({"dossier": with_floats}))
    assert request.dossier == dossier
    assert parse_request(b'{"client_id": 100002.0}').client_id == 100_002


def test_changes_apply_to_the_form_only() -> None:
    dossier = make_applicant()
    changes = {"AMT_CREDIT": 1_000, "EXT_SOURCE_1": None}
    request = parse_request(encode_request({"dossier": dossier, "changes": changes}))
    expected = {
        **dossier,
        "application": {**dossier["application"], **changes},
    }
    assert request.dossier is not None
    assert request.apply_changes(request.dossier) == expected
    assert request.dossier == dossier


def test_without_changes_the_same_dossier_is_returned() -> None:
    dossier = make_applicant()
    assert ScoringRequest(dossier=dossier).apply_changes(dossier) is dossier


def test_rows_of_different_tables_may_have_equal_keys() -> None:
    dossier = make_applicant_with_history(
        bureau=[{"SK_ID_BUREAU": FIRST_LOAN_ID}],
        POS_CASH_balance=[{"SK_ID_PREV": FIRST_CREDIT_ID}],
    )
    assert parse_request(encode_request({"dossier": dossier})).dossier == dossier


def test_an_invalid_request_among_many_becomes_an_error_and_the_others_are_parsed() -> None:
    requests = [
        {"client_id": 1},
        {},
        {"dossier": make_applicant_without_history()},
        None,
        [],
        "x",
        {"client_id": -1},
        5,
    ]
    results = parse_requests(encode_request({"requests": [*requests, {"client_id": 2}]}))
    assert results[0] == ScoringRequest(client_id=1)
    assert results[2] == ScoringRequest(dossier=make_applicant_without_history())
    assert results[8] == ScoringRequest(client_id=2)
    assert all(isinstance(results[index], InvalidDossier) for index in (1, 3, 4, 5, 6, 7))
    assert len(results) == 9


def test_an_empty_list_of_requests_is_valid() -> None:
    assert parse_requests(b'{"requests": []}') == []


@pytest.mark.parametrize(
    ("call", "location", "got"),
    [
        (
            {"requests": [{"client_id": 1}] * (MAX_REQUESTS_PER_CALL + 1)},
            "requests",
            "more than 1,000",
        ),
        ({"requests": None}, "requests", None),
        ({"requests": {}}, "requests", {}),
        ({}, "requests", None),
        ({"requests": [], "extra": 1}, "extra", 1),
        ([{"client_id": 1}], "request", [{"client_id": 1}]),
    ],
)
def test_a_call_without_a_list_of_at_most_1000_requests_is_rejected(
    call: object, location: str, got: object
) -> None:
    with pytest.raises(InvalidDossier) as raised:
        parse_requests(encode_request(call))
    [fault] = raised.value.faults
    assert (fault.where, fault.got) == (location, got)


def test_1000_requests_are_accepted() -> None:
    requests = [{"client_id": number} for number in range(MAX_REQUESTS_PER_CALL)]
    results = parse_requests(encode_request({"requests": requests}))
    assert results == [ScoringRequest(client_id=number) for number in range(MAX_REQUESTS_PER_CALL)]
