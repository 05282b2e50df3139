"""The summary of the training that the laboratory ran."""

from __future__ import annotations

import pytest

from credit.localised_text import Text
from training.gates import EvaluationResult, run_gates
from training.metrics.decision_rates import estimate_outcome_shares
from training.reporting.training_summary import TrainingSummary

STUDY = Text(
    "<section><h2>Comparaison de modèles</h2></section>",
    "<section><h2>Comparison with other kinds of models</h2></section>",
)


@pytest.fixture(scope="session")
def summary(evidence: EvaluationResult) -> TrainingSummary:
    labels, risks = evidence.training_set.labels, evidence.trained_model.oof_risk
    return TrainingSummary(
        run_id="0123456789abcdef",
        evaluation=evidence,
        findings=run_gates(evidence),
        outcome_shares=estimate_outcome_shares(labels, risks, evidence.policy, seed=0),
        experiment_sections=(STUDY,),
    )
