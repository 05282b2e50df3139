from __future__ import annotations

import numpy as np
import pytest

from training.model.weight_of_evidence import WeightOfEvidence

CLIENTS = 4_000


def clients() -> tuple[np.ndarray, np.ndarray]:
    """A column of noise, one that tells, and one whose gaps tell."""
    rng = np.random.default_rng(0)
    telling = rng.normal(size=CLIENTS)
    gap = rng.random(CLIENTS) < 0.3
    labels = (rng.random(CLIENTS) < 1 / (1 + np.exp(2.5 - telling - gap))).astype(np.int8)
    gaps = np.where(gap, np.nan, rng.normal(size=CLIENTS))
    return np.column_stack([rng.normal(size=CLIENTS), telling, gaps]), labels


def test_the_telling_columns_are_kept_first() -> None:
    fitted = WeightOfEvidence(max_columns=2).fit(*clients())
    assert list(fitted.selected_) == [1, 2]


def test_more_evidence_means_fewer_difficulties() -> None:
    matrix, labels = clients()
    told = WeightOfEvidence(max_columns=1).fit(matrix, labels).transform(matrix)[:, 0]
    levels = np.unique(told)
    rates = [labels[told == level].mean() for level in levels]
    assert len(levels) == 8
    assert (np.diff(rates) < 0).all()


def test_unknown_cells_have_an_evidence_of_their_own() -> None:
    matrix, labels = clients()
    told = WeightOfEvidence().fit(matrix, labels).transform(matrix)
    unknown = np.isnan(matrix[:, 2])
    place = list(WeightOfEvidence().fit(matrix, labels).selected_).index(2)
    assert len(np.unique(told[unknown, place])) == 1
    assert told[unknown, place][0] < told[~unknown, place].min()


def test_a_column_nobody_knows_says_nothing() -> None:
    matrix, labels = clients()
    matrix[:, 0] = np.nan
    told = WeightOfEvidence().fit(matrix, labels)
    place = list(told.selected_).index(0)
    assert told.transform(matrix)[:, place] == pytest.approx(0, abs=1e-12)


def test_a_rare_flag_is_told_from_its_absence() -> None:
    _, labels = clients()
    for flag in (labels, 1 - labels):
        told = WeightOfEvidence().fit_transform(flag.reshape(-1, 1).astype(float), labels)
        assert len(np.unique(told)) == 2


def test_evidence_is_the_log_of_the_odds_over_everyones_odds() -> None:
    matrix = np.array([0.0] * 600 + [1.0] * 400).reshape(-1, 1)
    labels = np.array([1] * 60 + [0] * 540 + [1] * 80 + [0] * 320, dtype=np.int8)
    told = WeightOfEvidence(n_bins=2, prior_clients=1e-9).fit(matrix, labels).transform(matrix)
    assert told[0, 0] == pytest.approx(np.log((540 / 860) / (60 / 140)))
    assert told[-1, 0] == pytest.approx(np.log((320 / 860) / (80 / 140)))
