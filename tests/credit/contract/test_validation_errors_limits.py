"""Limits on the faults listed, the names suggested and the values shown of invalid requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
from credit.errors import MAX_SHOWN_CHARS, InvalidDossier
from tests.support.invalid_requests import (
    encode_request,
    get_faults,
    make_form,
    make_histories,
)


@pytest.mark.parametrize(
    "fault_count", [MAX_FAULTS_PER_REQUEST, MAX_FAULTS_PER_REQUEST + 1, 5_000]
)
def test_faults_beyond_the_limit_are_counted(fault_count: int) -> None:
    rows = [{"SK_ID_BUREAU": index, "AMT_ANNUITY": -1} for index in range(fault_count)]
    faults = get_faults(make_histories(bureau=rows))
    locations = [fault.where for fault in faults[:2]]
    assert locations == ["bureau[0].AMT_ANNUITY", "bureau[1].AMT_ANNUITY"]
    if fault_count > MAX_FAULTS_PER_REQUEST:
        assert len(faults) == MAX_FAULTS_PER_REQUEST + 1
        assert faults[-1].got == f"{fault_count:,} faults"
    else:
        assert len(faults) == fault_count


@pytest.fixture
def searched_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that receives each name for which a suggestion is searched, which is slow."""
    names: list[str] = []

    def record_and_suggest(name: str, known_names: Iterable[str]) -> str:
        names.append(name)
        return errors.suggest_known_name(name, known_names)

    monkeypatch.setattr("credit.contract.validation_errors.suggest_known_name", record_and_suggest)
    return names


def test_no_suggestion_is_searched_for_faults_that_are_not_listed(
    searched_names: list[str],
) -> None:
    faults = get_faults(make_form(**{f"COLUMN_{index}": 1 for index in range(5_000)}))
    assert faults[-1].got == "5,000 faults"
    assert searched_names == [f"COLUMN_{index}" for index in range(MAX_SUGGESTIONS_PER_CALL)]
    assert {fault.expected for fault in faults[MAX_SUGGESTIONS_PER_CALL:-1]} == {"a known column"}


def test_suggestions_for_keys_of_the_request_are_limited_too(searched_names: list[str]) -> None:
    request = {f"key_{index}": 1 for index in range(5_000)}
    assert len(get_faults(request)) == MAX_FAULTS_PER_REQUEST + 1
    assert len(searched_names) == MAX_SUGGESTIONS_PER_CALL


def test_many_requests_share_the_limit_of_suggestions(searched_names: list[str]) -> None:
    requests = [make_form(**{f"AMT_CREDT_{index}": 1}) for index in range(MAX_REQUESTS_PER_CALL)]
    results = parse_requests(encode_request({"requests": requests}))
    assert len(searched_names) == MAX_SUGGESTIONS_PER_CALL
    faults = [result.faults[0] for result in results if isinstance(result, InvalidDossier)]
    assert [fault.where for fault in faults[-2:]] == [
        "application.AMT_CREDT_998", "application.AMT_CREDT_999",
    ]  # fmt: skip


def test_a_suggestion_is_searched_once_for_the_same_name_in_many_requests(
    searched_names: list[str],
) -> None:
    parse_requests(
        encode_request({"requests": [make_form(AMT_CREDIT_OF_ALL=1)] * MAX_REQUESTS_PER_CALL})
    )
    assert searched_names == ["AMT_CREDIT_OF_ALL"]


def test_beyond_the_fault_limit_of_a_call_each_request_lists_one_fault(
    searched_names: list[str],
) -> None:
    requests = [
        make_form(**{f"N_{n}_{m}": 1 for m in range(MAX_FAULTS_PER_REQUEST)}) for n in range(50)
    ]
    results = parse_requests(encode_request({"requests": requests}))
    fault_counts = [len(result.faults) for result in results if isinstance(result, InvalidDossier)]
    full = MAX_FAULTS_PER_CALL // MAX_FAULTS_PER_REQUEST
    # The second entry is the total number of faults.
    assert fault_counts == [MAX_FAULTS_PER_REQUEST] * full + [2] * (50 - full)
    assert len(searched_names) == MAX_SUGGESTIONS_PER_CALL


def test_no_name_is_suggested_for_a_very_long_one() -> None:
    [fault] = get_faults(make_form(**{"AMT_CREDIT" * 500_000: 1}))
    assert fault.expected == "a known column"
    assert fault.where == "application." + ("AMT_CREDIT" * 8)[:77] + "..."


def test_long_names_with_the_same_beginning_are_separate_faults() -> None:
    names = ["x" * 100 + last for last in "abc"]
    for request in (make_form(**dict.fromkeys(names, 1)), dict.fromkeys(names, 1)):
        assert len(get_faults(request)) == 3


def test_only_the_shown_part_of_a_large_wrong_value_is_kept() -> None:
    [fault] = get_faults({"dossier": {"application": [{"x": 1}] * 100_000}})
    assert isinstance(fault.got, str)
    assert fault.got.startswith('[{"x": 1}, {"x": 1}, ')
    assert len(fault.got) == MAX_SHOWN_CHARS


def test_a_wrong_value_is_formatted_only_as_far_as_it_is_shown() -> None:
    items: list[object] = []

    class Endless(list[object]):
        def __iter__(self) -> Iterator[object]:
            while True:
                items.append(0)
                yield 0

    assert errors.abbreviate_value(Endless([0])).endswith(", 0...")
    assert len(items) < MAX_SHOWN_CHARS


def test_faults_beyond_the_pydantic_limit_are_counted_and_not_listed() -> None:
    [fault] = get_faults(
        make_form(**{f"COLUMN_{index}": 1 for index in range(MAX_PYDANTIC_ERRORS + 1)})
    )
    assert (fault.where, fault.got) == ("request", f"{MAX_PYDANTIC_ERRORS + 1:,} faults")


def test_a_history_has_a_maximum_length() -> None:
    rows = [{"SK_ID_PREV": 1}] * MAX_ROWS_PER_HISTORY
    assert parse_request(encode_request(make_histories(installments_payments=rows))).dossier
    [fault] = get_faults(make_histories(installments_payments=[*rows, rows[0]]))
    assert fault.where == "installments_payments"
    assert fault.expected == "a list of at most 20,000 rows, or null"


def test_a_category_has_a_maximum_length() -> None:
    assert parse_request(encode_request(make_form(OCCUPATION_TYPE="x" * MAX_CATEGORY_CHARS)))
    [fault] = get_faults(make_form(OCCUPATION_TYPE="x" * (MAX_CATEGORY_CHARS + 1)))
    assert fault.where == "application.OCCUPATION_TYPE"
