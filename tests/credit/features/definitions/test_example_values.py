"""What the form's features say of an ordinary applicant, in sums that can be checked by hand.

He earns 180,000, asks for 450,000 to pay for goods of 400,000 in instalments of 22,500, is 14,600
days old, has been 1,825 days in his job, and lives with two others, one of them a child.
"""

from __future__ import annotations

import numpy as np
import pytest

from credit.dossier import DossierBatch
from credit.features import CATALOGUE, COLUMNS, CategoryEncoder, build
from tests.support.example_dossiers import make_applicant, make_applicant_with_history

NO_WORDS = CategoryEncoder(
    {name: () for name, feature in CATALOGUE.items() if feature.is_categorical}
)

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
    # five credits elsewhere, two of them running with 30,000 left of 90,000 and 4,500 a month
    "other_debt_to_income": 60 / 180,
    "other_debt_to_credit": 60 / 180,
    "other_instalment_to_income": 9 / 180,
    # two earlier credits of 48,000 at 5,000 a month, one of them still open, and three refusals
    "credit_to_earlier_credit": 450 / 48,
    "instalment_to_earlier_instalment": 22.5 / 5,
    "own_instalment_to_income": 5 / 180,
    # paid early, on the day, 35 days late, early, on the day, and not yet; two before this year
    "days_past_due_rise": 35 / 3 - 35 / 5,
}


@pytest.fixture(scope="module")
def told() -> dict[str, float]:
    return row()


def row(**form: object) -> dict[str, float]:
    cells = build(DossierBatch.from_documents([make_applicant(**form)], COLUMNS), NO_WORDS)[0]
    return dict(zip(CATALOGUE, cells.tolist(), strict=True))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_feature_is_what_its_name_says(name: str, told: dict[str, float]) -> None:
    assert told[name] == pytest.approx(EXPECTED[name], rel=1e-6)


@pytest.mark.parametrize(
    ("known", "mean", "weighted"),
    [((1, 2), 0.5625, (1 + 1.875) / 5), ((3,), 0.25, 0.25), ((), None, None)],
)
def test_external_scores_are_averaged_over_those_that_are_known(
    known: tuple[int, ...], mean: float | None, weighted: float | None
) -> None:
    unknown = {f"EXT_SOURCE_{number}": None for number in {1, 2, 3} - set(known)}
    some = row(**unknown)
    assert some["external_scores_known"] == len(known)
    for name, expected in (("external_score_mean", mean), ("external_score_weighted", weighted)):
        if expected is None:
            assert np.isnan(some[name])
        else:
            assert some[name] == pytest.approx(expected, rel=1e-6)


def test_a_total_with_an_unknown_part_is_unknown() -> None:
    assert np.isnan(row(FLAG_DOCUMENT_2=None)["documents_given"])
    assert np.isnan(row(AMT_REQ_CREDIT_BUREAU_HOUR=None)["enquiries_total"])


def test_the_share_of_the_building_that_is_unknown_counts_its_measures() -> None:
    told = row(APARTMENTS_AVG=None, LANDAREA_AVG=None)
    assert told["building_unknown_share"] == pytest.approx(2 / 14)


def test_the_interest_of_an_earlier_credit_is_rebuilt_from_its_instalments() -> None:
    """48,000 paid back in 12 instalments of 5,000 costs 12,000: 24 x 12,000 / (48,000 x 13)."""
    told = history(previous_application=[{}])
    assert told["earlier_interest_mean_approved"] == pytest.approx(24 * 12 / (48 * 13), abs=1e-6)


def test_a_loan_without_a_number_of_instalments_has_neither_term_nor_interest() -> None:
    revolving = {"CNT_PAYMENT": 0, "NAME_CONTRACT_TYPE": "Revolving loans"}
    told = history(previous_application=[{}, revolving])
    assert told["earlier_interest_min_approved"] == pytest.approx(24 * 12 / (48 * 13), abs=1e-6)
    assert told["earlier_term_mean_ever"] == 12
    alone = history(previous_application=[revolving])
    assert np.isnan(
        [alone["earlier_interest_mean_approved"], alone["earlier_term_max_ever"]]
    ).all()


def test_a_place_of_sale_that_there_is_not_has_no_size() -> None:
    told = history(previous_application=[{"SELLERPLACE_AREA": -1}, {"SELLERPLACE_AREA": 40}])
    assert told["earlier_seller_area_mean_approved"] == 40


def test_the_used_share_of_a_limit_counts_what_is_left_of_it() -> None:
    card = {"CREDIT_TYPE": "Credit card", "CREDIT_ACTIVE": "Active", "AMT_CREDIT_SUM": 100_000.0}
    owed = {"AMT_CREDIT_SUM_DEBT": 30_000.0, "AMT_CREDIT_SUM_LIMIT": 70_000.0}
    assert history(bureau=[card | owed])["other_limit_used_mean_active"] == pytest.approx(0.3)
    full = {"AMT_CREDIT_SUM_DEBT": 100_000.0, "AMT_CREDIT_SUM_LIMIT": 0.0}
    assert history(bureau=[card | full])["other_limit_used_mean_active"] == 1


def test_a_year_of_months_with_another_lender_is_twelve() -> None:
    months = [{"MONTHS_BALANCE": -month, "STATUS": "1"} for month in range(20)]
    told = history(bureau=[{}], bureau_balance=months)
    late = {name: told[f"other_late_months{name}"] for name in ("_half_sum_ever", "_sum_ever")}
    assert late == {"_half_sum_ever": 6, "_sum_ever": 12}
    assert told["other_late_months_ever_sum_ever"] == 20


def history(**tables: list[dict[str, object]]) -> dict[str, float]:
    """The features of one client with these histories, by name."""
    cells = build(
        DossierBatch.from_documents([make_applicant_with_history(**tables)], COLUMNS), NO_WORDS
    )[0]
    return dict(zip(CATALOGUE, cells.tolist(), strict=True))
