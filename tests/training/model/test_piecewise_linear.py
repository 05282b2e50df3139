from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from training.model.piecewise_linear import PiecewiseLinear

CLIENTS = 4_000


def make_clients() -> tuple[np.ndarray, np.ndarray]:
    """Return a column with a U-shaped risk, one with informative gaps, and a flag; and labels."""
    rng = np.random.default_rng(0)
    curved, flag = rng.normal(size=CLIENTS), rng.random(CLIENTS) < 0.02
    gap = rng.random(CLIENTS) < 0.3
    log_odds = -2.5 + np.abs(curved) + gap + flag
    labels = (rng.random(CLIENTS) < 1 / (1 + np.exp(-log_odds))).astype(np.int8)
    gaps = np.where(gap, np.nan, rng.normal(size=CLIENTS))
    return np.column_stack([curved, gaps, flag]), labels


def test_pieces_rise_from_edge_to_edge_and_sum_to_a_line() -> None:
    column = np.linspace(0, 8, 801).reshape(-1, 1)
    pieces = PiecewiseLinear(n_bins=4).fit(column).transform(column)
    assert pieces.shape == (801, 4)
    assert np.ptp(pieces, axis=0) == pytest.approx(1)
    assert 2 * (pieces - pieces[0]).sum(axis=1) == pytest.approx(column[:, 0], abs=1e-5)


def test_values_beyond_the_training_range_count_as_its_ends() -> None:
    matrix, _ = make_clients()
    encoder = PiecewiseLinear().fit(matrix[:, :1])
    ends = np.array([[matrix[:, 0].min()], [matrix[:, 0].max()]])
    assert (encoder.transform(np.sign(ends) * 9) == encoder.transform(ends)).all()


def test_a_missing_value_has_an_indicator_and_no_pieces() -> None:
    matrix, _ = make_clients()
    encoded = PiecewiseLinear().fit_transform(matrix)
    is_missing = np.isnan(matrix[:, 1])
    columns = PiecewiseLinear().fit(matrix).columns_
    assert encoded.shape == (CLIENTS, len(columns) + 1)
    assert (encoded[:, -1] == is_missing).all()
    assert (encoded[is_missing][:, :-1][:, columns == 1] == 0).all()
    assert not np.isnan(encoded).any()


def test_a_value_never_missing_in_training_adds_nothing_when_it_is_missing() -> None:
    """It gets the mean contribution of its column, not that of the lowest value."""
    matrix, labels = make_clients()
    model = make_pipeline(PiecewiseLinear(), LogisticRegression()).fit(matrix, labels)
    unknown = np.where([True, False, False], np.nan, matrix)
    assert model.decision_function(unknown).mean() == pytest.approx(
        model.decision_function(matrix).mean(), abs=1e-3
    )


def test_columns_without_information_have_no_pieces() -> None:
    matrix = np.column_stack([np.full(9, np.nan), np.full(9, 3.0), [*[1.0] * 8, np.nan]])
    encoder = PiecewiseLinear().fit(matrix)
    assert encoder.columns_.tolist() == []
    assert encoder.indicator_columns_.tolist() == [2]


def test_few_values_are_edges_even_if_they_are_rare() -> None:
    column = np.repeat([0.0, 1.0, 2.0], [990, 5, 5]).reshape(-1, 1)
    assert PiecewiseLinear().fit(column).lower_.tolist() == [0.0, 1.0]


def test_a_logistic_regression_on_pieces_follows_curves_and_gaps() -> None:
    matrix, labels = make_clients()
    model = make_pipeline(PiecewiseLinear(), LogisticRegression()).fit(matrix, labels)

    def predict(curved: float, gaps: float) -> float:
        return float(model.decision_function(np.array([[curved, gaps, 0.0]]))[0])

    assert min(predict(-1.5, 0), predict(1.5, 0)) > predict(0, 0) + 0.5
    assert predict(0, np.nan) > predict(0, 0) + 0.5


def test_the_log_odds_are_the_sum_of_one_contribution_per_column() -> None:
    matrix, labels = make_clients()
    model = make_pipeline(PiecewiseLinear(), LogisticRegression()).fit(matrix, labels)
    steps = [
        model.decision_function(np.array([[value, 0.3, 0.0], [value, np.nan, 1.0]]))
        for value in (-2.0, 0.1, np.nan)
    ]
    differences = np.diff(steps, axis=1)[:, 0]
    assert differences == pytest.approx(np.full(3, differences[0]), abs=1e-5)
