"""Two samples of one population do not count as drifted, whatever their sizes and the column."""

from collections.abc import Callable

import numpy as np
import pytest

from credit.dossier import CategoricalColumn
from monitoring.binning import ColumnValues
from monitoring.comparison import ColumnKind, compare_column
from monitoring.psi import FALSE_ALARM_RATE

Rng = np.random.Generator
EMPLOYER_KINDS = 58
"""Number of kinds of employers in the public data."""


def draw_employers(rng: Rng, count: int) -> CategoricalColumn:
    weights = np.arange(EMPLOYER_KINDS, 0, -1.0)
    codes = rng.choice(EMPLOYER_KINDS, count, p=weights / weights.sum()).astype(np.int32)
    return CategoricalColumn(codes, tuple(f"employer {kind}" for kind in range(EMPLOYER_KINDS)))


POPULATIONS: dict[str, Callable[[Rng, int], ColumnValues]] = {
    "amounts": lambda rng, n: rng.lognormal(12, 0.6, n),
    "counts": lambda rng, n: rng.poisson(2, n).astype(np.float64),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.9, 0.0, rng.random(n)),
    "rare flag": lambda rng, n: (rng.random(n) < 0.02).astype(np.float64),
    "half unknown": lambda rng, n: np.where(rng.random(n) < 0.5, np.nan, rng.normal(size=n)),
    "few unknown": lambda rng, n: np.where(rng.random(n) < 0.005, np.nan, rng.normal(size=n)),
    "employers": draw_employers,
}


@pytest.mark.parametrize(
    ("reference", "current", "repetitions"),
    [
        (200, 200, 250),
        (20_000, 200, 40),
        (200, 20_000, 40),
        (2_000, 2_000, 60),
        (20_000, 20_000, 15),
    ],
)
def test_chance_is_not_drift(reference: int, current: int, repetitions: int) -> None:
    rng = np.random.default_rng(reference + current)
    alarms = sum(
        compare_column(
            "x", ColumnKind.FEATURE, draw(rng, reference), draw(rng, current), {}
        ).has_drifted
        for draw in POPULATIONS.values()
        for _ in range(repetitions)
    )
    # Expected: FALSE_ALARM_RATE of them, 0 or 1 in any of these runs; 3 means a wrong limit.
    assert alarms <= 2 + 3 * FALSE_ALARM_RATE * repetitions * len(POPULATIONS)


def test_fewer_than_fifty_clients_never_count_as_drifted() -> None:
    rng = np.random.default_rng(0)
    small = compare_column(
        "x", ColumnKind.FEATURE, rng.normal(size=900), rng.normal(9, size=49), {}
    )
    enough = compare_column(
        "x", ColumnKind.FEATURE, rng.normal(size=900), rng.normal(9, size=50), {}
    )
    assert small.psi.has_drifted
    assert not small.has_drifted
    assert enough.has_drifted
