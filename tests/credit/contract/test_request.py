"""Requests: what is accepted, as it stands, singly and among many."""

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
from tests.support.strategies import dossier_documents


def body(request: object) -> bytes:
    return json.dumps(request).encode()


def test_an_ordinary_dossier_is_read_as_it_stands() -> None:
    for person in (make_applicant(), make_applicant_without_history()):
        request = parse_request(body({"dossier": person}))
        assert request == ScoringRequest(client_id=None, dossier=person, changes={})


def test_a_known_client_is_asked_for_by_id() -> None:
    assert parse_request(b'{"client_id": 100002}') == ScoringRequest(client_id=100_002)
    assert parse_request(b'{"client_id": 0}').client_id == 0


def test_null_is_as_good_as_left_out() -> None:
    said = {"client_id": 1, "dossier": None, "changes": None}
    assert parse_request(body(said)) == ScoringRequest(client_id=1)


@given(dossier_documents())
def test_every_valid_dossier_is_accepted_and_kept(person: Dossier) -> None:
    [singly, among_many] = [
        parse_request(body({"dossier": person})),
        *parse_requests(body({"requests": [{"dossier": person}]})),
    ]
    assert isinstance(among_many, ScoringRequest)
    assert singly.dossier == among_many.dossier == person


def test_whole_numbers_may_be_written_as_floats_in_every_column() -> None:
    person = make_applicant()
    written = json.loads(json.dumps(person), parse_int=float)
    request = parse_request(body({"dossier": written}))
    assert request.dossier == person
    assert parse_request(b'{"client_id": 100002.0}').client_id == 100_002


def test_changes_are_made_to_the_form_and_to_nothing_else() -> None:
    person = make_applicant()
    said = {"dossier": person, "changes": {"AMT_CREDIT": 1_000, "EXT_SOURCE_1": None}}
    request = parse_request(body(said))
    expected = {
        **person,
        "application": {**person["application"], "AMT_CREDIT": 1_000, "EXT_SOURCE_1": None},
    }
    assert request.dossier is not None
    assert request.apply_changes(request.dossier) == expected
    assert request.dossier == person


def test_without_changes_a_dossier_is_left_alone() -> None:
    person = make_applicant()
    assert ScoringRequest(dossier=person).apply_changes(person) is person


def test_keys_of_different_tables_may_be_equal() -> None:
    person = make_applicant_with_history(
        bureau=[{"SK_ID_BUREAU": FIRST_LOAN_ID}],
        POS_CASH_balance=[{"SK_ID_PREV": FIRST_CREDIT_ID}],
    )
    assert parse_request(body({"dossier": person})).dossier == person


def test_a_bad_request_among_many_is_told_in_its_place_and_harms_no_neighbour() -> None:
    asked = [
        {"client_id": 1},
        {},
        {"dossier": make_applicant_without_history()},
        None,
        [],
        "x",
        {"client_id": -1},
        5,
    ]
    told = parse_requests(body({"requests": [*asked, {"client_id": 2}]}))
    assert told[0] == ScoringRequest(client_id=1)
    assert told[2] == ScoringRequest(dossier=make_applicant_without_history())
    assert told[8] == ScoringRequest(client_id=2)
    assert all(isinstance(told[place], InvalidDossier) for place in (1, 3, 4, 5, 6, 7))
    assert len(told) == 9


def test_no_requests_at_all_are_a_list_of_none() -> None:
    assert parse_requests(b'{"requests": []}') == []


@pytest.mark.parametrize(
    ("said", "where", "got"),
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
def test_what_is_no_list_of_at_most_a_thousand_requests_is_refused(
    said: object, where: str, got: object
) -> None:
    with pytest.raises(InvalidDossier) as refused:
        parse_requests(body(said))
    [fault] = refused.value.faults
    assert (fault.where, fault.got) == (where, got)


def test_a_thousand_requests_are_read() -> None:
    asked = [{"client_id": number} for number in range(MAX_REQUESTS_PER_CALL)]
    told = parse_requests(body({"requests": asked}))
    assert told == [ScoringRequest(client_id=number) for number in range(MAX_REQUESTS_PER_CALL)]
