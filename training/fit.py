"""Fitting: folds, one number of trees for all, out-of-fold risks, calibration, the final model.

material ──► folds ──► out-of-fold log-odds ──► calibration ──► calibrated booster
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.model_selection import StratifiedKFold

from credit.dossier import Bools, Floats, Integers
from credit.features import Categories, Matrix
from training.bagging import averaged
from training.calibrate import Calibration, Calibrations, calibrated
from training.prepare import Labels, Material

FOLDS = 5

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
) -> Fitted:
    """Fit on all clients, with the number of trees and the calibration learnt out of fold.

    Class weights are LightGBM's `scale_pos_weight` among the parameters.

    Args:
        progress: Told of every fold and of the final model, `FOLDS` + 1 steps.
    """
    unseen = out_of_fold(material, seed=seed, progress=progress, parameters=parameters)
    calibration = Calibration.fit(unseen.raw, material.labels)
    by_fold = Calibrations.fit(unseen.raw, material.labels, unseen.fold)
    # A fold learns from (FOLDS - 1) / FOLDS of the clients; all of them bear as many more trees.
    trees = round(unseen.trees * FOLDS / (FOLDS - 1))
    taught = material.taught(np.arange(len(material)))
    categories = taught.fit_categories(np.arange(len(taught)))
    data = _dataset(taught, categories)
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
    """Of a fold's model."""
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
) -> Unseen:
    """Fit a model a fold, all with the number of trees that is best for them together."""
    boosters: list[list[lgb.Booster]] = []
    losses: list[list[float]] = []
    left: list[LeftOut] = []
    for fold in folds(material, seed=seed):
        told = [
            _stopped(fold, booster_settings(parameters, material, each))
            for each in _seeds(parameters, seed)
        ]
        boosters.append([booster for booster, _ in told])
        losses += [loss for _, loss in told]
        left.append(fold.left)
        del fold  # its clients and bins, before the next fold's are made
        progress(1)
    trees = best_trees(losses)
    raw, left_out = np.empty(len(material)), np.empty(len(material))
    copies = np.full(len(material.teachers.copies) if material.teachers else 0, np.nan)
    out_copies = copies.copy()
    for number, (out, models) in enumerate(zip(left, boosters, strict=True)):
        raw[out.rows] = _log_odds(models, out.held, trees)
        left_out[out.rows] = number
        copies[out.copies] = _log_odds(models, out.held_copies, trees)
        out_copies[out.copies] = number
    return Unseen(raw=raw, fold=left_out, trees=trees, copies=copies, fold_of_copies=out_copies)


def _log_odds(models: Sequence[lgb.Booster], matrix: Matrix, trees: int) -> Floats:
    if not len(matrix):
        return np.empty(0)
    answers = [m.predict(matrix, num_iteration=trees, raw_score=True) for m in models]
    mean: Floats = np.mean(answers, axis=0)
    return mean


def _seeds(parameters: Mapping[str, Any], seed: int) -> list[int]:
    return [seed + number for number in range(parameters["bagged"])]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Clients whom a fold left out, encoded by what its learners teach."""

    rows: Integers
    """Their places in the material."""
    held: Matrix
    """Their features."""
    copies: Integers
    """Places of their copies, among the teachers."""
    held_copies: Matrix


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Clients to learn from and clients left out, as LightGBM takes them."""

    learn: lgb.Dataset
    unseen: lgb.Dataset
    left: LeftOut


def folds(
    material: Material, *, seed: int, number: int = FOLDS, binning: Mapping[str, Any] | None = None
) -> Iterator[Fold]:
    """Stratified folds, each with its own categories and its own bins, made one by one.

    Args:
        binning: LightGBM's parameters of a Dataset, for one that serves several fits.
    """
    for learn, rows in splits(material.labels, seed=seed, number=number):
        yield _fold(material, learn, rows, binning)


def _fold(
    material: Material, learn: Integers, rows: Integers, binning: Mapping[str, Any] | None
) -> Fold:
    teachers = material.teachers
    taught = material.taught(learn)
    categories = taught.fit_categories(np.arange(len(taught)))
    data = _dataset(taught, categories, binning)
    held = replace(material, teachers=None).only(rows).encoded(categories)
    copies = np.flatnonzero(np.isin(teachers.copies, rows)) if teachers else rows[:0]
    return Fold(
        learn=data,
        unseen=data.create_valid(held, material.labels[rows]),
        left=LeftOut(
            rows=rows,
            held=held,
            copies=copies,
            held_copies=teachers.material.only(copies).encoded(categories)
            if teachers
            else held[:0],
        ),
    )


def splits(
    labels: Labels, *, seed: int, number: int = FOLDS
) -> Iterator[tuple[Integers, Integers]]:
    """Of each fold, the places of the clients to learn from and of those left out."""
    splitter = StratifiedKFold(number, shuffle=True, random_state=seed)
    yield from splitter.split(labels, labels)


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


def _dataset(
    taught: Material, categories: Categories, binning: Mapping[str, Any] | None = None
) -> lgb.Dataset:
    return lgb.Dataset(
        taught.encoded(categories),
        taught.labels,
        feature_name=list(taught.features),
        categorical_feature=[n for n, feature in taught.features.items() if feature.categorical],
        params=dict(binning or {}),
    )


def best_trees(losses: list[list[float]]) -> int:
    """The number of trees of least mean loss; a fold that stopped keeps its last loss."""
    longest = max(map(len, losses))
    padded = [np.pad(loss, (0, longest - len(loss)), mode="edge") for loss in losses]
    return int(np.mean(padded, axis=0).argmin()) + 1
