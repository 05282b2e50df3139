"""Cross-validate: fit one model per fold and predict the clients that it has not seen.

fold ──► bagged models with early stopping ──► log-odds of the fold's validation clients
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import lightgbm as lgb
import numpy as np

from credit.dossier import Floats
from credit.features import FittedFeatures, Matrix
from training.data.dataset import TrainingSet
from training.model.calibration import Calibration
from training.model.cross_validation import (
    FOLD_COUNT,
    ValidationFold,
    best_iteration,
    iter_folds,
    leave_one_fold_out_tree_counts,
)
from training.model.early_stopping import VALIDATION_LOSS, train_with_early_stopping
from training.model.hyperparameters import DEFAULT_PARAMETERS

MAX_TREES = 3_000
"""Maximum number of trees of a fold's model."""
EARLY_STOPPING_ROUNDS = 150
"""A fold stops after this many trees without a lower validation log loss."""


@dataclass(frozen=True, kw_only=True)
class FoldModel:
    """The model of one fold, which has not seen the fold's validation clients."""

    fitted: FittedFeatures
    boosters: Sequence[lgb.Booster]
    tree_count: int
    """Number of trees chosen on the other folds."""
    calibration: Calibration
    """Fitted on the other folds."""

    def predict_risk(self, matrix: Matrix) -> Floats:
        """Return the risk of clients, shape (clients,).

        Args:
            matrix: Features built with `fitted`, shape (clients, features).
        """
        return self.calibration.predict_risk(
            predict_log_odds(self.boosters, matrix, self.tree_count)
        )


@dataclass(frozen=True, kw_only=True)
class OutOfFoldPredictions:
    """Predictions of the folds' models for their validation clients."""

    log_odds: Floats
    """Log-odds before calibration, shape (clients,)."""
    fold: Floats
    """Number of each client's validation fold, shape (clients,)."""
    best_iteration: int
    """Number of trees with the lowest mean log loss over all folds."""
    validation_folds: Sequence[ValidationFold]
    boosters: Sequence[Sequence[lgb.Booster]]
    """Bagged models of each fold."""
    tree_counts: Sequence[int]
    """Number of trees that predicts each fold, chosen on the other folds."""
    losses: Sequence[Sequence[Sequence[float]]]
    """By fold and bagged model, the validation log loss after each tree."""
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
            for model_seed in list_bag_seeds(parameters, seed)
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
        log_odds[validation.rows] = predict_log_odds(models, validation.matrix, tree_count)
        fold_ids[validation.rows] = fold_id
        masked_log_odds[validation.masked_rows] = predict_log_odds(
            models, validation.masked_matrix, tree_count
        )
        masked_fold_ids[validation.masked_rows] = fold_id
    return OutOfFoldPredictions(
        log_odds=log_odds,
        fold=fold_ids,
        best_iteration=best_iteration(chain(*losses)),
        validation_folds=validation_folds,
        boosters=boosters,
        tree_counts=tree_counts,
        losses=losses,
        masked_log_odds=masked_log_odds,
        masked_fold=masked_fold_ids,
    )


def predict_log_odds(models: Sequence[lgb.Booster], matrix: Matrix, tree_count: int) -> Floats:
    if not len(matrix):
        return np.empty(0)
    predictions = [m.predict(matrix, num_iteration=tree_count, raw_score=True) for m in models]
    mean: Floats = np.mean(predictions, axis=0)
    return mean


def list_bag_seeds(parameters: Mapping[str, Any], seed: int) -> list[int]:
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
