"""Train a booster until its validation loss stops falling, with the class weights of training.

parameters ─┬─► training loss ────────────────────► trees
            └─► weights of the validation rows ───► validation loss ──► number of trees
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np

VALIDATION_LOSS = "binary_logloss"
"""LightGBM's name of the loss that decides when training stops."""


def train_with_early_stopping(
    train_data: lgb.Dataset,
    valid_data: lgb.Dataset,
    booster_params: Mapping[str, Any],
    *,
    max_trees: int,
    rounds: int,
    further_metrics: Sequence[str] = (),
) -> tuple[lgb.Booster, Mapping[str, list[float]]]:
    """Train until the validation log loss has not fallen for some trees.

    LightGBM applies `scale_pos_weight` to the training loss only. Without the same weights, the
    validation loss rises from the first trees on, because the weighted loss moves all risks up.

    Args:
        train_data: Training clients.
        valid_data: Validation clients, weighted here as in the training loss. Datasets that are
            shared between fits need the same `scale_pos_weight` in all of them.
        booster_params: LightGBM's parameters, without metrics.
        max_trees: Maximum number of trees.
        rounds: Trees without a lower validation loss before training stops.
        further_metrics: LightGBM's names of metrics to record as well.

    Returns:
        The booster, and each validation metric by name after each tree.
    """
    _weight_validation_rows(valid_data, float(booster_params.get("scale_pos_weight", 1.0)))
    eval_results: dict[str, dict[str, list[float]]] = {}
    booster = lgb.train(
        {**booster_params, "metric": [VALIDATION_LOSS, *further_metrics]},
        train_data,
        max_trees,
        [valid_data],
        ["valid"],
        callbacks=[
            lgb.early_stopping(rounds, first_metric_only=True, verbose=False),
            lgb.record_evaluation(eval_results),
        ],
        keep_training_booster=True,
    )
    # By default LightGBM keeps the trees up to the number that is best on these validation
    # clients; the number that other folds choose may be larger.
    booster = lgb.Booster(model_str=booster.model_to_string(num_iteration=-1))
    return booster, eval_results["valid"]


def _weight_validation_rows(valid_data: lgb.Dataset, positive_weight: float) -> None:
    """Give clients with payment difficulties the weight that the training loss gives them."""
    labels = np.asarray(valid_data.get_label(), dtype=np.float64)
    # LightGBM leaves out weights that are all 1.
    valid_data.set_weight(np.where(labels > 0, positive_weight, 1.0))
