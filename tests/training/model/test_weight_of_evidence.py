from __future__ import annotations

import numpy as np
import pytest

from training.model.weight_of_evidence import WeightOfEvidence

CLIENTS = 4_000


def make_clients() -> tuple[np.ndarray, np.ndarray]:
    """Return columns of noise, of information and of informative gaps, with labels."""
    rng = np.random.default_rng(0)
    informative = rng.normal(size=CLIENTS)
    gap = rng.random(CLIENTS) < 0.3
    labels = (rng.random(CLIENTS) < 1 / (1 + np.exp(2.5 - informative - gap))).astype(np.int8)
    gaps = np.where(gap, np.nan, rng.normal(size=CLIENTS))
    return np.column_stack([rng.normal(size=CLIENTS), informative, gaps]), labels


def test_the_most_informative_columns_are_selected_first() -> None:
    transformer = WeightOfEvidence(max_columns=2).fit(*make_clients())
    assert list(transformer.selected_) == [1, 2]


def test_a_higher_weight_means_a_lower_difficulty_rate() -> None:
    matrix, labels = make_clients()
    weights = WeightOfEvidence(max_columns=1).fit(matrix, labels).transform(matrix)[:, 0]
    levels = np.unique(weights)
    rates = [labels[weights == level].mean() for level in levels]
    assert len(levels) == 8
    assert (np.diff(rates) < 0).all()


def test_missing_values_have_a_weight_of_their_own() -> None:
    matrix, labels = make_clients()
    weights = WeightOfEvidence().fit(matrix, labels).transform(matrix)
    is_missing = np.isnan(matrix[:, 2])
    column = list(WeightOfEvidence().fit(matrix, labels).selected_).index(2)
    assert len(np.unique(weights[is_missing, column])) == 1
    assert weights[is_missing, column][0] < weights[~is_missing, column].min()


def test_a_column_without_known_values_has_weight_zero() -> None:
    matrix, labels = make_clients()
    matrix[:, 0] = np.nan
    transformer = WeightOfEvidence().fit(matrix, labels)
    column = list(transformer.selected_).index(0)
    assert transformer.transform(matrix)[:, column] == pytest.approx(0, abs=1e-12)


def test_a_rare_flag_and_its_absence_have_different_weights() -> None:
    _, labels = make_clients()
    for flag in (labels, 1 - labels):
        weights = WeightOfEvidence().fit_transform(flag.reshape(-1, 1).astype(float), labels)
        assert len(np.unique(weights)) == 2


def test_the_weight_is_the_log_ratio_of_the_class_shares() -> None:
    matrix = np.array([0.0] * 600 + [1.0] * 400).reshape(-1, 1)
    labels = np.array([1] * 60 + [0] * 540 + [1] * 80 + [0] * 320, dtype=np.int8)
    weights = WeightOfEvidence(n_bins=2, prior_clients=1e-9).fit(matrix, labels).transform(matrix)
    assert weights[0, 0] == pytest.approx(np.log((540 / 860) / (60 / 140)))
    assert weights[-1, 0] == pytest.approx(np.log((320 / 860) / (80 / 140)))
