"""Intervals are those of the measures themselves, quicker."""

from __future__ import annotations

import numpy as np
import pytest

from credit.policy import Policy
from training.metrics.bootstrap import (
    LARGE_SAMPLE_CLIENTS,
    RESAMPLE_COUNT,
    WeightedCalibration,
    WeightedRanking,
    bootstrap_weights,
    compute_metric_intervals,
    count_resamples,
)
from training.metrics.credit_metrics import calibration_in_the_large, compute_metrics

CLIENTS = 2_000


def people(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Sample labels from risks rounded to two decimals, so that many are equal."""
    rng = np.random.default_rng(seed)
    risks = rng.beta(1, 8, CLIENTS).round(2).clip(0.01, 0.99)
    return (rng.random(CLIENTS) < risks).astype(np.int8), risks


def test_unit_weights_give_the_unweighted_metrics(policy: Policy) -> None:
    labels, risks = people()
    results = WeightedRanking(labels, risks).compute_metrics(np.ones(CLIENTS), policy)
    expected = compute_metrics(labels, risks, policy)
    for name, value in results.items():
        assert value == pytest.approx(expected[name], abs=1e-12), name


def test_a_weighted_resample_equals_the_sampled_clients(policy: Policy) -> None:
    labels, risks = people()
    for weights in list(bootstrap_weights(CLIENTS, seed=1))[:5]:
        sampled = np.repeat(np.arange(CLIENTS), weights.astype(int))
        expected = compute_metrics(labels[sampled], risks[sampled], policy)
        for name, value in WeightedRanking(labels, risks).compute_metrics(weights, policy).items():
            assert value == pytest.approx(expected[name], abs=1e-12), name
        shift = WeightedCalibration(labels, risks).compute_shift(weights)
        exact = calibration_in_the_large(labels[sampled], risks[sampled])
        assert shift == pytest.approx(exact, abs=0.01)


def test_about_95_of_100_intervals_contain_the_true_value(policy: Policy) -> None:
    """Calibrated risks: the true shift is 0."""
    held = 0
    for seed in range(60):
        low, high = compute_metric_intervals(*people(seed), policy, seed=seed)[
            "calibration_in_the_large"
        ]
        held += low <= 0 <= high
    assert 52 <= held <= 60


def test_the_same_seed_gives_the_same_intervals(policy: Policy) -> None:
    labels, risks = people()
    assert compute_metric_intervals(labels, risks, policy, seed=3) == compute_metric_intervals(
        labels, risks, policy, seed=3
    )


def test_large_samples_use_fewer_resamples() -> None:
    assert (
        count_resamples(LARGE_SAMPLE_CLIENTS)
        == RESAMPLE_COUNT
        > count_resamples(LARGE_SAMPLE_CLIENTS + 1)
    )
    assert sum(1 for _ in bootstrap_weights(LARGE_SAMPLE_CLIENTS + 1, seed=0)) == count_resamples(
        LARGE_SAMPLE_CLIENTS + 1
    )
