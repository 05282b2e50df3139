"""Sentences for clients and advisers, in French and in English."""

from __future__ import annotations

import pytest

from credit.decision import Contribution, Outcome
from credit.features import CATALOGUE, Concept
from credit.localised_text import Text
from credit.reasons import summarise_reasons


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


@pytest.mark.parametrize("concept", Concept, ids=lambda concept: concept.name.lower())
def test_every_concept_begins_a_sentence_and_has_a_feature(concept: Concept) -> None:
    assert concept.label.fr.startswith(("Le ", "La ", "L’"))
    assert concept.label.en[0].isupper()
    assert any(feature.concept is concept for feature in CATALOGUE.values())


def test_concepts_are_about_thirty_different_things() -> None:
    assert 25 <= len(Concept) <= 40
    assert len({concept.label.fr for concept in Concept}) == len(Concept)
    assert len({concept.label.en for concept in Concept}) == len(Concept)
