"""A real model, fitted quickly on made-up clients: training as it is, but for the registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from credit.dossier import DossierBatch
from credit.features import CATALOGUE, COLUMNS
from credit.policy import load_policy
from credit.scorer import ModelMetadata, Scorer
from tests.support.random_dossiers import draw_labels, make_random_dossiers
from training.data.dataset import TrainingSet, build_training_set, masked_copies
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
"""A learner for a thousand clients and few seconds."""
TRAINING_DATE = date(2026, 6, 1)


def make_training_set(clients: int = CLIENT_COUNT, seed: int = SEED) -> TrainingSet:
    """Made-up clients, ready to learn from."""
    people = make_random_dossiers(clients, seed)
    dossiers = DossierBatch.from_documents(people, COLUMNS)
    judged = build_training_set(dossiers, np.arange(1, clients + 1), draw_labels(people, seed + 2))
    places, rng = np.arange(clients), np.random.default_rng(seed + 1)
    return replace(judged, auxiliary=masked_copies(dossiers, judged, places, rng))


def fit_small_model(learnable: TrainingSet) -> tuple[TrainedModel, Scorer]:
    """The model of some clients, and the scorer that serves it."""
    parameters = {
        **QUICK_PARAMETERS,
        "feature_fraction": 0.8,
    }  # few of the columns tell of made-up clients
    fitted = fit_model(learnable, seed=SEED, progress=lambda _: None, parameters=parameters)
    matrix = learnable.encode(fitted.categories)
    measured = compute_metrics(learnable.labels, fitted.oof_risk, load_policy(TRAINING_DATE))
    importance = explain_sample(fitted.booster, matrix, seed=SEED).importance
    facts = ModelMetadata(
        features=tuple(CATALOGUE),
        categories=dict(fitted.categories.categories),
        searched_threshold=measured["searched_threshold"],
        metrics=measured,
        importance=importance,
        population=build_reference_population(
            matrix, learnable.labels, fitted.oof_risk, fitted.categories, importance
        ),
        data={"clients": len(learnable)},
    )
    return fitted, Scorer(fitted.booster.model_to_string(), facts, version="credit-scorer:test")
