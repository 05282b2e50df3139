from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from credit.policy import Policy
from training.evaluation.paired_bootstrap import BootstrapMetrics

CLIENTS = 3_000


def scored(noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The same clients at every call; risks the truer the less noise."""
    rng = np.random.default_rng(1)
    true = rng.normal(-2.5, 1, CLIENTS)
    labels = (rng.random(CLIENTS) < 1 / (1 + np.exp(-true))).astype(np.int8)
    results = true + noise * np.random.default_rng(seed).normal(size=CLIENTS)
    return labels, 1 / (1 + np.exp(-results))


def test_the_difference_is_that_of_the_metrics(policy: Policy) -> None:
    labels, better = scored(0.2)
    _, worse = scored(1.0)
    item, other = (BootstrapMetrics.from_risks(labels, r, policy, seed=3) for r in (better, worse))
    gain = item.difference_from(other, "auc")
    assert gain.value == pytest.approx(
        roc_auc_score(labels, better) - roc_auc_score(labels, worse)
    )
    assert gain.is_significant
    assert gain.interval.low <= gain.value <= gain.interval.high


def test_a_model_does_not_differ_from_itself(policy: Policy) -> None:
    item = BootstrapMetrics.from_risks(*scored(0.5), policy, seed=3)
    gain = item.difference_from(item, "business_score")
    assert (gain.value, gain.interval.low, gain.interval.high) == (0, 0, 0)
    assert not gain.is_significant


def test_equally_good_models_do_not_differ_significantly(policy: Policy) -> None:
    results = [
        BootstrapMetrics.from_risks(*scored(0.5, seed), policy, seed=3) for seed in range(100, 120)
    ]
    pairs = zip(results[::2], results[1::2], strict=True)
    assert sum(item.difference_from(other, "auc").is_significant for item, other in pairs) <= 2


def test_paired_intervals_are_narrower_than_unpaired_ones(policy: Policy) -> None:
    labels, better = scored(0.2)
    _, worse = scored(0.4)
    item, other = (BootstrapMetrics.from_risks(labels, r, policy, seed=3) for r in (better, worse))
    paired = item.difference_from(other, "auc").interval
    alone = item.estimate("auc").interval
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)
