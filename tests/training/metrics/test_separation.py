"""Test the curves behind lift and KS."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from training.metrics.separation import compute_lift, compute_separation

CLIENTS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=4).filter(
    lambda clients: 0 < sum(label for label, _ in clients) < len(clients)
)
"""Labels and risks in tenths, with ties."""


@given(CLIENTS)
def test_ks_is_that_of_scipy_in_the_direction_of_risk(clients: list[tuple[int, int]]) -> None:
    labels, risks = (np.array(column) for column in zip(*clients, strict=True))
    separation = compute_separation(labels, risks / 10)
    expected = ks_2samp(risks[labels == 0], risks[labels == 1], alternative="greater").statistic
    assert max(separation.ks, 0) == pytest.approx(expected)
    assert separation.good[-1] == separation.difficult[-1] == 1


@given(CLIENTS)
def test_lift_is_the_rate_of_the_riskiest_by_the_rate_of_all(
    clients: list[tuple[int, int]],
) -> None:
    labels, risks = (np.array(column) for column in zip(*clients, strict=True))
    shares, lift = compute_lift(labels, risks / 10)
    assert (shares[-1], lift[-1]) == pytest.approx((1, 1))
    riskiest = risks == risks.max()
    assert shares[0] == pytest.approx(riskiest.mean())
    assert lift[0] == pytest.approx(labels[riskiest].mean() / labels.mean())
