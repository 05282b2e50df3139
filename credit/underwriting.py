"""The whole way of an application: dossier, features, risk, policy, decision, reasons.

documents ──► score ──► Scored ──► decide ──► Decision ──► explain ──► Explanation
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
from credit.reasons import reasons
from credit.scorer import Scorer

FEATURES = [
    (feature.name, feature.label, feature.concept.name.lower(), feature.unit.value)
    for feature in CATALOGUE.values()
]
"""Of every contribution, in order: its feature, label, concept and unit, whoever is explained."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One dossier's row of features and its risk."""

    document: Document
    row: Matrix
    """Shape (features,)."""
    risk: float


def score(scorer: Scorer, documents: Sequence[Document]) -> list[Scored]:
    """The risk of every dossier, in order; a dossier's risk does not depend on its neighbours."""
    matrix = scorer.features(documents)
    risks = scorer.risk(matrix).tolist()
    return [
        Scored(document=document, row=row, risk=risk)
        for document, row, risk in zip(documents, matrix, risks, strict=True)
    ]


def decide(
    scored: Scored, model_version: str, policy: Policy, decision_id: str | None, at: datetime
) -> Decision:
    """The decision that the policy takes on a risk."""
    form = scored.document["application"]
    rules = policy.holding(form)
    client = form.get("SK_ID_CURR")
    return Decision(
        decision_id=decision_id,
        client_id=None if client is None else int(client),
        risk=scored.risk,
        index=policy.index(scored.risk),
        points=policy.points(scored.risk),
        outcome=policy.outcome(scored.risk, rules),
        rules=tuple(rule.code for rule in rules),
        threshold=policy.threshold,
        model_version=model_version,
        policy_version=policy.version,
        decided_at=at,
    )


def explain(
    decision: Decision, row: Matrix, contributions: Floats, scorer: Scorer, policy: Policy
) -> Explanation:
    """A decision with what made it.

    Args:
        row: The client's features, shape (features,).
        contributions: The scorer's for this row, shape (features + 1,), the base last.
    """
    worth = policy.points_of(1.0)
    cells = zip(FEATURES, scorer.values(row).values(), contributions[:-1].tolist(), strict=True)
    told = tuple(
        Contribution(name, label, concept, value, unit, step, worth * step)
        for (name, label, concept, unit), value, step in cells
    )
    return Explanation(
        **{field.name: getattr(decision, field.name) for field in fields(Decision)},
        base_risk=1 / (1 + math.exp(-float(contributions[-1]))),
        contributions=told,
        reasons=reasons(told, decision.outcome),
    )
