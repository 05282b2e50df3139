"""Test that what an application leaves out never makes its outcome better."""

from __future__ import annotations

from datetime import UTC, datetime

import lightgbm as lgb
import numpy as np
import pytest

from credit.decision import Decision, Outcome
from credit.dossier import DossierBatch, Floats
from credit.features import CATALOGUE, COLUMNS, FittedFeatures, Matrix, build
from credit.policy import Policy
from credit.schema import NEVER_DAYS
from credit.scorer import Scorer
from credit.underwriting import (
    explain_decision,
    list_not_stated,
    make_decision,
    score_dossiers,
)
from tests.support.example_dossiers import make_applicant

NOW = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)
COMMON = ("AMT_CREDIT", "AMT_ANNUITY", "NAME_EDUCATION_TYPE", "DAYS_EMPLOYED")


@pytest.fixture(scope="module")
def strict_scorer(scorer: Scorer) -> Scorer:
    """Return the small model, as if nearly every training client had stated some columns."""
    metadata = scorer.metadata.model_copy(
        update={"commonly_stated": COMMON, "log_odds_deviation": 0.2}
    )
    return Scorer(scorer.model_text, metadata, version=scorer.version)


def decide(scorer: Scorer, policy: Policy, **form: object) -> Decision:
    [scored] = score_dossiers(scorer, [make_applicant(**form)], policy)
    return make_decision(scored, scorer.version, policy, None, NOW)


@pytest.mark.parametrize("column", COMMON)
def test_an_application_without_a_common_field_is_referred_and_the_field_is_named(
    strict_scorer: Scorer, policy: Policy, column: str
) -> None:
    safe = {f"EXT_SOURCE_{number}": 1.0 for number in (1, 2, 3)}
    words = {"NAME_EDUCATION_TYPE": strict_scorer.metadata.categories["education"][0]}
    complete = decide(strict_scorer, policy, **safe, **words)
    assert (complete.outcome, complete.not_stated) == (Outcome.APPROVE, ())
    incomplete = decide(strict_scorer, policy, **(safe | words | {column: None}))
    assert incomplete.outcome is Outcome.REFER
    assert incomplete.not_stated == (column,)
    assert "not-stated" in incomplete.rules


def test_a_decline_by_the_score_stays_one_without_a_common_field(
    strict_scorer: Scorer, policy: Policy
) -> None:
    risky = {f"EXT_SOURCE_{number}": 0.0 for number in (1, 2, 3)}
    assert decide(strict_scorer, policy, **risky).outcome is Outcome.DECLINE
    without_income = decide(strict_scorer, policy, **risky, AMT_INCOME_TOTAL=None)
    assert without_income.rules[0] == "income-unknown"
    assert without_income.outcome is Outcome.DECLINE


def test_an_explanation_names_unknown_fields_and_the_margin_of_the_index(
    strict_scorer: Scorer, policy: Policy
) -> None:
    [scored] = score_dossiers(strict_scorer, [make_applicant(AMT_ANNUITY=None)], policy)
    decision = make_decision(scored, strict_scorer.version, policy, None, NOW)
    [contributions] = strict_scorer.predict_contributions(scored.row[np.newaxis])
    explanation = explain_decision(decision, scored, contributions, strict_scorer, policy)
    assert "AMT_ANNUITY" in {field.field for field in explanation.unknown_fields}
    assert explanation.index_margin == policy.compute_index_margin(decision.risk, 0.2)
    assert 0 < (explanation.index_margin or 0) < 0.1


def test_the_margin_of_the_index_is_largest_at_the_cut_off(policy: Policy) -> None:
    at_threshold = policy.compute_index_margin(policy.threshold, 0.25)
    far = policy.compute_index_margin(0.01, 0.25)
    assert at_threshold == pytest.approx(0.1013, abs=1e-3)
    assert far is not None
    assert 0 < far < (at_threshold or 0)
    assert policy.compute_index_margin(0.1, None) is None


class OccupationModel:
    """A model that uses the occupation alone; to it, unknown is as safe as the average."""

    def __init__(self, fitted: FittedFeatures) -> None:
        self.fitted = fitted
        column = list(CATALOGUE).index("occupation")
        rng = np.random.default_rng(1)
        count = len(fitted.categories.categories["occupation"])
        codes = rng.integers(0, count, 4_000)
        matrix = np.zeros((4_000, len(CATALOGUE)), np.float32)
        matrix[:, column] = np.where(np.arange(4_000) % 4, codes, np.nan)
        difficult = rng.random(4_000) < np.where(codes == 0, 0.4, 0.03)
        labels = np.where(np.arange(4_000) % 4, difficult, rng.random(4_000) < 0.05)
        data = lgb.Dataset(matrix, labels.astype(float), categorical_feature=[column])
        parameters = {"objective": "binary", "verbosity": -1, "min_data_per_group": 1}
        self._booster = lgb.train({**parameters, "num_threads": 1}, data, 60)

    def predict_risk(self, features: Matrix) -> Floats:
        return np.asarray(self._booster.predict(features, num_threads=1))


@pytest.mark.parametrize(
    ("form", "named"),
    [
        ({"OCCUPATION_TYPE": None}, ("OCCUPATION_TYPE",)),
        ({"OCCUPATION_TYPE": "a word unknown to the model"}, ("OCCUPATION_TYPE",)),
        ({"OCCUPATION_TYPE": None, "DAYS_EMPLOYED": NEVER_DAYS}, ()),
    ],
)
def test_an_optional_category_is_named_where_a_known_one_would_not_be_approved(
    fitted_features: FittedFeatures, policy: Policy, form: dict[str, object], named: tuple[str]
) -> None:
    model = OccupationModel(fitted_features)
    worst, safe = fitted_features.categories.categories["occupation"][:2]
    dossiers = DossierBatch.from_documents(
        [make_applicant(**form), *(make_applicant(OCCUPATION_TYPE=w) for w in (worst, safe))],
        COLUMNS,
    )
    matrix = build(dossiers, model.fitted)
    risks = model.predict_risk(matrix)
    outcomes = [policy.propose_by_index(risk) for risk in risks]
    assert outcomes == [Outcome.APPROVE, Outcome.DECLINE, Outcome.APPROVE]
    # The employer's sector is optional, too; this model does not use it.
    assert list_not_stated(model, (), dossiers, matrix, risks, policy) == [named, (), ()]
    commonly_stated = ("AMT_CREDIT",)
    hidden = dossiers.mask_form_columns({"AMT_CREDIT": np.ones(3, np.bool_)})
    assert list_not_stated(model, commonly_stated, hidden, matrix, risks, policy) == [
        ("AMT_CREDIT", *named), ("AMT_CREDIT",), ("AMT_CREDIT",),
    ]  # fmt: skip


def test_severity_orders_outcomes() -> None:
    assert [outcome.severity for outcome in Outcome] == [0, 1, 2]
