from __future__ import annotations

import numpy as np

from credit.features import CATALOGUE
from training.data.dataset import TrainingSet

WORDS = [name for name, feature in CATALOGUE.items() if feature.is_categorical]


def test_dropped_features_have_no_column_and_no_category(learnable: TrainingSet) -> None:
    gone = {WORDS[0], next(iter(CATALOGUE))}
    fewer = learnable.drop_features(gone)
    assert list(fewer.features) == [name for name in CATALOGUE if name not in gone]
    assert fewer.matrix.shape == (len(learnable), len(CATALOGUE) - 2)
    assert not gone & fewer.category_columns.keys()


def test_remaining_features_keep_their_order(learnable: TrainingSet) -> None:
    fewer = learnable.drop_features({next(iter(CATALOGUE))})
    indices = learnable.ids - 1
    stored = fewer.encode(fewer.take(indices).fit_features())
    complete = learnable.encode(learnable.take(indices).fit_features())
    assert np.array_equal(stored, complete[:, 1:], equal_nan=True)


def test_take_selects_the_requested_clients(learnable: TrainingSet) -> None:
    rows = np.array([5, 3, 900])
    some = learnable.take(rows)
    assert list(some.ids) == list(learnable.ids[rows])
    assert np.array_equal(some.matrix, learnable.matrix[rows], equal_nan=True)
    for name in WORDS:
        assert some.category_columns[name].take(np.arange(3)).codes.tolist() == (
            learnable.category_columns[name].codes[rows].tolist()
        )
