"""Estimate the marginals of application columns and the order of their categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from training.synthetic.calibration.estimators import (
    MIN_CLIENTS_PER_AGGREGATE,
    StoredAggregate,
    compute_drift,
    compute_normal_scores,
    fit_quantiles,
    fit_shares,
    round_significant,
    to_floats,
)
from training.synthetic.calibration.grouped_marginals import rank_categories
from training.synthetic.calibration.published_statistics import PublishedStatistics
from training.synthetic.calibration.trait_observations import (
    BUILDING_COLUMNS,
    COLUMNS_WITHOUT_TRAIT,
    FINEST_GRIDS,
    TRAIT_OBSERVATIONS,
    VALUE_STEPS,
)
from training.synthetic.sampling.marginals import MISSING, Floats
from training.synthetic.tables.application import STATE_OF_REPAIR

MIN_DIRECTION_VARIANCE = 0.2
"""Principal directions with less variance are ignored when categories are ordered."""

MIN_DRIFT = 0.01
"""Drift from which a column gets a separate marginal for `application_test`."""

MIN_FORMS_PER_TABLE = 1_000
"""Columns known in fewer forms have one marginal for both tables."""

MIN_RATE_DRIFT = 0.0005
"""Drift from which a rate gets a separate value; rates are known for the whole population."""


class Forms(NamedTuple):
    """A pair of values for `application_train` and `application_test`."""

    train: pl.DataFrame
    test: pl.DataFrame


def observe_traits(form: pl.DataFrame) -> pl.DataFrame:
    """Compute the observed value of each trait in a form."""
    return form.select(**TRAIT_OBSERVATIONS)


def fit_marginals(
    forms: Forms, train_statistics: PublishedStatistics, test_statistics: PublishedStatistics
) -> tuple[StoredAggregate, StoredAggregate]:
    """Estimate all marginals, and those of `application_test` where they differ."""
    observations = Forms(
        *(form.select(**TRAIT_OBSERVATIONS, **COLUMNS_WITHOUT_TRAIT) for form in forms)
    )
    all_observations = pl.concat(observations)
    scores = _compute_number_scores(all_observations)
    form_marginals: StoredAggregate = {}
    test_marginals: StoredAggregate = {}
    for column in all_observations.columns:
        if (
            rates := _find_published_rates(
                all_observations[column], train_statistics, test_statistics
            )
        ) is not None:
            form_marginals[column] = _build_flag_marginal(rates[0])
            if _compute_rate_drift(*rates) > MIN_RATE_DRIFT:
                test_marginals[column] = _build_flag_marginal(rates[1])
            continue
        order = order_categories(all_observations[column], scores)
        codes = [_encode_values(frame[column], order) for frame in observations]
        if (
            compute_drift(*codes) > MIN_DRIFT
            and min(frame[column].count() for frame in observations) > MIN_FORMS_PER_TABLE
        ):
            form_marginals[column] = _fit_marginal(
                observations.train[column], order, train_statistics
            )
            test_marginals[column] = _fit_marginal(
                observations.test[column], order, test_statistics
            )
        else:
            form_marginals[column] = _fit_marginal(
                all_observations[column], order, train_statistics
            )
    return form_marginals, test_marginals


def extract_category_orders(form: StoredAggregate) -> dict[str, list[str]]:
    """Return the ordered categories of each trait that is observed as categories."""
    orders = {}
    for name in TRAIT_OBSERVATIONS:
        values = [value for value, _ in form["marginals"][name].get("shares", [])]
        if any(isinstance(value, str) for value in values):
            orders[name] = [MISSING if value is None else value for value in values]
    return orders


def compute_trait_scores(form: pl.DataFrame, orders: Mapping[str, Sequence[str]]) -> Floats:
    """Compute the normal scores of the observed traits, one column per trait."""
    observations = observe_traits(form)
    expressions = [
        rank_categories(name, orders[name]) if name in orders else pl.col(name)
        for name in TRAIT_OBSERVATIONS
    ]
    return np.column_stack(
        [
            compute_normal_scores(to_floats(observations.select(expression).to_series()))
            for expression in expressions
        ]
    )


def _fit_marginal(
    values: pl.Series, order: Sequence[str] | None, statistics: PublishedStatistics
) -> StoredAggregate:
    if values.name in VALUE_STEPS:
        numbers = to_floats(values)
        bounds = statistics.get_bounds(values.name)
        finest_grid = FINEST_GRIDS.get(values.name, "tailed")
        return fit_quantiles(
            numbers, step=VALUE_STEPS[values.name], finest_grid=finest_grid, bounds=bounds
        )
    return fit_shares(values, order)


def _find_published_rates(
    observations: pl.Series,
    train_statistics: PublishedStatistics,
    test_statistics: PublishedStatistics,
) -> tuple[float, float] | None:
    """Return the rate of a flag, or of a known column, in the full train and test tables."""
    column = observations.name
    if column == "building known":
        return train_statistics.get_known_share(STATE_OF_REPAIR), test_statistics.get_known_share(
            STATE_OF_REPAIR
        )
    base_column = column.removesuffix(" known")
    if base_column in BUILDING_COLUMNS and base_column != column:
        train_rate, test_rate = (
            statistics.get_known_share(base_column) / statistics.get_known_share(STATE_OF_REPAIR)
            for statistics in (train_statistics, test_statistics)
        )
        return train_rate, test_rate
    if base_column in train_statistics and base_column != column:
        return train_statistics.get_known_share(base_column), test_statistics.get_known_share(
            base_column
        )
    # A flag that some forms lack has the rate among the forms that have it.
    if train_statistics.is_flag(column) and observations.null_count() == 0:
        return train_statistics.get_mean(column), test_statistics.get_mean(column)
    return None


def _build_flag_marginal(rate: float) -> StoredAggregate:
    pairs = ((0, round_significant(1 - rate)), (1, round_significant(rate)))
    return {"shares": [[value, share] for value, share in pairs if share > 0]}


def _compute_rate_drift(reference: float, current: float) -> float:
    min_rate = 1e-4
    a, b = np.clip([reference, current], min_rate, 1 - min_rate)
    return float((b - a) * np.log(b / a) + (a - b) * np.log((1 - b) / (1 - a)))


def _encode_values(values: pl.Series, order: Sequence[str] | None) -> Floats:
    if order is not None:
        codes = {category: code for code, category in enumerate(order)}
        values = values.replace_strict(codes, default=None, return_dtype=pl.Float64)
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _compute_number_scores(observations: pl.DataFrame) -> Floats:
    """Return decorrelated normal scores of all numeric columns; missing values count as 0."""
    numbers = [
        c
        for c in observations.columns
        if observations[c].dtype.is_numeric() and c in TRAIT_OBSERVATIONS
    ]
    scores = np.nan_to_num(
        np.column_stack(
            [compute_normal_scores(_encode_values(observations[c], None)) for c in numbers]
        )
    )
    values, vectors = np.linalg.eigh(np.cov(scores.T))
    strong = values > MIN_DIRECTION_VARIANCE
    return np.asarray(scores @ (vectors[:, strong] / np.sqrt(values[strong])))


def order_categories(values: pl.Series, scores: Floats) -> list[str] | None:
    """Order the categories of a column along the direction that separates them best.

    `scores` holds other columns, one row per form, 0 where unknown. The first discriminant
    direction
    of these scores gives the order. Returns None for numbers, which have an order already.
    """
    if values.dtype.is_numeric():
        return None
    counts = values.drop_nulls().value_counts().sort(values.name)
    common = counts.filter(pl.col("count") >= MIN_CLIENTS_PER_AGGREGATE)
    categories = common[values.name].to_list()
    weights = common["count"].to_numpy().astype(float)
    means = np.array(
        [scores[values.eq_missing(category).to_numpy()].mean(axis=0) for category in categories]
    )
    means -= np.average(means, axis=0, weights=weights)
    direction = np.linalg.svd(means * np.sqrt(weights)[:, None], full_matrices=False)[2][0]
    projection = means @ direction
    projection *= np.sign(projection[np.argmax(np.abs(projection))])
    return [categories[i] for i in np.argsort(projection, kind="stable")]
