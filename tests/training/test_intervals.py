"""Intervals are those of the measures themselves, quicker."""

from __future__ import annotations

import numpy as np
import pytest

from credit.policy import Policy
from training.metrics.bootstrap import (
    MANY,
    RESAMPLES,
    Calibrated,
    Ranking,
    intervals,
    resamples,
    resamples_of,
)
from training.metrics.credit_metrics import calibration_in_the_large, metrics

CLIENTS = 2_000


def people(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from risks that are told to two decimals: many are equal."""
    rng = np.random.default_rng(seed)
    risks = rng.beta(1, 8, CLIENTS).round(2).clip(0.01, 0.99)
    return (rng.random(CLIENTS) < risks).astype(np.int8), risks


def test_every_client_once_gives_the_measures_as_they_are(policy: Policy) -> None:
    labels, risks = people()
    told = Ranking(labels, risks).measures(np.ones(CLIENTS), policy)
    expected = metrics(labels, risks, policy)
    for name, value in told.items():
        assert value == pytest.approx(expected[name], abs=1e-12), name


def test_a_resample_is_measured_as_the_clients_drawn(policy: Policy) -> None:
    labels, risks = people()
    for weights in list(resamples(CLIENTS, seed=1))[:5]:
        drawn = np.repeat(np.arange(CLIENTS), weights.astype(int))
        expected = metrics(labels[drawn], risks[drawn], policy)
        for name, value in Ranking(labels, risks).measures(weights, policy).items():
            assert value == pytest.approx(expected[name], abs=1e-12), name
        shift = Calibrated(labels, risks).shift(weights)
        exact = calibration_in_the_large(labels[drawn], risks[drawn])
        assert shift == pytest.approx(exact, abs=0.01)


def test_ninety_five_of_a_hundred_intervals_hold_the_truth(policy: Policy) -> None:
    """Calibrated risks: the true shift is 0."""
    held = 0
    for seed in range(60):
        low, high = intervals(*people(seed), policy, seed=seed)["calibration_in_the_large"]
        held += low <= 0 <= high
    assert 52 <= held <= 60


def test_the_same_seed_gives_the_same_intervals(policy: Policy) -> None:
    labels, risks = people()
    assert intervals(labels, risks, policy, seed=3) == intervals(labels, risks, policy, seed=3)


def test_many_clients_are_drawn_fewer_times() -> None:
    assert resamples_of(MANY) == RESAMPLES > resamples_of(MANY + 1)
    assert sum(1 for _ in resamples(MANY + 1, seed=0)) == resamples_of(MANY + 1)
