"""Laws of the population stability index."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.psi import DRIFT_PSI_THRESHOLD, FALSE_ALARM_RATE, compute_psi

COUNTS = st.lists(st.integers(0, 100_000), min_size=1, max_size=30).filter(any).map(np.array)
TWO_SIDES = (
    st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 9_000)), min_size=1, max_size=30)
    .map(np.array)
    .filter(lambda sides: sides.sum(axis=0).all())
)


@given(COUNTS, st.integers(1, 50))
def test_it_is_zero_for_the_same_shares_whatever_the_sizes(counts: np.ndarray, times: int) -> None:
    assert compute_psi(counts, counts).value == 0
    assert compute_psi(counts, counts * times).value == pytest.approx(0, abs=1e-12)


@given(TWO_SIDES)
def test_it_is_finite_never_negative_and_the_same_both_ways(sides: np.ndarray) -> None:
    there, back = compute_psi(*sides.T), compute_psi(*sides.T[::-1])
    assert 0 <= there.value < np.inf
    assert there.value == pytest.approx(back.value)
    assert there.noise == pytest.approx(back.noise)


@given(TWO_SIDES, st.randoms())
def test_the_order_and_names_of_bins_do_not_matter(sides: np.ndarray, random: object) -> None:
    shuffled = sides.tolist()
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis's own Random
    assert compute_psi(*np.array(shuffled).T).value == pytest.approx(compute_psi(*sides.T).value)


@given(TWO_SIDES, st.integers(1, 5))
def test_bins_that_hold_nobody_do_not_count(sides: np.ndarray, empty: int) -> None:
    wider = np.concatenate([sides, np.zeros((empty, 2), dtype=np.int64)])
    assert compute_psi(*wider.T) == compute_psi(*sides.T)


@given(st.integers(1, 400), st.integers(1, 400))
def test_it_rises_with_the_share_that_moves(one: int, more: int) -> None:
    def moved(count: int) -> float:
        return compute_psi(np.array([500, 500]), np.array([500 - count, 500 + count])).value

    less, most = sorted((one, one + more))
    assert moved(min(less, 499)) <= moved(min(most, 499))


def test_without_drift_it_averages_what_the_formula_says() -> None:
    rng = np.random.default_rng(0)
    n, m, tenths = 300, 200, np.full(10, 0.1)
    drawn = [
        compute_psi(rng.multinomial(n, tenths), rng.multinomial(m, tenths)).value
        for _ in range(800)
    ]
    assert np.mean(drawn) == pytest.approx((1 / n + 1 / m) * 9, rel=0.08)


def test_chance_exceeds_the_noise_no_more_often_than_is_said() -> None:
    rng = np.random.default_rng(1)
    tenths = np.full(10, 0.1)
    before, after = (rng.multinomial(250, tenths, 20_000) for _ in range(2))
    beyond = sum(compute_psi(*pair).is_beyond_chance for pair in zip(before, after, strict=True))
    assert (
        beyond <= 8 * FALSE_ALARM_RATE * 20_000
    )  # expected 2; more than 16 would be a wrong formula


def test_a_change_of_fifteen_percent_of_every_bin_is_the_limit() -> None:
    before = np.full(10, 1_000_000)
    after = before + 150_000 * np.tile([1, -1], 5)
    assert compute_psi(before, after).value == pytest.approx(DRIFT_PSI_THRESHOLD, rel=0.02)


def test_one_bin_has_nothing_to_drift_to() -> None:
    told = compute_psi(np.array([10]), np.array([70]))
    assert (told.value, told.noise, told.has_drifted) == (0, 0, False)
