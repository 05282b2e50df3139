"""All that a training has to tell, for the model card, the technical file and the report."""

from __future__ import annotations

import json
import platform
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from credit.features import CATALOGUE
from credit.features.declaration.concepts import Concept
from credit.localised_text import Text
from credit.policy import Policy
from credit.scorer import Facts
from training.gates import FAILED, Evidence, Finding, Verdict, refusing
from training.metrics.credit_metrics import BUSINESS_SCORE
from training.metrics.decision_rates import OutcomeShare
from training.metrics.fairness import Audit

LIBRARIES = ("lightgbm", "numpy", "scikit-learn", "polars", "mlflow", "bentoml", "fairlearn")

SHOWN = 15
"""Concepts and features that lead an importance."""

EXCLUDED = "CRG110"
"""The gate that looks for excluded attributes in the features."""

MEASURES = {
    "auc": "AUC",
    "gini": "Gini",
    "ks": "KS",
    "brier": "Brier score",
    "business_score": "business score",
    "cost_per_client": "cost a client at the threshold",
    "threshold_regret": "regret of the policy's threshold, cost a client",
    "calibration_in_the_large": "calibration-in-the-large, log-odds",
}
"""The measures told with an interval, out of fold."""


@dataclass(frozen=True, kw_only=True)
class Weight:
    """How much something weighs in the model's answers."""

    name: Text
    log_odds: float
    """Mean absolute contribution, over clients."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """One training, told."""

    run_id: str
    evidence: Evidence
    findings: tuple[Finding, ...]
    shares: tuple[OutcomeShare, ...]
    studies: tuple[str, ...]
    """Sections of HTML, of comparison and ablation."""

    @property
    def policy(self) -> Policy:
        return self.evidence.policy

    @property
    def facts(self) -> Facts:
        return self.evidence.scorer.facts

    @property
    def audits(self) -> tuple[Audit, ...]:
        return self.evidence.audits

    @property
    def refused(self) -> tuple[str, ...]:
        return refusing(self.findings)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """What refuses, then what warns."""
        return tuple(one for one in self.findings if one.verdict in FAILED)

    @property
    def warned(self) -> tuple[str, ...]:
        return tuple(one.code for one in self.findings if one.verdict is Verdict.WARNS)

    @property
    def excluded(self) -> str:
        """What was found of features that rest on an excluded attribute."""
        [one] = [one for one in self.findings if one.code == EXCLUDED]
        return one.message

    @property
    def measures(self) -> list[tuple[str, float, tuple[float, float]]]:
        """Label, value and interval of what is told with one."""
        told = self.facts.metrics, self.facts.intervals
        return [(label, told[0][name], told[1][name]) for name, label in MEASURES.items()]

    @property
    def business_score(self) -> str:
        """How the business score is defined, under this policy."""
        policy = self.policy
        return BUSINESS_SCORE.format(
            missed=policy.missed_difficulties_cost, refused=policy.refused_good_cost
        )

    @property
    def concepts(self) -> list[Weight]:
        """What weighs most, by what a reason is about."""
        summed: defaultdict[Concept, float] = defaultdict(float)
        for name, weight in self.facts.importance.items():
            summed[CATALOGUE[name].concept] += weight
        leading = sorted(summed.items(), key=lambda item: -item[1])[:SHOWN]
        return [Weight(name=concept.label, log_odds=weight) for concept, weight in leading]

    @property
    def features(self) -> list[Weight]:
        """What weighs most, feature by feature."""
        leading = sorted(self.facts.importance.items(), key=lambda item: -item[1])[:SHOWN]
        return [Weight(name=CATALOGUE[name].label, log_odds=weight) for name, weight in leading]

    @property
    def libraries(self) -> Mapping[str, str]:
        python = {"Python": platform.python_version()}
        return python | {name: version(name) for name in LIBRARIES}

    def as_findings(self) -> dict[str, Any]:
        """What `findings.json` holds."""
        told = [
            {
                "code": one.code,
                "title": one.title,
                "verdict": one.verdict.value,
                "message": one.message,
                "value": one.value,
                "interval": one.interval,
                "limit": one.limit,
                "what_to_do": one.what_to_do,
            }
            for one in self.findings
        ]
        return {"run_id": self.run_id, "refused_by": self.refused, "gates": told}


def write_json(told: object, path: Path) -> None:
    path.write_text(json.dumps(told, indent=2) + "\n")
