"""Fitting: folds, one number of trees for all, out-of-fold risks, calibration, the final model.

material ──► folds ──► out-of-fold log-odds ──► calibration ──► calibrated booster
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any

import lightgbm as lgb
import numpy as np

from credit.dossier import Bools, Floats
from credit.features import Categories, Matrix
from training.data.dataset import Labels, Material
from training.model.calibration import Calibration, Calibrations, calibrated
from training.model.cross_validation import FOLDS, Fold, LeftOut, dataset, folds
from training.model.ensemble import averaged

PARAMETERS: Mapping[str, Any] = MappingProxyType({
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 8,
    "min_child_samples": 150,
    "feature_fraction": 0.05,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 20.0,
    "cat_smooth": 50.0,
    "cat_l2": 50.0,
    "max_cat_threshold": 8,
    "max_bin": 63,
    "force_col_wise": True,
    "verbosity": -1,
    "monotone": True,
    "bagged": 3,
})  # fmt: skip
"""What a fit is given: LightGBM's parameters under its names, and two of ours. Small trees, coarse
bins, few columns each: fifteen thousand clients teach no more. `monotone`: the declared directions
of risk hold, so that no reason contradicts itself. `bagged`: models of as many seeds, averaged in
log-odds: scores hang less on a seed's luck, for as many times the training (docs/results.md)."""

MOST_TREES = 3_000
PATIENCE = 150
"""Trees without a better log loss before a fold stops."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A model and what it answered on clients it had not seen."""

    booster: lgb.Booster
    """Calibrated: `predict` answers probabilities."""
    categories: Categories
    trees: int
    """Of each model that is bagged."""
    parameters: Mapping[str, Any]
    calibration: Calibration
    unseen: Floats
    """Risk of every training client: neither the trees nor the calibration had seen his label."""
    unseen_raw: Floats
    """The same before calibration."""
    fold: Floats
    """Which fold left each client out."""
    unseen_copies: Floats
    """Risk of every teacher who is a copy, by trees and calibration of the fold that left him out;
    NaN of the others."""

    def with_copies(self, material: Material) -> tuple[Labels, Floats, Mapping[str, Bools]]:
        """Labels, unseen risks and known histories of the clients and, below, of their copies."""
        if material.teachers is None:
            return material.labels, self.unseen, material.known
        copies = np.flatnonzero(~np.isnan(self.unseen_copies))
        hidden = material.teachers.labelled(material.labels).only(copies)
        return (
            np.concatenate([material.labels, hidden.labels]),
            np.concatenate([self.unseen, self.unseen_copies[copies]]),
            {n: np.concatenate([known, hidden.known[n]]) for n, known in material.known.items()},
        )


def fit(
    material: Material,
    *,
    seed: int,
    progress: Callable[[int], object],
    parameters: Mapping[str, Any] = PARAMETERS,
    number: int = FOLDS,
) -> Fitted:
    """Fit on all clients, with the number of trees and the calibration learnt out of fold.

    Class weights are LightGBM's `scale_pos_weight` among the parameters.

    Args:
        progress: Told of every fold and of the final model, `number` + 1 steps.
        number: Of folds.
    """
    unseen = out_of_fold(
        material, seed=seed, progress=progress, parameters=parameters, number=number
    )
    calibration = Calibration.fit(unseen.raw, material.labels)
    by_fold = Calibrations.fit(unseen.raw, material.labels, unseen.fold)
    # A fold learns from fewer clients than there are; all of them bear as many more trees.
    trees = round(unseen.trees * number / (number - 1))
    taught = material.taught(np.arange(len(material)))
    categories = taught.fit_categories(np.arange(len(taught)))
    data = dataset(taught, categories)
    del taught
    seeds = _seeds(parameters, seed)
    final = [lgb.train(booster_settings(parameters, material, s), data, trees) for s in seeds]
    progress(1)
    return Fitted(
        booster=calibrated(averaged(final), calibration),
        categories=categories,
        trees=trees,
        parameters=parameters,
        calibration=calibration,
        unseen=by_fold.risk(unseen.raw, unseen.fold),
        unseen_raw=1 / (1 + np.exp(-unseen.raw)),
        fold=unseen.fold,
        unseen_copies=by_fold.risk(unseen.copies, unseen.fold_of_copies),
    )


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """What the models of the folds answered on the clients each had not seen."""

    raw: Floats
    """Log-odds before calibration."""
    fold: Floats
    """Which fold left each client out."""
    trees: int
    """The number that is best for all folds together."""
    copies: Floats
    """Log-odds of every teacher who is a copy of one of them; NaN of the others."""
    fold_of_copies: Floats
    """Which fold left each of these out; NaN of the others."""


def out_of_fold(
    material: Material,
    *,
    seed: int,
    progress: Callable[[int], object],
    parameters: Mapping[str, Any] = PARAMETERS,
    number: int = FOLDS,
) -> Unseen:
    """Fit a model a fold; each answers with the number of trees that is best for the others.

    Were it the best for all together, clients would have a say in the model that answers on them.
    """
    boosters: list[list[lgb.Booster]] = []
    losses: list[list[list[float]]] = []
    left: list[LeftOut] = []
    for fold in folds(material, seed=seed, number=number):
        told = [
            _stopped(fold, booster_settings(parameters, material, each))
            for each in _seeds(parameters, seed)
        ]
        boosters.append([booster for booster, _ in told])
        losses.append([loss for _, loss in told])
        left.append(fold.left)
        del fold  # its clients and bins, before the next fold's are made
        progress(1)
    raw, left_out = np.empty(len(material)), np.empty(len(material))
    copies = np.full(len(material.teachers.copies) if material.teachers else 0, np.nan)
    out_copies = copies.copy()
    counts = trees_by_others(losses)
    for place, (out, models, trees) in enumerate(zip(left, boosters, counts, strict=True)):
        raw[out.rows] = _log_odds(models, out.held, trees)
        left_out[out.rows] = place
        copies[out.copies] = _log_odds(models, out.held_copies, trees)
        out_copies[out.copies] = place
    return Unseen(
        raw=raw,
        fold=left_out,
        trees=best_trees(chain(*losses)),
        copies=copies,
        fold_of_copies=out_copies,
    )


def _log_odds(models: Sequence[lgb.Booster], matrix: Matrix, trees: int) -> Floats:
    if not len(matrix):
        return np.empty(0)
    answers = [m.predict(matrix, num_iteration=trees, raw_score=True) for m in models]
    mean: Floats = np.mean(answers, axis=0)
    return mean


def _seeds(parameters: Mapping[str, Any], seed: int) -> list[int]:
    return [seed + number for number in range(parameters["bagged"])]


def booster_settings(
    parameters: Mapping[str, Any], material: Material, seed: int
) -> dict[str, Any]:
    """A fit's parameters as LightGBM takes them."""
    own = {name: value for name, value in parameters.items() if name not in {"monotone", "bagged"}}
    if parameters["monotone"]:
        directions = [int(feature.risk) for feature in material.features.values()]
        own["monotone_constraints"] = directions
    return {**own, "seed": seed, "num_threads": 0}


def _stopped(fold: Fold, settings: Mapping[str, Any]) -> tuple[lgb.Booster, list[float]]:
    """A model of a fold, grown until it learns no more, and its log loss tree by tree."""
    told: dict[str, dict[str, list[float]]] = {}
    booster = lgb.train(
        {**settings, "metric": "binary_logloss"},
        fold.learn,
        MOST_TREES,
        [fold.unseen],
        ["unseen"],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False), lgb.record_evaluation(told)],
    )
    return booster, told["unseen"]["binary_logloss"]


def trees_by_others(losses: Sequence[Sequence[Sequence[float]]]) -> list[int]:
    """Of each fold, the number of trees that is best for the others.

    >>> trees_by_others([[[3.0, 2.0, 1.0]], [[1.0, 2.0, 3.0]]])
    [1, 3]
    """
    return [
        best_trees(chain(*losses[:place], *losses[place + 1 :])) for place in range(len(losses))
    ]


def best_trees(losses: Iterable[Sequence[float]]) -> int:
    """The number of trees of least mean loss; a fold that stopped keeps its last loss."""
    told = list(losses)
    longest = max(map(len, told))
    padded = [np.pad(loss, (0, longest - len(loss)), mode="edge") for loss in told]
    return int(np.mean(padded, axis=0).argmin()) + 1
