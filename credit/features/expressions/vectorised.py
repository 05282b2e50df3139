"""Evaluate many expressions on the same rows with few NumPy calls.

Most declared expressions are weighted sums of columns, or ratios of two such sums. All of them
are evaluated together, because call overhead dominates the time of a single dossier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce, wraps
from typing import Self, TypeVar

import numpy as np

from credit.dossier import Bools, Floats, Rows
from credit.features.expressions.nan_arithmetic import divide_or_nan

ResultT = TypeVar("ResultT")

Expression = Callable[[Rows], Floats | Bools]
"""Function from the rows of a table to one value for each row; NaN where unknown."""


@dataclass(frozen=True)
class WeightedSum:
    """A weighted sum of columns, such as `WeightedSum({"CNT_FAM_MEMBERS": 1, "CNT_CHILDREN": -1})`."""

    weights: Mapping[str, float]

    @classmethod
    def from_columns(cls, *names: str) -> Self:
        """Build a sum in which each column has weight 1."""
        return cls(dict.fromkeys(names, 1))

    def __call__(self, rows: Rows) -> Floats:
        return reduce(np.add, [weight * rows[name] for name, weight in self.weights.items()])


@dataclass(frozen=True)
class Ratio:
    """The quotient of two weighted sums."""

    numerator: WeightedSum
    denominator: WeightedSum

    @classmethod
    def from_terms(cls, numerator: WeightedSum | str, denominator: WeightedSum | str) -> Self:
        """Build a ratio; a column name stands for the column with weight 1."""
        numerator_sum, denominator_sum = (
            WeightedSum.from_columns(term) if isinstance(term, str) else term
            for term in (numerator, denominator)
        )
        return cls(numerator_sum, denominator_sum)

    def __call__(self, rows: Rows) -> Floats:
        return divide_or_nan(self.numerator(rows), self.denominator(rows))


class VectorisedExpressions:
    """A list of expressions, evaluated together in the order in which they are given.

    The terms of all sums, numerators and denominators are gathered into one array and reduced by
    one `reduceat`. Other expressions are called one by one.
    """

    def __init__(self, expressions: Sequence[Expression]) -> None:
        indexed_expressions = list(enumerate(expressions))
        sums = [
            (index, expression)
            for index, expression in indexed_expressions
            if isinstance(expression, WeightedSum)
        ]
        ratios = [
            (index, expression)
            for index, expression in indexed_expressions
            if isinstance(expression, Ratio)
        ]
        vectorised_indices = {index for index, _ in (*sums, *ratios)}
        self._other_expressions = [
            (index, expression)
            for index, expression in indexed_expressions
            if index not in vectorised_indices
        ]
        numerators, denominators = (
            [expression.numerator for _, expression in ratios],
            [expression.denominator for _, expression in ratios],
        )
        weighted_sums = [*(expression for _, expression in sums), *numerators, *denominators]
        lengths = np.array(
            [len(expression.weights) for expression in weighted_sums], dtype=np.int64
        )
        self._term_columns = tuple(
            name for expression in weighted_sums for name in expression.weights
        )
        self._term_weights = np.array(
            [
                [float(weight)]
                for expression in weighted_sums
                for weight in expression.weights.values()
            ]
        )
        self._sum_offsets = np.cumsum(lengths) - lengths
        self._sum_indices = np.array([index for index, _ in sums], dtype=np.int64)
        self._ratio_indices = np.array([index for index, _ in ratios], dtype=np.int64)
        self._expression_count = len(indexed_expressions)

    def __call__(self, rows: Rows) -> Floats:
        """Return the values, shape (expressions, rows)."""
        values = np.empty((self._expression_count, len(rows)))
        if self._term_columns:
            sums = self._compute_sums(rows)
            numerator_start = len(self._sum_indices)
            denominator_start = numerator_start + len(self._ratio_indices)
            values[self._sum_indices] = sums[:numerator_start]
            values[self._ratio_indices] = divide_or_nan(
                sums[numerator_start:denominator_start], sums[denominator_start:]
            )
        for index, compute in self._other_expressions:
            values[index] = compute(rows)
        return values

    def _compute_sums(self, rows: Rows) -> Floats:
        terms = rows.select_columns(self._term_columns)
        terms *= self._term_weights
        if len(self._sum_offsets) == len(terms):
            return terms
        return np.add.reduceat(terms, self._sum_offsets, axis=0)


def memoise_per_rows(compute: Callable[[Rows], ResultT]) -> Callable[[Rows], ResultT]:
    """Cache the result of a function for each `Rows` object, so that several features can share it."""

    @wraps(compute)
    def memoised(rows: Rows) -> ResultT:
        return rows.memoise(compute)

    return memoised
