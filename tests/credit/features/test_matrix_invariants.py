"""Properties that the feature matrix of any dossiers has."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.dossier import ALL_COLUMNS, DossierBatch
from credit.features import CATALOGUE, COLUMNS, DOSSIERS_PER_CHUNK, FittedFeatures, Matrix, build
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


def build_matrix(people: list[Dossier], fitted_features: FittedFeatures) -> Matrix:
    return build(DossierBatch.from_documents(people, COLUMNS), fitted_features)


def shuffle_dossier(dossier: Dossier, order: random.Random) -> Dossier:
    """Return the dossier with its tables, rows and columns in another order."""
    return {name: _shuffle_table(table, order) for name, table in _reorder(dossier, order)}


def _shuffle_table(table: Any, order: random.Random) -> Any:
    if isinstance(table, dict):
        return dict(_reorder(table, order))
    if table is None:
        return None
    return order.sample([dict(_reorder(row, order)) for row in table], len(table))


def _reorder(items: dict[str, Any], order: random.Random) -> list[tuple[str, Any]]:
    return order.sample(list(items.items()), len(items))


@given(dossier_documents(), shuffles)
def test_the_order_of_rows_and_columns_does_not_matter(
    fitted_features: FittedFeatures, dossier: Dossier, order: random.Random
) -> None:
    features = build_matrix([dossier], fitted_features)
    assert is_bit_identical(
        features, build_matrix([shuffle_dossier(dossier, order)], fitted_features)
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_in_a_batch_does_not_matter(
    fitted_features: FittedFeatures, seed: int
) -> None:
    people = make_random_dossiers(60, seed)
    order = random.Random(seed)  # noqa: S311 -- not used for cryptography
    mixed = [shuffle_dossier(dossier, order) for dossier in people]
    assert is_bit_identical(
        build_matrix(people, fitted_features), build_matrix(mixed, fitted_features)
    )


def test_rows_that_agree_in_all_keys_may_come_in_reorder(fitted_features: FittedFeatures) -> None:
    due = {"DAYS_INSTALMENT": -99, "NUM_INSTALMENT_NUMBER": 1}
    rows = [{**due, "DAYS_ENTRY_PAYMENT": -index} for index in range(13)]
    forward = make_applicant_with_history(installments_payments=rows)
    reverse = make_applicant_with_history(installments_payments=rows[::-1])
    assert is_bit_identical(
        build_matrix([forward], fitted_features), build_matrix([reverse], fitted_features)
    )


@given(st.lists(dossier_documents(), min_size=2, max_size=4))
def test_a_client_gets_the_same_row_alone_and_in_a_batch(
    fitted_features: FittedFeatures, people: list[Dossier]
) -> None:
    alone = [build_matrix([dossier], fitted_features) for dossier in people]
    assert is_bit_identical(build_matrix(people, fitted_features), np.concatenate(alone))


def test_a_client_gets_the_same_row_in_batches_of_any_size(
    fitted_features: FittedFeatures, people: list[Dossier]
) -> None:
    batch = build_matrix(people, fitted_features)
    for size in (1, 2, 7, 16):
        parts = [people[start : start + size] for start in range(0, len(people), size)]
        assert is_bit_identical(
            batch, np.concatenate([build_matrix(part, fitted_features) for part in parts])
        )


def test_a_client_gets_the_same_row_in_a_batch_of_several_chunks(
    fitted_features: FittedFeatures,
) -> None:
    people = make_random_dossiers(2 * DOSSIERS_PER_CHUNK + 1, seed=5)
    batch = build_matrix(people, fitted_features)
    assert len(batch) == len(people)
    for index in (
        0,
        DOSSIERS_PER_CHUNK - 1,
        DOSSIERS_PER_CHUNK,
        2 * DOSSIERS_PER_CHUNK - 1,
        2 * DOSSIERS_PER_CHUNK,
    ):
        assert is_bit_identical(batch[[index]], build_matrix([people[index]], fitted_features))


def test_a_client_may_appear_twice_in_a_batch(fitted_features: FittedFeatures) -> None:
    twice = build_matrix(
        [make_applicant(), make_applicant_without_history(), make_applicant()], fitted_features
    )
    assert is_bit_identical(twice[0], twice[2])
    assert is_bit_identical(twice[0], build_matrix([make_applicant()], fitted_features)[0])
    assert not is_bit_identical(twice[0], twice[1])


def test_an_empty_batch_gives_no_rows(fitted_features: FittedFeatures) -> None:
    assert build_matrix([], fitted_features).shape == (0, len(CATALOGUE))


def test_nan_has_one_bit_pattern(fitted_features: FittedFeatures) -> None:
    empty: Dossier = {"application": {}}
    rows = [row for size in (1, 2, 7, 31) for row in build_matrix([empty] * size, fitted_features)]
    assert len({row.tobytes() for row in rows}) == 1


def test_columns_that_no_feature_reads_change_nothing(fitted_features: FittedFeatures) -> None:
    rows = [
        {"DAYS_INSTALMENT": -99, "NUM_INSTALMENT_NUMBER": 1, "NUM_INSTALMENT_VERSION": index,
         "DAYS_ENTRY_PAYMENT": -index}
        for index in range(12)
    ]  # fmt: skip
    people = [make_applicant_with_history(installments_payments=rows)]
    all_columns = build(DossierBatch.from_documents(people, ALL_COLUMNS), fitted_features)
    assert is_bit_identical(
        all_columns, build(DossierBatch.from_documents(people, COLUMNS), fitted_features)
    )


@given(dossier_documents())
def test_no_value_is_infinite(fitted_features: FittedFeatures, dossier: Dossier) -> None:
    features = build_matrix([dossier], fitted_features)
    assert features.dtype == np.float32
    assert not np.isinf(features).any()
    assert not (np.abs(features) > np.float32(MAX_FEATURE_MAGNITUDE)).any()


def test_a_ratio_with_denominator_zero_is_unknown(fitted_features: FittedFeatures) -> None:
    features = build_row(make_applicant(AMT_INCOME_TOTAL=0.0), fitted_features)
    assert np.isnan([features["instalment_to_income"], features["other_debt_to_income"]]).all()
    assert features["income"] == 0


@pytest.mark.parametrize("tiny", [SMALLEST, 1e-300, 1e-40])
def test_a_ratio_with_a_tiny_denominator_is_clipped(
    fitted_features: FittedFeatures, tiny: float
) -> None:
    features = build_row(make_applicant(AMT_INCOME_TOTAL=tiny), fitted_features)
    assert features["instalment_to_income"] == np.float32(MAX_FEATURE_MAGNITUDE)
    credit = {"AMT_CREDIT_SUM": tiny, "AMT_CREDIT_SUM_DEBT": -1.0}
    negative = build_row(make_applicant_with_history(bureau=[credit]), fitted_features)
    assert negative["other_debt_share_max_active"] == np.float32(-MAX_FEATURE_MAGNITUDE)


@pytest.mark.parametrize(
    "dossier",
    [
        make_applicant(AMT_INCOME_TOTAL=SMALLEST),
        make_applicant_with_history(previous_application=[{"AMT_CREDIT": 1e-305}]),
    ],
)
def test_a_ratio_with_a_tiny_denominator_causes_no_warnings(
    fitted_features: FittedFeatures, dossier: Dossier
) -> None:
    build_matrix([dossier], fitted_features)


def test_zero_and_minus_zero_give_equal_features(fitted_features: FittedFeatures) -> None:
    amounts = ("AMT_INCOME_TOTAL", "AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE")
    plus, minus = (
        build_matrix([make_applicant(**dict.fromkeys(amounts, zero))], fitted_features)
        for zero in (0.0, -0.0)
    )
    assert not find_differences(plus, minus).any()


def test_months_of_absent_credits_are_ignored(fitted_features: FittedFeatures) -> None:
    without = make_applicant_with_history(bureau_balance=[])
    orphans = make_applicant_with_history(bureau_balance=[{"SK_ID_BUREAU": 5, "STATUS": "5"}])
    assert is_bit_identical(
        build_matrix([without], fitted_features), build_matrix([orphans], fitted_features)
    )
    without_credits = make_applicant_with_history(
        bureau=[], bureau_balance=[{"SK_ID_BUREAU": 5, "STATUS": "5"}]
    )
    assert is_bit_identical(
        build_matrix([make_applicant_with_history(bureau=[])], fitted_features),
        build_matrix([without_credits], fitted_features),
    )


def test_two_clients_may_use_the_same_key_for_different_credits(
    fitted_features: FittedFeatures,
) -> None:
    late = make_applicant_with_history(bureau_balance=[{"STATUS": "5"}])
    punctual = make_applicant_with_history(bureau_balance=[{"STATUS": "0"}])
    features = build_matrix([late, punctual], fitted_features)
    assert is_bit_identical(
        features,
        np.concatenate(
            [build_matrix([late], fitted_features), build_matrix([punctual], fitted_features)]
        ),
    )
    worst = list(CATALOGUE).index("other_severity_max_ever")
    assert features[:, worst].tolist() == [5, 0]


def test_features_read_every_history_of_the_schema() -> None:
    assert COLUMNS.keys() == {"application", *HISTORIES}


def build_row(dossier: Dossier, fitted_features: FittedFeatures) -> dict[str, float]:
    return dict(zip(CATALOGUE, build_matrix([dossier], fitted_features)[0].tolist(), strict=True))
