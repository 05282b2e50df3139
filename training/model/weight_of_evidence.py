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

    def __init__(self, bins: int = 8, columns: int = 40, prior: float = 20.0) -> None:
        """Say how fine to look.

        Args:
            bins: Of the known cells of a column.
            columns: Kept, at most.
            prior: Clients at the overall rate added to each bin, so that small ones say little.
        """
        self.bins = bins
        self.columns = columns
        self.prior = prior

    def fit(self, matrix: Matrix, labels: Labels) -> Self:
        told = [self._column(matrix[:, place], labels) for place in range(matrix.shape[1])]
        value = np.array([information for _, _, information in told])
        self.kept_: Integers = np.argsort(-value, kind="stable")[: self.columns]
        self.edges_ = [told[place][0] for place in self.kept_]
        self.weights_ = [told[place][1] for place in self.kept_]
        return self

    def transform(self, matrix: Matrix) -> Floats:
        columns = zip(self.kept_, self.edges_, self.weights_, strict=True)
        return np.column_stack([
            weights[_place(matrix[:, place], edges)] for place, edges, weights in columns
        ])  # fmt: skip

    def _column(self, cells: Matrix, labels: Labels) -> tuple[Floats, Floats, float]:
        """Edges, the weight of each bin and then of unknown cells, and the information value."""
        edges = self._edges(cells[~np.isnan(cells)].astype(np.float64))
        place = _place(cells, edges)
        rate = labels.mean()
        clients = np.bincount(place, minlength=len(edges) + 2) + self.prior
        difficult = np.bincount(place, labels, len(edges) + 2) + self.prior * rate
        good = clients - difficult
        shares_good, shares_difficult = good / good.sum(), difficult / difficult.sum()
        weights = np.log(shares_good / shares_difficult)
        return edges, weights, float(((shares_good - shares_difficult) * weights).sum())

    def _edges(self, known: Floats) -> Floats:
        """The greatest value of every bin but the last; a bin a value where there are few."""
        values = np.unique(known)
        if len(values) <= self.bins:
            return values[:-1]
        return np.unique(np.quantile(known, np.arange(1, self.bins) / self.bins))


def _place(cells: Matrix, edges: Floats) -> Integers:
    """The bin of every cell; the last is for unknown ones."""
    return np.where(np.isnan(cells), len(edges) + 1, np.searchsorted(edges, cells, side="left"))
