"""What an adviser is shown of a client."""

from __future__ import annotations

import pytest

from credit.client_profile import NO_JOB_TEXT, PROFILE_COLUMNS, build_profile
from credit.localised_text import Text
from credit.schema import APPLICATION
from credit.value_format import UNKNOWN_TEXT
from tests.support.example_dossiers import Dossier, make_applicant


def lines(person: Dossier) -> dict[str, Text]:
    return {line.column: line.text for line in build_profile(42, person).lines}


def test_the_profile_has_the_main_lines_of_the_application() -> None:
    results = build_profile(42, make_applicant())
    assert results.client_id == 42
    assert [line.column for line in results.lines] == list(PROFILE_COLUMNS)
    texts = lines(make_applicant())
    assert texts["AMT_CREDIT"] == Text("450\u202f000", "450,000")
    assert texts["DAYS_BIRTH"] == Text("40\u00a0ans", "40 years")
    assert texts["DAYS_EMPLOYED"] == Text("5\u00a0ans", "5 years")
    assert texts["FLAG_OWN_CAR"] == Text("oui", "yes")
    assert texts["FLAG_OWN_REALTY"] == Text("non", "no")
    assert texts["NAME_FAMILY_STATUS"] == Text("Marié(e)", "Married")
    assert texts["CNT_CHILDREN"] == Text("1", "1")


def test_raw_values_accompany_their_texts() -> None:
    results = {line.column: line for line in build_profile(42, make_applicant()).lines}
    assert results["DAYS_BIRTH"].value == -14_600
    assert results["DAYS_BIRTH"].label == APPLICATION["DAYS_BIRTH"].label


def test_a_pensioner_has_no_job() -> None:
    assert lines(make_applicant(DAYS_EMPLOYED=365_243))["DAYS_EMPLOYED"] == NO_JOB_TEXT


@pytest.mark.parametrize("column", PROFILE_COLUMNS)
def test_an_unknown_value_is_shown_as_unknown(column: str) -> None:
    assert lines(make_applicant(**{column: None}))[column] == UNKNOWN_TEXT
    assert lines({"application": {}})[column] == UNKNOWN_TEXT


def test_sex_and_identity_are_not_shown() -> None:
    assert not {"CODE_GENDER", "SK_ID_CURR"} & set(PROFILE_COLUMNS)


@pytest.mark.parametrize("column", ["AMT_INCOME_TOTAL", "AMT_CREDIT", "AMT_GOODS_PRICE"])
def test_an_amount_may_be_365243(column: str) -> None:
    assert lines(make_applicant(**{column: 365_243.0}))[column] == Text("365\u202f243", "365,243")


def test_the_word_of_the_source_for_unknown_is_shown_as_unknown() -> None:
    assert (
        lines(make_applicant(NAME_FAMILY_STATUS="Unknown"))["NAME_FAMILY_STATUS"] == UNKNOWN_TEXT
    )


def test_a_job_that_began_today_has_lasted_zero_days() -> None:
    assert lines(make_applicant(DAYS_EMPLOYED=0.0))["DAYS_EMPLOYED"].en == "0 days"
