"""Train the credit model: cross-validate, calibrate and fit the final booster on all clients.

training set ──► folds ──► out-of-fold log-odds ──► calibration ──► calibrated booster
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    ValidationFold,
    best_iteration,
    build_lightgbm_dataset,
    iter_folds,
    leave_one_fold_out_tree_counts,
)
from training.model.early_stopping import VALIDATION_LOSS, train_with_early_stopping
from training.model.ensemble import average_boosters
from training.model.hyperparameters import DEFAULT_PARAMETERS

MAX_TREES = 3_000
"""Maximum number of trees of a fold's model."""
EARLY_STOPPING_ROUNDS = 150
"""A fold stops after this many trees without a lower validation log loss."""


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A calibrated model with its out-of-fold predictions.

    Arrays have one value per client of the training set, except for `oof_masked`.
    """

    booster: lgb.Booster
    """Calibrated: `predict` returns probabilities of payment difficulties."""
    categories: CategoryEncoder
    """Encoding of the categorical features that the booster expects."""
    trees_per_booster: int
    """Number of trees of each bagged model."""
    parameters: Mapping[str, Any]
    """Hyperparameters of the fit."""
    calibration: Calibration
    """Calibration in the booster's leaves, fitted on all out-of-fold predictions."""
    oof_risk: Floats
    """Risk from trees and a calibration that were both fitted without the client's label."""
    oof_uncalibrated: Floats
    """Out-of-fold risk before calibration."""
    fold: Floats
    """Number of each client's validation fold."""
    oof_masked: Floats
    """Out-of-fold risk of each auxiliary row that is a masked copy; NaN for other auxiliary rows.

    Trees and calibration are those of the fold that validates the copied client.
    """

    def append_masked_copies(
        self, training_set: TrainingSet
    ) -> tuple[Labels, Floats, Mapping[str, Bools]]:
        """Return labels, out-of-fold risks and known histories of the clients and their copies.

        The rows of the masked copies follow those of the training set. A copy has the label of its
        client.

        Args:
            training_set: The clients that the model was fitted on.
        """
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
    """Fit the model on all clients; cross-validation gives the tree count and the calibration.

    Args:
        training_set: Labelled clients, with their auxiliary rows.
        seed: Seed of the folds and of the first bagged model.
        progress: Called with 1 after each fold and after the final fit.
        parameters: All of `DEFAULT_PARAMETERS`; `scale_pos_weight` adds a class weight.
        fold_count: Number of folds, at least 2.
    """
    oof = predict_out_of_fold(
        training_set, seed=seed, progress=progress, parameters=parameters, fold_count=fold_count
    )
    calibration = Calibration.fit(oof.log_odds, training_set.labels)
    fold_calibrations = FoldCalibrations.fit(oof.log_odds, training_set.labels, oof.fold)
    # The final fit has more clients than a fold, so it gets more trees in the same proportion.
    tree_count = round(oof.best_iteration * fold_count / (fold_count - 1))
    booster, categories = _fit_final_booster(training_set, seed, parameters, tree_count)
    progress(1)
    return TrainedModel(
        booster=apply_calibration(booster, calibration),
        categories=categories,
        trees_per_booster=tree_count,
        parameters=parameters,
        calibration=calibration,
        oof_risk=fold_calibrations.predict_risk(oof.log_odds, oof.fold),
        oof_uncalibrated=1 / (1 + np.exp(-oof.log_odds)),
        fold=oof.fold,
        oof_masked=fold_calibrations.predict_risk(oof.masked_log_odds, oof.masked_fold),
    )


def _fit_final_booster(
    training_set: TrainingSet, seed: int, parameters: Mapping[str, Any], tree_count: int
) -> tuple[lgb.Booster, CategoryEncoder]:
    """Fit the bagged models on all clients; return their average and the categories."""
    training_rows = training_set.training_rows_for(np.arange(len(training_set)))
    categories = training_rows.fit_categories(np.arange(len(training_rows)))
    train_data = build_lightgbm_dataset(training_rows, categories)
    del training_rows  # frees memory before the fits
    boosters = [
        lgb.train(build_booster_params(parameters, training_set, s), train_data, tree_count)
        for s in _list_bag_seeds(parameters, seed)
    ]
    return average_boosters(boosters), categories


@dataclass(frozen=True, kw_only=True)
class OutOfFoldPredictions:
    """Predictions of the folds' models for their validation clients."""

    log_odds: Floats
    """Log-odds before calibration, shape (clients,)."""
    fold: Floats
    """Number of each client's validation fold, shape (clients,)."""
    best_iteration: int
    """Number of trees with the lowest mean log loss over all folds."""
    masked_log_odds: Floats
    """Log-odds of the auxiliary rows that are masked copies; NaN for other auxiliary rows."""
    masked_fold: Floats
    """Number of the fold that validates the copied client; NaN for other auxiliary rows."""


def predict_out_of_fold(
    training_set: TrainingSet,
    *,
    seed: int,
    progress: Callable[[int], object],
    parameters: Mapping[str, Any] = DEFAULT_PARAMETERS,
    fold_count: int = FOLD_COUNT,
) -> OutOfFoldPredictions:
    """Fit one model per fold and predict the fold's validation clients with it.

    The number of trees that predicts a fold is chosen on the other folds only. A number chosen on
    all folds would depend on the labels of the clients it predicts, which is a small leak.

    Args:
        progress: Called with 1 after each fold. Other arguments are those of `fit_model`.
    """
    boosters: list[list[lgb.Booster]] = []
    losses: list[list[list[float]]] = []
    validation_folds: list[ValidationFold] = []
    for fold in iter_folds(training_set, seed=seed, fold_count=fold_count):
        fits = [
            train_with_early_stopping(
                fold.train_data,
                fold.valid_data,
                build_booster_params(parameters, training_set, model_seed),
                max_trees=MAX_TREES,
                rounds=EARLY_STOPPING_ROUNDS,
            )
            for model_seed in _list_bag_seeds(parameters, seed)
        ]
        boosters.append([booster for booster, _ in fits])
        losses.append([metrics[VALIDATION_LOSS] for _, metrics in fits])
        validation_folds.append(fold.validation)
        del fold  # frees its data before the next fold is built
        progress(1)
    return _predict_validation_folds(training_set, validation_folds, boosters, losses)


def _predict_validation_folds(
    training_set: TrainingSet,
    validation_folds: Sequence[ValidationFold],
    boosters: Sequence[Sequence[lgb.Booster]],
    losses: Sequence[Sequence[Sequence[float]]],
) -> OutOfFoldPredictions:
    """Predict each fold's validation clients and their copies, in the order of the rows."""
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
    """Translate hyperparameters into LightGBM's parameters.

    Args:
        parameters: Hyperparameters with `monotone` and `bagged`, which LightGBM does not know.
        training_set: Its features give the monotone constraints.
        seed: Seed of the booster.
    """
    booster_params = {
        name: value for name, value in parameters.items() if name not in {"monotone", "bagged"}
    }
    if parameters["monotone"]:
        directions = [int(feature.risk) for feature in training_set.features.values()]
        booster_params["monotone_constraints"] = directions
    return {**booster_params, "seed": seed, "num_threads": 0}
