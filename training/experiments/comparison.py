"""Compare kinds of models with the served model on the same folds.

training set ──► folds ─┬─► challengers, untuned and tuned, per imbalance strategy ─► out-of-fold
                        │   └─ hyperparameters searched inside the fold ─┘             risks
                        └─► served model, baseline ──────────────────────────────────► │
                            leaderboard ◄── blends of served model and challengers ◄───┘
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from time import perf_counter
from typing import Any

import numpy as np

from credit.dossier import Floats, Integers
from credit.policy import Policy
from training.data.dataset import TrainingSet
from training.experiments.blends import iter_blends
from training.experiments.fold_runner import (
    LATENCY_SAMPLE_ROWS,
    CandidateConfig,
    FoldExperiment,
    FoldPredictions,
    measure_latency_ms,
)
from training.experiments.leaderboard import (
    SERVED_MODEL,
    CandidateKey,
    Leaderboard,
    LeaderboardRow,
)
from training.model.baseline import BASELINE, BASELINE_PARAMETERS, baseline_dataset
from training.model.challengers import CHALLENGERS, Challenger, ImbalanceStrategy
from training.model.cross_validation import split_folds
from training.model.hyperparameters import DEFAULT_PARAMETERS
from training.model.trainer import fit_model

MAX_COMPARISON_CLIENTS = 20_000
"""Default limit: with more clients the copies of all challengers can exceed the memory, and a
comparison can take days."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Results of the served model, the baseline, the challengers and the blends, in this order."""

    clients: int
    features: int
    folds: int
    seed: int
    rows: tuple[LeaderboardRow, ...]


def compare_models(
    training_set: TrainingSet,
    policy: Policy,
    *,
    seed: int,
    folds: int,
    search_seconds: float,
    progress: Callable[[int], object],
    challengers: Sequence[Challenger] = CHALLENGERS,
    parameters: Mapping[str, Any] = DEFAULT_PARAMETERS,
    baseline_parameters: Mapping[str, Any] = BASELINE_PARAMETERS,
) -> Comparison:
    """Fit the served model, the baseline and every challenger on the same folds.

    The served model and the baseline also train on copies of clients with masked histories, as in
    a training. Hyperparameters are searched without an imbalance strategy; the weighted and SMOTE
    candidates use the same ones. Blends average out-of-fold log-odds and need no further fits.

    Args:
        search_seconds: Time for all searches together; each runs at least one trial.
        progress: Called with the number of finished steps, `count_comparison_steps` in total.
        parameters: Hyperparameters of the served model.
        baseline_parameters: Hyperparameters of the baseline.
    """
    searches = folds * sum(bool(challenger.search_space) for challenger in challengers)
    predictions, fold_ids = _predict_challengers(
        training_set,
        challengers,
        seed=seed,
        folds=folds,
        search_seconds=search_seconds / max(searches, 1),
        progress=progress,
    )
    served, baseline = (
        _predict_as_trained(model_training_set, model_parameters, seed, folds, progress)
        for model_training_set, model_parameters in (
            (training_set, parameters),
            (baseline_dataset(training_set), baseline_parameters),
        )
    )
    blended_names = {challenger.name for challenger in challengers if challenger.is_blended}
    # The first row becomes the reference of the leaderboard.
    rows = {
        (SERVED_MODEL, False, ImbalanceStrategy.PLAIN): served,
        (BASELINE, False, ImbalanceStrategy.PLAIN): baseline,
        **predictions,
        **dict(iter_blends(served, predictions, blended_names)),
    }
    leaderboard = Leaderboard(training_set, policy, seed)
    return Comparison(
        clients=len(training_set),
        features=len(training_set.features),
        folds=folds,
        seed=seed,
        rows=tuple(leaderboard.build_row(key, row, fold_ids) for key, row in rows.items()),
    )


def _predict_challengers(
    training_set: TrainingSet,
    challengers: Sequence[Challenger],
    *,
    seed: int,
    folds: int,
    search_seconds: float,
    progress: Callable[[int], object],
) -> tuple[Mapping[CandidateKey, FoldPredictions], Floats]:
    """Fit every candidate in every fold.

    Returns:
        Out-of-fold predictions of each candidate, and each client's fold.
    """
    fold_ids = np.empty(len(training_set))
    by_fold: dict[CandidateKey, list[tuple[Integers, FoldPredictions]]] = defaultdict(list)
    for fold_id, (train_idx, valid_idx) in enumerate(
        split_folds(training_set.labels, seed=seed, fold_count=folds)
    ):
        fold_ids[valid_idx] = fold_id
        experiment = _build_fold_experiment(training_set, train_idx, valid_idx, seed)
        for challenger in challengers:
            for candidate in experiment.iter_candidates(challenger, search_seconds):
                by_fold[_make_candidate_key(candidate)].append(
                    (valid_idx, experiment.fit_and_predict(candidate))
                )
            progress(1)
    return {key: _combine_folds(p, len(training_set)) for key, p in by_fold.items()}, fold_ids


def count_comparison_steps(folds: int, challengers: Sequence[Challenger] = CHALLENGERS) -> int:
    """Count the steps: challengers in every fold, and the fits of the two reference models."""
    return folds * len(challengers) + 2 * (folds + 1)


def _build_fold_experiment(
    training_set: TrainingSet, train_idx: Integers, valid_idx: Integers, seed: int
) -> FoldExperiment:
    return FoldExperiment(
        features=training_set.features,
        matrix=training_set.encode(training_set.take(train_idx).fit_features()),
        labels=training_set.labels,
        train_idx=train_idx,
        valid_idx=valid_idx,
        seed=seed,
    )


def _make_candidate_key(candidate: CandidateConfig) -> CandidateKey:
    return candidate.challenger.name, candidate.tuned, candidate.imbalance_strategy


def _predict_as_trained(
    training_set: TrainingSet,
    parameters: Mapping[str, Any],
    seed: int,
    folds: int,
    progress: Callable[[int], object],
) -> FoldPredictions:
    """Fit a model as training does, on the folds of the challengers; return its predictions."""
    started = perf_counter()
    trained_model = fit_model(
        training_set, seed=seed, progress=progress, parameters=parameters, fold_count=folds
    )
    seconds = (perf_counter() - started) / (folds + 1)
    sample_rows = training_set.encode(trained_model.fitted)[:LATENCY_SAMPLE_ROWS].astype(
        np.float64
    )
    return FoldPredictions(
        risks=trained_model.oof_uncalibrated,
        fit_seconds=seconds,
        latency_ms=measure_latency_ms(
            lambda row: trained_model.booster.predict(row, num_threads=1), sample_rows
        ),
        parameters={},
    )


def _combine_folds(
    fold_predictions: Sequence[tuple[Integers, FoldPredictions]], clients: int
) -> FoldPredictions:
    """Combine the predictions of all folds as those of one model."""
    risks = np.full(clients, np.nan)
    for valid_idx, predictions in fold_predictions:
        risks[valid_idx] = predictions.risks
    return FoldPredictions(
        risks=risks,
        fit_seconds=mean(predictions.fit_seconds for _, predictions in fold_predictions),
        latency_ms=median(predictions.latency_ms for _, predictions in fold_predictions),
        parameters=fold_predictions[0][1].parameters,
        stores_clients=fold_predictions[0][1].stores_clients,
    )
