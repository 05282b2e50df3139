"""A comparison of kinds of models on the same folds, with the model that is served.

material ──► folds ──► challengers, untuned and tuned, each way of weighting ──► unseen risks
                       └─ parameters searched inside the fold ─┘                     │
                                               calibrated by the other folds ◄───────┘
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
from training.model.trainer import DEFAULT_PARAMETERS, fit_model

SERVED_MODEL = "LightGBM as served"
"""The model that training publishes, with its declared parameters."""

MAX_COMPARISON_CLIENTS = 20_000
"""Drawn where nothing else is asked for: more of them, in every challenger's copies, can outgrow a
machine's memory, and take days."""

RISK_EPSILON = 1e-6
"""Risks are kept this far from 0 and 1 before their log-odds are taken."""

CandidateKey = tuple[str, bool, ImbalanceStrategy]


@dataclass(frozen=True, kw_only=True)
class LeaderboardRow:
    """One model, weighted one way: how good it was on clients it had not seen."""

    model: str
    tuned: bool
    balance: str
    parameters: Mapping[str, float]
    """Those found in the first fold; every fold finds its own."""
    before: Mapping[str, float]
    """Every measure, before calibration."""
    after: Mapping[str, float]
    """The same after Platt scaling by the other folds."""
    auc: Difference
    """After calibration, as what follows."""
    over_served: Difference
    """AUC above the served model's, paired."""
    fit_seconds: float
    """Of a fold, on average, without the search."""
    latency_ms: float
    """Of one client's row, median."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All models beside one another: the served one, the plain one, the challengers."""

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
    """Fit the served model, the plain one and every challenger in the same folds.

    The first two learn from copies of clients with histories hidden, too, as in a training.
    Tuned parameters are searched for the plain challenger; weighted ones take them over.

    Args:
        seconds: For all searches together; each tries one set at least.
        progress: Told of `steps_of` steps.
        parameters: Of the served model.
        plain: Of the plain one.
    """
    searches = folds * sum(bool(challenger.search_space) for challenger in challengers)
    fold_ids = np.empty(len(training_set))
    predictions_by_candidate: dict[CandidateKey, list[tuple[Integers, FoldPredictions]]] = (
        defaultdict(list)
    )
    for fold_id, (train_idx, valid_idx) in enumerate(
        split_folds(training_set.labels, seed=seed, fold_count=folds)
    ):
        fold_ids[valid_idx] = fold_id
        experiment = _build_fold_experiment(training_set, train_idx, valid_idx, seed)
        for challenger in challengers:
            for candidate in experiment.iter_candidates(
                challenger, search_seconds / max(searches, 1)
            ):
                predictions_by_candidate[_make_candidate_key(candidate)].append(
                    (valid_idx, experiment.fit_and_predict(candidate))
                )
            progress(1)
    leaderboard = Leaderboard(training_set, policy, seed)
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
    combined = (
        (key, _combine_folds(fold_predictions, len(training_set)))
        for key, fold_predictions in predictions_by_candidate.items()
    )
    return Comparison(
        clients=len(training_set),
        features=len(training_set.features),
        folds=folds,
        seed=seed,
        rows=(
            *reference_rows,
            *(leaderboard.build_row(key, predictions, fold_ids) for key, predictions in combined),
        ),
    )


def count_comparison_steps(folds: int, challengers: Sequence[Challenger] = CHALLENGERS) -> int:
    """How often a comparison tells of progress."""
    return folds * len(challengers) + 2 * (folds + 1)


class Leaderboard:
    """Where models are measured alike; the first is whom the others are held against."""

    def __init__(self, training_set: TrainingSet, policy: Policy, seed: int) -> None:
        self._labels = training_set.labels
        self._policy = policy
        self._seed = seed
        self._reference: BootstrapMetrics | None = None

    def build_row(
        self, key: CandidateKey, predictions: FoldPredictions, fold_ids: Floats
    ) -> LeaderboardRow:
        """What a model is worth.

        Args:
            left_out: Which fold each client was left out of.
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
        matrix=training_set.encode(training_set.fit_categories(train_idx)),
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
    """What training's own fit answers, and which of the folds left each client out."""
    started = perf_counter()
    trained_model = fit_model(
        training_set, seed=seed, progress=progress, parameters=parameters, fold_count=folds
    )
    seconds = (perf_counter() - started) / (folds + 1)
    sample_rows = training_set.encode(trained_model.categories)[:LATENCY_SAMPLE_ROWS].astype(
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
    """The answers of all folds as those of one model."""
    risks = np.full(clients, np.nan)
    for valid_idx, predictions in fold_predictions:
        risks[valid_idx] = predictions.risks
    return FoldPredictions(
        risks=risks,
        fit_seconds=mean(predictions.fit_seconds for _, predictions in fold_predictions),
        latency_ms=median(predictions.latency_ms for _, predictions in fold_predictions),
        parameters=fold_predictions[0][1].parameters,
    )
