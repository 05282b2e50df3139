"""Model similarities between clients as correlated standard normal traits.

Each client has one value per trait. Most traits belong to a column of the application form. The
others describe the client's credits overall: their age, the share refused, how late they are paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from training.synthetic.sampling.marginals import Floats

TraitValues = Mapping[str, Floats]
"""Values by trait: one per client, or one per row."""

MIN_EIGENVALUE = 1e-3
"""Lower bound of eigenvalues; rounding correlations to two decimals makes some negative."""


@dataclass(frozen=True, kw_only=True)
class LatentTraits:
    """Correlated standard normal traits."""

    names: tuple[str, ...]
    correlation: Floats

    def sample(self, rng: np.random.Generator, clients: int) -> TraitValues:
        factor = np.linalg.cholesky(find_nearest_correlation(self.correlation))
        values = rng.standard_normal((clients, len(self.names))) @ factor.T
        return MappingProxyType(dict(zip(self.names, np.ascontiguousarray(values.T), strict=True)))


def find_nearest_correlation(matrix: Floats) -> Floats:
    """Raise small eigenvalues to `MIN_EIGENVALUE` and rescale the diagonal to 1.

    >>> find_nearest_correlation(np.array([[1.0, 0.5], [0.5, 1.0]]))
    array([[1. , 0.5],
           [0.5, 1. ]])
    """
    values, vectors = np.linalg.eigh(matrix)
    lifted = (vectors * np.maximum(values, MIN_EIGENVALUE)) @ vectors.T
    spread = np.sqrt(np.diag(lifted))
    return np.asarray(lifted / np.outer(spread, spread))


def restore_from_lower_triangle(rows: Sequence[Sequence[float]]) -> Floats:
    """Restore the symmetric matrix from its rows below the diagonal, the first of them empty.

    >>> restore_from_lower_triangle([[], [0.5]])
    array([[1. , 0.5],
           [0.5, 1. ]])
    """
    matrix = np.eye(len(rows))
    for i, row in enumerate(rows):
        matrix[i, :i] = matrix[:i, i] = row
    return matrix
