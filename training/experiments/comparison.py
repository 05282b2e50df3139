"""Compare kinds of models with the served model on the same folds.

training set ──► folds ──► challengers, untuned and tuned, per imbalance strategy ──► out-of-fold
                           └─ hyperparameters searched inside the fold ─┘               risks
                                                   calibrated on the other folds ◄───────┘
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
from training.evaluation.paired_bootstrap import BootstrapMetrics, Difference
from training.experiments.fold_runner import (
    LATENCY_SAMPLE_ROWS,
    CandidateConfig,
    FoldExperiment,
    FoldPredictions,
    measure_latency_ms,
)
from training.metrics.credit_metrics import compute_metrics
from training.model.baseline import BASELINE, BASELINE_PARAMETERS, baseline_dataset
from training.model.calibration import calibrate_out_of_fold
from training.model.challengers import CHALLENGERS, Challenger, ImbalanceStrategy
from training.model.cross_validation import split_folds
from training.model.hyperparameters import DEFAULT_PARAMETERS
from training.model.trainer import fit_model

SERVED_MODEL = "LightGBM as served"
"""Name of the model that training publishes."""

MAX_COMPARISON_CLIENTS = 20_000
"""Default limit: with more clients the copies of all challengers can exceed the memory, and a
comparison can take days."""

RISK_EPSILON = 1e-6
"""Risks are clipped to this distance from 0 and 1 before their log-odds are computed."""

CandidateKey = tuple[str, bool, ImbalanceStrategy]
"""Model name, whether it is tuned, and its imbalance strategy."""


@dataclass(frozen=True, kw_only=True)
class LeaderboardRow:
    """Out-of-fold results of one model with one imbalance strategy."""

    model: str
    tuned: bool
    balance: str
    parameters: Mapping[str, float]
    """Hyperparameters found in the first fold; every fold has its own search."""
    before: Mapping[str, float]
    """Metrics before calibration."""
    after: Mapping[str, float]
    """Metrics after Platt scaling fitted on the other folds."""
    auc: Difference
    """AUC after calibration, with its interval."""
    over_served: Difference
    """AUC minus the served model's, by paired bootstrap, after calibration."""
    fit_seconds: float
    """Mean time to fit a fold, without the search."""
    latency_ms: float
    """Median time to predict one row."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Results of the served model, the baseline and the challengers, in this order."""

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
    candidates use the same ones.

    Args:
        search_seconds: Time for all searches together; each runs at least one trial.
        progress: Called with the number of finished steps, `count_comparison_steps` in total.
        parameters: Hyperparameters of the served model.
        baseline_parameters: Hyperparameters of the baseline.
    """
    searches = folds * sum(bool(challenger.search_space) for challenger in challengers)
    challenger_predictions, fold_ids = _predict_challengers(
        training_set,
        challengers,
        seed=seed,
        folds=folds,
        search_seconds=search_seconds / max(searches, 1),
        progress=progress,
    )
    leaderboard = Leaderboard(training_set, policy, seed)
    # The first row becomes the reference of the leaderboard.
    reference_rows = [
        leaderboard.build_row(
            (name, False, ImbalanceStrategy.PLAIN),
            *_predict_as_trained(model_training_set, model_parameters, seed, folds, progress),
        )
        for name, model_training_set, model_parameters in (
            (SERVED_MODEL, training_set, parameters),
            (BASELINE, baseline_dataset(training_set), baseline_parameters),
        )
    ]
    challenger_rows = [
        leaderboard.build_row(key, _combine_folds(predictions, len(training_set)), fold_ids)
        for key, predictions in challenger_predictions.items()
    ]
    return Comparison(
        clients=len(training_set),
        features=len(training_set.features),
        folds=folds,
        seed=seed,
        rows=(*reference_rows, *challenger_rows),
    )


def _predict_challengers(
    training_set: TrainingSet,
    challengers: Sequence[Challenger],
    *,
    seed: int,
    folds: int,
    search_seconds: float,
    progress: Callable[[int], object],
) -> tuple[Mapping[CandidateKey, list[tuple[Integers, FoldPredictions]]], Floats]:
    """Fit every candidate in every fold.

    Returns:
        Validation rows and predictions per fold of each candidate, and each client's fold.
    """
    fold_ids = np.empty(len(training_set))
    predictions: dict[CandidateKey, list[tuple[Integers, FoldPredictions]]] = defaultdict(list)
    for fold_id, (train_idx, valid_idx) in enumerate(
        split_folds(training_set.labels, seed=seed, fold_count=folds)
    ):
        fold_ids[valid_idx] = fold_id
        experiment = _build_fold_experiment(training_set, train_idx, valid_idx, seed)
        for challenger in challengers:
            for candidate in experiment.iter_candidates(challenger, search_seconds):
                predictions[_make_candidate_key(candidate)].append(
                    (valid_idx, experiment.fit_and_predict(candidate))
                )
            progress(1)
    return predictions, fold_ids


def count_comparison_steps(folds: int, challengers: Sequence[Challenger] = CHALLENGERS) -> int:
    """Count the steps: challengers in every fold, and the fits of the two reference models."""
    return folds * len(challengers) + 2 * (folds + 1)


class Leaderboard:
    """Build the row of each model on the same clients; the first model is the reference."""

    def __init__(self, training_set: TrainingSet, policy: Policy, seed: int) -> None:
        self._labels = training_set.labels
        self._policy = policy
        self._seed = seed
        self._reference: BootstrapMetrics | None = None

    def build_row(
        self, key: CandidateKey, predictions: FoldPredictions, fold_ids: Floats
    ) -> LeaderboardRow:
        """Calibrate the predictions of a model and compute its metrics.

        Args:
            fold_ids: The fold in which each client was in the validation part.
        """
        clipped = np.clip(predictions.risks, RISK_EPSILON, 1 - RISK_EPSILON)
        calibrated_risks = calibrate_out_of_fold(
            np.log(clipped / (1 - clipped)), self._labels, fold_ids
        )
        bootstrap_metrics = BootstrapMetrics.from_risks(
            self._labels, calibrated_risks, self._policy, seed=self._seed
        )
        self._reference = self._reference or bootstrap_metrics
        model, tuned, balance = key
        return LeaderboardRow(
            model=model,
            tuned=tuned,
            balance=balance.value,
            parameters=predictions.parameters,
            before=compute_metrics(self._labels, predictions.risks, self._policy),
            after=compute_metrics(self._labels, calibrated_risks, self._policy),
            auc=bootstrap_metrics.estimate("auc"),
            over_served=bootstrap_metrics.difference_from(self._reference, "auc"),
            fit_seconds=predictions.fit_seconds,
            latency_ms=predictions.latency_ms,
        )


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
) -> tuple[FoldPredictions, Floats]:
    """Fit a model as training does; return its predictions and each client's validation fold."""
    started = perf_counter()
    trained_model = fit_model(
        training_set, seed=seed, progress=progress, parameters=parameters, fold_count=folds
    )
    seconds = (perf_counter() - started) / (folds + 1)
    sample_rows = training_set.encode(trained_model.fitted)[:LATENCY_SAMPLE_ROWS].astype(
        np.float64
    )
    predictions = FoldPredictions(
        risks=trained_model.oof_uncalibrated,
        fit_seconds=seconds,
        latency_ms=measure_latency_ms(
            lambda row: trained_model.booster.predict(row, num_threads=1), sample_rows
        ),
        parameters={},
    )
    return predictions, trained_model.fold


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
    )
