"""One fold of a comparison: fit challengers on its training part, predict its validation part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import optuna
from imblearn.pipeline import Pipeline
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from credit.dossier import Floats, Integers
from credit.features import Feature, Matrix
from training.data.dataset import Labels
from training.model.challengers import MODEL_STEP, Challenger, ImbalanceStrategy
from training.model.search_space import suggest_parameters

LATENCY_SAMPLE_ROWS = 20
"""Rows predicted one by one to measure the latency."""

RISK_EPSILON = 1e-6
"""Risks are clipped to this distance from 0 and 1 before their log-odds are computed."""

MAX_SEARCH_TRIALS = 20
"""Trials of a hyperparameter search inside a fold."""

SEARCH_VALIDATION_SHARE = 0.25
"""Share of a fold's training clients that validate its hyperparameter search."""


@dataclass(frozen=True, kw_only=True)
class CandidateConfig:
    """A challenger, tuned or not, with one imbalance strategy."""

    challenger: Challenger
    tuned: bool
    imbalance_strategy: ImbalanceStrategy
    parameters: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class FoldPredictions:
    """Predictions for clients that the model was not trained on."""

    risks: Floats
    """Predicted risk of each client, uncalibrated."""
    fit_seconds: float
    latency_ms: float
    """Median time to predict one row."""
    parameters: Mapping[str, float]
    stores_clients: bool = False
    """True if the fitted model contains the rows of its training clients."""

    def compute_log_odds(self) -> Floats:
        """Return the log-odds of the risks, clipped to `RISK_EPSILON`; shape (clients,)."""
        clipped = np.clip(self.risks, RISK_EPSILON, 1 - RISK_EPSILON)
        log_odds: Floats = np.log(clipped / (1 - clipped))
        return log_odds


@dataclass(frozen=True, kw_only=True)
class FoldExperiment:
    """A fold. Challengers fit everything, scaling and imputation included, on `train_idx` only."""

    features: Mapping[str, Feature]
    matrix: Matrix
    """Rows of all clients; categories are encoded as seen in `train_idx`."""
    labels: Labels
    train_idx: Integers
    valid_idx: Integers
    seed: int

    def iter_candidates(
        self, challenger: Challenger, search_seconds: float
    ) -> Iterator[CandidateConfig]:
        """Yield the challenger with default parameters, then with those found in this fold."""
        best_parameters = (
            self._search_parameters(challenger, search_seconds)
            if challenger.search_space
            else None
        )
        tunings = [
            (False, {}),
            *([(True, best_parameters)] if best_parameters is not None else []),
        ]
        imbalance_strategies = (
            ImbalanceStrategy if challenger.search_space else (ImbalanceStrategy.PLAIN,)
        )
        for tuned, parameters in tunings:
            for imbalance_strategy in imbalance_strategies:
                yield CandidateConfig(
                    challenger=challenger,
                    tuned=tuned,
                    imbalance_strategy=imbalance_strategy,
                    parameters=parameters,
                )

    def fit_and_predict(self, candidate: CandidateConfig) -> FoldPredictions:
        """Fit a candidate on the training part and predict the validation part."""
        started = perf_counter()
        pipeline = self._fit_pipeline(candidate, self.train_idx)
        fit_seconds = perf_counter() - started
        risks = pipeline.predict_proba(self._take_rows(candidate, self.valid_idx))[:, 1]
        if "n_jobs" in pipeline[MODEL_STEP].get_params():
            pipeline.set_params(**{f"{MODEL_STEP}__n_jobs": 1})
        return FoldPredictions(
            risks=risks,
            fit_seconds=fit_seconds,
            latency_ms=measure_latency_ms(
                pipeline.predict_proba,
                self._take_rows(candidate, self.valid_idx[:LATENCY_SAMPLE_ROWS]),
            ),
            parameters=candidate.parameters,
            stores_clients=candidate.challenger.stores_clients,
        )

    def _fit_pipeline(self, candidate: CandidateConfig, train_idx: Integers) -> Pipeline:
        pipeline = candidate.challenger.build_pipeline(
            self.features,
            self.labels[train_idx],
            strategy=candidate.imbalance_strategy,
            parameters=candidate.parameters,
            seed=self.seed,
        )
        return pipeline.fit(self._take_rows(candidate, train_idx), self.labels[train_idx])

    def _take_rows(self, candidate: CandidateConfig, rows: Integers) -> Matrix | Floats:
        """Return the rows; as float64 for steps that sum them, such as imputation and SMOTE."""
        values = self.matrix[rows]
        needs_float64 = (
            candidate.challenger.needs_imputation
            or candidate.imbalance_strategy is ImbalanceStrategy.SMOTE
        )
        return values.astype(np.float64) if needs_float64 else values

    def _search_parameters(
        self, challenger: Challenger, search_seconds: float
    ) -> Mapping[str, float]:
        """Return the parameters of best AUC on a part of the training clients.

        The result is empty if the default parameters are better.
        """
        search_train_idx, search_valid_idx = train_test_split(
            self.train_idx,
            test_size=SEARCH_VALIDATION_SHARE,
            stratify=self.labels[self.train_idx],
            random_state=self.seed,
        )

        def compute_auc(parameters: Mapping[str, float]) -> float:
            candidate = CandidateConfig(
                challenger=challenger,
                tuned=True,
                imbalance_strategy=ImbalanceStrategy.PLAIN,
                parameters=parameters,
            )
            risks = self._fit_pipeline(candidate, search_train_idx).predict_proba(
                self._take_rows(candidate, search_valid_idx)
            )[:, 1]
            return float(roc_auc_score(self.labels[search_valid_idx], risks))

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=self.seed)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        # The first trial runs without a time limit, so that the study always has a result.
        for n_trials, timeout in ((1, None), (MAX_SEARCH_TRIALS - 1, search_seconds)):
            study.optimize(
                lambda trial: compute_auc(suggest_parameters(challenger.search_space, trial)),
                n_trials=n_trials,
                timeout=timeout,
            )
        return study.best_params if study.best_value > compute_auc({}) else {}


def measure_latency_ms(predict: Callable[[Any], object], rows: Matrix | Floats) -> float:
    """Measure the median time in milliseconds to predict one row."""
    durations_ms = []
    for row in rows:
        started = perf_counter()
        predict(row[np.newaxis])
        durations_ms.append(1_000 * (perf_counter() - started))
    return median(durations_ms)
