"""Log metrics by fold and by tree as steps of the MLflow run, which shows them as curves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import mlflow
import numpy as np
from mlflow.entities import Metric
from sklearn.metrics import roc_auc_score

from training.data.dataset import Labels
from training.metrics.bootstrap import Interval
from training.model.cross_validation import average_losses
from training.model.trainer import TrainedModel

MAX_POINTS_PER_FOLD = 100
"""Points of a curve; more are not visible, and each is a row of the store."""


def log_step_metrics(run_id: str, trained_model: TrainedModel, labels: Labels) -> None:
    """Log the validation log loss by tree, and the out-of-fold AUC, of every fold.

    The step of `validation_log_loss/fold_1` is the number of trees, that of `auc_by_fold` is the
    number of the fold, from 1.

    Args:
        run_id: The run.
        trained_model: The model with its folds.
        labels: Labels of its clients, shape (clients,).
    """
    client = mlflow.MlflowClient()
    timestamp_ms = int(time.time() * 1000)
    for number, curves in enumerate(trained_model.fold_losses, 1):
        points = [
            Metric(f"validation_log_loss/fold_{number}", loss, timestamp_ms, tree_count)
            for tree_count, loss in thin_curve(average_losses(curves).tolist())
        ]
        client.log_batch(run_id, metrics=points)
    aucs = [
        Metric("auc_by_fold", auc, timestamp_ms, number)
        for number, auc in enumerate(compute_fold_aucs(trained_model, labels), 1)
    ]
    client.log_batch(run_id, metrics=aucs)


def log_intervals(intervals: Mapping[str, Interval | tuple[float, float]]) -> None:
    """Log the ends of the 95 % interval of each metric, as `auc_low` and `auc_high`."""
    mlflow.log_metrics({
        f"{name}_{end}": bound
        for name, interval in intervals.items()
        for end, bound in zip(("low", "high"), interval, strict=True)
        if not np.isnan(bound)
    })  # fmt: skip


def compute_fold_aucs(trained_model: TrainedModel, labels: Labels) -> list[float]:
    """Return the out-of-fold AUC of each validation fold, in the order of the folds."""
    fold, risks = trained_model.fold, trained_model.oof_risk
    return [
        float(roc_auc_score(labels[fold == number], risks[fold == number]))
        for number in np.unique(fold)
    ]


def thin_curve(values: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Yield at most `MAX_POINTS_PER_FOLD` points, evenly spaced, as step from 1 and value.

    The first, the last and the lowest are among them.

    >>> list(thin_curve([0.3, 0.1, 0.2]))
    [(1, 0.3), (2, 0.1), (3, 0.2)]
    """
    evenly_spaced = np.linspace(0, len(values) - 1, MAX_POINTS_PER_FOLD - 1)
    steps = {*evenly_spaced.round().astype(int).tolist(), int(np.argmin(values))}
    for step in sorted(steps):
        yield step + 1, values[step]
