"""Blends: the mean log-odds of the served model and of a challenger, on the same folds.

served model, out of fold ──┐
                            ├─► mean log-odds ──► a row of the leaderboard
challenger, out of fold ────┘
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

import numpy as np

from training.experiments.fold_runner import FoldPredictions
from training.experiments.leaderboard import SERVED_MODEL, CandidateKey
from training.model.challengers import ImbalanceStrategy


def iter_blends(
    served: FoldPredictions,
    predictions: Mapping[CandidateKey, FoldPredictions],
    names: Container[str],
) -> Iterator[tuple[CandidateKey, FoldPredictions]]:
    """Yield the blend of the served model with each candidate of some challengers.

    Candidates with class weights or SMOTE are left out: their log-odds are shifted.

    Args:
        served: Out-of-fold predictions of the served model.
        predictions: Those of the candidates, for the same clients and from the same folds.
        names: Challengers to blend with.
    """
    for (name, tuned, strategy), member in predictions.items():
        if name in names and strategy is ImbalanceStrategy.PLAIN:
            yield (f"{SERVED_MODEL} + {name}", tuned, strategy), blend_predictions(served, member)


def blend_predictions(served: FoldPredictions, member: FoldPredictions) -> FoldPredictions:
    """Average the log-odds of two models with equal weights.

    Times to fit and to predict are the sums of both; the parameters are the member's.
    """
    log_odds = (served.compute_log_odds() + member.compute_log_odds()) / 2
    return FoldPredictions(
        risks=1 / (1 + np.exp(-log_odds)),
        fit_seconds=served.fit_seconds + member.fit_seconds,
        latency_ms=served.latency_ms + member.latency_ms,
        parameters=member.parameters,
        stores_clients=served.stores_clients or member.stores_clients,
    )
