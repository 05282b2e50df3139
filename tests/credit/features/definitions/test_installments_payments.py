"""An instalment paid in several payments counts once, though each payment is a row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.dossier import DossierBatch
from credit.features import CATALOGUE, COLUMNS, FittedFeatures, Matrix, build
from credit.features.declaration.statistic import Statistic
from credit.features.definitions.installments_payments import INSTALMENT_KEY, INSTALMENTS
from credit.features.expressions.row_groups import RowGroups
from tests.support.bit_equality import is_bit_identical
from tests.support.example_dossiers import Dossier, Row, make_applicant_with_history

INSTALMENT: Row = {"NUM_INSTALMENT_NUMBER": 4, "SK_ID_PREV": 7, "AMT_INSTALMENT": 6_948.36}
"""Default cells of the rows that `make_payments` builds, all of one instalment."""


def make_payments(*payments: Row) -> Dossier:
    """Return an applicant with these payments of an instalment that was due 400 days ago."""
    return make_applicant_with_history(
        installments_payments=[{**INSTALMENT, **payment} for payment in payments]
    )


def build_matrix(fitted_features: FittedFeatures, *people: Dossier) -> Matrix:
    return build(DossierBatch.from_documents(people, COLUMNS), fitted_features)


def build_row(dossier: Dossier, fitted_features: FittedFeatures) -> Mapping[str, float]:
    return dict(zip(CATALOGUE, build_matrix(fitted_features, dossier)[0].tolist(), strict=True))


TWO_PAYMENTS = ({"AMT_PAYMENT": 1_234.57}, {"AMT_PAYMENT": 5_713.79})


def test_an_instalment_paid_in_two_payments_is_paid_in_full(
    fitted_features: FittedFeatures,
) -> None:
    features = build_row(make_payments(*TWO_PAYMENTS), fitted_features)
    assert features["underpaid_sum_ever"] == features["underpaid_mean_ever"] == 0
    assert features["amount_missing_max_ever"] == 0
    assert features["paid_share_min_ever"] == features["paid_share_mean_ever"] == 1


def test_the_amount_missing_after_two_payments_counts_once(
    fitted_features: FittedFeatures,
) -> None:
    features = build_row(
        make_payments({"AMT_PAYMENT": 1_000.0}, {"AMT_PAYMENT": 948.36}), fitted_features
    )
    assert features["underpaid_sum_ever"] == features["underpaid_mean_ever"] == 1
    assert features["amount_missing_sum_ever"] == features["amount_missing_max_ever"] == 5_000
    assert features["paid_share_min_ever"] == pytest.approx(1_948.36 / 6_948.36, abs=1e-6)


@pytest.mark.parametrize("missing", [0.02, 0.005, 0.0])
def test_less_than_a_cent_is_not_missing(fitted_features: FittedFeatures, missing: float) -> None:
    parts = [{"AMT_PAYMENT": 694.836}] * 9
    features = build_row(
        make_payments(*parts, {"AMT_PAYMENT": 694.836 - missing}), fitted_features
    )
    assert features["underpaid_sum_ever"] == (missing > 0.01)


def test_an_instalment_paid_in_parts_counts_once(fitted_features: FittedFeatures) -> None:
    single, parts = (
        build_row(make_payments({}), fitted_features),
        build_row(make_payments({}, {}, {}), fitted_features),
    )
    for name in ("instalments_count_ever", "amount_due_sum_ever", "amount_due_mean_ever"):
        assert parts[name] == single[name], name
    assert single["instalments_count_ever"] == 1
    assert parts["amount_paid_sum_ever"] == 3 * single["amount_paid_sum_ever"]


@pytest.mark.parametrize("late", [{"DAYS_ENTRY_PAYMENT": -365}, {"DAYS_ENTRY_PAYMENT": None}])
def test_an_instalment_paid_late_in_part_is_late_once(
    fitted_features: FittedFeatures, late: Row
) -> None:
    features = build_row(
        make_payments({**TWO_PAYMENTS[0], **late}, TWO_PAYMENTS[1]), fitted_features
    )
    assert (
        features["late_sum_ever"] == features["late_mean_ever"] == features["late_last_ever"] == 1
    )
    assert features["amount_late_sum_ever"] == pytest.approx(6_948.36)
    assert (
        features["very_late_sum_ever"] == features["week_late_sum_ever"] == (-365 in late.values())
    )
    both = build_row(make_payments(*({**part, **late} for part in TWO_PAYMENTS)), fitted_features)
    assert both["late_sum_ever"] == 1
    assert both["amount_late_sum_ever"] == features["amount_late_sum_ever"]


def test_the_latest_payment_is_the_last_value(fitted_features: FittedFeatures) -> None:
    features = build_row(
        make_payments({"DAYS_ENTRY_PAYMENT": -390}, {"DAYS_ENTRY_PAYMENT": -370}), fitted_features
    )
    assert features["days_past_due_last_ever"] == 30


@pytest.mark.parametrize("known", [0, 1])
def test_the_amount_paid_is_unknown_only_if_no_payment_is_known(
    fitted_features: FittedFeatures, known: int
) -> None:
    payments: list[Row] = [{"AMT_PAYMENT": None}, {"AMT_PAYMENT": 948.36 if known else None}]
    features = build_row(make_payments(*payments), fitted_features)
    for name in ("amount_missing_max_ever", "underpaid_mean_ever", "paid_share_mean_ever"):
        assert math.isnan(features[name]) == (not known), name
    assert not known or features["amount_missing_max_ever"] == 6_000


OTHER_KEYS = [
    {"SK_ID_PREV": 8}, {"NUM_INSTALMENT_NUMBER": 5}, {"NUM_INSTALMENT_VERSION": 2},
    {"DAYS_INSTALMENT": -399},
]  # fmt: skip


@pytest.mark.parametrize("key", OTHER_KEYS)
def test_payments_that_differ_in_a_key_belong_to_different_instalments(
    fitted_features: FittedFeatures, key: Row
) -> None:
    features = build_row(
        make_payments(TWO_PAYMENTS[0], {**TWO_PAYMENTS[1], **key}), fitted_features
    )
    assert features["underpaid_sum_ever"] == features["instalments_count_ever"] == 2


@pytest.mark.parametrize("column", INSTALMENT_KEY[2:])
def test_a_payment_with_an_unknown_key_is_an_instalment_by_itself(
    fitted_features: FittedFeatures, column: str
) -> None:
    features = build_row(
        make_payments(*({**part, column: None} for part in TWO_PAYMENTS)), fitted_features
    )
    assert features["underpaid_sum_ever"] == features["instalments_count_ever"] == 2


def test_instalments_of_two_clients_with_equal_keys_are_separate(
    fitted_features: FittedFeatures,
) -> None:
    first, second = make_payments(TWO_PAYMENTS[0]), make_payments(TWO_PAYMENTS[1])
    together = build_matrix(fitted_features, first, second)
    assert is_bit_identical(
        together,
        np.concatenate(
            [build_matrix(fitted_features, first), build_matrix(fitted_features, second)]
        ),
    )
    assert together[:, list(CATALOGUE).index("underpaid_sum_ever")].tolist() == [1, 1]


def test_the_newest_three_instalments_include_all_their_payments(
    fitted_features: FittedFeatures,
) -> None:
    def due(number: int, *amounts: float) -> list[dict[str, Any]]:
        day = {"NUM_INSTALMENT_NUMBER": number, "DAYS_INSTALMENT": -100 + number}
        return [{**INSTALMENT, **day, "AMT_PAYMENT": amount} for amount in amounts]

    rows = [*due(1, 1.0), *due(2, 10.0, 20.0), *due(3, 100.0), *due(4, 1_000.0, 2_000.0, 3_000.0)]
    features = build_row(make_applicant_with_history(installments_payments=rows), fitted_features)
    assert features["amount_paid_sum_newest_3"] == 6_130
    assert features["amount_due_sum_newest_3"] == pytest.approx(3 * 6_948.36)


PAYMENTS = st.fixed_dictionaries({
    "NUM_INSTALMENT_NUMBER": st.sampled_from([1, 2, None]),
    "NUM_INSTALMENT_VERSION": st.sampled_from([1, 2]),
    "DAYS_INSTALMENT": st.sampled_from([-400, -20, None]),
    "DAYS_ENTRY_PAYMENT": st.sampled_from([-401, -19, None]),
    "AMT_INSTALMENT": st.sampled_from([0.3, 1e10, None]),
    "AMT_PAYMENT": st.sampled_from([0.1, 0.2, 1e10, 0.0, None]),
})  # fmt: skip


@given(st.lists(PAYMENTS, min_size=2, max_size=4))
def test_the_order_of_payments_does_not_change_a_bit(
    fitted_features: FittedFeatures, rows: list[Row]
) -> None:
    orders = [
        make_applicant_with_history(
            installments_payments=[{**row, "SK_ID_PREV": 7} for row in order]
        )
        for order in permutations(rows)
    ]
    matrix = build_matrix(fitted_features, *orders)
    assert all(is_bit_identical(row, matrix[0]) for row in matrix)


@pytest.mark.parametrize("name", sorted(INSTALMENTS.grouped_values))
def test_values_of_instalments_have_the_key_columns_as_sources(name: str) -> None:
    members = [member for member in INSTALMENTS.members.values() if member.value.name == name]
    columns = {f"{INSTALMENTS.table.name}.{column}" for column in INSTALMENT_KEY}
    assert members
    for member in members:
        assert columns <= member.feature.sources
        assert columns <= {
            f"{INSTALMENTS.table.name}.{c}" for c in COLUMNS[INSTALMENTS.table.name]
        }


@pytest.mark.parametrize("name", sorted(INSTALMENTS.grouped_values))
def test_splitting_a_payment_does_not_change_values_of_the_instalment(
    fitted_features: FittedFeatures, name: str
) -> None:
    """Two payments of half the amount give the same features as one payment."""
    halves: list[Row] = [{"AMT_PAYMENT": 3_474.18, "DAYS_ENTRY_PAYMENT": -360}] * 2
    expected = build_row(make_payments({**halves[0], "AMT_PAYMENT": 6_948.36}), fitted_features)
    features = build_row(make_payments(*halves), fitted_features)
    for member in INSTALMENTS.members.values():
        if member.value.name == name and member.statistic is not Statistic.STD:
            np.testing.assert_equal(features[member.feature.name], expected[member.feature.name])


def test_an_empty_table_has_no_groups() -> None:
    rows = DossierBatch.from_documents(
        [make_applicant_with_history(installments_payments=[])], COLUMNS
    )
    groups = RowGroups.group_by(rows.tables[INSTALMENTS.table.name], INSTALMENT_KEY)
    assert groups.has_only_single_rows
    assert groups.is_in_multi_row_group.tolist() == []
    assert groups.broadcast_sum(np.empty(0), 1.0).tolist() == []
