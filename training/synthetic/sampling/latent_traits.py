"""Traits: what makes clients alike and different, as correlated standard normals.

Each client has one value a trait. Most traits stand for a column of the application form; the
others for how the client's credits are, on the whole: how old, how many refused, how late paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from training.synthetic.sampling.marginals import Floats

TraitValues = Mapping[str, Floats]
"""Each trait's values, one a client (or a row)."""

MIN_EIGENVALUE = 1e-3
"""Below it a matrix counts as not positive: rounding to two decimals alone makes some negative."""


@dataclass(frozen=True, kw_only=True)
class LatentTraits:
    """Standard normal traits with their correlation."""

    names: tuple[str, ...]
    correlation: Floats

    def sample(self, rng: np.random.Generator, clients: int) -> TraitValues:
        factor = np.linalg.cholesky(find_nearest_correlation(self.correlation))
        values = rng.standard_normal((clients, len(self.names))) @ factor.T
        return MappingProxyType(dict(zip(self.names, np.ascontiguousarray(values.T), strict=True)))


def find_nearest_correlation(matrix: Floats) -> Floats:
    """The matrix with its negative eigenvalues lifted and its diagonal put back to one.

    >>> nearest_correlation(np.array([[1.0, 0.5], [0.5, 1.0]]))
    array([[1. , 0.5],
           [0.5, 1. ]])
    """
    values, vectors = np.linalg.eigh(matrix)
    lifted = (vectors * np.maximum(values, MIN_EIGENVALUE)) @ vectors.T
    spread = np.sqrt(np.diag(lifted))
    return np.asarray(lifted / np.outer(spread, spread))


def restore_from_lower_triangle(rows: Sequence[Sequence[float]]) -> Floats:
    """The whole matrix of which the rows below the diagonal are kept, the first of them empty.

    >>> from_lower_triangle([[], [0.5]])
    array([[1. , 0.5],
           [0.5, 1. ]])
    """
    matrix = np.eye(len(rows))
    for i, row in enumerate(rows):
        matrix[i, :i] = matrix[:i, i] = row
    return matrix
