"""Sentences for clients and advisers, in French and in English."""

from __future__ import annotations

import pytest

from credit.decision import Contribution, Outcome
from credit.features import CATALOGUE, Concept, Unit
from credit.localised_text import Text
from credit.reasons import format_value, summarise_reasons


def contribution(feature: str, log_odds: float, value: float | str | None = 1.0) -> Contribution:
    declared = CATALOGUE[feature]
    return Contribution(
        feature=feature,
        label=declared.label,
        concept=declared.concept.name.lower(),
        value=value,
        unit=declared.unit.value,
        log_odds=log_odds,
        points=-30 * log_odds,
    )


def test_a_declined_client_gets_what_raised_the_risk() -> None:
    [reason] = summarise_reasons([contribution("income", 0.5, 202_500.0)], Outcome.DECLINE)
    assert reason.text == Text(
        "Le niveau de revenu augmente le risque estimé (Revenus\u00a0: 202\u202f500).",
        "The level of income raises the estimated risk (Income: 202,500).",
    )
    assert (reason.concept, reason.raises) == ("income", True)


def test_an_approved_client_gets_what_lowered_the_risk() -> None:
    [reason] = summarise_reasons([contribution("late_mean_ever", -0.5, 0.125)], Outcome.APPROVE)
    assert reason.text == Text(
        "La ponctualité des paiements passés diminue le risque estimé "
        "(Mensualités payées en retard ou jamais (part)\u00a0: 12,5\u00a0%).",
        "The punctuality of past payments lowers the estimated risk "
        "(Instalments paid late or never (share): 12.5%).",
    )


@pytest.mark.parametrize("outcome", [Outcome.REFER, Outcome.DECLINE])
def test_a_lowering_concept_is_no_reason_to_decline(outcome: Outcome) -> None:
    assert summarise_reasons([contribution("income", -0.5)], outcome) == ()
    assert summarise_reasons([contribution("income", 0.0)], outcome) == ()


def test_a_raising_concept_is_no_reason_to_approve() -> None:
    assert summarise_reasons([contribution("income", 0.5)], Outcome.APPROVE) == ()


def test_contributions_are_summed_by_concept() -> None:
    parts = [
        contribution("external_score_1", 0.6),
        contribution("external_score_2", -0.5),
        contribution("income", 0.2),
    ]
    results = summarise_reasons(parts, Outcome.DECLINE)
    assert [reason.concept for reason in results] == ["income", "external_scores"]
    assert results[1].log_odds == pytest.approx(0.1)
    assert "External score 1" in results[1].text.en


def test_only_the_four_largest_concepts_are_reasons() -> None:
    names = ["income", "age", "children", "owns_home", "credit", "hour"]
    parts = [contribution(name, 0.1 * index) for index, name in enumerate(names, start=1)]
    results = summarise_reasons(parts, Outcome.DECLINE)
    assert [reason.concept for reason in results] == [
        "timing",
        "credit_amount",
        "housing",
        "family",
    ]


def test_an_unknown_value_is_shown_as_not_known() -> None:
    [reason] = summarise_reasons([contribution("external_score_1", 0.5, None)], Outcome.DECLINE)
    assert reason.text.fr.endswith("(Note externe n° 1\u00a0: non connu).")
    assert reason.text.en.endswith("(External score 1: not known).")


def test_a_category_is_translated() -> None:
    [reason] = summarise_reasons([contribution("weekday", 0.5, "MONDAY")], Outcome.DECLINE)
    assert reason.text.fr.endswith(": Lundi).")
    assert reason.text.en.endswith(": Monday).")


@pytest.mark.parametrize(
    ("value", "unit", "fr", "en"),
    [
        (None, Unit.CURRENCY, "non connu", "not known"),
        (1_234_567.8, Unit.CURRENCY, "1\u202f234\u202f568", "1,234,568"),
        (-1_500.0, Unit.CURRENCY, "-1\u202f500", "-1,500"),
        (0.5, Unit.SHARE, "50\u00a0%", "50%"),
        (0.073, Unit.SHARE, "7,3\u00a0%", "7.3%"),
        (0.0, Unit.SHARE, "0\u00a0%", "0%"),
        (12.0, Unit.SHARE, "1\u202f200\u00a0%", "1,200%"),
        (0.375, Unit.RATIO, "0,38", "0.38"),
        (1_234.5, Unit.RATIO, "1\u202f234,5", "1,234.5"),
        (0.1, Unit.SCORE, "0,1", "0.1"),
        (100.0, Unit.COUNT, "100", "100"),
        (2.5, Unit.COUNT, "2,5", "2.5"),
        (20.0, Unit.MONTHS, "20\u00a0mois", "20 months"),
        (8.0, Unit.YEARS, "8\u00a0ans", "8 years"),
        (45.0, Unit.DAYS, "45\u00a0jours", "45 days"),
        (730.0, Unit.DAYS, "730\u00a0jours", "730 days"),
        (1_826.25, Unit.DAYS, "5\u00a0ans", "5 years"),
        (14_600.0, Unit.DAYS, "40\u00a0ans", "40 years"),
        (900.0, Unit.DAYS, "2,5\u00a0ans", "2.5 years"),
        (-1_000.0, Unit.DAYS, "-2,7\u00a0ans", "-2.7 years"),
        (1.0, Unit.FLAG, "oui", "yes"),
        (0.0, Unit.FLAG, "non", "no"),
        ("Married", Unit.CATEGORY, "Marié(e)", "Married"),
        ("A word of another lender", Unit.CATEGORY, *["A word of another lender"] * 2),
    ],
)
def test_a_value_is_written_as_each_language_writes_it(
    value: float | str | None, unit: Unit, fr: str, en: str
) -> None:
    assert format_value(value, unit) == Text(fr, en)


@pytest.mark.parametrize(("value", "unit"), [(-0.0, Unit.DAYS), (-0.001, Unit.RATIO)])
def test_zero_is_written_without_a_minus(value: float, unit: Unit) -> None:
    assert not format_value(value, unit).en.startswith("-")


@pytest.mark.parametrize(
    ("unit", "unique_values"),
    [(Unit.DAYS, "1 day"), (Unit.MONTHS, "1 month"), (Unit.YEARS, "1 year")],
)
def test_one_takes_the_singular(unit: Unit, unique_values: str) -> None:
    assert format_value(1.0, unit).en == unique_values


@pytest.mark.parametrize("concept", Concept, ids=lambda concept: concept.name.lower())
def test_every_concept_begins_a_sentence_and_has_a_feature(concept: Concept) -> None:
    assert concept.label.fr.startswith(("Le ", "La ", "L’"))
    assert concept.label.en[0].isupper()
    assert any(feature.concept is concept for feature in CATALOGUE.values())


def test_concepts_are_about_thirty_different_things() -> None:
    assert 25 <= len(Concept) <= 40
    assert len({concept.label.fr for concept in Concept}) == len(Concept)
    assert len({concept.label.en for concept in Concept}) == len(Concept)
