"""The whole way of an application, with a model that was really fitted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from credit.decision import Decision, Explanation, Outcome
from credit.errors import ImpossibleRisk
from credit.features import CATALOGUE
from credit.policy import Policy, logit
from credit.reasons import MAX_REASONS, format_value
from credit.scorer import Scorer
from credit.underwriting import ScoredDossier, explain_decision, make_decision, score_dossiers
from tests.support.example_dossiers import Dossier, make_applicant, make_applicant_without_history

NOW = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)


def explained(scorer: Scorer, policy: Policy, documents: Sequence[Dossier]) -> list[Explanation]:
    scored = score_dossiers(scorer, documents)
    contributions = scorer.predict_contributions(np.stack([one.row for one in scored]))
    return [
        explain_decision(
            make_decision(one, scorer.version, policy, "id", NOW), one.row, told, scorer, policy
        )
        for one, told in zip(scored, contributions, strict=True)
    ]


@pytest.fixture(scope="module")
def explanations(scorer: Scorer, policy: Policy, people: list[Dossier]) -> list[Explanation]:
    """Of clients of all kinds, among them one of the best and one of the worst scores."""
    best, worst = (
        make_applicant(EXT_SOURCE_1=score, EXT_SOURCE_2=score, EXT_SOURCE_3=score)
        for score in (1, 0)
    )
    return explained(scorer, policy, [*people, best, worst])


def test_a_decision_says_which_model_and_policy_took_it_and_when(
    scorer: Scorer, policy: Policy
) -> None:
    [scored] = score_dossiers(scorer, [make_applicant()])
    decision = make_decision(scored, scorer.version, policy, "an id", NOW)
    assert decision == Decision(
        decision_id="an id",
        client_id=42,
        risk=scored.risk,
        index=policy.compute_index(scored.risk),
        points=policy.compute_points(scored.risk),
        outcome=policy.propose_outcome(scored.risk),
        rules=(),
        threshold=1 / 11,
        model_version="credit-scorer:test",
        policy_version="2026-01-01",
        decided_at=NOW,
    )
    assert isinstance(decision.client_id, int)


@pytest.mark.parametrize("client", [None, 42.0])
def test_a_client_is_echoed_as_he_was_named_or_is_nobody(
    scorer: Scorer, policy: Policy, client: float | None
) -> None:
    [scored] = score_dossiers(scorer, [make_applicant(SK_ID_CURR=client)])
    told = make_decision(scored, scorer.version, policy, None, NOW)
    assert told.client_id == client
    assert told.decision_id is None


def test_the_rules_are_looked_at_before_the_score(scorer: Scorer, policy: Policy) -> None:
    safe = {f"EXT_SOURCE_{number}": 1.0 for number in (1, 2, 3)}
    people = [
        make_applicant(**safe),
        make_applicant(**safe, AMT_INCOME_TOTAL=None, DAYS_BIRTH=-6_000),
    ]
    judged = [
        make_decision(one, scorer.version, policy, None, NOW) for one in score_dossiers(scorer, people)
    ]  # fmt: skip
    assert [one.outcome for one in judged] == [Outcome.APPROVE, Outcome.REFER]
    assert judged[1].rules == ("income-unknown", "minor")


def test_a_risk_that_is_no_probability_is_not_decided(scorer: Scorer, policy: Policy) -> None:
    [scored] = score_dossiers(scorer, [make_applicant()])
    with pytest.raises(ImpossibleRisk):
        make_decision(replace(scored, risk=math.nan), scorer.version, policy, None, NOW)


def test_a_dossiers_risk_does_not_depend_on_its_neighbours(
    scorer: Scorer, people: list[Dossier]
) -> None:
    together = [one.risk for one in score_dossiers(scorer, people)]
    alone = [score_dossiers(scorer, [person])[0].risk for person in people]
    assert together == alone
    assert together[::-1] == [one.risk for one in score_dossiers(scorer, people[::-1])]
    assert len(set(together)) > len(people) / 2


def test_base_and_contributions_add_up_to_the_risk(
    explanations: list[Explanation], policy: Policy
) -> None:
    for told in explanations:
        steps = [one.log_odds for one in told.contributions]
        assert math.isclose(
            logit(told.base_risk) + math.fsum(steps), logit(told.risk), rel_tol=0, abs_tol=1e-9
        )
        points = policy.compute_points(told.base_risk) + math.fsum(
            o.points for o in told.contributions
        )
        assert points == pytest.approx(told.points, abs=1e-6)


def test_every_client_starts_from_the_same_base(explanations: list[Explanation]) -> None:
    assert len({told.base_risk for told in explanations}) == 1
    assert 0 < explanations[0].base_risk < 1


def test_every_feature_contributes_under_its_own_name_and_unit(
    explanations: list[Explanation],
) -> None:
    for told in explanations:
        assert [one.feature for one in told.contributions] == list(CATALOGUE)
        for one in told.contributions:
            feature = CATALOGUE[one.feature]
            assert (one.label, one.unit) == (feature.label, feature.unit.value)
            assert one.concept == feature.concept.name.lower()


def test_what_raises_the_risk_takes_points_away(explanations: list[Explanation]) -> None:
    for told in explanations:
        for one in told.contributions:
            assert one.points == pytest.approx(-20 / math.log(2) * one.log_odds)


def test_values_are_told_as_people_read_them(scorer: Scorer, policy: Policy) -> None:
    form = {"NAME_FAMILY_STATUS": "Widow", "EXT_SOURCE_1": None, "ORGANIZATION_TYPE": "never seen"}
    [told] = explained(scorer, policy, [make_applicant(**form)])
    values = {one.feature: one.value for one in told.contributions}
    assert values["family_status"] == "Widow"
    assert values["external_score_1"] is None
    assert values["employer_sector"] is None
    assert values["income"] == 180_000


def test_an_explanation_is_the_decision_with_what_made_it(scorer: Scorer, policy: Policy) -> None:
    [scored] = score_dossiers(scorer, [make_applicant()])
    decision = make_decision(scored, scorer.version, policy, "an id", NOW)
    [contributions] = scorer.predict_contributions(scored.row.reshape(1, -1))
    told = explain_decision(decision, scored.row, contributions, scorer, policy)
    for field in fields(Decision):
        assert getattr(told, field.name) == getattr(decision, field.name)


def test_reasons_are_at_most_four_different_things_heaviest_first(
    explanations: list[Explanation],
) -> None:
    for told in explanations:
        assert len(told.reasons) <= MAX_REASONS == 4
        assert len({reason.concept for reason in told.reasons}) == len(told.reasons)
        weights = [abs(reason.log_odds) for reason in told.reasons]
        assert weights == sorted(weights, reverse=True)
    assert any(len(told.reasons) == 4 for told in explanations)


def test_who_is_approved_hears_what_speaks_for_him_and_others_what_speaks_against(
    explanations: list[Explanation],
) -> None:
    for told in explanations:
        against = told.outcome is not Outcome.APPROVE
        assert {reason.raises for reason in told.reasons} <= {against}
        assert all((reason.log_odds > 0) == against for reason in told.reasons)
        assert all((reason.points < 0) == against for reason in told.reasons)
    assert {told.outcome for told in explanations} >= {Outcome.APPROVE, Outcome.DECLINE}


def test_no_concept_left_out_weighed_more_than_one_that_was_told(
    explanations: list[Explanation],
) -> None:
    for told in explanations:
        sign = -1 if told.outcome is Outcome.APPROVE else 1
        weights: dict[str, float] = {}
        for one in told.contributions:
            weights[one.concept] = weights.get(one.concept, 0) + sign * one.log_odds
        heaviest = sorted(weights, key=lambda concept: -weights[concept])[:MAX_REASONS]
        expected = [concept for concept in heaviest if weights[concept] > 0]
        assert [reason.concept for reason in told.reasons] == expected


def test_a_reason_names_the_feature_that_weighed_most_and_its_value(
    explanations: list[Explanation],
) -> None:
    for told in explanations:
        sign = -1 if told.outcome is Outcome.APPROVE else 1
        for reason in told.reasons:
            parts = [one for one in told.contributions if one.concept == reason.concept]
            heaviest = max(parts, key=lambda one: sign * one.log_odds)
            value = format_value(heaviest.value, CATALOGUE[heaviest.feature].unit)
            assert f"({heaviest.label.fr}\u00a0: {value.fr})" in reason.text.fr
            assert f"({heaviest.label.en}: {value.en})" in reason.text.en
            assert reason.log_odds == sum(one.log_odds for one in parts)
            assert reason.points == sum(one.points for one in parts)


def test_a_stranger_is_judged_too(scorer: Scorer, policy: Policy) -> None:
    nobody: Dossier = {"application": {}}
    for told in explained(scorer, policy, [make_applicant_without_history(), nobody]):
        assert 0 < told.risk < 1
        assert told.reasons


def test_scored_keeps_the_document_and_its_row(scorer: Scorer) -> None:
    person = make_applicant()
    [scored] = score_dossiers(scorer, [person])
    assert scored == ScoredDossier(document=person, row=scored.row, risk=scored.risk)
    assert scored.row.shape == (len(CATALOGUE),)
