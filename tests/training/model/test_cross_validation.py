from __future__ import annotations

import numpy as np

from tests.support.small_model import SEED
from training.data.dataset import TrainingSet
from training.model.cross_validation import (
    best_iteration,
    iter_folds,
    leave_one_fold_out_tree_counts,
)


def test_categories_of_a_fold_are_fitted_on_its_training_rows_only(
    learnable: TrainingSet,
) -> None:
    for fold in iter_folds(learnable, seed=SEED):
        train_idx = np.setdiff1d(np.arange(len(learnable)), fold.validation.rows)
        training_rows = learnable.training_rows_for(train_idx)
        fitted = training_rows.fit_features()
        expected = learnable.encode(fitted)[fold.validation.rows]
        assert np.array_equal(fold.validation.matrix, expected, equal_nan=True)


def test_every_client_is_in_exactly_one_validation_fold(learnable: TrainingSet) -> None:
    rows = np.concatenate([fold.validation.rows for fold in iter_folds(learnable, seed=SEED)])
    assert sorted(rows) == list(range(len(learnable)))


def test_the_tree_count_of_a_fold_does_not_depend_on_its_own_losses() -> None:
    first_fold, second_fold = [[3.0, 2.0, 1.0, 0.5]], [[1.0, 0.5, 0.9], [0.9, 0.8, 0.7]]
    assert leave_one_fold_out_tree_counts([first_fold, second_fold]) == [2, 4]
    assert leave_one_fold_out_tree_counts([[[9.0, 1.0]], second_fold])[0] == 2
    assert best_iteration([*first_fold, *second_fold]) == 4
