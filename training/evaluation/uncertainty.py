"""Estimate how much a score would change if the model were trained on other clients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.data.dataset import TrainingSet
from training.model.trainer import TrainedModel

MAX_CLIENTS = 1_000
"""Size of the sample; the deviation is a mean over clients and stable well before."""


def estimate_log_odds_deviation(
    trained_model: TrainedModel, training_set: TrainingSet, *, seed: int
) -> float:
    """Estimate the standard deviation of a client's log-odds over trainings.

    The delete-a-group jackknife (Kott, *The delete-a-group jackknife*, 2001): with G models,
    each trained without one fold, the variance is (G - 1) / G times the sum of squared deviations
    from their mean.

    Args:
        trained_model: Its models of the folds are compared.
        training_set: Clients to score.
        seed: Seed of the sample.
    """
    rows = np.random.default_rng(seed).permutation(len(training_set))[:MAX_CLIENTS]
    sample = replace(training_set, auxiliary=None).take(np.sort(rows))
    risks = np.array([
        np.clip(model.predict_risk(sample.encode(model.fitted)), 1e-9, 1 - 1e-9)
        for model in trained_model.fold_models
    ])  # fmt: skip
    log_odds = np.log(risks / (1 - risks))
    group_count = len(log_odds)
    squared_deviations = (log_odds - log_odds.mean(axis=0)) ** 2
    variances = (group_count - 1) / group_count * squared_deviations.sum(axis=0)
    return float(np.sqrt(variances.mean()))
