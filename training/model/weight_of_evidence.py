"""Weight of evidence: how a scorecard bins what it looks at, as a scikit-learn transformer."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from credit.dossier import Floats, Integers
from training.data.dataset import Labels

Matrix = NDArray[np.floating[Any]]


class WeightOfEvidence(TransformerMixin, BaseEstimator):  # type: ignore[misc] # sklearn is untyped
    """Every cell becomes the log of its bin's share of good clients over that of difficult ones.

    A bin holds about as many clients as another; unknown cells are a bin of their own. Only the
    columns of highest information value are kept. Siddiqi, *Credit Risk Scorecards* (2006).
    """

    def __init__(
        self, n_bins: int = 8, max_columns: int = 40, prior_clients: float = 20.0
    ) -> None:
        """Say how fine to look.

        Args:
            bins: Of the known cells of a column.
            columns: Kept, at most.
            prior: Clients at the overall rate added to each bin, so that small ones say little.
        """
        self.n_bins = n_bins
        self.max_columns = max_columns
        self.prior_clients = prior_clients

    def fit(self, matrix: Matrix, labels: Labels) -> Self:
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
        columns = zip(self.selected_, self.edges_, self.weights_, strict=True)
        return np.column_stack([
            weights[_assign_bins(matrix[:, index], edges)] for index, edges, weights in columns
        ])  # fmt: skip

    def _bin_column(self, values: Matrix, labels: Labels) -> tuple[Floats, Floats, float]:
        """Edges, the weight of each bin and then of unknown cells, and the information value."""
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
        """The greatest value of every bin but the last; a bin a value where there are few."""
        distinct_values = np.unique(known_values)
        if len(distinct_values) <= self.n_bins:
            return distinct_values[:-1]
        return np.unique(np.quantile(known_values, np.arange(1, self.n_bins) / self.n_bins))


def _assign_bins(values: Matrix, edges: Floats) -> Integers:
    """The bin of every cell; the last is for unknown ones."""
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
