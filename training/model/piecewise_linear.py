"""Piecewise-linear encoding of columns, as a scikit-learn transformer.

column ──► edges at quantiles ──► one piece between two edges, 0 to 1 ──► centred
       └─► indicator of missing values, if it has any
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from credit.dossier import Integers

Matrix = NDArray[np.floating[Any]]
Pieces = NDArray[np.float32]


class PiecewiseLinear(TransformerMixin, BaseEstimator):  # type: ignore[misc] # sklearn is untyped
    """Replace each column by linear pieces and an indicator of its missing values (NaN).

    A piece rises from 0 to 1 between two neighbouring edges and is constant outside. A linear
    model of the pieces is the sum of one piecewise-linear function per column, and its ridge
    penalty shrinks the slopes. Pieces are centred on their mean, and are 0 where the value is
    missing: then the indicator alone counts, and its coefficient is the distance to the mean.

    Source: Gorishniy, Rubachev, Babenko, *On embeddings for numerical features in tabular deep
    learning* (2022), piecewise-linear encoding; centring and indicators are additions.
    """

    def __init__(self, n_bins: int = 8) -> None:
        """Store the parameters.

        Args:
            n_bins: Maximum number of pieces per column.
        """
        self.n_bins = n_bins

    def fit(self, matrix: Matrix, labels: object = None) -> Self:
        """Fit the edges and the means of the pieces.

        Args:
            matrix: Numbers, shape (clients, columns); NaN means missing.
            labels: Not used; scikit-learn passes them.
        """
        del labels
        column_edges = [self._compute_edges(column) for column in matrix.T]
        piece_counts = [max(len(edges) - 1, 0) for edges in column_edges]
        self.columns_: Integers = np.repeat(np.arange(len(column_edges)), piece_counts)
        self.lower_: Pieces = np.concatenate([edges[:-1] for edges in column_edges])
        self.width_: Pieces = np.concatenate([np.diff(edges) for edges in column_edges])
        missing_shares = np.isnan(matrix).mean(axis=0)
        self.indicator_columns_: Integers = np.flatnonzero(
            (missing_shares > 0) & (missing_shares < 1)
        )
        self.means_: Pieces = np.nanmean(self._compute_pieces(matrix), axis=0)
        return self

    def transform(self, matrix: Matrix) -> Pieces:
        """Return the centred pieces, column by column, then the indicators; no value is NaN."""
        pieces = self._compute_pieces(matrix)
        pieces -= self.means_
        indicators = np.isnan(matrix[:, self.indicator_columns_]).astype(np.float32)
        return np.concatenate([np.nan_to_num(pieces, copy=False), indicators], axis=1)

    def _compute_edges(self, values: Matrix) -> Pieces:
        """Return the increasing edges of a column: quantiles, or all of its few values."""
        known_values = values[~np.isnan(values)].astype(np.float32)
        distinct_values = np.unique(known_values)
        if len(distinct_values) <= self.n_bins:
            return distinct_values
        quantiles = np.quantile(known_values, np.arange(self.n_bins + 1) / self.n_bins)
        return np.unique(quantiles.astype(np.float32))

    def _compute_pieces(self, matrix: Matrix) -> Pieces:
        """Return the pieces before centring, from 0 to 1; NaN where the value is missing."""
        pieces = matrix[:, self.columns_].astype(np.float32)
        pieces -= self.lower_
        pieces /= self.width_
        return np.clip(pieces, 0, 1, out=pieces)
