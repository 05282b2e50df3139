"""The latency model predicts a batch's duration from its weight."""

import pytest

from serving.batching.latency_model import MIN_VARIABLE_TO_FIXED_RATIO, LatencyModel


def test_without_different_weights_every_batch_takes_as_long_as_the_last_ones() -> None:
    model = LatencyModel()
    for _ in range(10):
        model.update(4, 0.02)
    assert model.predict(1) == model.predict(100) == pytest.approx(0.02)
    assert model.max_weight(0.001) == float("inf")


def test_the_largest_batch_spends_at_least_a_multiple_of_its_fixed_time_on_items() -> None:
    model = LatencyModel()
    for weight in (1, 4, 16):
        model.update(weight, 0.01 + 0.001 * weight)
    assert model.predict(8) == pytest.approx(0.018)
    assert model.max_weight(0.06) == pytest.approx(50)
    assert model.max_weight(0.0) == pytest.approx(MIN_VARIABLE_TO_FIXED_RATIO * 10)
