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
from credit.reasons import MAX_REASONS
from credit.scorer import Scorer
from credit.underwriting import ScoredDossier, explain_decision, make_decision, score_dossiers
from credit.value_format import format_value
from tests.support.example_dossiers import Dossier, make_applicant, make_applicant_without_history

NOW = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)


def explained(scorer: Scorer, policy: Policy, documents: Sequence[Dossier]) -> list[Explanation]:
    scored = score_dossiers(scorer, documents, policy)
    contributions = scorer.predict_contributions(np.stack([item.row for item in scored]))
    return [
        explain_decision(
            make_decision(item, scorer.version, policy, "id", NOW),
            item,
            results,
            scorer,
            policy,
        )
        for item, results in zip(scored, contributions, strict=True)
    ]


@pytest.fixture(scope="module")
def explanations(scorer: Scorer, policy: Policy, people: list[Dossier]) -> list[Explanation]:
    """Of clients of all kinds, among them one of the best and one of the worst scores."""
    best, worst = (
        make_applicant(EXT_SOURCE_1=score, EXT_SOURCE_2=score, EXT_SOURCE_3=score)
        for score in (1, 0)
    )
    return explained(scorer, policy, [*people, best, worst])


def test_a_decision_names_its_model_policy_and_time(scorer: Scorer, policy: Policy) -> None:
    [scored] = score_dossiers(scorer, [make_applicant()], policy)
    decision = make_decision(scored, scorer.version, policy, "an id", NOW)
    assert decision == Decision(
        decision_id="an id",
        client_id=42,
        risk=scored.risk,
        index=policy.compute_index(scored.risk),
        points=policy.compute_points(scored.risk),
        outcome=policy.propose_outcome(scored.risk),
        rules=(),
        not_stated=(),
        threshold=1 / 11,
        model_version="credit-scorer:test",
        policy_version="2026-12-01",
        decided_at=NOW,
    )
    assert isinstance(decision.client_id, int)


@pytest.mark.parametrize("client", [None, 42.0])
def test_the_client_id_is_echoed_or_null(
    scorer: Scorer, policy: Policy, client: float | None
) -> None:
    [scored] = score_dossiers(scorer, [make_applicant(SK_ID_CURR=client)], policy)
    results = make_decision(scored, scorer.version, policy, None, NOW)
    assert results.client_id == client
    assert results.decision_id is None


def test_rules_come_before_the_score(scorer: Scorer, policy: Policy) -> None:
    safe = {f"EXT_SOURCE_{number}": 1.0 for number in (1, 2, 3)}
    people = [
        make_applicant(**safe),
        make_applicant(**safe, AMT_INCOME_TOTAL=None, DAYS_BIRTH=-6_000),
    ]
    decisions = [
        make_decision(scored, scorer.version, policy, None, NOW)
        for scored in score_dossiers(scorer, people, policy)
    ]
    assert [item.outcome for item in decisions] == [Outcome.APPROVE, Outcome.REFER]
    assert decisions[1].rules == ("income-unknown", "minor")


def test_no_decision_is_made_on_an_impossible_risk(scorer: Scorer, policy: Policy) -> None:
    [scored] = score_dossiers(scorer, [make_applicant()], policy)
    with pytest.raises(ImpossibleRisk):
        make_decision(replace(scored, risk=math.nan), scorer.version, policy, None, NOW)


def test_a_dossiers_risk_does_not_depend_on_its_neighbours(
    scorer: Scorer, policy: Policy, people: list[Dossier]
) -> None:
    together = [item.risk for item in score_dossiers(scorer, people, policy)]
    alone = [score_dossiers(scorer, [person], policy)[0].risk for person in people]
    assert together == alone
    assert together[::-1] == [item.risk for item in score_dossiers(scorer, people[::-1], policy)]
    assert len(set(together)) > len(people) / 2


def test_base_and_contributions_add_up_to_the_risk(
    explanations: list[Explanation], policy: Policy
) -> None:
    for results in explanations:
        steps = [item.log_odds for item in results.contributions]
        assert math.isclose(
            logit(results.base_risk) + math.fsum(steps),
            logit(results.risk),
            rel_tol=0,
            abs_tol=1e-9,
        )
        points = policy.compute_points(results.base_risk) + math.fsum(
            o.points for o in results.contributions
        )
        assert points == pytest.approx(results.points, abs=1e-6)


def test_every_client_starts_from_the_same_base(explanations: list[Explanation]) -> None:
    assert len({results.base_risk for results in explanations}) == 1
    assert 0 < explanations[0].base_risk < 1


def test_every_feature_contributes_under_its_own_name_and_unit(
    explanations: list[Explanation],
) -> None:
    for results in explanations:
        assert [item.feature for item in results.contributions] == list(CATALOGUE)
        for item in results.contributions:
            feature = CATALOGUE[item.feature]
            assert (item.label, item.unit) == (feature.label, feature.unit.value)
            assert item.concept == feature.concept.name.lower()


def test_what_raises_the_risk_takes_points_away(explanations: list[Explanation]) -> None:
    for results in explanations:
        for item in results.contributions:
            assert item.points == pytest.approx(-20 / math.log(2) * item.log_odds)


def test_values_are_decoded_for_people(scorer: Scorer, policy: Policy) -> None:
    form = {"NAME_FAMILY_STATUS": "Widow", "EXT_SOURCE_1": None, "ORGANIZATION_TYPE": "never seen"}
    [results] = explained(scorer, policy, [make_applicant(**form)])
    values = {item.feature: item.value for item in results.contributions}
    assert values["family_status"] == "Widow"
    assert values["external_score_1"] is None
    assert values["employer_sector"] is None
    assert values["income"] == 180_000


def test_an_explanation_is_the_decision_with_contributions_and_reasons(
    scorer: Scorer, policy: Policy
) -> None:
    [scored] = score_dossiers(scorer, [make_applicant()], policy)
    decision = make_decision(scored, scorer.version, policy, "an id", NOW)
    [contributions] = scorer.predict_contributions(scored.row.reshape(1, -1))
    results = explain_decision(decision, scored, contributions, scorer, policy)
    for field in fields(Decision):
        assert getattr(results, field.name) == getattr(decision, field.name)


def test_reasons_are_at_most_four_concepts_in_descending_order(
    explanations: list[Explanation],
) -> None:
    for results in explanations:
        assert len(results.reasons) <= MAX_REASONS == 4
        assert len({reason.concept for reason in results.reasons}) == len(results.reasons)
        weights = [abs(reason.log_odds) for reason in results.reasons]
        assert weights == sorted(weights, reverse=True)
    assert any(len(results.reasons) == 4 for results in explanations)


def test_reasons_lower_the_risk_of_approved_clients_and_raise_that_of_others(
    explanations: list[Explanation],
) -> None:
    for results in explanations:
        against = results.outcome is not Outcome.APPROVE
        assert {reason.raises for reason in results.reasons} <= {against}
        assert all((reason.log_odds > 0) == against for reason in results.reasons)
        assert all((reason.points < 0) == against for reason in results.reasons)
    assert {results.outcome for results in explanations} >= {Outcome.APPROVE, Outcome.DECLINE}


def test_no_omitted_concept_has_a_larger_contribution_than_a_reason(
    explanations: list[Explanation],
) -> None:
    for results in explanations:
        sign = -1 if results.outcome is Outcome.APPROVE else 1
        weights: dict[str, float] = {}
        for item in results.contributions:
            weights[item.concept] = weights.get(item.concept, 0) + sign * item.log_odds
        heaviest = sorted(weights, key=lambda concept: -weights[concept])[:MAX_REASONS]
        expected = [concept for concept in heaviest if weights[concept] > 0]
        assert [reason.concept for reason in results.reasons] == expected


def test_a_reason_names_its_largest_feature_and_its_value(
    explanations: list[Explanation],
) -> None:
    for results in explanations:
        sign = -1 if results.outcome is Outcome.APPROVE else 1
        for reason in results.reasons:
            parts = [item for item in results.contributions if item.concept == reason.concept]
            known = [i for i in parts if i.value is not None and sign * i.log_odds > 0]
            if not known:
                assert "(information not provided)" in reason.text.en
                continue
            heaviest = max(known, key=lambda item: sign * item.log_odds)
            value = format_value(heaviest.value, CATALOGUE[heaviest.feature].unit)
            assert f"({heaviest.label.fr}\u00a0: {value.fr})" in reason.text.fr
            assert f"({heaviest.label.en}: {value.en})" in reason.text.en
            assert reason.log_odds == sum(item.log_odds for item in parts)
            assert reason.points == sum(item.points for item in parts)


def test_a_client_without_history_gets_a_decision(scorer: Scorer, policy: Policy) -> None:
    no_clients: Dossier = {"application": {}}
    for results in explained(scorer, policy, [make_applicant_without_history(), no_clients]):
        assert 0 < results.risk < 1
        assert results.reasons


def test_scored_keeps_the_document_and_its_row(scorer: Scorer, policy: Policy) -> None:
    person = make_applicant()
    [scored] = score_dossiers(scorer, [person], policy)
    assert scored == ScoredDossier(
        document=person, row=scored.row, risk=scored.risk, not_stated=()
    )
    assert scored.row.shape == (len(CATALOGUE),)
