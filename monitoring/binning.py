"""The bins in which two populations are compared, drawn from the reference alone.

words, flags, small counts ──► a bin a value, rare and new ones in "(other)"
amounts, ages, scores ───────► tenths of the reference
sentinels, unknown cells ────► a bin of their own each
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from credit.dossier import CategoricalColumn, Floats, Integers

ColumnValues = Floats | CategoricalColumn
"""A column: numbers with NaN for unknown, or words."""

MAX_QUANTILE_BINS = 10
"""Tenths: what credit scoring cuts scores and their columns into."""

MAX_DISCRETE_VALUES = 20
"""Numbers with no more distinct values are counted value by value: deciles cannot see a flag that
fewer than a tenth of the clients raise."""

MIN_VALUE_SHARE = 0.01
"""A value of fewer clients is pooled: together the rare ones are enough to tell a change."""

MIN_EXPECTED_COUNT = 5
"""Clients expected in a bin for the chi-square to hold (Cochran, *Biometrics* 10, 1954)."""

WHOLE_NUMBERS_FROM = 1_000
"""Numbers from here on are written without decimals."""

OTHER_LABEL, UNKNOWN_LABEL = "(other)", "(unknown)"


@dataclass(frozen=True, kw_only=True)
class Bins:
    """A way to place every cell of a column in one bin."""

    categories: tuple[str, ...] = ()
    """A bin each, of a column of words."""
    values: tuple[float, ...] = ()
    """A bin each, ascending, of a column of few numbers."""
    edges: tuple[float, ...] = ()
    """Between the bins of a column of many numbers; an edge belongs to the bin above it."""
    sentinels: Mapping[float, str]

    @property
    def labels(self) -> tuple[str, ...]:
        """What is in each bin, in words; the last is for unknown cells."""
        value_labels = self.categories or (
            _format_ranges(self.edges) if self.edges else _format_numbers(self.values)
        )
        other_labels = () if self.edges else (OTHER_LABEL,)
        return (*value_labels, *other_labels, *self.sentinels.values(), UNKNOWN_LABEL)

    def assign_bins(self, column: ColumnValues) -> Integers:
        """The bin of every cell, as a position in `labels`."""
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
        """How many cells are in each bin."""
        return np.bincount(self.assign_bins(column), minlength=len(self.labels))

    def _assign_categories(self, column: CategoricalColumn) -> Integers:
        index_of = {category: index for index, category in enumerate(self.categories)}
        indices = [index_of.get(category, len(self.categories)) for category in column.categories]
        return np.array([*indices, len(self.categories) + 1], dtype=np.int64)[column.codes]


def fit_bins(
    reference: ColumnValues, sentinels: Mapping[float, str], *, smaller_sample_size: int
) -> Bins:
    """The bins of a column.

    >>> draw(np.array([0.0] * 95 + [1.0] * 5 + [np.nan]), {}, smaller=1_000).labels
    ('0', '1', '(other)', '(unknown)')
    >>> draw(np.arange(1000.0), {365_243: "never"}, smaller=15).labels
    ('below 334', '334 to 668', 'from 668', 'never', '(unknown)')

    Args:
        sentinels: Numbers that are words in disguise, with what they say.
        smaller: Clients of the smaller side: the fewer, the wider the bins.
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
    """Edges between bins of at least this share of the known cells.

    A value that fills a bin by itself gets its own, or what lies below it could change unseen;
    what is left at the top is a bin however small, or a rare tail could.

    >>> _edges(np.array([0.0, 1.0, 2.0, 3.0]), np.array([5, 90, 3, 2]), 0.1)
    (1.0, 2.0)
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
    """Numbers as people read them, each different from the others.

    >>> _written([0.5, 2, 1234567.25]), _written([1234.1, 1234.2])
    (['0.5', '2', '1,234,567'], ['1234.1', '1234.2'])
    """
    short = [f"{n:,.0f}" if abs(n) >= WHOLE_NUMBERS_FROM else f"{n:.4g}" for n in numbers]
    return short if len(set(short)) == len(short) else [repr(n) for n in numbers]


def _format_ranges(edges: Sequence[float]) -> list[str]:
    bounds = _format_numbers(edges)
    inner_ranges = [f"{low} to {high}" for low, high in pairwise(bounds)]
    return [f"below {bounds[0]}", *inner_ranges, f"from {bounds[-1]}"]
