"""Weight of evidence, the binning of scorecards, as a scikit-learn transformer."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from credit.dossier import Floats, Integers
from training.data.dataset import Labels

Matrix = NDArray[np.floating[Any]]


class WeightOfEvidence(TransformerMixin, BaseEstimator):  # type: ignore[misc] # sklearn is untyped
    """Replace each value by the weight of evidence of its bin.

    The weight of evidence is ln(share of good clients in the bin / share of clients with payment
    difficulties in the bin). Bins hold about equally many clients; missing values (NaN) have a bin
    of their own. Only the columns with the highest information value are kept.

    Source: Siddiqi, *Credit Risk Scorecards* (2006).
    """

    def __init__(
        self, n_bins: int = 8, max_columns: int = 40, prior_clients: float = 20.0
    ) -> None:
        """Store the parameters.

        Args:
            n_bins: Maximum number of bins per column, without the bin of missing values.
            max_columns: Maximum number of columns kept.
            prior_clients: Clients at the overall difficulty rate added to each bin, which shrinks
                the weights of small bins towards 0.
        """
        self.n_bins = n_bins
        self.max_columns = max_columns
        self.prior_clients = prior_clients

    def fit(self, matrix: Matrix, labels: Labels) -> Self:
        """Fit bins and weights on all columns and select the most informative ones.

        Args:
            matrix: Numbers, shape (clients, columns); NaN means missing.
            labels: 1 for payment difficulties and 0 otherwise, shape (clients,).
        """
        column_bins = [
            self._bin_column(matrix[:, index], labels) for index in range(matrix.shape[1])
        ]
        information_values = np.array([information for _, _, information in column_bins])
        self.selected_: Integers = np.argsort(-information_values, kind="stable")[
            : self.max_columns
        ]
        self.edges_ = [column_bins[index][0] for index in self.selected_]
        self.weights_ = [column_bins[index][1] for index in self.selected_]
        return self

    def transform(self, matrix: Matrix) -> Floats:
        """Return the weights of the selected columns, best column first; no value is NaN."""
        columns = zip(self.selected_, self.edges_, self.weights_, strict=True)
        return np.column_stack([
            weights[_assign_bins(matrix[:, index], edges)] for index, edges, weights in columns
        ])  # fmt: skip

    def _bin_column(self, values: Matrix, labels: Labels) -> tuple[Floats, Floats, float]:
        """Return edges, weights of the bins (the last is for NaN) and the information value."""
        edges = self._compute_edges(values[~np.isnan(values)].astype(np.float64))
        bin_index = _assign_bins(values, edges)
        difficulty_rate = labels.mean()
        clients = np.bincount(bin_index, minlength=len(edges) + 2) + self.prior_clients
        difficult = (
            np.bincount(bin_index, labels, len(edges) + 2) + self.prior_clients * difficulty_rate
        )
        good = clients - difficult
        shares_good, shares_difficult = good / good.sum(), difficult / difficult.sum()
        weights = np.log(shares_good / shares_difficult)
        return edges, weights, float(((shares_good - shares_difficult) * weights).sum())

    def _compute_edges(self, known_values: Floats) -> Floats:
        """Return the largest value of each bin except the last.

        A column with at most `n_bins` distinct values gets one bin per value.
        """
        distinct_values = np.unique(known_values)
        if len(distinct_values) <= self.n_bins:
            return distinct_values[:-1]
        return np.unique(np.quantile(known_values, np.arange(1, self.n_bins) / self.n_bins))


def _assign_bins(values: Matrix, edges: Floats) -> Integers:
    """Return the bin number of each value; the last bin is for NaN."""
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
