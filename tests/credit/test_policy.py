"""What holds of the policy whatever the numbers, and on whatever day."""

from __future__ import annotations

import math
from copy import deepcopy
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from credit.decision import Outcome
from credit.errors import ImpossibleRisk, PolicyNotInForce
from credit.policy import Policy, Rule, load_dated_values, load_policy, logit

DAY = date(2026, 6, 1)
POLICY = load_policy(DAY)
MILDEST_FIRST = [Outcome.APPROVE, Outcome.REFER, Outcome.DECLINE]

FAIR = {
    "jurisdiction": "somewhere", "attributes": ["sex"], "least_approval_ratio": 0.8,
    "most_calibration_gap": 0.2, "references": ["a law"],
}  # fmt: skip

probabilities = st.floats(0, 1)
costs = st.floats(0.01, 1_000)


def sigmoid(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def with_values(**values: Any) -> Policy:
    return POLICY.model_copy(update=values)


def dated(**values: dict[date, Any]) -> dict[str, Any]:
    """The lender's file with later values of some entries."""
    changed = deepcopy(dict(load_dated_values()))
    for name, later in values.items():
        for day, value in later.items():
            changed[name]["values"][day] = {"value": value, "reference": "minute of a test"}
    return changed


@given(probabilities, probabilities)
def test_more_risk_never_gets_a_milder_outcome(item: float, other: float) -> None:
    mild, strict = (
        MILDEST_FIRST.index(POLICY.propose_outcome(risk)) for risk in sorted([item, other])
    )
    assert mild <= strict


@given(probabilities, probabilities)
def test_more_risk_never_has_a_lower_index_nor_more_points(item: float, other: float) -> None:
    low, high = sorted([item, other])
    assert POLICY.compute_index(low) <= POLICY.compute_index(high)
    assert POLICY.compute_points(low) >= POLICY.compute_points(high)


@given(st.floats(1e-12, 1 - 1e-12), costs, costs)
@example(0.5, 10.0, 1.0)
def test_the_index_is_the_sigmoid_of_the_log_odds_over_the_thresholds(
    risk: float, missed: float, refused: float
) -> None:
    policy = with_values(missed_difficulties_cost=missed, refused_good_cost=refused)
    expected = sigmoid(logit(risk) - logit(policy.threshold))
    assert math.isclose(policy.compute_index(risk), expected, rel_tol=1e-9, abs_tol=1e-12)


@given(costs, costs)
def test_the_index_is_one_half_exactly_at_the_threshold(missed: float, refused: float) -> None:
    policy = with_values(missed_difficulties_cost=missed, refused_good_cost=refused)
    assert policy.compute_index(policy.threshold) == 0.5
    assert policy.propose_outcome(policy.threshold) is Outcome.REFER


def test_the_threshold_is_where_both_mistakes_cost_the_same() -> None:
    threshold = Fraction(1, 11)
    assert threshold * 10 == (1 - threshold) * 1
    assert POLICY.threshold == float(threshold)


@pytest.mark.parametrize("risk", [0.0, 5e-324, 1e-300, 1 - 2**-53, 1.0])
def test_the_ends_of_the_scale_are_numbers(risk: float) -> None:
    assert 0 <= POLICY.compute_index(risk) <= 1
    assert math.isfinite(POLICY.compute_points(risk))
    assert POLICY.propose_outcome(risk) is (Outcome.APPROVE if risk < 0.5 else Outcome.DECLINE)


@given(st.floats(0.001, 0.07))
def test_the_band_includes_both_its_ends(risk: float) -> None:
    low = with_values(refer_from_index=POLICY.compute_index(risk))
    assert low.propose_outcome(risk) is Outcome.REFER
    assert low.propose_outcome(risk * 0.999) is Outcome.APPROVE
    high = with_values(decline_above_index=POLICY.compute_index(1 - risk))
    assert high.propose_outcome(1 - risk) is Outcome.REFER
    assert high.propose_outcome(1 - risk * 0.999) is Outcome.DECLINE


def test_the_band_is_the_one_of_the_contract() -> None:
    assert (POLICY.refer_from_index, POLICY.decline_above_index) == (0.45, 0.55)


@given(st.floats(1e-6, 0.3))
def test_twice_the_odds_take_twenty_points_away(risk: float) -> None:
    odds = risk / (1 - risk)
    riskier = 2 * odds / (1 + 2 * odds)
    assert POLICY.compute_points(risk) - POLICY.compute_points(riskier) == pytest.approx(
        20, abs=1e-6
    )
    assert POLICY.log_odds_to_points(math.log(2)) == -20


def test_the_client_at_the_threshold_has_five_hundred_points() -> None:
    assert POLICY.compute_points(POLICY.threshold) == 500


@pytest.mark.parametrize("risk", [math.nan, -0.01, 1.01, math.inf, -math.inf])
def test_a_risk_that_is_not_a_probability_is_an_error(risk: float) -> None:
    with pytest.raises(ImpossibleRisk, match="must be a probability"):
        POLICY.propose_outcome(risk)
    with pytest.raises(ImpossibleRisk):
        POLICY.propose_outcome(risk, POLICY.rules)


@given(probabilities)
def test_the_stricter_of_the_rules_and_the_score_stands(risk: float) -> None:
    refer = Rule(code="minor", outcome="refer", bound=18)
    decline = Rule(code="income-unknown", outcome="decline")
    by_score = POLICY.propose_outcome(risk)
    declined_by_score = by_score is Outcome.DECLINE
    assert POLICY.propose_outcome(risk, (refer,)) is (
        Outcome.DECLINE if declined_by_score else Outcome.REFER
    )
    assert POLICY.propose_outcome(risk, (decline,)) is Outcome.DECLINE
    assert POLICY.propose_outcome(risk, (refer, decline)) is Outcome.DECLINE
    assert POLICY.propose_outcome(risk, (decline, refer)) is Outcome.DECLINE


def test_an_empty_form_only_meets_the_rule_on_unknown_income() -> None:
    assert [rule.code for rule in POLICY.find_applicable_rules({})] == ["income-unknown"]


def test_an_application_that_leaves_out_a_common_field_is_referred_from_december_on() -> None:
    form = {"AMT_INCOME_TOTAL": 90_000.0}
    today = load_policy(date(2026, 12, 1))
    assert today.version == "2026-12-01"
    [rule] = today.find_applicable_rules(form, ("AMT_ANNUITY",))
    assert (rule.code, rule.outcome) == ("not-stated", "refer")
    assert today.find_applicable_rules(form) == ()
    assert POLICY.find_applicable_rules(form, ("AMT_ANNUITY",)) == ()


def test_a_new_cost_holds_from_its_day_on_and_changes_the_version() -> None:
    later = dated(missed_difficulties_cost={date(2026, 7, 1): 20})
    before, after = (
        Policy.from_dated_values(day, later) for day in (date(2026, 6, 30), date(2026, 7, 1))
    )
    assert (before.missed_difficulties_cost, before.version) == (10, "2026-01-01")
    assert (after.missed_difficulties_cost, after.version) == (20, "2026-07-01")
    assert after.threshold == 1 / 21
    assert before.propose_outcome(0.07) is Outcome.APPROVE
    assert after.propose_outcome(0.07) is Outcome.DECLINE


def test_a_later_value_is_not_in_force_yet() -> None:
    far = dated(points_at_threshold={date(2030, 1, 1): 600.0})
    assert Policy.from_dated_values(DAY, far) == POLICY


def test_a_day_before_the_first_policy_names_the_first_day() -> None:
    with pytest.raises(PolicyNotInForce, match="its first is 2026-01-01"):
        load_policy(date(2025, 12, 31))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("missed_difficulties_cost", 0),
        ("refused_good_cost", -1),
        ("refer_from_index", 0.51),
        ("decline_above_index", 0.49),
        ("decline_above_index", 1.0),
        ("points_to_double_odds", 0),
        ("automation", "sometimes"),
        ("refused_good_cost", "1"),
        ("rules", [{"code": "minor", "outcome": "approve"}]),
        ("rules", [{"code": "left-handed", "outcome": "refer"}]),
        ("gates", [{"code": "101", "blocks": True, "limit": 0}]),
        ("gates", 2 * [{"code": "CRG101", "blocks": True, "limit": 0}]),
        ("fairness", [FAIR | {"least_approval_ratio": 1.2}]),
        ("fairness", [FAIR | {"attributes": ["star sign"]}]),
        ("fairness", [FAIR | {"references": []}]),
    ],
)
def test_an_invalid_policy_is_rejected(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name.partition("_")[0]):
        Policy.from_dated_values(DAY, dated(**{name: {DAY: value}}))


def test_a_rule_declared_twice_is_rejected() -> None:
    twice = [
        {"code": "minor", "outcome": outcome, "bound": 18} for outcome in ("refer", "decline")
    ]
    with pytest.raises(ValidationError, match="declared twice: minor, minor"):
        Policy.from_dated_values(DAY, dated(rules={DAY: twice}))


@pytest.mark.parametrize("code", ["minor", "instalment-above-income"])
def test_a_rule_without_its_bound_is_refused(code: str) -> None:
    with pytest.raises(ValidationError, match="bound"):
        Policy.from_dated_values(DAY, dated(rules={DAY: [{"code": code, "outcome": "refer"}]}))


def test_a_misspelt_entry_of_the_file_is_refused() -> None:
    values = dict(load_dated_values())
    values["refer_form_index"] = values.pop("refer_from_index")
    with pytest.raises(ValidationError, match="refer_form_index"):
        Policy.from_dated_values(DAY, values)


@pytest.mark.parametrize("name", load_dated_values())
def test_every_value_has_a_meaning_a_unit_and_a_reference(name: str) -> None:
    entry = load_dated_values()[name]
    assert entry["meaning"]
    assert entry["unit"]
    assert all(value["reference"] for value in entry["values"].values())


def test_sex_is_excluded_and_other_protected_attributes_are_named() -> None:
    by_name = {item.attribute: item for item in POLICY.protected}
    assert by_name["sex"].excluded
    assert by_name["sex"].columns == ("application.CODE_GENDER",)
    assert {"age", "family status", "residence"} <= by_name.keys()


def test_an_outcome_is_a_proposal_until_an_adviser_confirms_it() -> None:
    assert POLICY.automation == "advisory"


def test_every_jurisdiction_cites_its_laws_and_audits_sex_and_age() -> None:
    assert {item.jurisdiction for item in POLICY.fairness} >= {"European Union", "United States"}
    for item in POLICY.fairness:
        assert {"sex", "age"} <= set(item.attributes)
        assert item.least_approval_ratio == 0.8
        assert all(any(sign.isdigit() for sign in law) for law in item.references)


def test_the_excluded_columns_are_those_of_excluded_attributes() -> None:
    assert POLICY.excluded_columns == {"application.CODE_GENDER"}
