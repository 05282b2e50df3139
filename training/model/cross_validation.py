"""Folds: who is learnt from and who is left out, as LightGBM takes them.

material ──► splits ──┬──► learners and their teachers ──► categories, bins ──► Dataset
                      └──► left out, in the same categories and bins ─────────► Dataset
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.model_selection import StratifiedKFold

from credit.dossier import Integers
from credit.features import CategoryEncoder, Matrix
from training.data.dataset import Labels, TrainingSet

FOLD_COUNT = 5


@dataclass(frozen=True, kw_only=True)
class ValidationFold:
    """Clients whom a fold left out, encoded by what its learners teach."""

    rows: Integers
    """Their places in the material."""
    matrix: Matrix
    """Their features."""
    masked_rows: Integers
    """Places of their copies, among the teachers."""
    masked_matrix: Matrix


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Clients to learn from and clients left out, as LightGBM takes them."""

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
    """Stratified folds, each with its own categories and its own bins, made one by one.

    Args:
        binning: LightGBM's parameters of a Dataset, for one that serves several fits.
    """
    for train_idx, valid_idx in split_folds(training_set.labels, seed=seed, fold_count=fold_count):
        yield _build_fold(training_set, train_idx, valid_idx, binning)


def _build_fold(
    training_set: TrainingSet,
    train_idx: Integers,
    valid_idx: Integers,
    binning: Mapping[str, Any] | None,
) -> Fold:
    auxiliary = training_set.auxiliary
    training_rows = training_set.training_rows_for(train_idx)
    categories = training_rows.fit_categories(np.arange(len(training_rows)))
    train_data = build_lightgbm_dataset(training_rows, categories, binning)
    valid_matrix = replace(training_set, auxiliary=None).take(valid_idx).encode(categories)
    masked_rows = (
        np.flatnonzero(np.isin(auxiliary.copy_of, valid_idx)) if auxiliary else valid_idx[:0]
    )
    return Fold(
        train_data=train_data,
        valid_data=train_data.create_valid(valid_matrix, training_set.labels[valid_idx]),
        validation=ValidationFold(
            rows=valid_idx,
            matrix=valid_matrix,
            masked_rows=masked_rows,
            masked_matrix=auxiliary.training_set.take(masked_rows).encode(categories)
            if auxiliary
            else valid_matrix[:0],
        ),
    )


def split_folds(
    labels: Labels, *, seed: int, fold_count: int = FOLD_COUNT
) -> Iterator[tuple[Integers, Integers]]:
    """Of each fold, the places of the clients to learn from and of those left out."""
    splitter = StratifiedKFold(fold_count, shuffle=True, random_state=seed)
    yield from splitter.split(labels, labels)


def build_lightgbm_dataset(
    training_rows: TrainingSet,
    categories: CategoryEncoder,
    binning: Mapping[str, Any] | None = None,
) -> lgb.Dataset:
    """Clients to learn from, in bins of their own."""
    return lgb.Dataset(
        training_rows.encode(categories),
        training_rows.labels,
        feature_name=list(training_rows.features),
        categorical_feature=[
            n for n, feature in training_rows.features.items() if feature.is_categorical
        ],
        params=dict(binning or {}),
    )
