"""The results of a training, as the model card, the technical file and the report need them."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from credit.features import CATALOGUE
from credit.localised_text import Text
from credit.policy import Policy
from credit.scorer import ModelMetadata
from training.gates import FAILED_VERDICTS, EvaluationResult, GateFinding, Verdict, blocking_codes
from training.metrics.credit_metrics import BUSINESS_SCORE_DEFINITION
from training.metrics.decision_rates import OutcomeShare
from training.metrics.fairness import FairnessAudit
from training.reporting.concept_contributions import sum_by_concept

REPORTED_LIBRARIES = (
    "lightgbm",
    "numpy",
    "scikit-learn",
    "polars",
    "mlflow",
    "bentoml",
    "fairlearn",
)

MAX_IMPORTANCE_ENTRIES = 15
"""Concepts and features listed by importance."""

EXCLUDED_ATTRIBUTES_GATE = "CRG110"
"""The gate that checks the features for excluded attributes."""

REPORT_METRIC_LABELS = {
    "auc": "AUC",
    "gini": "Gini",
    "ks": "KS",
    "brier": "Brier score",
    "business_score": "business score",
    "cost_per_client": "cost per client at the threshold",
    "threshold_regret": "regret of the policy's threshold, cost per client",
    "calibration_in_the_large": "calibration-in-the-large, log-odds",
}
"""Out-of-fold metrics reported with an interval, and their labels."""


@dataclass(frozen=True, kw_only=True)
class ImportanceEntry:
    """The importance of a concept or a feature."""

    name: Text
    log_odds: float
    """Mean absolute contribution over clients, in log-odds."""


@dataclass(frozen=True, kw_only=True)
class TrainingSummary:
    """The results of one training."""

    run_id: str
    evaluation: EvaluationResult
    findings: tuple[GateFinding, ...]
    outcome_shares: tuple[OutcomeShare, ...]
    experiment_sections: tuple[Text, ...]
    """HTML sections of the last comparison and ablation."""

    @property
    def policy(self) -> Policy:
        return self.evaluation.policy

    @property
    def model_metadata(self) -> ModelMetadata:
        return self.evaluation.scorer.metadata

    @property
    def audits(self) -> tuple[FairnessAudit, ...]:
        return self.evaluation.audits

    @property
    def blocking_codes(self) -> tuple[str, ...]:
        return blocking_codes(self.findings)

    @property
    def failed_findings(self) -> tuple[GateFinding, ...]:
        """Return the findings that refuse the model or warn, in the order of `findings`."""
        return tuple(finding for finding in self.findings if finding.verdict in FAILED_VERDICTS)

    @property
    def warning_codes(self) -> tuple[str, ...]:
        return tuple(finding.code for finding in self.findings if finding.verdict is Verdict.WARNS)

    @property
    def excluded_attributes_message(self) -> str:
        """Return what the gate measured about features that use an excluded attribute."""
        [finding] = [
            finding for finding in self.findings if finding.code == EXCLUDED_ATTRIBUTES_GATE
        ]
        return finding.message

    @property
    def metrics_with_intervals(self) -> list[tuple[str, float, tuple[float, float]]]:
        """Return label, value and interval of each metric of `REPORT_METRIC_LABELS`."""
        metrics, intervals = self.model_metadata.metrics, self.model_metadata.intervals
        return [
            (label, metrics[name], intervals[name]) for name, label in REPORT_METRIC_LABELS.items()
        ]

    @property
    def business_score_definition(self) -> str:
        """Return the definition of the business score with the costs of this policy."""
        policy = self.policy
        return BUSINESS_SCORE_DEFINITION.format(
            missed=policy.missed_difficulties_cost, refused=policy.refused_good_cost
        )

    @property
    def top_concepts(self) -> list[ImportanceEntry]:
        """Return the most important concepts, by the sum of their features' contributions."""
        importance = sum_by_concept(self.evaluation.explanation_sample).importance
        leading = list(importance.items())[:MAX_IMPORTANCE_ENTRIES]
        return [
            ImportanceEntry(name=concept.label, log_odds=weight) for concept, weight in leading
        ]

    @property
    def top_features(self) -> list[ImportanceEntry]:
        """Return the most important features."""
        leading = sorted(self.model_metadata.importance.items(), key=lambda item: -item[1])[
            :MAX_IMPORTANCE_ENTRIES
        ]
        return [
            ImportanceEntry(name=CATALOGUE[name].label, log_odds=weight)
            for name, weight in leading
        ]

    @property
    def library_versions(self) -> Mapping[str, str]:
        """Return the installed version of Python and of each reported library."""
        python = {"Python": platform.python_version()}
        return python | {name: version(name) for name in REPORTED_LIBRARIES}

    def to_findings_dict(self) -> dict[str, Any]:
        """Return the content of `findings.json`."""
        gates = [
            {
                "code": finding.code,
                "title": finding.title,
                "verdict": finding.verdict.value,
                "message": finding.message,
                "value": finding.value,
                "interval": finding.interval,
                "limit": finding.limit,
                "what_to_do": finding.what_to_do,
            }
            for finding in self.findings
        ]
        return {"run_id": self.run_id, "refused_by": self.blocking_codes, "gates": gates}


def write_json(document: object, path: Path) -> None:
    path.write_text(json.dumps(document, indent=2) + "\n")
