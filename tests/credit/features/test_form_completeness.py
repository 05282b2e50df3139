"""Test which columns of a form count as unknown."""

from __future__ import annotations

from typing import Any

import pytest

from credit.dossier import DossierBatch
from credit.features import COLUMNS, FittedFeatures, build
from credit.features.form_completeness import FORM_COLUMNS, list_unknown_columns
from credit.schema import APPLICATION, NEVER_DAYS
from tests.support.example_dossiers import make_applicant


@pytest.fixture(scope="module")
def known_words(fitted_features: FittedFeatures) -> dict[str, str]:
    """Return a word that the model knows, by column."""
    return {
        "NAME_INCOME_TYPE": fitted_features.categories.categories["income_type"][0],
        "ORGANIZATION_TYPE": fitted_features.categories.categories["employer_sector"][0],
    }


def find_unknown(
    fitted: FittedFeatures, columns: tuple[str, ...], **form: object
) -> tuple[str, ...]:
    dossiers = DossierBatch.from_documents([make_applicant(**form)], COLUMNS)
    [names] = list_unknown_columns(dossiers, build(dossiers, fitted), columns)
    return names


@pytest.mark.parametrize("column", FORM_COLUMNS)
def test_a_column_without_a_value_is_unknown(fitted_features: FittedFeatures, column: str) -> None:
    assert find_unknown(fitted_features, (column,), **{column: None}) == (column,)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("NAME_FAMILY_STATUS", "Unknown"),
        ("ORGANIZATION_TYPE", "XNA"),
        ("NAME_EDUCATION_TYPE", "a word that no client of the training used"),
        ("REGION_RATING_CLIENT_W_CITY", -1),
        ("AMT_CREDIT", 0),
        ("AMT_ANNUITY", 0),
        ("AMT_GOODS_PRICE", 0),
        ("CNT_FAM_MEMBERS", 0),
    ],
)
def test_a_value_that_means_unknown_does_not_count_as_stated(
    fitted_features: FittedFeatures, column: str, value: object
) -> None:
    assert find_unknown(fitted_features, (column,), **{column: value}) == (column,)


@pytest.mark.parametrize(
    "form",
    [
        {"DAYS_EMPLOYED": NEVER_DAYS},
        {"DAYS_EMPLOYED": NEVER_DAYS, "ORGANIZATION_TYPE": None, "OCCUPATION_TYPE": None},
        {"FLAG_OWN_CAR": "N", "OWN_CAR_AGE": None},
        {"CNT_CHILDREN": 0},
        {"AMT_INCOME_TOTAL": 0},
        {"DAYS_LAST_PHONE_CHANGE": 0},
    ],
)
def test_a_column_that_does_not_apply_or_is_truly_zero_is_not_unknown(
    fitted_features: FittedFeatures, form: dict[str, Any]
) -> None:
    assert find_unknown(fitted_features, tuple(form), **form) == ()


def test_known_columns_are_not_unknown(
    fitted_features: FittedFeatures, known_words: dict[str, str]
) -> None:
    columns = ("AMT_CREDIT", *known_words, "EXT_SOURCE_1", "FLAG_DOCUMENT_3")
    assert find_unknown(fitted_features, columns, **known_words) == ()
    assert find_unknown(fitted_features, ()) == ()


def test_every_condition_names_a_column_that_is_read() -> None:
    for column in FORM_COLUMNS:
        if condition := APPLICATION[column].not_applicable_when:
            assert condition[0] in FORM_COLUMNS
