"""Two levels: how much of a row's traits its client's rows share, and how the shares correlate.

    rows -> normal scores -> variance between and within clients -> shared traits, own correlation

Words and steps show a trait only in part. What is measured of scores is divided by their variance,
as if each score were the mean of the traits that are read as one value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.synthetic.sampling.latent_traits import nearest_correlation
from training.synthetic.sampling.marginals import Codes, Mask, Numbers

LEAST_SHARED, MOST_SHARED = 0.02, 0.9


@dataclass(frozen=True, kw_only=True)
class Levels:
    """What the rows of one table say of what their clients' rows share."""

    names: tuple[str, ...]
    shared: Numbers
    own: Numbers
    """The correlation of what rows have of their own."""
    client: Numbers
    """The correlation of what they share."""
    signals: Numbers
    """By client (row) and trait, an unbiased but noisy reading of the shared trait."""


def levels(scores: Mapping[str, Numbers], owner: Codes, clients: int) -> Levels:
    """`owner` is each row's client by position; a score that is not known is NaN."""
    matrix = np.column_stack(list(scores.values()))
    matrix = matrix - np.nanmean(matrix, axis=0)
    spread = np.nanvar(matrix, axis=0)
    scale = np.outer(spread, spread)
    known = np.isfinite(matrix)
    filled = np.nan_to_num(matrix)
    between = _between_rows(filled, known, owner, clients) / scale
    shared = np.clip(np.diag(between), LEAST_SHARED, MOST_SHARED)
    root = np.sqrt(shared)
    client = nearest_correlation(_bounded(between / np.outer(root, root)))
    both = np.maximum(known.astype(float).T @ known, 1)
    own = filled.T @ filled / both / scale - client * np.outer(root, root)
    own = own / np.sqrt(np.outer(1 - shared, 1 - shared))
    counts = _sums(known.astype(float), owner, clients)
    means = _sums(filled, owner, clients) / np.maximum(counts, 1)
    return Levels(
        names=tuple(scores),
        shared=shared,
        own=nearest_correlation(_bounded(own)),
        client=client,
        signals=np.where(counts > 0, means / (spread * root), np.nan),
    )


def _between_rows(filled: Numbers, known: Mask, owner: Codes, clients: int) -> Numbers:
    """Covariance of one row's scores with those of another row of the same client.

    Every row weighs the same, whether its client has two or fifty: so do they in the marginals.
    """
    weight = known.astype(float)
    rows = np.bincount(owner, minlength=clients)
    share = np.where(rows > 1, 1 / np.maximum(rows - 1, 1), 0.0)
    sums, counts = _sums(filled, owner, clients), _sums(weight, owner, clients)
    of_row = share[owner][:, None]
    products = (sums.T * share) @ sums - filled.T @ (filled * of_row)
    pairs = (counts.T * share) @ counts - weight.T @ (weight * of_row)
    return np.asarray(products / np.maximum(pairs, 1))


def _sums(values: Numbers, owner: Codes, clients: int) -> Numbers:
    columns = [np.bincount(owner, weights=column, minlength=clients) for column in values.T]
    return np.column_stack(columns)


def _bounded(correlation: Numbers) -> Numbers:
    bounded = np.clip(correlation, -0.95, 0.95)
    np.fill_diagonal(bounded, 1.0)
    return bounded
