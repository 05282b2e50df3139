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
from training.data.dataset import Material
from training.evaluation.paired_bootstrap import Gain, Resampled
from training.experiments.fold_runner import TIMED, Answers, Bout, Way, latency_ms
from training.metrics.credit_metrics import metrics
from training.model.baseline import SPINE, SPINE_PARAMETERS, spine_of
from training.model.calibration import calibrated_unseen
from training.model.challengers import CHALLENGERS, Balance, Challenger
from training.model.cross_validation import splits
from training.model.trainer import PARAMETERS, fit

SERVED = "LightGBM as served"
"""The model that training publishes, with its declared parameters."""

MOST_CLIENTS = 20_000
"""Drawn where nothing else is asked for: more of them, in every challenger's copies, can outgrow a
machine's memory, and take days."""

BOUND = 1e-6
"""Risks are kept this far from 0 and 1 before their log-odds are taken."""

Told = tuple[str, bool, Balance]


@dataclass(frozen=True, kw_only=True)
class Row:
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
    auc: Gain
    """After calibration, as what follows."""
    over_served: Gain
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
    rows: tuple[Row, ...]


def compare(
    material: Material,
    policy: Policy,
    *,
    seed: int,
    folds: int,
    seconds: float,
    progress: Callable[[int], object],
    challengers: Sequence[Challenger] = CHALLENGERS,
    parameters: Mapping[str, Any] = PARAMETERS,
    plain: Mapping[str, Any] = SPINE_PARAMETERS,
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
    searches = folds * sum(bool(challenger.space) for challenger in challengers)
    left_out = np.empty(len(material))
    told: dict[Told, list[tuple[Integers, Answers]]] = defaultdict(list)
    for number, (learn, rows) in enumerate(splits(material.labels, seed=seed, number=folds)):
        left_out[rows] = number
        bout = _bout(material, learn, rows, seed)
        for challenger in challengers:
            for way in bout.ways(challenger, seconds / max(searches, 1)):
                told[_told(way)].append((rows, bout.answers(way)))
            progress(1)
    board = Board(material, policy, seed)
    own = [
        board.row((name, False, Balance.PLAIN), *_own(subject, given, seed, folds, progress))
        for name, subject, given in (
            (SERVED, material, parameters),
            (SPINE, spine_of(material), plain),
        )
    ]
    whole = ((key, _whole(parts, len(material))) for key, parts in told.items())
    return Comparison(
        clients=len(material),
        features=len(material.features),
        folds=folds,
        seed=seed,
        rows=(*own, *(board.row(key, answers, left_out) for key, answers in whole)),
    )


def steps_of(folds: int, challengers: Sequence[Challenger] = CHALLENGERS) -> int:
    """How often a comparison tells of progress."""
    return folds * len(challengers) + 2 * (folds + 1)


class Board:
    """Where models are measured alike; the first is whom the others are held against."""

    def __init__(self, material: Material, policy: Policy, seed: int) -> None:
        self._labels = material.labels
        self._policy = policy
        self._seed = seed
        self._first: Resampled | None = None

    def row(self, told: Told, answers: Answers, left_out: Floats) -> Row:
        """What a model is worth.

        Args:
            left_out: Which fold each client was left out of.
        """
        bounded = np.clip(answers.risks, BOUND, 1 - BOUND)
        after = calibrated_unseen(np.log(bounded / (1 - bounded)), self._labels, left_out)
        resampled = Resampled.of(self._labels, after, self._policy, seed=self._seed)
        self._first = self._first or resampled
        model, tuned, balance = told
        return Row(
            model=model,
            tuned=tuned,
            balance=balance.value,
            parameters=answers.parameters,
            before=metrics(self._labels, answers.risks, self._policy),
            after=metrics(self._labels, after, self._policy),
            auc=resampled.level("auc"),
            over_served=resampled.over(self._first, "auc"),
            fit_seconds=answers.fit_seconds,
            latency_ms=answers.latency_ms,
        )


def _bout(material: Material, learn: Integers, rows: Integers, seed: int) -> Bout:
    return Bout(
        features=material.features,
        matrix=material.encoded(material.fit_categories(learn)),
        labels=material.labels,
        learn=learn,
        rows=rows,
        seed=seed,
    )


def _told(way: Way) -> Told:
    return way.challenger.name, way.tuned, way.balance


def _own(
    material: Material,
    parameters: Mapping[str, Any],
    seed: int,
    folds: int,
    progress: Callable[[int], object],
) -> tuple[Answers, Floats]:
    """What training's own fit answers, and which of the folds left each client out."""
    started = perf_counter()
    fitted = fit(material, seed=seed, progress=progress, parameters=parameters, number=folds)
    seconds = (perf_counter() - started) / (folds + 1)
    rows = material.encoded(fitted.categories)[:TIMED].astype(np.float64)
    answers = Answers(
        risks=fitted.unseen_raw,
        fit_seconds=seconds,
        latency_ms=latency_ms(lambda row: fitted.booster.predict(row, num_threads=1), rows),
        parameters={},
    )
    return answers, fitted.fold


def _whole(parts: Sequence[tuple[Integers, Answers]], clients: int) -> Answers:
    """The answers of all folds as those of one model."""
    risks = np.full(clients, np.nan)
    for rows, answers in parts:
        risks[rows] = answers.risks
    return Answers(
        risks=risks,
        fit_seconds=mean(answers.fit_seconds for _, answers in parts),
        latency_ms=median(answers.latency_ms for _, answers in parts),
        parameters=parts[0][1].parameters,
    )
