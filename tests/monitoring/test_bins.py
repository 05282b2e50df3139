"""What the bins must let the index see."""

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
WORDS = st.lists(st.sampled_from(["a", "b", "<c>", None, "XNA"]), min_size=1).map(
    lambda cells: CategoricalColumn.from_values(cells, frozenset({"XNA"}))
)


def column(reference: ColumnValues, current: ColumnValues, **sentinels: float) -> ColumnComparison:
    told: dict[float, str] = {number: word for word, number in sentinels.items()}
    return compare_column("AMT", ColumnKind.APPLICATION, reference, current, told)


@given(NUMBERS, NUMBERS)
def test_every_number_is_in_one_bin_and_bins_differ_in_name(
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


@given(WORDS, WORDS)
def test_every_word_is_in_one_bin(
    reference: CategoricalColumn, current: CategoricalColumn
) -> None:
    bins = fit_bins(reference, {}, smaller_sample_size=20)
    assert bins.count_by_bin(current).sum() == len(current.codes)
    assert bins.count_by_bin(current)[-1] == (~current.known).sum()


@given(st.permutations("abcd"), st.integers(0, 9))
def test_what_categories_are_called_does_not_matter(names: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = (rng.choice(4, 300, p=p) for p in ([0.4, 0.3, 0.2, 0.1], [0.25] * 4))

    def told(vocabulary: str) -> float:
        sides = (
            CategoricalColumn(codes.astype(np.int32), tuple(vocabulary))
            for codes in (before, after)
        )
        return column(*sides).psi.value

    assert told("".join(names)) == pytest.approx(told("abcd"))


def test_the_index_rises_with_a_shift() -> None:
    told = [column(AMOUNTS, AMOUNTS * (1 + by / 20)).psi.value for by in range(12)]
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] > 0.3


def test_one_outlier_hides_nothing() -> None:
    shifted = AMOUNTS * 1.3
    plain = column(AMOUNTS, shifted).psi.value
    outliers = column(np.append(AMOUNTS, 1e9), np.append(shifted, 1e9)).psi.value
    assert outliers == pytest.approx(plain, rel=0.02)


@pytest.mark.parametrize("clients", [50, 200, 4_000])
def test_cells_that_stop_coming_are_seen(clients: int) -> None:
    gone = AMOUNTS[-clients:].copy()
    gone[: int(clients * 0.6)] = np.nan
    told = column(AMOUNTS, gone)
    assert told.has_drifted
    assert (told.missing_reference, told.missing_current) == (0, 0.6)
    assert told.largest_shift == "(unknown): 0.0% → 60.0%"


def test_a_sentinel_has_a_bin_of_its_own() -> None:
    days = -RNG.integers(1, 9_000, 2_000).astype(np.float64)
    pensioners = np.where(np.arange(2_000) % 5, days, NEVER_DAYS)
    told = column(days, pensioners, never=NEVER_DAYS)
    assert told.largest_shift == "never: 0.0% → 20.0%"
    assert told.missing_current == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([0] * 97 + [1] * 3, [0] * 80 + [1] * 20, id="a flag few raise"),
        pytest.param([0] * 100, [0] * 80 + [1] * 20, id="a flag nobody raised"),
        pytest.param([0] * 60 + [9] * 40, [0] * 60 + [8] * 40, id="a value never seen before"),
    ],
)
def test_flags_and_counts_are_seen_value_by_value(before: list[int], after: list[int]) -> None:
    sides = (np.repeat(side, 10).astype(np.float64) for side in (before, after))
    assert column(*sides).has_drifted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((0.95, 0.0), (0.70, 0.0), id="a rare tail above most"),
        pytest.param((0.60, 0.5), (0.05, 0.5), id="most at one value inside"),
        pytest.param((0.60, 0.05), (0.60, 0.35), id="little below most"),
    ],
)
def test_a_value_that_most_have_hides_nothing_beside_it(
    before: tuple[float, float], after: tuple[float, float]
) -> None:
    def drawn(atom: float, below: float) -> np.ndarray:
        beside = np.where(RNG.random(3_000) < below, -1, 1) * RNG.random(3_000)
        return np.where(RNG.random(3_000) < atom, 0.0, beside)

    assert column(drawn(*before), drawn(*after)).has_drifted


def test_rare_categories_are_told_together() -> None:
    codes = np.concatenate([np.zeros(900), np.repeat(np.arange(1, 51), 2)]).astype(np.int32)
    bins = fit_bins(
        CategoricalColumn(codes, tuple(f"w{n}" for n in range(51))), {}, smaller_sample_size=1_000
    )
    assert bins.labels == ("w0", "(other)", "(unknown)")


def test_the_fewer_clients_the_wider_the_bins() -> None:
    assert len(fit_bins(AMOUNTS, {}, smaller_sample_size=4_000).labels) == 11
    assert len(fit_bins(AMOUNTS, {}, smaller_sample_size=20).labels) == 5
