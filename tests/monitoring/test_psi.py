"""Properties of the population stability index."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.psi import DRIFT_PSI_THRESHOLD, FALSE_ALARM_RATE, compute_psi

COUNTS = st.lists(st.integers(0, 100_000), min_size=1, max_size=30).filter(any).map(np.array)
COUNT_PAIRS = (
    st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 9_000)), min_size=1, max_size=30)
    .map(np.array)
    .filter(lambda counts: counts.sum(axis=0).all())
)


@given(COUNTS, st.integers(1, 50))
def test_it_is_zero_for_equal_shares_at_any_sizes(counts: np.ndarray, times: int) -> None:
    assert compute_psi(counts, counts).value == 0
    assert compute_psi(counts, counts * times).value == pytest.approx(0, abs=1e-12)


@given(COUNT_PAIRS)
def test_it_is_finite_non_negative_and_symmetric(counts: np.ndarray) -> None:
    forward, backward = compute_psi(*counts.T), compute_psi(*counts.T[::-1])
    assert 0 <= forward.value < np.inf
    assert forward.value == pytest.approx(backward.value)
    assert forward.noise == pytest.approx(backward.noise)


@given(COUNT_PAIRS, st.randoms())
def test_the_order_of_bins_does_not_matter(counts: np.ndarray, random: object) -> None:
    shuffled = counts.tolist()
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis's own Random
    assert compute_psi(*np.array(shuffled).T).value == pytest.approx(compute_psi(*counts.T).value)


@given(COUNT_PAIRS, st.integers(1, 5))
def test_empty_bins_do_not_count(counts: np.ndarray, empty: int) -> None:
    extended = np.concatenate([counts, np.zeros((empty, 2), dtype=np.int64)])
    assert compute_psi(*extended.T) == compute_psi(*counts.T)


@given(st.integers(1, 400), st.integers(1, 400))
def test_it_rises_with_the_share_that_moves(count: int, increase: int) -> None:
    def psi_after_moving(count: int) -> float:
        return compute_psi(np.array([500, 500]), np.array([500 - count, 500 + count])).value

    smaller, larger = sorted((count, count + increase))
    assert psi_after_moving(min(smaller, 499)) <= psi_after_moving(min(larger, 499))


def test_without_drift_its_mean_is_that_of_the_formula() -> None:
    rng = np.random.default_rng(0)
    n, m, tenths = 300, 200, np.full(10, 0.1)
    values = [
        compute_psi(rng.multinomial(n, tenths), rng.multinomial(m, tenths)).value
        for _ in range(800)
    ]
    assert np.mean(values) == pytest.approx((1 / n + 1 / m) * 9, rel=0.08)


def test_chance_exceeds_the_noise_at_most_at_the_declared_rate() -> None:
    rng = np.random.default_rng(1)
    tenths = np.full(10, 0.1)
    before, after = (rng.multinomial(250, tenths, 20_000) for _ in range(2))
    beyond = sum(compute_psi(*pair).is_beyond_chance for pair in zip(before, after, strict=True))
    # 2 are expected; more than 16 would mean a wrong formula.
    assert beyond <= 8 * FALSE_ALARM_RATE * 20_000


def test_a_change_of_fifteen_percent_of_every_bin_is_the_limit() -> None:
    before = np.full(10, 1_000_000)
    after = before + 150_000 * np.tile([1, -1], 5)
    assert compute_psi(before, after).value == pytest.approx(DRIFT_PSI_THRESHOLD, rel=0.02)


def test_a_single_bin_never_drifts() -> None:
    psi = compute_psi(np.array([10]), np.array([70]))
    assert (psi.value, psi.noise, psi.has_drifted) == (0, 0, False)
