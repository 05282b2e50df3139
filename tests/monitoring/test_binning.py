"""Changes that the bins must make visible to the PSI."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from credit.dossier import CategoricalColumn
from credit.schema import NEVER_DAYS
from monitoring.binning import ColumnValues, fit_bins
from monitoring.comparison import ColumnComparison, ColumnKind, compare_column

RNG = np.random.default_rng(5)
AMOUNTS = RNG.lognormal(12, 0.6, 4_000)

NUMBERS = arrays(
    np.float64,
    st.integers(1, 60),
    elements=st.one_of(
        st.floats(-1e10, 1e10, allow_subnormal=False),
        st.sampled_from([np.nan, 0.0, 1.0, NEVER_DAYS]),
    ),
)
CATEGORIES = st.lists(st.sampled_from(["a", "b", "<c>", None, "XNA"]), min_size=1).map(
    lambda values: CategoricalColumn.from_values(values, frozenset({"XNA"}))
)


def compare(
    reference: ColumnValues, current: ColumnValues, **sentinels: float
) -> ColumnComparison:
    text_by_number: dict[float, str] = {number: text for text, number in sentinels.items()}
    return compare_column("AMT", ColumnKind.APPLICATION, reference, current, text_by_number)


@given(NUMBERS, NUMBERS)
def test_every_number_is_in_one_bin_and_labels_are_unique(
    reference: np.ndarray, current: np.ndarray
) -> None:
    bins = fit_bins(
        reference, {NEVER_DAYS: "never"}, smaller_sample_size=min(len(reference), len(current))
    )
    assert bins.count_by_bin(reference).sum() == len(reference)
    assert bins.count_by_bin(current).sum() == len(current)
    assert len(set(bins.labels)) == len(bins.labels) == len(bins.count_by_bin(current))
    assert bins.count_by_bin(current)[-1] == np.isnan(current).sum()
    assert bins.count_by_bin(current)[-2] == (current == NEVER_DAYS).sum()


@given(CATEGORIES, CATEGORIES)
def test_every_category_is_in_one_bin(
    reference: CategoricalColumn, current: CategoricalColumn
) -> None:
    bins = fit_bins(reference, {}, smaller_sample_size=20)
    assert bins.count_by_bin(current).sum() == len(current.codes)
    assert bins.count_by_bin(current)[-1] == (~current.known).sum()


@given(st.permutations("abcd"), st.integers(0, 9))
def test_the_names_of_categories_do_not_matter(names: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = (rng.choice(4, 300, p=p) for p in ([0.4, 0.3, 0.2, 0.1], [0.25] * 4))

    def psi_with_names(vocabulary: str) -> float:
        columns = (
            CategoricalColumn(codes.astype(np.int32), tuple(vocabulary))
            for codes in (before, after)
        )
        return compare(*columns).psi.value

    assert psi_with_names("".join(names)) == pytest.approx(psi_with_names("abcd"))


def test_the_psi_rises_with_a_shift() -> None:
    values = [compare(AMOUNTS, AMOUNTS * (1 + step / 20)).psi.value for step in range(12)]
    assert values == sorted(values)
    assert values[0] == 0
    assert values[-1] > 0.3


def test_one_outlier_hides_nothing() -> None:
    shifted = AMOUNTS * 1.3
    plain = compare(AMOUNTS, shifted).psi.value
    with_outlier = compare(np.append(AMOUNTS, 1e9), np.append(shifted, 1e9)).psi.value
    assert with_outlier == pytest.approx(plain, rel=0.02)


@pytest.mark.parametrize("clients", [50, 200, 4_000])
def test_values_that_become_unknown_are_detected(clients: int) -> None:
    current = AMOUNTS[-clients:].copy()
    current[: int(clients * 0.6)] = np.nan
    comparison = compare(AMOUNTS, current)
    assert comparison.has_drifted
    assert (comparison.missing_reference, comparison.missing_current) == (0, 0.6)
    assert comparison.largest_shift == "(unknown): 0.0% → 60.0%"


def test_a_sentinel_has_a_bin_of_its_own() -> None:
    days = -RNG.integers(1, 9_000, 2_000).astype(np.float64)
    with_pensioners = np.where(np.arange(2_000) % 5, days, NEVER_DAYS)
    comparison = compare(days, with_pensioners, never=NEVER_DAYS)
    assert comparison.largest_shift == "never: 0.0% → 20.0%"
    assert comparison.missing_current == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([0] * 97 + [1] * 3, [0] * 80 + [1] * 20, id="a rare flag"),
        pytest.param([0] * 100, [0] * 80 + [1] * 20, id="a flag never set before"),
        pytest.param([0] * 60 + [9] * 40, [0] * 60 + [8] * 40, id="a new value"),
    ],
)
def test_flags_and_counts_are_compared_value_by_value(before: list[int], after: list[int]) -> None:
    columns = (np.repeat(values, 10).astype(np.float64) for values in (before, after))
    assert compare(*columns).has_drifted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((0.95, 0.0), (0.70, 0.0), id="a rare tail above the common value"),
        pytest.param((0.60, 0.5), (0.05, 0.5), id="a common value in the middle"),
        pytest.param((0.60, 0.05), (0.60, 0.35), id="a small share below the common value"),
    ],
)
def test_a_common_value_does_not_hide_changes_around_it(
    before: tuple[float, float], after: tuple[float, float]
) -> None:
    def draw_values(common_share: float, share_below: float) -> np.ndarray:
        around = np.where(RNG.random(3_000) < share_below, -1, 1) * RNG.random(3_000)
        return np.where(RNG.random(3_000) < common_share, 0.0, around)

    assert compare(draw_values(*before), draw_values(*after)).has_drifted


def test_rare_categories_share_one_bin() -> None:
    codes = np.concatenate([np.zeros(900), np.repeat(np.arange(1, 51), 2)]).astype(np.int32)
    bins = fit_bins(
        CategoricalColumn(codes, tuple(f"w{n}" for n in range(51))), {}, smaller_sample_size=1_000
    )
    assert bins.labels == ("w0", "(other)", "(unknown)")


def test_bins_are_wider_with_fewer_clients() -> None:
    assert len(fit_bins(AMOUNTS, {}, smaller_sample_size=4_000).labels) == 11
    assert len(fit_bins(AMOUNTS, {}, smaller_sample_size=20).labels) == 5
