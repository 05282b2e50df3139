"""Feature values of an ordinary applicant, which can be verified by hand.

The applicant earns 180,000, requests a credit of 450,000 for goods of 400,000 with instalments of
22,500, is 14,600 days old, has had the present job for 1,825 days, and lives with one adult and
one child.
"""

from __future__ import annotations

import numpy as np
import pytest

from credit.dossier import DossierBatch
from credit.features import CATALOGUE, COLUMNS, CategoryEncoder, FittedFeatures, build
from tests.support.example_dossiers import Dossier, make_applicant, make_applicant_with_history

EMPTY_ENCODER = CategoryEncoder(
    {name: () for name, feature in CATALOGUE.items() if feature.is_categorical}
)
FITTED = FittedFeatures(categories=EMPTY_ENCODER)

MEAN_SCORE = (0.5 + 0.625 + 0.25) / 3

EXPECTED = {
    "income": 180_000,
    "age": 14_600,
    "time_employed": 1_825,
    "time_registered": 3_650,
    "identity_age": 2_920,
    "phone_age": 730,
    "owns_car": 1,
    "owns_home": 0,
    "employed_to_age": 0.125,
    "age_when_hired": 12_775,
    "instalment_to_income": 0.125,
    "credit_to_income": 2.5,
    "credit_to_instalment": 20,
    "goods_to_credit": 400 / 450,
    "credit_beyond_goods": 50_000,
    "goods_to_income": 400 / 180,
    "income_per_head": 60_000,
    "children_per_head": 1 / 3,
    "external_scores_known": 3,
    "external_score_mean": MEAN_SCORE,
    "external_score_weighted": (2 * 0.5 + 3 * 0.625 + 4 * 0.25) / 9,
    "external_score_lowest": 0.25,
    "external_score_highest": 0.625,
    "external_score_spread": 0.375,
    "external_score_median": 0.5,
    "external_score_product": 0.5 * 0.625 * 0.25,
    "external_score_1_times_2": 0.5 * 0.625,
    "external_score_2_times_3": 0.625 * 0.25,
    "time_employed_times_external": 1_825 * MEAN_SCORE,
    "goods_to_instalment": 400 / 22.5,
    "credit_per_head": 150_000,
    "instalment_per_head": 7_500,
    "employed_to_registered": 0.5,
    "employed_to_identity": 0.625,
    "phone_to_employed": 0.4,
    "phone_to_identity": 0.25,
    "identity_to_registered": 0.8,
    "circle_very_late_share": 0,
    "income_to_age": 4_500,
    "beyond_goods_to_income": 50 / 180,
    "income_left": 157_500,
    "income_left_per_head": 52_500,
    "age_at_end": 14_600 + 20 * 365 / 12,
    "adults": 2,
    "since_change": 730,
    "car_to_employed": 8 * 365 / 1_825,
    "addresses_apart": 2,
    "contacts_given": 4,
    "city_less_region": 0,
    "enquiries_recent_share": 1 / 3,
    "building_mean": sum(range(14)) / 14 / 16,
    "phone_to_age": 730 / 14_600,
    "identity_to_age": 2_920 / 14_600,
    "registered_to_age": 3_650 / 14_600,
    "car_to_age": 8 * 365 / 14_600,
    "documents_given": 2,
    "enquiries_total": 3,
    "building_unknown_share": 0,
    "circle_late_share": 0.25,
    # Five credits elsewhere; two are running, with 30,000 left of 90,000 and 4,500 a month.
    "other_debt_to_income": 60 / 180,
    "other_debt_to_credit": 60 / 180,
    "other_instalment_to_income": 9 / 180,
    # Two earlier credits of 48,000 at 5,000 a month, one still open, and three refusals.
    "credit_to_earlier_credit": 450 / 48,
    "instalment_to_earlier_instalment": 22.5 / 5,
    "own_instalment_to_income": 5 / 180,
    # Paid early, on the day, 35 days late, early, on the day, and not yet; two before this year.
    "days_past_due_rise": 35 / 3 - 35 / 5,
}


def test_features_have_the_values_computed_by_hand() -> None:
    features = build_row()
    offenders = {
        name: (features[name], expected)
        for name, expected in EXPECTED.items()
        if features[name] != pytest.approx(expected, rel=1e-6)
    }
    assert offenders == {}


@pytest.mark.parametrize(
    ("known", "mean", "weighted"),
    [((1, 2), 0.5625, (1 + 1.875) / 5), ((3,), 0.25, 0.25), ((), None, None)],
)
def test_external_scores_are_averaged_over_the_known_ones(
    known: tuple[int, ...], mean: float | None, weighted: float | None
) -> None:
    unknown = {f"EXT_SOURCE_{number}": None for number in {1, 2, 3} - set(known)}
    features = build_row(**unknown)
    assert features["external_scores_known"] == len(known)
    for name, expected in (("external_score_mean", mean), ("external_score_weighted", weighted)):
        if expected is None:
            assert np.isnan(features[name])
        else:
            assert features[name] == pytest.approx(expected, rel=1e-6)


def test_a_total_with_an_unknown_part_is_unknown() -> None:
    assert np.isnan(build_row(FLAG_DOCUMENT_2=None)["documents_given"])
    assert np.isnan(build_row(AMT_REQ_CREDIT_BUREAU_HOUR=None)["enquiries_total"])


def test_the_unknown_share_of_the_building_counts_its_measures() -> None:
    features = build_row(APARTMENTS_AVG=None, LANDAREA_AVG=None)
    assert features["building_unknown_share"] == pytest.approx(2 / 14)


def test_the_interest_rate_of_an_earlier_credit_is_computed_from_its_instalments() -> None:
    """48,000 paid back in 12 instalments of 5,000 costs 12,000: 24 x 12,000 / (48,000 x 13)."""
    features = build_row_with_history(previous_application=[{}])
    assert features["earlier_interest_mean_approved"] == pytest.approx(
        24 * 12 / (48 * 13), abs=1e-6
    )


def test_a_loan_without_a_number_of_instalments_has_no_term_and_no_interest_rate() -> None:
    revolving = {"CNT_PAYMENT": 0, "NAME_CONTRACT_TYPE": "Revolving loans"}
    features = build_row_with_history(previous_application=[{}, revolving])
    assert features["earlier_interest_min_approved"] == pytest.approx(
        24 * 12 / (48 * 13), abs=1e-6
    )
    assert features["earlier_term_mean_ever"] == 12
    alone = build_row_with_history(previous_application=[revolving])
    assert np.isnan(
        [alone["earlier_interest_mean_approved"], alone["earlier_term_max_ever"]]
    ).all()


def test_the_size_of_an_absent_seller_place_is_unknown() -> None:
    features = build_row_with_history(
        previous_application=[{"SELLERPLACE_AREA": -1}, {"SELLERPLACE_AREA": 40}]
    )
    assert features["earlier_seller_area_mean_approved"] == 40


def test_the_used_share_of_a_limit_includes_the_remaining_limit() -> None:
    card = {"CREDIT_TYPE": "Credit card", "CREDIT_ACTIVE": "Active", "AMT_CREDIT_SUM": 100_000.0}
    owed = {"AMT_CREDIT_SUM_DEBT": 30_000.0, "AMT_CREDIT_SUM_LIMIT": 70_000.0}
    assert build_row_with_history(bureau=[card | owed])[
        "other_limit_used_mean_active"
    ] == pytest.approx(0.3)
    full = {"AMT_CREDIT_SUM_DEBT": 100_000.0, "AMT_CREDIT_SUM_LIMIT": 0.0}
    assert build_row_with_history(bureau=[card | full])["other_limit_used_mean_active"] == 1


def test_a_year_of_months_with_another_lender_is_twelve_months() -> None:
    months = [{"MONTHS_BALANCE": -month, "STATUS": "1"} for month in range(20)]
    features = build_row_with_history(bureau=[{}], bureau_balance=months)
    late = {name: features[f"other_late_months{name}"] for name in ("_half_sum_ever", "_sum_ever")}
    assert late == {"_half_sum_ever": 6, "_sum_ever": 12}
    assert features["other_late_months_ever_sum_ever"] == 20


def build_row(**form: object) -> dict[str, float]:
    """Return the features of an ordinary applicant with these cells of the form, by name."""
    return _build_features(make_applicant(**form))


def build_row_with_history(**tables: list[dict[str, object]]) -> dict[str, float]:
    """Return the features of an ordinary applicant with these histories, by name."""
    return _build_features(make_applicant_with_history(**tables))


def _build_features(dossier: Dossier) -> dict[str, float]:
    values = build(DossierBatch.from_documents([dossier], COLUMNS), FITTED)[0]
    return dict(zip(CATALOGUE, values.tolist(), strict=True))
