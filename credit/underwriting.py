"""Combine all steps of a decision: dossier, features, risk, policy, decision, reasons.

documents ─► score_dossiers ─► ScoredDossier ─► make_decision ─► Decision ─► explain_decision
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from credit.decision import Contribution, Decision, Explanation
from credit.dossier import Document, Floats
from credit.features import CATALOGUE, Matrix
from credit.policy import Policy
from credit.reasons import summarise_reasons
from credit.scorer import Scorer

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


def score_dossiers(scorer: Scorer, documents: Sequence[Document]) -> list[ScoredDossier]:
    """Score dossiers, in order; the risk of a dossier does not depend on the others."""
    matrix = scorer.build_features(documents)
    risks = scorer.predict_risk(matrix).tolist()
    return [
        ScoredDossier(document=document, row=row, risk=risk)
        for document, row, risk in zip(documents, matrix, risks, strict=True)
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
    rules = policy.find_applicable_rules(form)
    client_id = form.get("SK_ID_CURR")
    return Decision(
        decision_id=decision_id,
        client_id=None if client_id is None else int(client_id),
        risk=scored.risk,
        index=policy.compute_index(scored.risk),
        points=policy.compute_points(scored.risk),
        outcome=policy.propose_outcome(scored.risk, rules),
        rules=tuple(rule.code for rule in rules),
        threshold=policy.threshold,
        model_version=model_version,
        policy_version=policy.version,
        decided_at=decided_at,
    )


def explain_decision(
    decision: Decision, row: Matrix, contributions: Floats, scorer: Scorer, policy: Policy
) -> Explanation:
    """Add contributions and reasons to a decision.

    Args:
        decision: The decision to explain.
        row: The client's features, shape (features,).
        contributions: Contributions to the log-odds, shape (features + 1,), the base last.
        scorer: The model that made the contributions.
        policy: Converts log-odds to points.
    """
    points_per_log_odds = policy.log_odds_to_points(1.0)
    entries = zip(
        FEATURE_DESCRIPTIONS,
        scorer.decode_row(row).values(),
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
    )
