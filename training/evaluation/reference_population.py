"""Count the training clients by feature, for the model to carry along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from credit.dossier import Floats, Integers
from credit.features import CATALOGUE, CategoryEncoder, Matrix
from credit.reference_population import (
    RISK_QUINTILE_COUNT,
    Distribution,
    JointDistribution,
    Population,
)
from training.data.dataset import Labels

BIN_COUNT = 20
JOINT_BIN_COUNT = 8
"""Bins of each feature of a joint distribution."""
JOINT_FEATURE_COUNT = 12
"""Number of most important features with joint distributions of every pair."""


def build_reference_population(
    matrix: Matrix,
    labels: Labels,
    risks: Floats,
    categories: CategoryEncoder,
    importance: Mapping[str, float],
) -> Population:
    """Count clients by feature, and by pairs of the most important features.

    Args:
        matrix: Shape (clients, features).
        labels: Shape (clients,).
        risks: Out-of-fold risks, shape (clients,).
        categories: Encoder of the matrix.
        importance: Mean absolute contribution by feature.
    """
    risk_edges = np.quantile(risks, np.arange(1, RISK_QUINTILE_COUNT) / RISK_QUINTILE_COUNT)
    risk_quintile = np.searchsorted(risk_edges, risks, side="right")
    numeric_features = [name for name, feature in CATALOGUE.items() if not feature.is_categorical]
    top_features = sorted(numeric_features, key=lambda name: -importance[name])[
        :JOINT_FEATURE_COUNT
    ]
    quintile_groups = [
        (
            np.flatnonzero((risk_quintile == quintile) & (labels == 0)),
            np.flatnonzero((risk_quintile == quintile) & (labels == 1)),
        )
        for quintile in range(RISK_QUINTILE_COUNT)
    ]
    column_index = {name: index for index, name in enumerate(CATALOGUE)}

    def get_column(name: str) -> Floats:
        return matrix[:, column_index[name]].astype(np.float64)

    top_columns = {name: get_column(name) for name in top_features}
    return Population(
        risk_edges=tuple(risk_edges.tolist()),
        spreads={
            name: _build_categorical_distribution(
                get_column(name), labels, risk_quintile, categories.categories[name]
            )
            if CATALOGUE[name].is_categorical
            else _build_numeric_distribution(
                get_column(name), labels, risk_quintile, quintile_groups
            )
            for name in CATALOGUE
        },
        crossings={
            f"{first}*{second}": _build_joint_distribution(
                top_columns[first], top_columns[second], labels
            )
            for first, second in combinations(top_features, 2)
        },
    )


def _build_numeric_distribution(
    values: Floats,
    labels: Labels,
    risk_quintile: Integers,
    groups: Sequence[tuple[Integers, Integers]],
) -> Distribution:
    is_known = ~np.isnan(values)
    if not is_known.any():
        counts, unknown = _count_by_bin(np.full(len(values), -1), 1, labels, risk_quintile)
        return Distribution(counts=counts, unknown=unknown)
    low, high, *quantiles = np.quantile(
        values[is_known], [0.01, 0.99, *np.linspace(0, 1, 21)]
    ).tolist()
    edges = np.unique(np.linspace(low, high, BIN_COUNT - 1))
    bin_index = np.where(is_known, np.searchsorted(edges, values, side="right"), -1)
    counts, unknown = _count_by_bin(bin_index, len(edges) + 1, labels, risk_quintile)
    return Distribution(
        edges=tuple(edges.tolist()),
        counts=counts,
        unknown=unknown,
        means=tuple(
            (_compute_known_mean(values[good]), _compute_known_mean(values[bad]))
            for good, bad in groups
        ),
        quantiles=tuple(quantiles),
    )


def _build_categorical_distribution(
    values: Floats, labels: Labels, risk_quintile: Integers, categories: Sequence[str]
) -> Distribution:
    bin_index = np.where(np.isnan(values), -1, values).astype(np.int64)
    counts, unknown = _count_by_bin(bin_index, len(categories), labels, risk_quintile)
    return Distribution(words=tuple(categories), counts=counts, unknown=unknown)


def _count_by_bin(
    bin_index: Integers, bins: int, labels: Labels, risk_quintile: Integers
) -> tuple[tuple[tuple[tuple[int, int], ...], ...], tuple[int, ...]]:
    """Count clients by quintile, bin and label, and those without a bin (-1) by quintile."""
    shape = RISK_QUINTILE_COUNT, bins + 1, 2
    flat_index = np.ravel_multi_index(
        (risk_quintile, np.where(bin_index < 0, bins, bin_index), labels), shape
    )
    counts = np.bincount(flat_index, minlength=RISK_QUINTILE_COUNT * (bins + 1) * 2).reshape(shape)
    by_bin = tuple(tuple((good, bad) for good, bad in row) for row in counts[:, :-1].tolist())
    return by_bin, tuple(counts[:, -1].sum(axis=1).tolist())


def _compute_known_mean(values: Floats) -> float | None:
    """Compute the mean of known values; None if there are none."""
    known_values = values[~np.isnan(values)]
    return float(known_values.mean()) if len(known_values) else None


def _build_joint_distribution(first: Floats, second: Floats, labels: Labels) -> JointDistribution:
    is_known = ~(np.isnan(first) | np.isnan(second))
    quantile_levels = np.arange(1, JOINT_BIN_COUNT) / JOINT_BIN_COUNT
    edges = [
        np.unique(np.quantile(values[is_known], quantile_levels))
        if is_known.any()
        else np.empty(0)
        for values in (first, second)
    ]
    row = np.searchsorted(edges[0], first[is_known], side="right")
    column = np.searchsorted(edges[1], second[is_known], side="right")
    counts = np.zeros((len(edges[0]) + 1, len(edges[1]) + 1, 2), dtype=np.int64)
    np.add.at(counts, (row, column, labels[is_known]), 1)
    return JointDistribution(
        edges=(tuple(edges[0].tolist()), tuple(edges[1].tolist())),
        counts=tuple(tuple((good, bad) for good, bad in row) for row in counts.tolist()),
    )
