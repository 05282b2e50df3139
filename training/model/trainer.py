"""Fitting: folds, one number of trees for all, out-of-fold risks, calibration, the final model.

material ──► folds ──► out-of-fold log-odds ──► calibration ──► calibrated booster
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import lightgbm as lgb
import numpy as np

from credit.dossier import Bools, Floats
from credit.features import CategoryEncoder, Matrix
from training.data.dataset import Labels, TrainingSet
from training.model.calibration import Calibration, FoldCalibrations, apply_calibration
from training.model.cross_validation import (
    FOLD_COUNT,
    Fold,
    ValidationFold,
    build_lightgbm_dataset,
    iter_folds,
)
from training.model.ensemble import average_boosters
from training.model.hyperparameters import DEFAULT_PARAMETERS

MAX_TREES = 3_000
EARLY_STOPPING_ROUNDS = 150
"""Trees without a better log loss before a fold stops."""


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A model and what it answered on clients it had not seen."""

    booster: lgb.Booster
    """Calibrated: `predict` answers probabilities."""
    categories: CategoryEncoder
    trees_per_booster: int
    """Of each model that is bagged."""
    parameters: Mapping[str, Any]
    calibration: Calibration
    oof_risk: Floats
    """Risk of every training client: neither the trees nor the calibration had seen his label."""
    oof_uncalibrated: Floats
    """The same before calibration."""
    fold: Floats
    """Which fold left each client out."""
    oof_masked: Floats
    """Risk of every teacher who is a copy, by trees and calibration of the fold that left him out;
    NaN of the others."""

    def append_masked_copies(
        self, training_set: TrainingSet
    ) -> tuple[Labels, Floats, Mapping[str, Bools]]:
        """Labels, unseen risks and known histories of the clients and, below, of their copies."""
        if training_set.auxiliary is None:
            return training_set.labels, self.oof_risk, training_set.known_histories
        masked_rows = np.flatnonzero(~np.isnan(self.oof_masked))
        masked = training_set.auxiliary.with_copied_labels(training_set.labels).take(masked_rows)
        return (
            np.concatenate([training_set.labels, masked.labels]),
            np.concatenate([self.oof_risk, self.oof_masked[masked_rows]]),
            {
                n: np.concatenate([known, masked.known_histories[n]])
                for n, known in training_set.known_histories.items()
            },
        )


def fit_model(
    training_set: TrainingSet,
    *,
    seed: int,
    progress: Callable[[int], object],
    parameters: Mapping[str, Any] = DEFAULT_PARAMETERS,
    fold_count: int = FOLD_COUNT,
) -> TrainedModel:
    """Fit on all clients, with the number of trees and the calibration learnt out of fold.

    Class weights are LightGBM's `scale_pos_weight` among the parameters.

    Args:
        progress: Told of every fold and of the final model, `number` + 1 steps.
        number: Of folds.
    """
    oof_predictions = predict_out_of_fold(
        training_set, seed=seed, progress=progress, parameters=parameters, fold_count=fold_count
    )
    calibration = Calibration.fit(oof_predictions.log_odds, training_set.labels)
    fold_calibrations = FoldCalibrations.fit(
        oof_predictions.log_odds, training_set.labels, oof_predictions.fold
    )
    # A fold learns from fewer clients than there are; all of them bear as many more trees.
    tree_count = round(oof_predictions.best_iteration * fold_count / (fold_count - 1))
    training_rows = training_set.training_rows_for(np.arange(len(training_set)))
    categories = training_rows.fit_categories(np.arange(len(training_rows)))
    train_data = build_lightgbm_dataset(training_rows, categories)
    del training_rows
    seeds = _list_bag_seeds(parameters, seed)
    boosters = [
        lgb.train(build_booster_params(parameters, training_set, s), train_data, tree_count)
        for s in seeds
    ]
    progress(1)
    return TrainedModel(
        booster=apply_calibration(average_boosters(boosters), calibration),
        categories=categories,
        trees_per_booster=tree_count,
        parameters=parameters,
        calibration=calibration,
        oof_risk=fold_calibrations.predict_risk(oof_predictions.log_odds, oof_predictions.fold),
        oof_uncalibrated=1 / (1 + np.exp(-oof_predictions.log_odds)),
        fold=oof_predictions.fold,
        oof_masked=fold_calibrations.predict_risk(
            oof_predictions.masked_log_odds, oof_predictions.masked_fold
        ),
    )


@dataclass(frozen=True, kw_only=True)
class OutOfFoldPredictions:
    """What the models of the folds answered on the clients each had not seen."""

    log_odds: Floats
    """Log-odds before calibration."""
    fold: Floats
    """Which fold left each client out."""
    best_iteration: int
    """The number that is best for all folds together."""
    masked_log_odds: Floats
    """Log-odds of every teacher who is a copy of one of them; NaN of the others."""
    masked_fold: Floats
    """Which fold left each of these out; NaN of the others."""


def predict_out_of_fold(
    training_set: TrainingSet,
    *,
    seed: int,
    progress: Callable[[int], object],
    parameters: Mapping[str, Any] = DEFAULT_PARAMETERS,
    fold_count: int = FOLD_COUNT,
) -> OutOfFoldPredictions:
    """Fit a model a fold; each answers with the number of trees that is best for the others.

    Were it the best for all together, clients would have a say in the model that answers on them.
    """
    boosters: list[list[lgb.Booster]] = []
    losses: list[list[list[float]]] = []
    validation_folds: list[ValidationFold] = []
    for fold in iter_folds(training_set, seed=seed, fold_count=fold_count):
        fits = [
            _train_with_early_stopping(
                fold, build_booster_params(parameters, training_set, model_seed)
            )
            for model_seed in _list_bag_seeds(parameters, seed)
        ]
        boosters.append([booster for booster, _ in fits])
        losses.append([loss for _, loss in fits])
        validation_folds.append(fold.validation)
        del fold  # its clients and bins, before the next fold's are made
        progress(1)
    log_odds, fold_ids = np.empty(len(training_set)), np.empty(len(training_set))
    masked_log_odds = np.full(
        len(training_set.auxiliary.copy_of) if training_set.auxiliary else 0, np.nan
    )
    masked_fold_ids = masked_log_odds.copy()
    tree_counts = leave_one_fold_out_tree_counts(losses)
    for fold_id, (validation, models, tree_count) in enumerate(
        zip(validation_folds, boosters, tree_counts, strict=True)
    ):
        log_odds[validation.rows] = _predict_log_odds(models, validation.matrix, tree_count)
        fold_ids[validation.rows] = fold_id
        masked_log_odds[validation.masked_rows] = _predict_log_odds(
            models, validation.masked_matrix, tree_count
        )
        masked_fold_ids[validation.masked_rows] = fold_id
    return OutOfFoldPredictions(
        log_odds=log_odds,
        fold=fold_ids,
        best_iteration=best_iteration(chain(*losses)),
        masked_log_odds=masked_log_odds,
        masked_fold=masked_fold_ids,
    )


def _predict_log_odds(models: Sequence[lgb.Booster], matrix: Matrix, tree_count: int) -> Floats:
    if not len(matrix):
        return np.empty(0)
    predictions = [m.predict(matrix, num_iteration=tree_count, raw_score=True) for m in models]
    mean: Floats = np.mean(predictions, axis=0)
    return mean


def _list_bag_seeds(parameters: Mapping[str, Any], seed: int) -> list[int]:
    return [seed + number for number in range(parameters["bagged"])]


def build_booster_params(
    parameters: Mapping[str, Any], training_set: TrainingSet, seed: int
) -> dict[str, Any]:
    """A fit's parameters as LightGBM takes them."""
    booster_params = {
        name: value for name, value in parameters.items() if name not in {"monotone", "bagged"}
    }
    if parameters["monotone"]:
        directions = [int(feature.risk) for feature in training_set.features.values()]
        booster_params["monotone_constraints"] = directions
    return {**booster_params, "seed": seed, "num_threads": 0}


def _train_with_early_stopping(
    fold: Fold, booster_params: Mapping[str, Any]
) -> tuple[lgb.Booster, list[float]]:
    """A model of a fold, grown until it learns no more, and its log loss tree by tree."""
    eval_results: dict[str, dict[str, list[float]]] = {}
    booster = lgb.train(
        {**booster_params, "metric": "binary_logloss"},
        fold.train_data,
        MAX_TREES,
        [fold.valid_data],
        ["unseen"],
        callbacks=[
            lgb.early_stopping(EARLY_STOPPING_ROUNDS, verbose=False),
            lgb.record_evaluation(eval_results),
        ],
    )
    return booster, eval_results["unseen"]["binary_logloss"]


def leave_one_fold_out_tree_counts(losses: Sequence[Sequence[Sequence[float]]]) -> list[int]:
    """Of each fold, the number of trees that is best for the others.

    >>> leave_one_fold_out_tree_counts([[[3.0, 2.0, 1.0]], [[1.0, 2.0, 3.0]]])
    [1, 3]
    """
    return [
        best_iteration(chain(*losses[:fold_id], *losses[fold_id + 1 :]))
        for fold_id in range(len(losses))
    ]


def best_iteration(losses: Iterable[Sequence[float]]) -> int:
    """The number of trees of least mean loss; a fold that stopped keeps its last loss."""
    curves = list(losses)
    max_length = max(map(len, curves))
    padded = [np.pad(loss, (0, max_length - len(loss)), mode="edge") for loss in curves]
    return int(np.mean(padded, axis=0).argmin()) + 1
