"""Split a training set into stratified folds and encode each as LightGBM datasets.

training set ──► splits ──┬──► training rows and auxiliary rows ──► features, bins ──► Dataset
                          └──► validation rows, with the same fitted parts and bins ───► Dataset
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.model_selection import StratifiedKFold

from credit.dossier import Floats, Integers
from credit.features import FittedFeatures, Matrix
from training.data.dataset import Labels, TrainingSet

FOLD_COUNT = 5
"""Default number of folds."""


@dataclass(frozen=True, kw_only=True)
class ValidationFold:
    """Validation clients of a fold, encoded with the features fitted on its training rows."""

    fitted: FittedFeatures
    """Categories and usual terms of loans, fitted on the training rows."""
    rows: Integers
    """Row numbers of the validation clients in the training set, shape (clients,)."""
    matrix: Matrix
    """Features of the validation clients, shape (clients, features)."""
    masked_rows: Integers
    """Row numbers of their masked copies in the auxiliary rows, shape (copies,)."""
    masked_matrix: Matrix
    """Features of the masked copies, shape (copies, features)."""


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One split into training and validation clients, as LightGBM datasets and as matrices."""

    train_data: lgb.Dataset
    valid_data: lgb.Dataset
    validation: ValidationFold


def iter_folds(
    training_set: TrainingSet,
    *,
    seed: int,
    fold_count: int = FOLD_COUNT,
    binning: Mapping[str, Any] | None = None,
) -> Iterator[Fold]:
    """Yield stratified folds, each with features and bins fitted on its training rows only.

    Folds are built one at a time to limit memory use.

    Args:
        training_set: Clients to split, with their auxiliary rows.
        seed: Seed of the shuffle before the split.
        fold_count: Number of folds, at least 2.
        binning: LightGBM's dataset parameters, required if several fits share a fold's dataset.
    """
    for train_idx, valid_idx in split_folds(training_set.labels, seed=seed, fold_count=fold_count):
        yield _build_fold(training_set, train_idx, valid_idx, binning)


def _build_fold(
    training_set: TrainingSet,
    train_idx: Integers,
    valid_idx: Integers,
    binning: Mapping[str, Any] | None,
) -> Fold:
    # Copies of validation clients are left out of the training rows: their labels would leak.
    auxiliary = training_set.auxiliary
    training_rows = training_set.training_rows_for(train_idx)
    fitted = training_rows.fit_features()
    train_data = build_lightgbm_dataset(training_rows, fitted, binning)
    valid_matrix = replace(training_set, auxiliary=None).take(valid_idx).encode(fitted)
    masked_rows = (
        np.flatnonzero(np.isin(auxiliary.copy_of, valid_idx)) if auxiliary else valid_idx[:0]
    )
    return Fold(
        train_data=train_data,
        valid_data=train_data.create_valid(valid_matrix, training_set.labels[valid_idx]),
        validation=ValidationFold(
            fitted=fitted,
            rows=valid_idx,
            matrix=valid_matrix,
            masked_rows=masked_rows,
            masked_matrix=auxiliary.training_set.take(masked_rows).encode(fitted)
            if auxiliary
            else valid_matrix[:0],
        ),
    )


def split_folds(
    labels: Labels, *, seed: int, fold_count: int = FOLD_COUNT
) -> Iterator[tuple[Integers, Integers]]:
    """Yield row numbers of the training and of the validation clients of each stratified fold."""
    splitter = StratifiedKFold(fold_count, shuffle=True, random_state=seed)
    yield from splitter.split(labels, labels)


def build_lightgbm_dataset(
    training_rows: TrainingSet,
    fitted: FittedFeatures,
    binning: Mapping[str, Any] | None = None,
) -> lgb.Dataset:
    """Build a LightGBM dataset with its own bins from training rows.

    Args:
        training_rows: Labelled clients to learn from.
        fitted: Categories, and usual terms of loans.
        binning: LightGBM's dataset parameters, such as `max_bin`; its defaults if None.
    """
    return lgb.Dataset(
        training_rows.encode(fitted),
        training_rows.labels,
        feature_name=list(training_rows.features),
        categorical_feature=[
            n for n, feature in training_rows.features.items() if feature.is_categorical
        ],
        params=dict(binning or {}),
    )


def leave_one_fold_out_tree_counts(losses: Sequence[Sequence[Sequence[float]]]) -> list[int]:
    """Return for each fold the best number of trees according to all other folds.

    Args:
        losses: By fold and bagged model, the validation log loss after each tree.

    >>> leave_one_fold_out_tree_counts([[[3.0, 2.0, 1.0]], [[1.0, 2.0, 3.0]]])
    [1, 3]
    """
    return [
        best_iteration(chain(*losses[:fold_id], *losses[fold_id + 1 :]))
        for fold_id in range(len(losses))
    ]


def best_iteration(losses: Iterable[Sequence[float]]) -> int:
    """Return the number of trees with the lowest mean loss.

    Args:
        losses: Curves of the loss after each tree; at least one.
    """
    return int(average_losses(losses).argmin()) + 1


def average_losses(losses: Iterable[Sequence[float]]) -> Floats:
    """Return the mean loss after each tree, shape (trees of the longest curve,).

    A curve that stopped early is extended with its last value.

    Args:
        losses: Curves of the loss after each tree; at least one.
    """
    curves = list(losses)
    max_length = max(map(len, curves))
    padded = [np.pad(loss, (0, max_length - len(loss)), mode="edge") for loss in curves]
    mean: Floats = np.mean(padded, axis=0)
    return mean
