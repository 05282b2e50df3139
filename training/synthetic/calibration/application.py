"""Application forms -> the marginals of their columns, and which way the words lean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from training.synthetic.calibration.estimators import (
    FEWEST,
    NONE,
    Stored,
    drift,
    normal_scores,
    quantiles,
    sensible,
    shares,
)
from training.synthetic.calibration.grouped_marginals import places
from training.synthetic.calibration.published_statistics import Population
from training.synthetic.calibration.trait_observations import (
    BUILDING_COLUMNS,
    FINEST,
    STEPS,
    TRAITS,
    WITHOUT_TRAIT,
)
from training.synthetic.sampling.marginals import Numbers
from training.synthetic.tables.application import STATE_OF_REPAIR

WEAK_DIRECTION = 0.2
"""Directions in which numbers vary less are left out when words are put in order."""

SHIFTED = 0.01
"""Drift from which a column of the later applicants gets a marginal of its own."""

MANY = 1_000
"""Columns that fewer forms show have one marginal for all."""

SHIFTED_RATE = 0.0005
"""The same for rates, which are known of the whole population."""


class Forms(NamedTuple):
    """The same thing of the earlier applicants (`application_train`) and of the later."""

    earlier: pl.DataFrame
    later: pl.DataFrame


def read_traits(form: pl.DataFrame) -> pl.DataFrame:
    """What a form shows of each trait."""
    return form.select(**TRAITS)


def marginals(forms: Forms, earlier: Population, later: Population) -> tuple[Stored, Stored]:
    """The marginals of all columns, and those of the later applicants where they differ."""
    readings = Forms(*(form.select(**TRAITS, **WITHOUT_TRAIT) for form in forms))
    both = pl.concat(readings)
    scores = _number_scores(both)
    kept: Stored = {}
    shifted: Stored = {}
    for column in both.columns:
        if (rates := _rates(both[column], earlier, later)) is not None:
            kept[column] = _flag(rates[0])
            if _rate_drift(*rates) > SHIFTED_RATE:
                shifted[column] = _flag(rates[1])
            continue
        order = lean_order(both[column], scores)
        codes = [_codes(part[column], order) for part in readings]
        if drift(*codes) > SHIFTED and min(part[column].count() for part in readings) > MANY:
            kept[column] = _marginal(readings.earlier[column], order, earlier)
            shifted[column] = _marginal(readings.later[column], order, later)
        else:
            kept[column] = _marginal(both[column], order, earlier)
    return kept, shifted


def word_orders(form: Stored) -> dict[str, list[str]]:
    """The words of each trait that is shown by words, in their order."""
    orders = {}
    for name in TRAITS:
        values = [value for value, _ in form["marginals"][name].get("shares", [])]
        if any(isinstance(value, str) for value in values):
            orders[name] = [NONE if value is None else value for value in values]
    return orders


def trait_scores(form: pl.DataFrame, orders: Mapping[str, Sequence[str]]) -> Numbers:
    """What forms show of each trait as normal scores, a column a trait."""
    readings = read_traits(form)
    shown = [places(name, orders[name]) if name in orders else pl.col(name) for name in TRAITS]
    return np.column_stack(
        [normal_scores(_numbers(readings.select(e).to_series())) for e in shown]
    )


def _numbers(values: pl.Series) -> Numbers:
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _marginal(values: pl.Series, order: Sequence[str] | None, population: Population) -> Stored:
    if values.name in STEPS:
        numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
        bounds = population.bounds(values.name)
        finest = FINEST.get(values.name, "tailed")
        return quantiles(numbers, step=STEPS[values.name], finest=finest, within=bounds)
    return shares(values, order)


def _rates(
    readings: pl.Series, earlier: Population, later: Population
) -> tuple[float, float] | None:
    """How often a flag is set, or a column known, among all earlier and all later applicants."""
    column = readings.name
    if column == "building known":
        return earlier.share_known(STATE_OF_REPAIR), later.share_known(STATE_OF_REPAIR)
    known = column.removesuffix(" known")
    if known in BUILDING_COLUMNS and known != column:
        of_earlier, of_later = (
            part.share_known(known) / part.share_known(STATE_OF_REPAIR)
            for part in (earlier, later)
        )
        return of_earlier, of_later
    if known in earlier and known != column:
        return earlier.share_known(known), later.share_known(known)
    # A flag that not every form shows has the rate of those that do.
    if earlier.is_flag(column) and readings.null_count() == 0:
        return earlier.mean(column), later.mean(column)
    return None


def _flag(rate: float) -> Stored:
    both = ((0, sensible(1 - rate)), (1, sensible(rate)))
    return {"shares": [[value, share] for value, share in both if share > 0]}


def _rate_drift(reference: float, current: float) -> float:
    low = 1e-4
    a, b = np.clip([reference, current], low, 1 - low)
    return float((b - a) * np.log(b / a) + (a - b) * np.log((1 - b) / (1 - a)))


def _codes(values: pl.Series, order: Sequence[str] | None) -> Numbers:
    if order is not None:
        places = {word: place for place, word in enumerate(order)}
        values = values.replace_strict(places, default=None, return_dtype=pl.Float64)
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _number_scores(readings: pl.DataFrame) -> Numbers:
    """Normal scores of all numbers, unknown in the middle, turned to be uncorrelated."""
    numbers = [c for c in readings.columns if readings[c].dtype.is_numeric() and c in TRAITS]
    scores = np.nan_to_num(
        np.column_stack([normal_scores(_codes(readings[c], None)) for c in numbers])
    )
    values, vectors = np.linalg.eigh(np.cov(scores.T))
    strong = values > WEAK_DIRECTION
    return np.asarray(scores @ (vectors[:, strong] / np.sqrt(values[strong])))


def lean_order(values: pl.Series, scores: Numbers) -> list[str] | None:
    """The words of a column along the direction in which other columns tell them best apart.

    `scores` are those columns, a row each, known or 0. Numbers have an order of their own: none.
    """
    if values.dtype.is_numeric():
        return None
    counts = values.drop_nulls().value_counts().sort(values.name)
    common = counts.filter(pl.col("count") >= FEWEST)
    words = common[values.name].to_list()
    weights = common["count"].to_numpy().astype(float)
    means = np.array([scores[values.eq_missing(word).to_numpy()].mean(axis=0) for word in words])
    means -= np.average(means, axis=0, weights=weights)
    leading = np.linalg.svd(means * np.sqrt(weights)[:, None], full_matrices=False)[2][0]
    lean = means @ leading
    lean *= np.sign(lean[np.argmax(np.abs(lean))])
    return [words[i] for i in np.argsort(lean, kind="stable")]
