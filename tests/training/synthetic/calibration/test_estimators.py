from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from training.synthetic.calibration.estimators import (
    TooFewClients,
    compute_drift,
    compute_normal_scores,
    fit_quantiles,
    fit_shares,
)
from training.synthetic.sampling.marginals import Floats, parse_marginal


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def sample_amounts(clients: int) -> Floats:
    return rng().lognormal(12, 0.5, clients)


@pytest.mark.parametrize(("clients", "values"), [(40, 3), (80, 5), (400, 21), (4_000, 103)])
def test_quantiles_use_the_finest_grid_with_twenty_clients_per_gap(
    clients: int, values: int
) -> None:
    assert len(fit_quantiles(sample_amounts(clients), step=1)["quantiles"]) == values


def test_quantiles_need_at_least_forty_clients() -> None:
    with pytest.raises(TooFewClients):
        fit_quantiles(sample_amounts(39), step=1)


def test_quantiles_count_clients_and_not_rows() -> None:
    with pytest.raises(TooFewClients):
        fit_quantiles(sample_amounts(10_000), step=1, owners=np.arange(10_000) % 19)


def test_values_sampled_from_quantiles_keep_mean_and_standard_deviation() -> None:
    observed = sample_amounts(20_000)
    sampled = parse_marginal(fit_quantiles(observed, step=0.01)).inverse_transform(
        rng().standard_normal(50_000)
    )
    assert np.mean(sampled) == pytest.approx(np.mean(observed), rel=0.01)
    assert np.std(sampled) == pytest.approx(np.std(observed), rel=0.03)


def test_categories_of_fewer_than_twenty_clients_are_dropped() -> None:
    values = pl.Series(["common"] * 80 + ["rare"] * 19)
    assert fit_shares(values) == {"shares": [["common", 1]]}


def test_a_category_repeated_by_one_client_is_dropped() -> None:
    values = pl.Series(["common"] * 80 + ["repeated"] * 80)
    owners = pl.Series([*range(80), *([80] * 80)])
    assert fit_shares(values, owners=owners) == {"shares": [["common", 1]]}


def test_rare_numbers_join_the_next_lower_number() -> None:
    children = pl.Series([0] * 60 + [1] * 35 + [2] * 4 + [7])
    assert fit_shares(children) == {"shares": [[0, 0.6], [1, 0.4]]}


def test_drift_is_near_zero_for_equal_distributions_and_high_after_a_shift() -> None:
    reference, current = rng().standard_normal((2, 10_000))
    assert abs(compute_drift(reference, current)) < 0.003
    assert compute_drift(reference, current + 0.5) > 0.2


def test_normal_scores_are_standard_normal_and_keep_missing_values() -> None:
    scores = compute_normal_scores(np.append(sample_amounts(5_000), np.nan))
    assert np.isnan(scores[-1])
    assert np.nanmean(scores) == pytest.approx(0, abs=0.01)
    assert np.nanstd(scores) == pytest.approx(1, abs=0.01)
