"""An instalment paid in several payments is one instalment, though each of them is a row."""

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
from credit.features import CATALOGUE, COLUMNS, CategoryEncoder, Matrix, build
from credit.features.declaration.history_features import Statistic
from credit.features.definitions.installments_payments import INSTALMENT_KEY, INSTALMENTS
from credit.features.expressions.row_groups import RowGroups
from tests.support.bit_equality import is_bit_identical
from tests.support.example_dossiers import Dossier, Row, make_applicant_with_history

ONE: Row = {"NUM_INSTALMENT_NUMBER": 4, "SK_ID_PREV": 7, "AMT_INSTALMENT": 6_948.36}
"""An instalment; the rows of `paid` are all payments of it, unless they say otherwise."""


def paid(*payments: Row) -> Dossier:
    """Who paid one instalment so, due 400 days ago."""
    return make_applicant_with_history(
        installments_payments=[{**ONE, **payment} for payment in payments]
    )


def matrix(categories: CategoryEncoder, *people: Dossier) -> Matrix:
    return build(DossierBatch.from_documents(people, COLUMNS), categories)


def row(person: Dossier, categories: CategoryEncoder) -> Mapping[str, float]:
    return dict(zip(CATALOGUE, matrix(categories, person)[0].tolist(), strict=True))


IN_TWO = ({"AMT_PAYMENT": 1_234.57}, {"AMT_PAYMENT": 5_713.79})


def test_an_instalment_paid_in_two_payments_is_paid_in_full(categories: CategoryEncoder) -> None:
    told = row(paid(*IN_TWO), categories)
    assert told["underpaid_sum_ever"] == told["underpaid_mean_ever"] == 0
    assert told["amount_missing_max_ever"] == 0
    assert told["paid_share_min_ever"] == told["paid_share_mean_ever"] == 1


def test_what_two_payments_leave_is_missing_once(categories: CategoryEncoder) -> None:
    told = row(paid({"AMT_PAYMENT": 1_000.0}, {"AMT_PAYMENT": 948.36}), categories)
    assert told["underpaid_sum_ever"] == told["underpaid_mean_ever"] == 1
    assert told["amount_missing_sum_ever"] == told["amount_missing_max_ever"] == 5_000
    assert told["paid_share_min_ever"] == pytest.approx(1_948.36 / 6_948.36, abs=1e-6)


@pytest.mark.parametrize("missing", [0.02, 0.005, 0.0])
def test_less_than_a_cent_is_not_missing(categories: CategoryEncoder, missing: float) -> None:
    parts = [{"AMT_PAYMENT": 694.836}] * 9
    told = row(paid(*parts, {"AMT_PAYMENT": 694.836 - missing}), categories)
    assert told["underpaid_sum_ever"] == (missing > 0.01)


def test_an_instalment_paid_in_parts_counts_once(categories: CategoryEncoder) -> None:
    whole, parts = row(paid({}), categories), row(paid({}, {}, {}), categories)
    for name in ("instalments_count_ever", "amount_due_sum_ever", "amount_due_mean_ever"):
        assert parts[name] == whole[name], name
    assert whole["instalments_count_ever"] == 1
    assert parts["amount_paid_sum_ever"] == 3 * whole["amount_paid_sum_ever"]


@pytest.mark.parametrize("late", [{"DAYS_ENTRY_PAYMENT": -365}, {"DAYS_ENTRY_PAYMENT": None}])
def test_paid_late_in_part_is_late_and_late_once(categories: CategoryEncoder, late: Row) -> None:
    told = row(paid({**IN_TWO[0], **late}, IN_TWO[1]), categories)
    assert told["late_sum_ever"] == told["late_mean_ever"] == told["late_last_ever"] == 1
    assert told["amount_late_sum_ever"] == pytest.approx(6_948.36)
    assert told["very_late_sum_ever"] == told["week_late_sum_ever"] == (-365 in late.values())
    both = row(paid(*({**part, **late} for part in IN_TWO)), categories)
    assert both["late_sum_ever"] == 1
    assert both["amount_late_sum_ever"] == told["amount_late_sum_ever"]


def test_the_latest_payment_is_the_last(categories: CategoryEncoder) -> None:
    told = row(paid({"DAYS_ENTRY_PAYMENT": -390}, {"DAYS_ENTRY_PAYMENT": -370}), categories)
    assert told["days_past_due_last_ever"] == 30


@pytest.mark.parametrize("known", [0, 1])
def test_payments_are_unknown_only_where_nothing_of_the_instalment_is_known(
    categories: CategoryEncoder, known: int
) -> None:
    payments: list[Row] = [{"AMT_PAYMENT": None}, {"AMT_PAYMENT": 948.36 if known else None}]
    told = row(paid(*payments), categories)
    for name in ("amount_missing_max_ever", "underpaid_mean_ever", "paid_share_mean_ever"):
        assert math.isnan(told[name]) == (not known), name
    assert not known or told["amount_missing_max_ever"] == 6_000


ANOTHER = [
    {"SK_ID_PREV": 8}, {"NUM_INSTALMENT_NUMBER": 5}, {"NUM_INSTALMENT_VERSION": 2},
    {"DAYS_INSTALMENT": -399},
]  # fmt: skip


@pytest.mark.parametrize("said", ANOTHER)
def test_another_loan_number_plan_or_day_is_another_instalment(
    categories: CategoryEncoder, said: Row
) -> None:
    told = row(paid(IN_TWO[0], {**IN_TWO[1], **said}), categories)
    assert told["underpaid_sum_ever"] == told["instalments_count_ever"] == 2


@pytest.mark.parametrize("column", INSTALMENT_KEY[2:])
def test_a_payment_of_unknown_instalment_belongs_to_no_other(
    categories: CategoryEncoder, column: str
) -> None:
    told = row(paid(*({**part, column: None} for part in IN_TWO)), categories)
    assert told["underpaid_sum_ever"] == told["instalments_count_ever"] == 2


def test_two_clients_with_the_same_instalment_have_one_each(categories: CategoryEncoder) -> None:
    one, other = paid(IN_TWO[0]), paid(IN_TWO[1])
    together = matrix(categories, one, other)
    assert is_bit_identical(
        together, np.concatenate([matrix(categories, one), matrix(categories, other)])
    )
    assert together[:, list(CATALOGUE).index("underpaid_sum_ever")].tolist() == [1, 1]


def test_the_newest_three_are_three_instalments_with_all_their_payments(
    categories: CategoryEncoder,
) -> None:
    def due(number: int, *amounts: float) -> list[dict[str, Any]]:
        day = {"NUM_INSTALMENT_NUMBER": number, "DAYS_INSTALMENT": -100 + number}
        return [{**ONE, **day, "AMT_PAYMENT": amount} for amount in amounts]

    rows = [*due(1, 1.0), *due(2, 10.0, 20.0), *due(3, 100.0), *due(4, 1_000.0, 2_000.0, 3_000.0)]
    told = row(make_applicant_with_history(installments_payments=rows), categories)
    assert told["amount_paid_sum_newest_3"] == 6_130
    assert told["amount_due_sum_newest_3"] == pytest.approx(3 * 6_948.36)


PAYMENTS = st.fixed_dictionaries({
    "NUM_INSTALMENT_NUMBER": st.sampled_from([1, 2, None]),
    "NUM_INSTALMENT_VERSION": st.sampled_from([1, 2]),
    "DAYS_INSTALMENT": st.sampled_from([-400, -20, None]),
    "DAYS_ENTRY_PAYMENT": st.sampled_from([-401, -19, None]),
    "AMT_INSTALMENT": st.sampled_from([0.3, 1e10, None]),
    "AMT_PAYMENT": st.sampled_from([0.1, 0.2, 1e10, 0.0, None]),
})  # fmt: skip


@given(st.lists(PAYMENTS, min_size=2, max_size=4))
def test_no_order_of_payments_changes_a_bit(categories: CategoryEncoder, rows: list[Row]) -> None:
    orders = [
        make_applicant_with_history(
            installments_payments=[{**row, "SK_ID_PREV": 7} for row in order]
        )
        for order in permutations(rows)
    ]
    told = matrix(categories, *orders)
    assert all(is_bit_identical(one, told[0]) for one in told)


@pytest.mark.parametrize("name", sorted(INSTALMENTS.grouped_values))
def test_what_is_said_of_an_instalment_names_the_columns_that_tell_it(name: str) -> None:
    told = [member for member in INSTALMENTS.members.values() if member.value.name == name]
    columns = {f"{INSTALMENTS.table.name}.{column}" for column in INSTALMENT_KEY}
    assert told
    for member in told:
        assert columns <= member.feature.sources
        assert columns <= {
            f"{INSTALMENTS.table.name}.{c}" for c in COLUMNS[INSTALMENTS.table.name]
        }


@pytest.mark.parametrize("name", sorted(INSTALMENTS.grouped_values))
def test_payments_that_a_second_row_repeats_change_nothing_but_what_was_paid(
    categories: CategoryEncoder, name: str
) -> None:
    """Told twice with half the amount each, an instalment is what it was."""
    halves: list[Row] = [{"AMT_PAYMENT": 3_474.18, "DAYS_ENTRY_PAYMENT": -360}] * 2
    whole = row(paid({**halves[0], "AMT_PAYMENT": 6_948.36}), categories)
    told = row(paid(*halves), categories)
    for member in INSTALMENTS.members.values():
        if member.value.name == name and member.statistic is not Statistic.STD:
            np.testing.assert_equal(told[member.feature.name], whole[member.feature.name])


def test_nothing_is_a_part_of_no_rows() -> None:
    rows = DossierBatch.from_documents(
        [make_applicant_with_history(installments_payments=[])], COLUMNS
    )
    none = RowGroups.group_by(rows.tables[INSTALMENTS.table.name], INSTALMENT_KEY)
    assert none.has_only_single_rows
    assert none.is_in_multi_row_group.tolist() == []
    assert none.broadcast_sum(np.empty(0), 1.0).tolist() == []
