"""Bins for comparing two samples, fitted on the reference alone.

categories, flags, small counts ──► one bin per value; rare and new values in "(other)"
amounts, ages, scores ────────────► deciles of the reference
sentinels, unknown values ────────► one bin each
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from credit.dossier import CategoricalColumn, Floats, Integers

ColumnValues = Floats | CategoricalColumn
"""A column: numbers with NaN for unknown, or categories."""

MAX_QUANTILE_BINS = 10
"""Deciles, the usual bins of credit scores and their columns."""

MAX_DISCRETE_VALUES = 20
"""Numeric columns with at most this many distinct values get one bin per value: deciles cannot
show a flag that is set for fewer than a tenth of the clients."""

MIN_VALUE_SHARE = 0.01
"""Values of a smaller share of clients are pooled: a change still shows in their total."""

MIN_EXPECTED_COUNT = 5
"""Expected clients per bin for the chi-square approximation (Cochran, *Biometrics* 10, 1954)."""

MIN_NUMBER_WITHOUT_DECIMALS = 1_000
"""Numbers from here on are written without decimals."""

OTHER_LABEL, UNKNOWN_LABEL = "(other)", "(unknown)"


@dataclass(frozen=True, kw_only=True)
class Bins:
    """The bins of a column; every value is in exactly one of them."""

    categories: tuple[str, ...] = ()
    """One bin each; for categorical columns."""
    values: tuple[float, ...] = ()
    """One bin each, ascending; for numeric columns with few distinct values."""
    edges: tuple[float, ...] = ()
    """Inner edges, ascending; for other numeric columns. An edge belongs to the bin above it."""
    sentinels: Mapping[float, str]
    """Numbers with a special meaning, with its text; one bin each."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Return a readable name per bin; the last bin holds unknown values."""
        value_labels = self.categories or (
            _format_ranges(self.edges) if self.edges else _format_numbers(self.values)
        )
        other_labels = () if self.edges else (OTHER_LABEL,)
        return (*value_labels, *other_labels, *self.sentinels.values(), UNKNOWN_LABEL)

    def assign_bins(self, column: ColumnValues) -> Integers:
        """Return the bin of each value as an index into `labels`, shape (rows,)."""
        if isinstance(column, CategoricalColumn):
            return self._assign_categories(column)
        if self.edges:
            indices = np.searchsorted(self.edges, column, side="right")
        else:
            values = np.array([*self.values, np.inf])
            nearest = np.searchsorted(self.values, column)
            indices = np.where(values[nearest] == column, nearest, len(self.values))
        unknown_index = len(self.labels) - 1
        for offset, sentinel in enumerate(reversed(self.sentinels), start=1):
            indices = np.where(column == sentinel, unknown_index - offset, indices)
        return np.where(np.isnan(column), unknown_index, indices)

    def count_by_bin(self, column: ColumnValues) -> Integers:
        """Return the number of values per bin, shape (bins,)."""
        return np.bincount(self.assign_bins(column), minlength=len(self.labels))

    def _assign_categories(self, column: CategoricalColumn) -> Integers:
        index_of = {category: index for index, category in enumerate(self.categories)}
        indices = [index_of.get(category, len(self.categories)) for category in column.categories]
        return np.array([*indices, len(self.categories) + 1], dtype=np.int64)[column.codes]


def fit_bins(
    reference: ColumnValues, sentinels: Mapping[float, str], *, smaller_sample_size: int
) -> Bins:
    """Choose the bins of a column.

    >>> flags = np.array([0.0] * 95 + [1.0] * 5 + [np.nan])
    >>> fit_bins(flags, {}, smaller_sample_size=1_000).labels
    ('0', '1', '(other)', '(unknown)')
    >>> fit_bins(np.arange(1000.0), {365_243: "never"}, smaller_sample_size=15).labels
    ('below 334', '334 to 668', 'from 668', 'never', '(unknown)')

    Args:
        reference: The column in the reference sample.
        sentinels: Numbers with a special meaning, with its text.
        smaller_sample_size: Clients in the smaller sample; with fewer clients, bins are wider.
    """
    min_share = max(MIN_VALUE_SHARE, MIN_EXPECTED_COUNT / smaller_sample_size)
    if isinstance(reference, CategoricalColumn):
        counts = np.bincount(reference.codes[reference.known], minlength=len(reference.categories))
        common = counts >= min_share * len(reference.codes)
        categories = [
            category
            for category, is_common in zip(reference.categories, common, strict=True)
            if is_common
        ]
        return Bins(categories=tuple(categories), sentinels={})
    known = reference[~np.isnan(reference) & ~np.isin(reference, list(sentinels))]
    values, counts = np.unique(known, return_counts=True)
    if len(values) > MAX_DISCRETE_VALUES:
        return Bins(
            edges=_compute_edges(values, counts, max(1 / MAX_QUANTILE_BINS, min_share)),
            sentinels=sentinels,
        )
    common = counts >= min_share * len(reference)
    return Bins(values=tuple(values[common].tolist()), sentinels=sentinels)


def _compute_edges(values: Floats, counts: Integers, min_share: float) -> tuple[float, ...]:
    """Return the edges of bins that each hold at least `min_share` of the known values.

    Walk up the values and close a bin once it is large enough. A value that fills a bin by itself
    starts a bin of its own: otherwise a change below it would not show. The remainder at the top
    is a bin however small: otherwise a change in a rare tail would not show.

    >>> _compute_edges(np.array([0.0, 1.0, 2.0, 3.0]), np.array([5, 90, 3, 2]), 0.1)
    (1.0, 2.0)

    Args:
        values: Distinct known values, ascending.
        counts: Clients per value.
        min_share: Smallest share of a bin, 0 to 1.
    """
    cumulative = np.cumsum(counts)
    min_count = min_share * cumulative[-1]
    starts: list[int] = []
    start = 0
    while start < len(values):
        before = cumulative[start - 1] if start else 0
        end = int(np.searchsorted(cumulative, before + min_count))
        if end == len(values):
            break
        start = end if counts[end] >= min_count and end > start else end + 1
        starts.append(start)
    return tuple(values[[start for start in starts if start < len(values)]].tolist())


def _format_numbers(numbers: Sequence[float]) -> list[str]:
    """Format numbers for people; use full precision if short forms would coincide.

    >>> _format_numbers([0.5, 2, 1234567.25]), _format_numbers([1234.1, 1234.2])
    (['0.5', '2', '1,234,567'], ['1234.1', '1234.2'])
    """
    short = [
        f"{number:,.0f}" if abs(number) >= MIN_NUMBER_WITHOUT_DECIMALS else f"{number:.4g}"
        for number in numbers
    ]
    return short if len(set(short)) == len(short) else [repr(number) for number in numbers]


def _format_ranges(edges: Sequence[float]) -> list[str]:
    bounds = _format_numbers(edges)
    inner_ranges = [f"{low} to {high}" for low, high in pairwise(bounds)]
    return [f"below {bounds[0]}", *inner_ranges, f"from {bounds[-1]}"]
