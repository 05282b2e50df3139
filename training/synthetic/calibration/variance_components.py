"""Split the variance of rows into a between-client and a within-client part.

    rows -> normal scores -> variance between and within clients -> correlations

Categories and steps show a trait only in part. The covariance of scores is divided by their
variance, as if each score were the mean of all traits that give the same value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.synthetic.sampling.latent_traits import find_nearest_correlation
from training.synthetic.sampling.marginals import Floats, Integers, Mask

MIN_BETWEEN_SHARE, MAX_BETWEEN_SHARE = 0.02, 0.9


@dataclass(frozen=True, kw_only=True)
class VarianceComponents:
    """Between-client and within-client variance of one table's rows."""

    names: tuple[str, ...]
    between_client_share: Floats
    within_correlation: Floats
    """Correlation of the row effects."""
    between_correlation: Floats
    """Correlation of the client effects."""
    trait_estimates: Floats
    """Unbiased but noisy estimates of the client effects, clients x traits."""


def estimate_variance_components(
    scores: Mapping[str, Floats], owner: Integers, clients: int
) -> VarianceComponents:
    """Estimate the components; `owner` is the position of each row's client, NaN is unknown."""
    matrix = np.column_stack(list(scores.values()))
    matrix = matrix - np.nanmean(matrix, axis=0)
    variance = np.nanvar(matrix, axis=0)
    scale = np.outer(variance, variance)
    known = np.isfinite(matrix)
    filled = np.nan_to_num(matrix)
    between_covariance = _estimate_between_covariance(filled, known, owner, clients) / scale
    between_client_share = np.clip(
        np.diag(between_covariance), MIN_BETWEEN_SHARE, MAX_BETWEEN_SHARE
    )
    root = np.sqrt(between_client_share)
    between_correlation = find_nearest_correlation(
        _clip_correlation(between_covariance / np.outer(root, root))
    )
    pair_counts = np.maximum(known.astype(float).T @ known, 1)
    within_correlation = filled.T @ filled / pair_counts / scale - between_correlation * np.outer(
        root, root
    )
    within_correlation = within_correlation / np.sqrt(
        np.outer(1 - between_client_share, 1 - between_client_share)
    )
    counts = _sum_by_owner(known.astype(float), owner, clients)
    means = _sum_by_owner(filled, owner, clients) / np.maximum(counts, 1)
    return VarianceComponents(
        names=tuple(scores),
        between_client_share=between_client_share,
        within_correlation=find_nearest_correlation(_clip_correlation(within_correlation)),
        between_correlation=between_correlation,
        trait_estimates=np.where(counts > 0, means / (variance * root), np.nan),
    )


def _estimate_between_covariance(
    filled: Floats, known: Mask, owner: Integers, clients: int
) -> Floats:
    """Return the covariance between two rows of the same client.

    Every row has the same weight, in clients with two rows or with fifty, as in the marginals.
    """
    weight = known.astype(float)
    rows = np.bincount(owner, minlength=clients)
    share = np.where(rows > 1, 1 / np.maximum(rows - 1, 1), 0.0)
    sums, counts = _sum_by_owner(filled, owner, clients), _sum_by_owner(weight, owner, clients)
    row_share = share[owner][:, None]
    products = (sums.T * share) @ sums - filled.T @ (filled * row_share)
    pairs = (counts.T * share) @ counts - weight.T @ (weight * row_share)
    return np.asarray(products / np.maximum(pairs, 1))


def _sum_by_owner(values: Floats, owner: Integers, clients: int) -> Floats:
    columns = [np.bincount(owner, weights=column, minlength=clients) for column in values.T]
    return np.column_stack(columns)


def _clip_correlation(correlation: Floats) -> Floats:
    clipped = np.clip(correlation, -0.95, 0.95)
    np.fill_diagonal(clipped, 1.0)
    return clipped
