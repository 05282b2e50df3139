from __future__ import annotations

import numpy as np

from credit.features import CATALOGUE
from training.data.dataset import TrainingSet

WORDS = [name for name, feature in CATALOGUE.items() if feature.is_categorical]


def test_features_left_out_are_in_no_column_and_no_category(learnable: TrainingSet) -> None:
    gone = {WORDS[0], next(iter(CATALOGUE))}
    fewer = learnable.drop_features(gone)
    assert list(fewer.features) == [name for name in CATALOGUE if name not in gone]
    assert fewer.matrix.shape == (len(learnable), len(CATALOGUE) - 2)
    assert not gone & fewer.category_columns.keys()


def test_what_is_kept_keeps_its_place(learnable: TrainingSet) -> None:
    fewer = learnable.drop_features({next(iter(CATALOGUE))})
    places = learnable.ids - 1
    kept = fewer.encode(fewer.fit_categories(places))
    whole = learnable.encode(learnable.fit_categories(places))
    assert np.array_equal(kept, whole[:, 1:], equal_nan=True)


def test_fewer_clients_are_those_asked_for(learnable: TrainingSet) -> None:
    rows = np.array([5, 3, 900])
    some = learnable.take(rows)
    assert list(some.ids) == list(learnable.ids[rows])
    assert np.array_equal(some.matrix, learnable.matrix[rows], equal_nan=True)
    for name in WORDS:
        assert some.category_columns[name].take(np.arange(3)).codes.tolist() == (
            learnable.category_columns[name].codes[rows].tolist()
        )
