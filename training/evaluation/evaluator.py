"""Evaluate a trained model before the gates check it.

TrainedModel + TrainingSet ──► metrics, intervals, contributions, audits ──► EvaluationResult
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from credit.features import CATALOGUE
from credit.policy import Policy
from credit.scorer import ModelMetadata, Scorer
from stores.dossiers.parquet import DossierFile
from training.data.dataset import TrainingSet
from training.evaluation.champion import Champion
from training.evaluation.feature_importance import explain_sample
from training.evaluation.reference_population import build_reference_population
from training.evaluation.result import EvaluationResult
from training.evaluation.uncertainty import estimate_log_odds_deviation
from training.metrics.bootstrap import compute_metric_intervals
from training.metrics.credit_metrics import compute_calibration_by_pattern, compute_metrics
from training.metrics.fairness import audit_groups
from training.model.trainer import TrainedModel

CANDIDATE_VERSION = "candidate"
"""Version of a model that is not registered yet."""

EVALUATION_STEPS = 4
"""Steps of progress: contributions, metrics with intervals, population, audits."""


def evaluate_model(
    trained_model: TrainedModel,
    training_set: TrainingSet,
    dossiers: DossierFile,
    policy: Policy,
    *,
    champion: Champion | None,
    data_metadata: Mapping[str, Any],
    seed: int,
    progress: Callable[[int], object],
) -> EvaluationResult:
    """Evaluate a model on its out-of-fold risks.

    Args:
        trained_model: The model and its out-of-fold predictions.
        training_set: The clients it was trained on.
        dossiers: Source of the training set.
        policy: Threshold, costs and protected attributes.
        champion: The champion's risks for the same clients; None without a champion.
        data_metadata: Provenance of the data.
        seed: Seed of samples and resamples.
        progress: Called with 1 after each of `EVALUATION_STEPS` steps.
    """
    labels, risks = training_set.labels, trained_model.oof_risk
    matrix = training_set.encode(trained_model.fitted)
    explanation_sample = explain_sample(trained_model.booster, matrix, seed=seed)
    progress(1)
    metric_values = compute_metrics(labels, risks, policy)
    metric_intervals = compute_metric_intervals(labels, risks, policy, seed=seed)
    progress(1)
    reference_population = build_reference_population(
        matrix, labels, risks, trained_model.fitted.categories, explanation_sample.importance
    )
    progress(1)
    fairness_audits = audit_groups(dossiers, labels, risks, policy, seed=seed)
    progress(1)
    model_metadata = ModelMetadata(
        features=tuple(CATALOGUE),
        categories=dict(trained_model.fitted.categories.categories),
        loan_terms=trained_model.fitted.loan_terms,
        log_odds_deviation=estimate_log_odds_deviation(trained_model, training_set, seed=seed),
        commonly_stated=training_set.list_commonly_stated(policy.commonly_stated_share),
        searched_threshold=metric_values["searched_threshold"],
        metrics=metric_values
        | compute_calibration_by_pattern(*trained_model.append_masked_copies(training_set)),
        intervals=dict(metric_intervals),
        importance=explanation_sample.importance,
        population=reference_population,
        data=dict(data_metadata),
    )
    return EvaluationResult(
        policy=policy,
        training_set=training_set,
        matrix=matrix,
        trained_model=trained_model,
        scorer=Scorer(
            trained_model.booster.model_to_string(), model_metadata, version=CANDIDATE_VERSION
        ),
        explanation_sample=explanation_sample,
        dossiers=dossiers,
        champion=champion,
        audits=fairness_audits,
        seed=seed,
    )
