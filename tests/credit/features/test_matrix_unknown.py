"""Unknown inputs give unknown features: absent tables, sentinels and unseen categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from credit.dossier import DossierBatch
from credit.features import CATALOGUE, COLUMNS, CategoryEncoder, FittedFeatures, Unit, build
from credit.features.declaration.statistic import Statistic
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
    make_applicant,
    make_applicant_with_history,
    make_applicant_without_form,
)

HISTORIES_BY_TABLE = {
    source.table.name: source for source in (BUREAU, PREVIOUS, INSTALMENTS, POS, CARD)
}

MONTHLY_FEATURES = {
    name: member
    for name, member in BUREAU.members.items()
    if any(source.startswith("bureau_balance.") for source in member.feature.sources)
    or member.value.name == "other_months"
}
"""Features of the monthly balances of bureau credits."""

CATEGORICAL_FEATURES = [name for name, feature in CATALOGUE.items() if feature.is_categorical]
ENCODER = CategoryEncoder(
    dict.fromkeys(CATEGORICAL_FEATURES, ("Married", "Higher education", "School"))
)
FITTED = FittedFeatures(categories=ENCODER)

for_each_history = pytest.mark.parametrize("history", HISTORIES)


def build_row(dossier: Dossier) -> Mapping[str, float]:
    row = build(DossierBatch.from_documents([dossier], COLUMNS), FITTED)[0]
    return dict(zip(CATALOGUE, row.tolist(), strict=True))


def get_feature_names(history: str) -> set[str]:
    return (
        set(MONTHLY_FEATURES)
        if history == "bureau_balance"
        else set(HISTORIES_BY_TABLE[history].members)
    )


def find_dependent_features(history: str) -> set[str]:
    """Return the history's features, and those that combine them with other inputs."""
    return get_feature_names(history) | {
        name
        for name, feature in CATALOGUE.items()
        if any(source.startswith(f"{history}.") for source in feature.sources)
    }


@for_each_history
@pytest.mark.parametrize("absent", ["null", "missing key"])
def test_features_of_an_absent_history_are_unknown(history: str, absent: str) -> None:
    dossier = make_applicant_with_history(**{history: None})
    if absent == "missing key":
        del dossier[history]
    row = build_row(dossier)
    assert {name for name in find_dependent_features(history) if not np.isnan(row[name])} == set()


@for_each_history
def test_an_absent_history_does_not_change_the_features_of_others(history: str) -> None:
    row, complete_row = (
        build_row(make_applicant_with_history(**{history: None})),
        build_row(make_applicant()),
    )
    other_features = {
        name for other in HISTORIES if other != history for name in get_feature_names(other)
    }
    if history == "bureau":
        other_features -= get_feature_names("bureau")
    for name in other_features - get_feature_names(history):
        np.testing.assert_equal(row[name], complete_row[name], err_msg=name)


@for_each_history
def test_an_empty_history_gives_counts_of_zero_and_unknown_means(history: str) -> None:
    row = build_row(make_applicant_with_history(**{history: []}))
    if history == "bureau_balance":
        assert row["other_months_sum_ever"] == row["other_months_mean_ever"] == 0
        assert row["other_late_months_sum_ever"] == 0
        assert np.isnan([row["other_late_share_mean_ever"], row["other_severity_max_ever"]]).all()
        return
    for name, member in HISTORIES_BY_TABLE[history].members.items():
        if member.statistic in {Statistic.COUNT, Statistic.SUM}:
            assert row[name] == 0, name
        else:
            assert np.isnan(row[name]), name
    for name in find_dependent_features(history) - get_feature_names(history):
        assert row[name] == 0 or np.isnan(row[name]), name


@for_each_history
def test_an_unknown_history_differs_from_an_empty_one(history: str) -> None:
    dossiers = [{**make_applicant(), history: None}, {**make_applicant(), history: []}]
    unknown, none = build(DossierBatch.from_documents(dossiers, COLUMNS), FITTED)
    assert not is_bit_identical(unknown, none)


def test_a_sum_of_rows_without_a_known_value_is_unknown_and_not_zero() -> None:
    row = build_row(make_applicant_with_history(bureau=[{"AMT_CREDIT_SUM_DEBT": None}]))
    assert np.isnan(row["other_debt_sum_active"])
    assert row["other_credits_count_active"] == 1


def test_a_standard_deviation_needs_two_known_values() -> None:
    single: list[dict[str, Any]] = [{"DAYS_ENTRY_PAYMENT": -410}, {"DAYS_ENTRY_PAYMENT": None}]
    assert np.isnan(
        build_row(make_applicant_with_history(installments_payments=single))[
            "days_before_due_std_ever"
        ]
    )
    pair = [{"DAYS_ENTRY_PAYMENT": -410}, {"DAYS_ENTRY_PAYMENT": -412}]
    deviation = build_row(make_applicant_with_history(installments_payments=pair))[
        "days_before_due_std_ever"
    ]
    assert deviation == np.float32(np.std([10, 12], ddof=1))


@pytest.mark.parametrize(
    ("employed", "flag", "number"),
    [(NEVER_DAYS, 1, None), (-1_825, 0, 1_825), (0, 0, 0), (None, None, None)],
)
def test_the_sentinel_for_never_employed_is_a_flag_and_not_a_number_of_days(
    employed: int | None, flag: float | None, number: float | None
) -> None:
    row = build_row(make_applicant(DAYS_EMPLOYED=employed))
    for name, expected in (("without_job", flag), ("time_employed", number)):
        assert row[name] == expected or (expected is None and np.isnan(row[name])), name
    ratios = ("employed_to_age", "age_when_hired", "time_employed_times_external")
    assert np.isnan([row[name] for name in ratios]).all() == (number is None)


def test_a_credit_without_termination_is_still_open_and_has_no_end_day() -> None:
    def build_row_with_previous(**row_values: Any) -> Mapping[str, float]:
        return build_row(make_applicant_with_history(previous_application=[row_values]))

    assert build_row_with_previous(DAYS_TERMINATION=NEVER_DAYS)["earlier_count_still_open"] == 1
    assert build_row_with_previous(DAYS_TERMINATION=-5)["earlier_count_still_open"] == 0
    assert build_row_with_previous(DAYS_TERMINATION=None)["earlier_count_still_open"] == 0
    refused = build_row_with_previous(DAYS_TERMINATION=NEVER_DAYS, NAME_CONTRACT_STATUS="Refused")
    assert refused["earlier_count_still_open"] == 0
    assert np.isnan(
        build_row_with_previous(DAYS_LAST_DUE_1ST_VERSION=NEVER_DAYS)[
            "earlier_planned_end_max_approved"
        ]
    )
    assert np.isnan(
        build_row_with_previous(DAYS_LAST_DUE=NEVER_DAYS)["earlier_ended_early_max_approved"]
    )


@pytest.mark.parametrize("rating", [-1, None])
def test_a_missing_city_rating_is_unknown(rating: int | None) -> None:
    assert np.isnan(build_row(make_applicant(REGION_RATING_CLIENT_W_CITY=rating))["city_rating"])


@pytest.mark.parametrize("sector", ["XNA", None, "An unseen sector", ""])
def test_an_unknown_or_unseen_category_is_unknown(sector: str | None) -> None:
    assert np.isnan(build_row(make_applicant(ORGANIZATION_TYPE=sector))["employer_sector"])


def test_a_category_is_encoded_as_its_index_in_the_encoder() -> None:
    row = build_row(make_applicant())
    assert [row["family_status"], row["education"], row["employer_sector"]] == [0, 1, 2]


def test_the_family_status_unknown_is_unknown_even_if_the_encoder_has_it() -> None:
    encoder = CategoryEncoder({**ENCODER.categories, "family_status": ("Unknown", "Married")})
    dossiers = [make_applicant(NAME_FAMILY_STATUS=status) for status in ("Unknown", "Married")]
    column = list(CATALOGUE).index("family_status")
    statuses = build(
        DossierBatch.from_documents(dossiers, COLUMNS), FittedFeatures(categories=encoder)
    )[:, column]
    assert np.isnan(statuses[0])
    assert statuses[1] == 1


def test_a_month_of_unknown_status_is_neither_late_nor_on_time() -> None:
    def share(*statuses: str | None) -> float:
        months = [{"STATUS": status} for status in statuses]
        return build_row(make_applicant_with_history(bureau=[{}], bureau_balance=months))[
            "other_late_share_max_ever"
        ]

    assert share("X", "1") == share(None, "1") == 1
    assert share("0", "1") == share("C", "5") == 0.5
    assert np.isnan([share("X"), share(None)]).all()


@pytest.mark.parametrize("group", ["XNA", None])
def test_a_row_with_an_unknown_group_is_excluded_from_the_share(group: str | None) -> None:
    groups: list[dict[str, Any]] = [{"NAME_YIELD_GROUP": group}, {"NAME_YIELD_GROUP": "high"}]
    assert (
        build_row(make_applicant_with_history(previous_application=groups))[
            "earlier_high_yield_mean_ever"
        ]
        == 1
    )


def test_an_unpaid_instalment_is_late_but_has_unknown_days_past_due() -> None:
    never = build_row(
        make_applicant_with_history(installments_payments=[{"DAYS_ENTRY_PAYMENT": None}])
    )
    assert never["late_mean_ever"] == 1
    assert np.isnan(never["days_past_due_max_ever"])
    without_day = build_row(
        make_applicant_with_history(installments_payments=[{"DAYS_INSTALMENT": None}])
    )
    assert np.isnan(without_day["late_mean_ever"])


def test_an_application_of_unknown_day_is_not_the_latest() -> None:
    earlier: list[dict[str, Any]] = [
        {"DAYS_DECISION": -5},
        {"DAYS_DECISION": None, "NAME_CONTRACT_STATUS": "Refused"},
    ]
    assert (
        build_row(make_applicant_with_history(previous_application=earlier))[
            "earlier_refused_last_ever"
        ]
        == 0
    )


def test_an_empty_form_gives_unknown_form_features() -> None:
    row = build_row(make_applicant_without_form(*HISTORY))
    known = {name for name, value in row.items() if not np.isnan(value)}
    known_form_features = {name for name in known if CATALOGUE[name].sources} & {
        name
        for name, feature in CATALOGUE.items()
        if all(source.startswith("application.") for source in feature.sources)
    }
    assert known_form_features == {"external_scores_known", "building_unknown_share"}
    assert row["external_scores_known"] == 0
    assert row["building_unknown_share"] == 1
    assert CATALOGUE["building_unknown_share"].unit is Unit.SHARE
