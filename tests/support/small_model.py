"""Fit a real model quickly on random clients with the code of training, without the registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from credit.dossier import DossierBatch
from credit.features import CATALOGUE, COLUMNS
from credit.policy import load_policy
from credit.scorer import ModelMetadata, Scorer
from tests.support.random_dossiers import draw_labels, make_random_dossiers
from training.data.dataset import AuxiliaryRows, TrainingSet
from training.data.preparation import build_training_set, make_masked_copies
from training.evaluation.feature_importance import explain_sample
from training.evaluation.reference_population import build_reference_population
from training.metrics.credit_metrics import compute_metrics
from training.model.hyperparameters import DEFAULT_PARAMETERS
from training.model.trainer import TrainedModel, fit_model

SEED = 1
CLIENT_COUNT = 1_200
QUICK_PARAMETERS = {
    **DEFAULT_PARAMETERS, "learning_rate": 0.3, "feature_fraction": 0.2, "min_child_samples": 40,
    "max_bin": 31, "bagged": 1,
}  # fmt: skip
"""Parameters that fit about a thousand clients in a few seconds."""
TRAINING_DATE = date(2026, 6, 1)


def make_training_set(clients: int = CLIENT_COUNT, seed: int = SEED) -> TrainingSet:
    """Return a training set of random clients, with masked copies as auxiliary rows."""
    documents = make_random_dossiers(clients, seed)
    dossiers = DossierBatch.from_documents(documents, COLUMNS)
    training_set = build_training_set(
        dossiers, np.arange(1, clients + 1), draw_labels(documents, seed + 2)
    )
    rows, rng = np.arange(clients), np.random.default_rng(seed + 1)
    return replace(
        training_set,
        auxiliary=AuxiliaryRows.concat(make_masked_copies(dossiers, training_set, rows, rng)),
    )


def fit_small_model(training_set: TrainingSet) -> tuple[TrainedModel, Scorer]:
    """Fit a model and return it with the scorer that serves it."""
    # Few features are informative for random clients, so each tree needs most of them.
    parameters = {**QUICK_PARAMETERS, "feature_fraction": 0.8}
    trained_model = fit_model(
        training_set, seed=SEED, progress=lambda _: None, parameters=parameters
    )
    matrix = training_set.encode(trained_model.fitted)
    metrics = compute_metrics(
        training_set.labels, trained_model.oof_risk, load_policy(TRAINING_DATE)
    )
    importance = explain_sample(trained_model.booster, matrix, seed=SEED).importance
    metadata = ModelMetadata(
        features=tuple(CATALOGUE),
        categories=dict(trained_model.fitted.categories.categories),
        loan_terms=trained_model.fitted.loan_terms,
        searched_threshold=metrics["searched_threshold"],
        metrics=metrics,
        importance=importance,
        population=build_reference_population(
            matrix,
            training_set.labels,
            trained_model.oof_risk,
            trained_model.fitted.categories,
            importance,
        ),
        data={"clients": len(training_set)},
    )
    return trained_model, Scorer(
        trained_model.booster.model_to_string(), metadata, version="credit-scorer:test"
    )
