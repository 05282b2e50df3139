"""Requirements on all features. New features are covered without a change here."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from credit.dossier import DossierBatch
from credit.features import (
    CATALOGUE,
    COLUMNS,
    HISTORY_FEATURES,
    FittedFeatures,
    Matrix,
    RiskDirection,
    build,
)
from credit.features.declaration.statistic import Statistic
from credit.features.definitions.installments_payments import INSTALMENT_KEY, INSTALMENTS
from credit.policy import Policy
from credit.schema import TABLES
from credit.value_format import format_value
from tests.support.bit_equality import find_differences
from tests.support.example_dossiers import Dossier, make_applicant
from tests.support.random_dossiers import make_random_dossiers

ROW_COUNT_FEATURES = {
    "other_credits_count_ever", "other_months_sum_ever", "other_months_mean_ever",
    "other_months_min_ever", "other_months_max_ever",
    "earlier_count_ever", "pos_months_count_ever", "card_months_count_ever",
}  # fmt: skip
"""Features that count rows, whatever the values of their columns."""

GROUP_EXTREMES = {
    f"{INSTALMENTS.table.name}.{column}": {
        name
        for name, member in INSTALMENTS.members.items()
        if member.value.name in {"amount_due", "amount_late", "since_late"}
        and member.statistic in {Statistic.MIN, Statistic.MAX}
    }
    for column in INSTALMENT_KEY
}
"""Extremes of values that all payments of an instalment share. They do not depend on which
payments belong together, though the key columns are among their sources."""

SORT_AND_KEY_COLUMNS = {
    "bureau.DAYS_CREDIT", "bureau.SK_ID_BUREAU", "bureau_balance.MONTHS_BALANCE",
    "bureau_balance.SK_ID_BUREAU", "previous_application.DAYS_DECISION",
    "previous_application.SK_ID_PREV", "installments_payments.DAYS_INSTALMENT",
    "installments_payments.SK_ID_PREV", "installments_payments.NUM_INSTALMENT_NUMBER",
    "installments_payments.NUM_INSTALMENT_VERSION", "installments_payments.DAYS_ENTRY_PAYMENT",
    "POS_CASH_balance.MONTHS_BALANCE", "POS_CASH_balance.SK_ID_PREV",
    "credit_card_balance.MONTHS_BALANCE", "credit_card_balance.SK_ID_PREV",
}  # fmt: skip
"""Columns that determine which rows are newest, and which credit a month belongs to."""


def test_names_are_in_snake_case() -> None:
    offenders = [
        name for name in CATALOGUE if not re.fullmatch(r"[a-z]+[0-9]*(_[a-z0-9]+)*", name)
    ]
    assert offenders == []


def test_each_feature_is_listed_under_its_own_name() -> None:
    assert [feature.name for feature in CATALOGUE.values()] == list(CATALOGUE)


def test_labels_are_capitalised_and_free_of_template_characters() -> None:
    offenders = [
        (feature.name, label)
        for feature in CATALOGUE.values()
        for label in (feature.label.fr, feature.label.en, feature.concept.label.fr)
        if not re.match(r"[A-ZÀ-Ý]", label) or label != label.strip() or set(label) & set("{}_")
    ]
    assert offenders == []


def test_no_two_features_share_a_label() -> None:
    for language in ("fr", "en"):
        labels = [getattr(feature.label, language) for feature in CATALOGUE.values()]
        assert {label for label in labels if labels.count(label) > 1} == set()


def test_every_value_can_be_formatted_with_its_unit() -> None:
    offenders = [
        feature.name
        for feature in CATALOGUE.values()
        if not format_value(None if feature.is_categorical else 1.5, feature.unit).fr
    ]
    assert offenders == []


def test_sources_are_columns_of_the_schema() -> None:
    assert list(_find_invalid_sources()) == []


def _find_invalid_sources() -> Iterator[tuple[str, str]]:
    for feature in CATALOGUE.values():
        if not feature.sources:
            yield feature.name, "no sources"
        for source in feature.sources:
            table, column = source.split(".")
            if column not in TABLES[table].columns or column not in COLUMNS[table]:
                yield feature.name, source


def test_no_feature_uses_sex_or_the_label() -> None:
    forbidden = {"application.CODE_GENDER", "application.TARGET"}
    offenders = [feature.name for feature in CATALOGUE.values() if feature.sources & forbidden]
    assert offenders == []


def test_no_feature_uses_a_column_that_the_policy_excludes(policy: Policy) -> None:
    excluded = {
        column
        for attribute in policy.protected
        if attribute.excluded
        for column in attribute.columns
    }
    assert excluded == {"application.CODE_GENDER"}
    offenders = [feature.name for feature in CATALOGUE.values() if feature.sources & excluded]
    assert offenders == []


def test_standard_deviations_have_no_risk_direction() -> None:
    deviations = [
        member
        for history in HISTORY_FEATURES
        for member in history.members.values()
        if member.statistic is Statistic.STD
    ]
    assert deviations
    assert {deviation.feature.risk for deviation in deviations} == {RiskDirection.FREE}


@pytest.fixture(scope="module")
def dossiers() -> list[Dossier]:
    return make_random_dossiers(200, seed=5)


@pytest.fixture(scope="module")
def matrix(dossiers: list[Dossier], fitted_features: FittedFeatures) -> Matrix:
    return build(DossierBatch.from_documents(dossiers, COLUMNS), fitted_features)


@pytest.mark.parametrize("table", TABLES)
def test_features_change_with_the_columns_they_name_and_with_no_other(
    table: str, dossiers: list[Dossier], matrix: Matrix, fitted_features: FittedFeatures
) -> None:
    unchanged, unexpected = [], []
    for column in TABLES[table].columns:
        source = f"{table}.{column}"
        changed = _find_changed_features(source, dossiers, matrix, fitted_features)
        expected = {name for name, feature in CATALOGUE.items() if source in feature.sources}
        may_stay = ROW_COUNT_FEATURES | GROUP_EXTREMES.get(source, set())
        unchanged += [(source, name) for name in expected - may_stay - changed]
        if source not in SORT_AND_KEY_COLUMNS:
            unexpected += [(source, name) for name in changed - expected]
    assert unchanged == []
    assert unexpected == []


def _find_changed_features(
    source: str, dossiers: list[Dossier], matrix: Matrix, fitted_features: FittedFeatures
) -> set[str]:
    shuffled = _shuffle_column(dossiers, source)
    after = build(DossierBatch.from_documents(shuffled, COLUMNS), fitted_features)
    is_changed = find_differences(matrix, after)
    return {name for name, differs in zip(CATALOGUE, is_changed, strict=True) if differs}


def test_numeric_features_of_an_ordinary_applicant_are_known(
    fitted_features: FittedFeatures,
) -> None:
    row = build(DossierBatch.from_documents([make_applicant()]), fitted_features)[0]
    unknown = {name for name, value in zip(CATALOGUE, row, strict=True) if np.isnan(value)}
    assert {name for name in unknown if not CATALOGUE[name].is_categorical} == set()


def _shuffle_column(dossiers: list[Dossier], source: str) -> list[Dossier]:
    """Return copies of the dossiers with one column permuted over all rows of its table."""
    table, column = source.split(".")
    copies = [{**dossier, table: _copy_rows(dossier[table])} for dossier in dossiers]
    rows = [
        row
        for dossier in copies
        for row in ([dossier[table]] if table == "application" else dossier[table] or ())
    ]
    values = [row[column] for row in rows]
    for row, index in zip(rows, np.random.default_rng(9).permutation(len(rows)), strict=True):
        row[column] = values[index]
    return copies


def _copy_rows(table: Any) -> Any:
    if isinstance(table, dict):
        return dict(table)
    return table and [dict(row) for row in table]
