"""A real model, fitted quickly on made-up clients: training as it is, but for the registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from credit.dossier import Dossiers
from credit.features import CATALOGUE, COLUMNS
from credit.policy import policy_on
from credit.scorer import Facts, Scorer
from tests.crowd import crowd, difficulties
from training.data.dataset import Material, copies_of, material_of
from training.evaluation.feature_importance import explain_sample
from training.evaluation.reference_population import population
from training.metrics.credit_metrics import metrics
from training.model.trainer import PARAMETERS, Fitted, fit

SEED = 1
CLIENTS = 1_200
QUICK = {
    **PARAMETERS, "learning_rate": 0.3, "feature_fraction": 0.2, "min_child_samples": 40,
    "max_bin": 31, "bagged": 1,
}  # fmt: skip
"""A learner for a thousand clients and few seconds."""
DAY = date(2026, 6, 1)


def material(clients: int = CLIENTS, seed: int = SEED) -> Material:
    """Made-up clients, ready to learn from."""
    people = crowd(clients, seed)
    dossiers = Dossiers.of(people, COLUMNS)
    judged = material_of(dossiers, np.arange(1, clients + 1), difficulties(people, seed + 2))
    places, rng = np.arange(clients), np.random.default_rng(seed + 1)
    return replace(judged, teachers=copies_of(dossiers, judged, places, rng))


def learnt(learnable: Material) -> tuple[Fitted, Scorer]:
    """The model of some clients, and the scorer that serves it."""
    parameters = {**QUICK, "feature_fraction": 0.8}  # few of the columns tell of made-up clients
    fitted = fit(learnable, seed=SEED, progress=lambda _: None, parameters=parameters)
    matrix = learnable.encoded(fitted.categories)
    measured = metrics(learnable.labels, fitted.unseen, policy_on(DAY))
    importance = explain_sample(fitted.booster, matrix, seed=SEED).importance
    facts = Facts(
        features=tuple(CATALOGUE),
        categories=dict(fitted.categories.known),
        searched_threshold=measured["searched_threshold"],
        metrics=measured,
        importance=importance,
        population=population(
            matrix, learnable.labels, fitted.unseen, fitted.categories, importance
        ),
        data={"clients": len(learnable)},
    )
    return fitted, Scorer(fitted.booster.model_to_string(), facts, version="credit-scorer:test")
