"""Sentences for clients and advisers, in French and in English."""

from __future__ import annotations

import pytest

from credit.decision import Contribution, Outcome
from credit.features import CATALOGUE, Concept
from credit.localised_text import Text
from credit.reasons import list_unknown_fields, summarise_reasons
from credit.schema import Provider


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


def test_a_reason_rests_on_a_known_value() -> None:
    parts = [contribution("external_score_1", 0.5, None), contribution("external_score_2", 0.1)]
    [reason] = summarise_reasons(parts, Outcome.DECLINE)
    assert "External score 2" in reason.text.en
    assert reason.log_odds == 0.6


def test_a_reason_without_a_known_value_says_that_nothing_was_provided() -> None:
    [reason] = summarise_reasons([contribution("external_score_1", 0.5, None)], Outcome.DECLINE)
    assert reason.text.fr.endswith("(information non fournie).")
    assert reason.text.en.endswith("(information not provided).")


def test_a_known_value_that_speaks_against_the_reason_is_not_its_detail() -> None:
    parts = [contribution("external_score_1", 0.5, None), contribution("external_score_2", -0.1)]
    [reason] = summarise_reasons(parts, Outcome.DECLINE)
    assert reason.text.en.endswith("(information not provided).")


def test_unknown_fields_of_weight_are_named_with_their_provider_largest_first() -> None:
    parts = [
        contribution("external_score_3", -0.3, None),
        contribution("instalment_to_income", 0.5, None),
        contribution("instalment", 0.25, None),
        contribution("goods_price", 0.01, None),
        contribution("income", 0.7, 1_000.0),
    ]
    form = {"AMT_INCOME_TOTAL": 1_000.0, "AMT_CREDIT": 9_000.0}
    fields = list_unknown_fields(form, parts, ())
    assert [(f.field, f.stated_by, f.log_odds) for f in fields] == [
        ("AMT_ANNUITY", Provider.APPLICANT, 0.75),
        ("EXT_SOURCE_3", Provider.OUTSIDE, -0.3),
    ]
    assert fields[0].points == -22.5
    assert fields[1].label == Text("Note externe n° 3", "External score 3")


def test_a_commonly_stated_field_is_named_whatever_its_weight() -> None:
    form = {"NAME_FAMILY_STATUS": "never seen"}
    [field] = list_unknown_fields(form, [], ("NAME_FAMILY_STATUS",))
    assert (field.field, field.log_odds) == ("NAME_FAMILY_STATUS", 0)


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
