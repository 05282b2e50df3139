"""What holds of every matrix, whatever the dossiers say."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.dossier import ALL_COLUMNS, DossierBatch
from credit.features import CATALOGUE, COLUMNS, DOSSIERS_PER_CHUNK, CategoryEncoder, Matrix, build
from credit.features.expressions.nan_arithmetic import MAX_FEATURE_MAGNITUDE
from credit.schema import HISTORIES
from tests.support.bit_equality import find_differences, is_bit_identical
from tests.support.example_dossiers import (
    Dossier,
    make_applicant,
    make_applicant_with_history,
    make_applicant_without_history,
)
from tests.support.random_dossiers import make_random_dossiers
from tests.support.strategies import SMALLEST, dossier_documents

shuffles = st.randoms(use_true_random=False)


def matrix(people: list[Dossier], categories: CategoryEncoder) -> Matrix:
    return build(DossierBatch.from_documents(people, COLUMNS), categories)


def shuffled(person: Dossier, order: random.Random) -> Dossier:
    """The same dossier, its tables, rows and cells told in another order."""
    return {name: _told_anew(table, order) for name, table in _any_order(person, order)}


def _told_anew(table: Any, order: random.Random) -> Any:
    if isinstance(table, dict):
        return dict(_any_order(table, order))
    if table is None:
        return None
    return order.sample([dict(_any_order(row, order)) for row in table], len(table))


def _any_order(told: dict[str, Any], order: random.Random) -> list[tuple[str, Any]]:
    return order.sample(list(told.items()), len(told))


@given(dossier_documents(), shuffles)
def test_the_order_of_rows_and_columns_never_matters(
    categories: CategoryEncoder, person: Dossier, order: random.Random
) -> None:
    told = matrix([person], categories)
    assert is_bit_identical(told, matrix([shuffled(person, order)], categories))


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_a_crowds_rows_never_matters(categories: CategoryEncoder, seed: int) -> None:
    people = make_random_dossiers(60, seed)
    order = random.Random(seed)  # noqa: S311 -- a shuffle keeps no secret
    mixed = [shuffled(person, order) for person in people]
    assert is_bit_identical(matrix(people, categories), matrix(mixed, categories))


def test_rows_that_agree_in_all_keys_may_come_in_any_order(categories: CategoryEncoder) -> None:
    due = {"DAYS_INSTALMENT": -99, "NUM_INSTALMENT_NUMBER": 1}
    rows = [{**due, "DAYS_ENTRY_PAYMENT": -place} for place in range(13)]
    one, other = make_applicant_with_history(installments_payments=rows), make_applicant_with_history(
        installments_payments=rows[::-1]
    )  # fmt: skip
    assert is_bit_identical(matrix([one], categories), matrix([other], categories))


@given(st.lists(dossier_documents(), min_size=2, max_size=4))
def test_a_client_gets_the_same_row_alone_and_in_a_batch(
    categories: CategoryEncoder, people: list[Dossier]
) -> None:
    alone = [matrix([person], categories) for person in people]
    assert is_bit_identical(matrix(people, categories), np.concatenate(alone))


def test_a_client_gets_the_same_row_among_few_and_among_many(
    categories: CategoryEncoder, people: list[Dossier]
) -> None:
    many = matrix(people, categories)
    for size in (1, 2, 7, 16):
        parts = [people[start : start + size] for start in range(0, len(people), size)]
        assert is_bit_identical(many, np.concatenate([matrix(part, categories) for part in parts]))


def test_a_client_gets_the_same_row_among_more_than_are_computed_at_once(
    categories: CategoryEncoder,
) -> None:
    people = make_random_dossiers(2 * DOSSIERS_PER_CHUNK + 1, seed=5)
    many = matrix(people, categories)
    assert len(many) == len(people)
    for place in (
        0,
        DOSSIERS_PER_CHUNK - 1,
        DOSSIERS_PER_CHUNK,
        2 * DOSSIERS_PER_CHUNK - 1,
        2 * DOSSIERS_PER_CHUNK,
    ):
        assert is_bit_identical(many[[place]], matrix([people[place]], categories))


def test_the_same_client_may_come_twice_in_a_batch(categories: CategoryEncoder) -> None:
    twice = matrix(
        [make_applicant(), make_applicant_without_history(), make_applicant()], categories
    )
    assert is_bit_identical(twice[0], twice[2])
    assert is_bit_identical(twice[0], matrix([make_applicant()], categories)[0])
    assert not is_bit_identical(twice[0], twice[1])


def test_nobody_gives_no_rows(categories: CategoryEncoder) -> None:
    assert matrix([], categories).shape == (0, len(CATALOGUE))


def test_unknown_is_written_in_one_way_only(categories: CategoryEncoder) -> None:
    nobody: Dossier = {"application": {}}
    rows = [one for size in (1, 2, 7, 31) for one in matrix([nobody] * size, categories)]
    assert len({one.tobytes() for one in rows}) == 1


def test_columns_that_no_feature_reads_change_nothing(categories: CategoryEncoder) -> None:
    rows = [
        {"DAYS_INSTALMENT": -99, "NUM_INSTALMENT_NUMBER": 1, "NUM_INSTALMENT_VERSION": place,
         "DAYS_ENTRY_PAYMENT": -place}
        for place in range(12)
    ]  # fmt: skip
    people = [make_applicant_with_history(installments_payments=rows)]
    all_columns = build(DossierBatch.from_documents(people, ALL_COLUMNS), categories)
    assert is_bit_identical(
        all_columns, build(DossierBatch.from_documents(people, COLUMNS), categories)
    )


@given(dossier_documents())
def test_no_cell_is_ever_infinite(categories: CategoryEncoder, person: Dossier) -> None:
    told = matrix([person], categories)
    assert told.dtype == np.float32
    assert not np.isinf(told).any()
    assert not (np.abs(told) > np.float32(MAX_FEATURE_MAGNITUDE)).any()


def test_a_ratio_over_zero_is_unknown(categories: CategoryEncoder) -> None:
    told = row(make_applicant(AMT_INCOME_TOTAL=0.0), categories)
    assert np.isnan([told["instalment_to_income"], told["other_debt_to_income"]]).all()
    assert told["income"] == 0


@pytest.mark.parametrize("tiny", [SMALLEST, 1e-300, 1e-40])
def test_a_ratio_over_next_to_nothing_is_a_number(
    categories: CategoryEncoder, tiny: float
) -> None:
    told = row(make_applicant(AMT_INCOME_TOTAL=tiny), categories)
    assert told["instalment_to_income"] == np.float32(MAX_FEATURE_MAGNITUDE)
    negative = row(make_applicant_with_history(bureau=[{"AMT_CREDIT_SUM": tiny, "AMT_CREDIT_SUM_DEBT": -1.0}]),
                   categories)  # fmt: skip
    assert negative["other_debt_share_max_active"] == np.float32(-MAX_FEATURE_MAGNITUDE)


@pytest.mark.parametrize(
    "person",
    [
        make_applicant(AMT_INCOME_TOTAL=SMALLEST),
        make_applicant_with_history(previous_application=[{"AMT_CREDIT": 1e-305}]),
    ],
)
def test_a_ratio_over_next_to_nothing_is_no_cause_of_warnings(
    categories: CategoryEncoder, person: Dossier
) -> None:
    matrix([person], categories)


def test_zero_and_minus_zero_are_as_good(categories: CategoryEncoder) -> None:
    amounts = ("AMT_INCOME_TOTAL", "AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE")
    plus, minus = (
        matrix([make_applicant(**dict.fromkeys(amounts, zero))], categories)
        for zero in (0.0, -0.0)
    )
    assert not find_differences(plus, minus).any()


def test_months_of_credits_that_are_not_there_change_nothing(categories: CategoryEncoder) -> None:
    without = make_applicant_with_history(bureau_balance=[])
    orphans = make_applicant_with_history(bureau_balance=[{"SK_ID_BUREAU": 5, "STATUS": "5"}])
    assert is_bit_identical(matrix([without], categories), matrix([orphans], categories))
    nobody = make_applicant_with_history(
        bureau=[], bureau_balance=[{"SK_ID_BUREAU": 5, "STATUS": "5"}]
    )
    assert is_bit_identical(
        matrix([make_applicant_with_history(bureau=[])], categories), matrix([nobody], categories)
    )


def test_two_clients_may_use_the_same_key_for_different_credits(
    categories: CategoryEncoder,
) -> None:
    late = make_applicant_with_history(bureau_balance=[{"STATUS": "5"}])
    punctual = make_applicant_with_history(bureau_balance=[{"STATUS": "0"}])
    told = matrix([late, punctual], categories)
    assert is_bit_identical(
        told, np.concatenate([matrix([late], categories), matrix([punctual], categories)])
    )
    worst = list(CATALOGUE).index("other_severity_max_ever")
    assert told[:, worst].tolist() == [5, 0]


def test_no_history_that_the_schema_knows_is_left_unread() -> None:
    assert COLUMNS.keys() == {"application", *HISTORIES}


def row(person: Dossier, categories: CategoryEncoder) -> dict[str, float]:
    return dict(zip(CATALOGUE, matrix([person], categories)[0].tolist(), strict=True))
