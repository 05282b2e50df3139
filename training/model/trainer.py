"""Train the credit model: cross-validate, calibrate and fit the final booster on all clients.

training set ──► folds ──► out-of-fold log-odds ──► calibration ──► calibrated booster
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from credit.dossier import Bools, Floats
from credit.features import FittedFeatures
from training.data.dataset import Labels, TrainingSet
from training.model.calibration import Calibration, FoldCalibrations, apply_calibration
from training.model.cross_validation import (
    FOLD_COUNT,
    build_lightgbm_dataset,
)
from training.model.ensemble import average_boosters
from training.model.hyperparameters import DEFAULT_PARAMETERS
from training.model.out_of_fold import (
    FoldModel,
    build_booster_params,
    list_bag_seeds,
    predict_out_of_fold,
)

TREE_COUNT_EXPONENT = 0.15


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A calibrated model with its out-of-fold predictions.

    Arrays have one value per client of the training set, except for `oof_masked`.
    """

    booster: lgb.Booster
    """Calibrated: `predict` returns probabilities of payment difficulties."""
    fitted: FittedFeatures
    """Categories and usual terms of loans that the booster expects."""
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
    fold_models: Sequence[FoldModel]
    """Models of the folds, by number of the fold."""
    oof_masked: Floats
    """Out-of-fold risk of each auxiliary row that is a masked copy; NaN for other auxiliary rows.

    Trees and calibration are those of the fold that validates the copied client.
    """
    fold_losses: Sequence[Sequence[Sequence[float]]]
    """By fold and bagged model, the validation log loss after each tree."""

    def append_masked_copies(
        self, training_set: TrainingSet
    ) -> tuple[Labels, Floats, Mapping[str, Bools]]:
        """Return labels, out-of-fold risks and known histories of the clients and their copies.

        The rows of the copies with masked histories follow those of the training set. A copy has
        the label of its client.

        Args:
            training_set: The clients that the model was fitted on.
        """
        if training_set.auxiliary is None:
            return training_set.labels, self.oof_risk, training_set.known_histories
        masked_rows = np.flatnonzero(
            ~np.isnan(self.oof_masked) & ~training_set.auxiliary.is_form_masked
        )
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
    tree_count = scale_tree_count(oof.best_iteration, fold_count / (fold_count - 1))
    booster, fitted = _fit_final_booster(training_set, seed, parameters, tree_count)
    progress(1)
    return TrainedModel(
        booster=apply_calibration(booster, calibration),
        fitted=fitted,
        trees_per_booster=tree_count,
        parameters=parameters,
        calibration=calibration,
        oof_risk=fold_calibrations.predict_risk(oof.log_odds, oof.fold),
        oof_uncalibrated=1 / (1 + np.exp(-oof.log_odds)),
        fold=oof.fold,
        fold_models=[
            FoldModel(
                fitted=validation.fitted,
                boosters=boosters,
                tree_count=fold_tree_count,
                calibration=fold_calibrations.by_fold[fold_id],
            )
            for fold_id, (validation, boosters, fold_tree_count) in enumerate(
                zip(oof.validation_folds, oof.boosters, oof.tree_counts, strict=True)
            )
        ],
        oof_masked=fold_calibrations.predict_risk(oof.masked_log_odds, oof.masked_fold),
        fold_losses=oof.losses,
    )


def scale_tree_count(best_iteration: int, row_ratio: float) -> int:
    """Return the number of trees of a fit with more rows than those that chose the number.

    The best number grows with the rows to the power of 0.15 (docs/results.md).

    Args:
        best_iteration: Best number of trees of the folds' models.
        row_ratio: Rows of the fit over rows of a fold's training part.

    >>> scale_tree_count(400, 5 / 4)
    414
    """
    return max(1, round(best_iteration * math.pow(row_ratio, TREE_COUNT_EXPONENT)))


def _fit_final_booster(
    training_set: TrainingSet, seed: int, parameters: Mapping[str, Any], tree_count: int
) -> tuple[lgb.Booster, FittedFeatures]:
    """Fit the bagged models on all clients; return their average and the fitted features."""
    training_rows = training_set.training_rows_for(np.arange(len(training_set)))
    fitted = training_rows.fit_features()
    train_data = build_lightgbm_dataset(training_rows, fitted)
    del training_rows  # frees memory before the fits
    boosters = [
        lgb.train(build_booster_params(parameters, training_set, s), train_data, tree_count)
        for s in list_bag_seeds(parameters, seed)
    ]
    return average_boosters(boosters), fitted
