"""What every feature owes us. Parametrised by the catalogue: a new one is tested unasked."""

import re
from typing import Any

import numpy as np
import pytest

from credit.dossier import DossierBatch
from credit.features import (
    CATALOGUE,
    COLUMNS,
    CategoryEncoder,
    Feature,
    Matrix,
    RiskDirection,
    build,
)
from credit.features.declaration.history_features import Statistic
from credit.features.definitions.bureau import BUREAU
from credit.features.definitions.credit_card_balance import CARD
from credit.features.definitions.installments_payments import INSTALMENT_KEY, INSTALMENTS
from credit.features.definitions.pos_cash_balance import POS
from credit.features.definitions.previous_application import PREVIOUS
from credit.policy import Policy
from credit.reasons import format_value
from credit.schema import TABLES
from tests.support.bit_equality import find_differences
from tests.support.example_dossiers import Dossier, make_applicant
from tests.support.random_dossiers import make_random_dossiers

SOURCES = (BUREAU, PREVIOUS, INSTALMENTS, POS, CARD)

ROWS_COUNTED = {
    "other_credits_count_ever", "other_months_sum_ever", "other_months_mean_ever",
    "other_months_min_ever", "other_months_max_ever",
    "earlier_count_ever", "pos_months_count_ever", "card_months_count_ever",
}  # fmt: skip
"""Features that count rows, whatever stands in them."""

SHARED = {
    f"{INSTALMENTS.table.name}.{column}": {
        name
        for name, member in INSTALMENTS.members.items()
        if member.value.name in {"amount_due", "amount_late", "since_late"}
        and member.statistic in {Statistic.MIN, Statistic.MAX}
    }
    for column in INSTALMENT_KEY
}
"""Extremes of what all payments of an instalment share: the same whichever belong together."""

ORDERS = {
    "bureau.DAYS_CREDIT", "bureau.SK_ID_BUREAU", "bureau_balance.MONTHS_BALANCE",
    "bureau_balance.SK_ID_BUREAU", "previous_application.DAYS_DECISION",
    "previous_application.SK_ID_PREV", "installments_payments.DAYS_INSTALMENT",
    "installments_payments.SK_ID_PREV", "installments_payments.NUM_INSTALMENT_NUMBER",
    "installments_payments.NUM_INSTALMENT_VERSION", "installments_payments.DAYS_ENTRY_PAYMENT",
    "POS_CASH_balance.MONTHS_BALANCE", "POS_CASH_balance.SK_ID_PREV",
    "credit_card_balance.MONTHS_BALANCE", "credit_card_balance.SK_ID_PREV",
}  # fmt: skip
"""Columns that tell which rows are newest, and which credit a month belongs to."""

COLUMNS_OF_ROWS = [
    f"{table.name}.{column}" for table in TABLES.values() for column in table.columns
]

every_feature = pytest.mark.parametrize("feature", CATALOGUE.values(), ids=lambda f: f.name)


@every_feature
def test_is_named_in_snake_case(feature: Feature) -> None:
    assert re.fullmatch(r"[a-z]+[0-9]*(_[a-z0-9]+)*", feature.name)
    assert CATALOGUE[feature.name] is feature


@every_feature
def test_is_said_in_french_and_in_english(feature: Feature) -> None:
    for words in (feature.label.fr, feature.label.en, feature.concept.label.fr):
        assert re.match(r"[A-ZÀ-Ý]", words), words
        assert words == words.strip()
        assert not set(words) & set("{}_")


def test_no_two_features_are_said_in_the_same_words() -> None:
    for language in ("fr", "en"):
        labels = [getattr(feature.label, language) for feature in CATALOGUE.values()]
        assert {label for label in labels if labels.count(label) > 1} == set()


@every_feature
def test_can_be_said_with_its_unit(feature: Feature) -> None:
    assert format_value(None if feature.is_categorical else 1.5, feature.unit).fr


@every_feature
def test_rests_on_columns_of_the_schema(feature: Feature) -> None:
    assert feature.sources
    for source in feature.sources:
        table, column = source.split(".")
        assert column in TABLES[table].columns
        assert column in COLUMNS[table]


@every_feature
def test_never_rests_on_sex_nor_on_the_label(feature: Feature) -> None:
    assert not feature.sources & {"application.CODE_GENDER", "application.TARGET"}


def test_no_feature_rests_on_what_the_policy_excludes(policy: Policy) -> None:
    excluded = {column for one in policy.protected if one.excluded for column in one.columns}
    assert excluded == {"application.CODE_GENDER"}
    assert not excluded & frozenset().union(*(f.sources for f in CATALOGUE.values()))


def test_a_spread_has_no_direction_of_risk() -> None:
    spreads = [
        m for s in SOURCES for m in s.members.values() if m.statistic is Statistic.STD
    ]  # fmt: skip
    assert spreads
    assert {spread.feature.risk for spread in spreads} == {RiskDirection.FREE}


@pytest.fixture(scope="module")
def neighbours() -> list[Dossier]:
    return make_random_dossiers(200, seed=5)


@pytest.fixture(scope="module")
def before(neighbours: list[Dossier], categories: CategoryEncoder) -> Matrix:
    return build(DossierBatch.from_documents(neighbours, COLUMNS), categories)


@pytest.mark.parametrize("source", COLUMNS_OF_ROWS)
def test_moves_with_the_columns_it_names_and_with_no_other(
    source: str, neighbours: list[Dossier], before: Matrix, categories: CategoryEncoder
) -> None:
    after = build(DossierBatch.from_documents(_shuffled(neighbours, source), COLUMNS), categories)
    moved = {
        name
        for name, differs in zip(CATALOGUE, find_differences(before, after), strict=True)
        if differs
    }
    naming = {name for name, feature in CATALOGUE.items() if source in feature.sources}
    assert naming - ROWS_COUNTED - SHARED.get(source, set()) <= moved
    assert moved <= naming or source in ORDERS


def test_unknown_words_aside_a_row_holds_a_number_for_an_ordinary_applicant(
    categories: CategoryEncoder,
) -> None:
    row = build(DossierBatch.from_documents([make_applicant()]), categories)[0]
    unknown = {name for name, cell in zip(CATALOGUE, row, strict=True) if np.isnan(cell)}
    assert {name for name in unknown if not CATALOGUE[name].is_categorical} == set()


def _shuffled(people: list[Dossier], source: str) -> list[Dossier]:
    """The same dossiers with the cells of one column dealt out anew among all rows."""
    table, column = source.split(".")
    changed = [{**person, table: copied(person[table])} for person in people]
    rows = [
        row
        for person in changed
        for row in ([person[table]] if table == "application" else person[table] or ())
    ]
    cells = [row[column] for row in rows]
    for row, place in zip(rows, np.random.default_rng(9).permutation(len(rows)), strict=True):
        row[column] = cells[place]
    return changed


def copied(table: Any) -> Any:
    if isinstance(table, dict):
        return dict(table)
    return table and [dict(row) for row in table]
