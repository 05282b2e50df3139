"""One fold of a comparison: challengers fitted on its learners and asked about those left out."""

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
from training.model.challengers import MODEL, Balance, Challenger
from training.model.search_space import suggested

TIMED = 20
"""Rows answered one by one for the latency."""

MOST_TRIALS = 20
"""Of a search inside a fold."""

ASKED = 0.25
"""Share of a fold's learners on whom its search judges."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A challenger, untuned or tuned, weighted one way."""

    challenger: Challenger
    tuned: bool
    balance: Balance
    parameters: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a model answered about clients it had not seen."""

    risks: Floats
    fit_seconds: float
    latency_ms: float
    parameters: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Bout:
    """A fold: everything a challenger fits, it fits on `learn`."""

    features: Mapping[str, Feature]
    matrix: Matrix
    """Of all clients; its categories are those that `learn` taught."""
    labels: Labels
    learn: Integers
    rows: Integers
    """Who is left out."""
    seed: int

    def ways(self, challenger: Challenger, seconds: float) -> Iterator[Way]:
        """The challenger as its library has it and with parameters searched in this fold."""
        found = self._found(challenger, seconds) if challenger.space else None
        tunings = [(False, {}), *([(True, found)] if found is not None else [])]
        balances = Balance if challenger.space else (Balance.PLAIN,)
        for tuned, parameters in tunings:
            for balance in balances:
                yield Way(
                    challenger=challenger, tuned=tuned, balance=balance, parameters=parameters
                )

    def answers(self, way: Way) -> Answers:
        started = perf_counter()
        pipeline = self._fitted(way, self.learn)
        fit_seconds = perf_counter() - started
        risks = pipeline.predict_proba(self._cells(way, self.rows))[:, 1]
        if "n_jobs" in pipeline[MODEL].get_params():
            pipeline.set_params(**{f"{MODEL}__n_jobs": 1})
        return Answers(
            risks=risks,
            fit_seconds=fit_seconds,
            latency_ms=latency_ms(pipeline.predict_proba, self._cells(way, self.rows[:TIMED])),
            parameters=way.parameters,
        )

    def _fitted(self, way: Way, learn: Integers) -> Pipeline:
        pipeline = way.challenger.pipeline(
            self.features,
            self.labels[learn],
            balance=way.balance,
            parameters=way.parameters,
            seed=self.seed,
        )
        return pipeline.fit(self._cells(way, learn), self.labels[learn])

    def _cells(self, way: Way, rows: Integers) -> Matrix | Floats:
        """Single as they are; double where sums of them are taken."""
        cells = self.matrix[rows]
        summed = way.challenger.complete or way.balance is Balance.SMOTE
        return cells.astype(np.float64) if summed else cells

    def _found(self, challenger: Challenger, seconds: float) -> Mapping[str, float]:
        """The parameters of best AUC on some of the learners; none when the untuned win."""
        taught, asked = train_test_split(
            self.learn,
            test_size=ASKED,
            stratify=self.labels[self.learn],
            random_state=self.seed,
        )

        def auc(parameters: Mapping[str, float]) -> float:
            way = Way(
                challenger=challenger, tuned=True, balance=Balance.PLAIN, parameters=parameters
            )
            risks = self._fitted(way, taught).predict_proba(self._cells(way, asked))[:, 1]
            return float(roc_auc_score(self.labels[asked], risks))

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=self.seed)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for trials, limit in ((1, None), (MOST_TRIALS - 1, seconds)):
            study.optimize(
                lambda trial: auc(suggested(challenger.space, trial)),
                n_trials=trials,
                timeout=limit,
            )
        return study.best_params if study.best_value > auc({}) else {}


def latency_ms(answer: Callable[[Any], object], rows: Matrix | Floats) -> float:
    """Median milliseconds to answer a row alone."""
    taken = []
    for row in rows:
        started = perf_counter()
        answer(row[np.newaxis])
        taken.append(1_000 * (perf_counter() - started))
    return median(taken)
