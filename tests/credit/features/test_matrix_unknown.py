"""Unknown stays unknown: absent tables, empty tables, words in disguise, categories never seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from credit.dossier import DossierBatch
from credit.features import CATALOGUE, COLUMNS, CategoryEncoder, Unit, build
from credit.features.declaration.history_features import Statistic
from credit.features.definitions.bureau import BUREAU
from credit.features.definitions.credit_card_balance import CARD
from credit.features.definitions.installments_payments import INSTALMENTS
from credit.features.definitions.pos_cash_balance import POS
from credit.features.definitions.previous_application import PREVIOUS
from credit.schema import HISTORIES, NEVER_DAYS
from tests.support.bit_equality import is_bit_identical
from tests.support.example_dossiers import (
    HISTORY,
    Dossier,
    knows,
    make_applicant,
    make_applicant_with_history,
)

SOURCES = {source.table.name: source for source in (BUREAU, PREVIOUS, INSTALMENTS, POS, CARD)}

MONTHLY = {
    name: member
    for name, member in BUREAU.members.items()
    if any(source.startswith("bureau_balance.") for source in member.feature.sources)
    or member.value.name == "other_months"
}
"""What is made of the months of bureau credits."""

CATEGORICAL = [name for name, feature in CATALOGUE.items() if feature.is_categorical]
KNOWN_WORDS = CategoryEncoder(
    dict.fromkeys(CATEGORICAL, ("Married", "Higher education", "School"))
)

every_history = pytest.mark.parametrize("history", HISTORIES)


def row(person: Dossier) -> Mapping[str, float]:
    told = build(DossierBatch.from_documents([person], COLUMNS), KNOWN_WORDS)[0]
    return dict(zip(CATALOGUE, told.tolist(), strict=True))


def made_of(history: str) -> set[str]:
    return set(MONTHLY) if history == "bureau_balance" else set(SOURCES[history].members)


def resting_on(history: str) -> set[str]:
    """The same, and what sets it against something else."""
    return made_of(history) | {
        name
        for name, feature in CATALOGUE.items()
        if any(source.startswith(f"{history}.") for source in feature.sources)
    }


@every_history
@pytest.mark.parametrize("absent", ["null", "missing key"])
def test_of_an_absent_history_nothing_is_known(history: str, absent: str) -> None:
    person = make_applicant_with_history(**{history: None})
    if absent == "missing key":
        del person[history]
    told = row(person)
    assert {name for name in resting_on(history) if not np.isnan(told[name])} == set()


@every_history
def test_an_absent_history_hides_no_other(history: str) -> None:
    told, whole = row(make_applicant_with_history(**{history: None})), row(make_applicant())
    others = {name for other in HISTORIES if other != history for name in made_of(other)}
    if history == "bureau":
        others -= made_of("bureau")
    for name in others - made_of(history):
        np.testing.assert_equal(told[name], whole[name], err_msg=name)


@every_history
def test_who_is_known_to_have_no_rows_has_counts_of_zero_and_unknown_means(history: str) -> None:
    told = row(make_applicant_with_history(**{history: []}))
    if history == "bureau_balance":
        assert told["other_months_sum_ever"] == told["other_months_mean_ever"] == 0
        assert told["other_late_months_sum_ever"] == 0
        assert np.isnan(
            [told["other_late_share_mean_ever"], told["other_severity_max_ever"]]
        ).all()
        return
    for name, member in SOURCES[history].members.items():
        if member.statistic in {Statistic.COUNT, Statistic.SUM}:
            assert told[name] == 0, name
        else:
            assert np.isnan(told[name]), name
    for name in resting_on(history) - made_of(history):
        assert told[name] == 0 or np.isnan(told[name]), name


@every_history
def test_unknown_is_another_thing_than_none(history: str) -> None:
    people = [{**make_applicant(), history: None}, {**make_applicant(), history: []}]
    unknown, none = build(DossierBatch.from_documents(people, COLUMNS), KNOWN_WORDS)
    assert not is_bit_identical(unknown, none)


def test_a_sum_of_rows_without_a_known_value_is_unknown_and_not_zero() -> None:
    told = row(make_applicant_with_history(bureau=[{"AMT_CREDIT_SUM_DEBT": None}]))
    assert np.isnan(told["other_debt_sum_active"])
    assert told["other_credits_count_active"] == 1


def test_a_spread_needs_two_known_values() -> None:
    one: list[dict[str, Any]] = [{"DAYS_ENTRY_PAYMENT": -410}, {"DAYS_ENTRY_PAYMENT": None}]
    assert np.isnan(
        row(make_applicant_with_history(installments_payments=one))["days_before_due_std_ever"]
    )
    two = [{"DAYS_ENTRY_PAYMENT": -410}, {"DAYS_ENTRY_PAYMENT": -412}]
    told = row(make_applicant_with_history(installments_payments=two))["days_before_due_std_ever"]
    assert told == np.float32(np.std([10, 12], ddof=1))


@pytest.mark.parametrize(
    ("employed", "flag", "number"),
    [(NEVER_DAYS, 1, None), (-1_825, 0, 1_825), (0, 0, 0), (None, None, None)],
)
def test_a_pensioners_never_is_a_flag_and_no_number_of_days(
    employed: int | None, flag: float | None, number: float | None
) -> None:
    told = row(make_applicant(DAYS_EMPLOYED=employed))
    for name, expected in (("without_job", flag), ("time_employed", number)):
        assert told[name] == expected or (expected is None and np.isnan(told[name])), name
    ratios = ("employed_to_age", "age_when_hired", "time_employed_times_external")
    assert np.isnan([told[name] for name in ratios]).all() == (number is None)


def test_a_credit_that_never_ended_is_still_open_and_has_no_day_of_ending() -> None:
    def previous(**said: Any) -> Mapping[str, float]:
        return row(make_applicant_with_history(previous_application=[said]))

    assert previous(DAYS_TERMINATION=NEVER_DAYS)["earlier_count_still_open"] == 1
    assert previous(DAYS_TERMINATION=-5)["earlier_count_still_open"] == 0
    assert previous(DAYS_TERMINATION=None)["earlier_count_still_open"] == 0
    refused = previous(DAYS_TERMINATION=NEVER_DAYS, NAME_CONTRACT_STATUS="Refused")
    assert refused["earlier_count_still_open"] == 0
    assert np.isnan(
        previous(DAYS_LAST_DUE_1ST_VERSION=NEVER_DAYS)["earlier_planned_end_max_approved"]
    )
    assert np.isnan(previous(DAYS_LAST_DUE=NEVER_DAYS)["earlier_ended_early_max_approved"])


@pytest.mark.parametrize("rating", [-1, None])
def test_a_city_that_is_not_rated_is_unknown(rating: int | None) -> None:
    assert np.isnan(row(make_applicant(REGION_RATING_CLIENT_W_CITY=rating))["city_rating"])


@pytest.mark.parametrize("sector", ["XNA", None, "A sector that nobody has seen", ""])
def test_a_category_that_is_unknown_or_was_never_learnt_is_unknown(sector: str | None) -> None:
    assert np.isnan(row(make_applicant(ORGANIZATION_TYPE=sector))["employer_sector"])


def test_a_category_that_was_learnt_is_its_place_among_those_learnt() -> None:
    told = row(make_applicant())
    assert [told["family_status"], told["education"], told["employer_sector"]] == [0, 1, 2]


def test_a_family_status_of_unknown_is_unknown_even_where_it_was_learnt() -> None:
    learnt = CategoryEncoder({**KNOWN_WORDS.categories, "family_status": ("Unknown", "Married")})
    people = [make_applicant(NAME_FAMILY_STATUS=status) for status in ("Unknown", "Married")]
    column = list(CATALOGUE).index("family_status")
    told = build(DossierBatch.from_documents(people, COLUMNS), learnt)[:, column]
    assert np.isnan(told[0])
    assert told[1] == 1


def test_a_month_of_unknown_status_is_neither_late_nor_punctual() -> None:
    def share(*statuses: str | None) -> float:
        months = [{"STATUS": status} for status in statuses]
        return row(make_applicant_with_history(bureau=[{}], bureau_balance=months))[
            "other_late_share_max_ever"
        ]

    assert share("X", "1") == share(None, "1") == 1
    assert share("0", "1") == share("C", "5") == 0.5
    assert np.isnan([share("X"), share(None)]).all()


@pytest.mark.parametrize("group", ["XNA", None])
def test_a_row_of_unknown_group_is_left_out_of_the_share(group: str | None) -> None:
    groups: list[dict[str, Any]] = [{"NAME_YIELD_GROUP": group}, {"NAME_YIELD_GROUP": "high"}]
    assert (
        row(make_applicant_with_history(previous_application=groups))[
            "earlier_high_yield_mean_ever"
        ]
        == 1
    )


def test_an_instalment_never_paid_is_late_but_has_no_days_of_lateness() -> None:
    never = row(make_applicant_with_history(installments_payments=[{"DAYS_ENTRY_PAYMENT": None}]))
    assert never["late_mean_ever"] == 1
    assert np.isnan(never["days_past_due_max_ever"])
    without_day = row(
        make_applicant_with_history(installments_payments=[{"DAYS_INSTALMENT": None}])
    )
    assert np.isnan(without_day["late_mean_ever"])


def test_an_application_of_unknown_day_is_not_the_latest_one() -> None:
    earlier: list[dict[str, Any]] = [
        {"DAYS_DECISION": -5},
        {"DAYS_DECISION": None, "NAME_CONTRACT_STATUS": "Refused"},
    ]
    assert (
        row(make_applicant_with_history(previous_application=earlier))["earlier_refused_last_ever"]
        == 0
    )


def test_a_form_that_says_nothing_is_unknown_in_everything_it_could_have_said() -> None:
    told = row(knows(*HISTORY))
    said = {name for name, cell in told.items() if not np.isnan(cell)}
    of_the_form = {name for name in said if CATALOGUE[name].sources} & {
        name
        for name, feature in CATALOGUE.items()
        if all(source.startswith("application.") for source in feature.sources)
    }
    assert of_the_form == {"external_scores_known", "building_unknown_share"}
    assert told["external_scores_known"] == 0
    assert told["building_unknown_share"] == 1
    assert CATALOGUE["building_unknown_share"].unit is Unit.SHARE
