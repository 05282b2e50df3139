"""Combine all steps of a decision: dossier, features, risk, policy, decision, reasons.

documents ─► score_dossiers ─► ScoredDossier ─► make_decision ─► Decision ─► explain_decision
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Protocol

import numpy as np

from credit.decision import Contribution, Decision, Explanation, Outcome
from credit.dossier import Document, DossierBatch, Floats
from credit.features import CATALOGUE, COLUMNS, FittedFeatures, Matrix, build
from credit.features.form_completeness import list_unknown_columns
from credit.features.matrix import CATEGORICAL_FEATURES, FEATURE_INDEX
from credit.policy import Policy, Rule
from credit.reasons import list_unknown_fields, summarise_reasons
from credit.schema import APPLICATION, Provider
from credit.scorer import Scorer

RULE_COLUMNS = ("AMT_INCOME_TOTAL", "AMT_ANNUITY", "DAYS_BIRTH")
"""Columns that the policy's rules read."""

FEATURE_DESCRIPTIONS = [
    (feature.name, feature.label, feature.concept.name.lower(), feature.unit.value)
    for feature in CATALOGUE.values()
]
"""Feature, label, concept and unit of every contribution, in order; equal for all clients."""


@dataclass(frozen=True, kw_only=True)
class ScoredDossier:
    """A dossier with its row of features and its risk."""

    document: Document
    row: Matrix
    """Shape (features,)."""
    risk: float
    not_stated: tuple[str, ...]
    """Unknown columns that nearly every training client stated."""


class RiskModel(Protocol):
    """A model with the fitted features that it expects: the served one, or one of a fold."""

    @property
    def fitted(self) -> FittedFeatures:
        """Return categories, and usual terms of loans."""

    def predict_risk(self, features: Matrix) -> Floats:
        """Return the risk of clients, shape (clients,)."""


def score_dossiers(
    scorer: Scorer, documents: Sequence[Document], policy: Policy
) -> list[ScoredDossier]:
    """Score dossiers, in order; the risk of a dossier does not depend on the others."""
    dossiers = DossierBatch.from_documents(documents, COLUMNS)
    matrix = build(dossiers, scorer.fitted)
    risks = scorer.predict_risk(matrix)
    not_stated = list_not_stated(
        scorer, scorer.metadata.commonly_stated, dossiers, matrix, risks, policy
    )
    return [
        ScoredDossier(document=document, row=row, risk=risk, not_stated=columns)
        for document, row, risk, columns in zip(
            documents, matrix, risks.tolist(), not_stated, strict=True
        )
    ]


def list_not_stated(  # noqa: PLR0917 -- a batch with all that was computed from it
    model: RiskModel,
    commonly_stated: tuple[str, ...],
    dossiers: DossierBatch,
    matrix: Matrix,
    risks: Floats,
    policy: Policy,
) -> list[tuple[str, ...]]:
    """Return the unknown columns of each form that an adviser should request.

    These are the columns that nearly every training client stated, and other columns that
    applicant or lender state as a category, if one of the categories that the model knows would
    make the outcome stricter.

    Args:
        model: The model that scored the dossiers.
        commonly_stated: Columns that nearly every training client stated.
        dossiers: The dossiers.
        matrix: Their features, shape (dossiers, features).
        risks: Their risks, shape (dossiers,).
        policy: The policy in force.
    """
    not_stated = list_unknown_columns(dossiers, matrix, commonly_stated)
    optional = _list_optional_categories(commonly_stated)
    for index, columns in enumerate(list_unknown_columns(dossiers, matrix, optional)):
        outcome = policy.propose_by_index(risks[index])
        if not columns or outcome is Outcome.DECLINE:  # nothing is stricter
            continue
        not_stated[index] += tuple(
            column
            for column in columns
            if policy.propose_by_index(_find_highest_risk(model, matrix[index], column)).severity
            > outcome.severity
        )
    return not_stated


@cache
def _list_optional_categories(commonly_stated: tuple[str, ...]) -> tuple[str, ...]:
    """Return the categorical columns of applicant and lender that are not commonly stated."""
    return tuple(
        column
        for column in CATEGORICAL_FEATURES
        if column not in commonly_stated and APPLICATION[column].stated_by is not Provider.OUTSIDE
    )


def _find_highest_risk(model: RiskModel, row: Matrix, column: str) -> float:
    """Return the highest risk of a client over all known categories of a column."""
    feature = CATEGORICAL_FEATURES[column]
    category_count = len(model.fitted.categories.categories[feature])
    if not category_count:
        return 0.0
    variants = np.repeat(row[np.newaxis], category_count, axis=0)
    variants[:, FEATURE_INDEX[feature]] = np.arange(category_count)
    return float(model.predict_risk(variants).max())


def find_applicable_rules(
    dossiers: DossierBatch, not_stated: Sequence[Sequence[str]], policy: Policy
) -> list[tuple[Rule, ...]]:
    """Return the rules of the policy that apply to each dossier of a batch."""
    form = dossiers.tables[APPLICATION.name]
    columns = [form[name].tolist() for name in RULE_COLUMNS]
    return [
        policy.find_applicable_rules(
            {
                name: None if math.isnan(value) else value
                for name, value in zip(RULE_COLUMNS, values, strict=True)
            },
            unknown_columns,
        )
        for *values, unknown_columns in zip(*columns, not_stated, strict=True)
    ]


def make_decision(
    scored: ScoredDossier,
    model_version: str,
    policy: Policy,
    decision_id: str | None,
    decided_at: datetime,
) -> Decision:
    """Apply the policy to a scored dossier."""
    form = scored.document["application"]
    rules = policy.find_applicable_rules(form, scored.not_stated)
    client_id = form.get("SK_ID_CURR")
    return Decision(
        decision_id=decision_id,
        client_id=None if client_id is None else int(client_id),
        risk=scored.risk,
        index=policy.compute_index(scored.risk),
        points=policy.compute_points(scored.risk),
        outcome=policy.propose_outcome(scored.risk, rules),
        rules=tuple(rule.code for rule in rules),
        not_stated=scored.not_stated,
        threshold=policy.threshold,
        model_version=model_version,
        policy_version=policy.version,
        decided_at=decided_at,
    )


def explain_decision(
    decision: Decision,
    scored: ScoredDossier,
    contributions: Floats,
    scorer: Scorer,
    policy: Policy,
) -> Explanation:
    """Add contributions, reasons and unknown fields to a decision.

    Args:
        decision: The decision to explain.
        scored: The dossier that was decided on, with its features.
        contributions: Contributions to the log-odds, shape (features + 1,), the base last.
        scorer: The model that made the contributions.
        policy: Converts log-odds to points.
    """
    points_per_log_odds = policy.log_odds_to_points(1.0)
    entries = zip(
        FEATURE_DESCRIPTIONS,
        scorer.decode_row(scored.row).values(),
        contributions[:-1].tolist(),
        strict=True,
    )
    feature_contributions = tuple(
        Contribution(name, label, concept, value, unit, log_odds, points_per_log_odds * log_odds)
        for (name, label, concept, unit), value, log_odds in entries
    )
    return Explanation(
        **{field.name: getattr(decision, field.name) for field in fields(Decision)},
        base_risk=1 / (1 + math.exp(-float(contributions[-1]))),
        contributions=feature_contributions,
        reasons=summarise_reasons(feature_contributions, decision.outcome),
        index_margin=policy.compute_index_margin(
            decision.risk, scorer.metadata.log_odds_deviation
        ),
        unknown_fields=list_unknown_fields(
            scored.document["application"], feature_contributions, decision.not_stated
        ),
    )
