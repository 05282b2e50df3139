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

from credit.dossier import Floats, Integers, Words

Cells = Floats | Words
"""A column: numbers with NaN for unknown, or words."""

PARTS = 10
"""Tenths: what credit scoring cuts scores and their columns into."""

FEW_VALUES = 20
"""Numbers with no more distinct values are counted value by value: deciles cannot see a flag that
fewer than a tenth of the clients raise."""

RARE_SHARE = 0.01
"""A value of fewer clients is pooled: together the rare ones are enough to tell a change."""

LEAST_EXPECTED = 5
"""Clients expected in a bin for the chi-square to hold (Cochran, *Biometrics* 10, 1954)."""

READ_WHOLE = 1_000
"""Numbers from here on are written without decimals."""

OTHER, UNKNOWN = "(other)", "(unknown)"


@dataclass(frozen=True, kw_only=True)
class Bins:
    """A way to place every cell of a column in one bin."""

    words: tuple[str, ...] = ()
    """A bin each, of a column of words."""
    values: tuple[float, ...] = ()
    """A bin each, ascending, of a column of few numbers."""
    edges: tuple[float, ...] = ()
    """Between the bins of a column of many numbers; an edge belongs to the bin above it."""
    sentinels: Mapping[float, str]

    @property
    def labels(self) -> tuple[str, ...]:
        """What is in each bin, in words; the last is for unknown cells."""
        body = self.words or (_ranges(self.edges) if self.edges else _written(self.values))
        pooled = () if self.edges else (OTHER,)
        return (*body, *pooled, *self.sentinels.values(), UNKNOWN)

    def place(self, cells: Cells) -> Integers:
        """The bin of every cell, as a position in `labels`."""
        if isinstance(cells, Words):
            return self._place_words(cells)
        if self.edges:
            places = np.searchsorted(self.edges, cells, side="right")
        else:
            values = np.array([*self.values, np.inf])
            near = np.searchsorted(self.values, cells)
            places = np.where(values[near] == cells, near, len(self.values))
        last = len(self.labels) - 1
        for back, sentinel in enumerate(reversed(self.sentinels), start=1):
            places = np.where(cells == sentinel, last - back, places)
        return np.where(np.isnan(cells), last, places)

    def count(self, cells: Cells) -> Integers:
        """How many cells are in each bin."""
        return np.bincount(self.place(cells), minlength=len(self.labels))

    def _place_words(self, cells: Words) -> Integers:
        position = {word: place for place, word in enumerate(self.words)}
        places = [position.get(word, len(self.words)) for word in cells.vocabulary]
        return np.array([*places, len(self.words) + 1], dtype=np.int64)[cells.codes]


def draw(reference: Cells, sentinels: Mapping[float, str], *, smaller: int) -> Bins:
    """The bins of a column.

    >>> draw(np.array([0.0] * 95 + [1.0] * 5 + [np.nan]), {}, smaller=1_000).labels
    ('0', '1', '(other)', '(unknown)')
    >>> draw(np.arange(1000.0), {365_243: "never"}, smaller=15).labels
    ('below 334', '334 to 668', 'from 668', 'never', '(unknown)')

    Args:
        sentinels: Numbers that are words in disguise, with what they say.
        smaller: Clients of the smaller side: the fewer, the wider the bins.
    """
    least = max(RARE_SHARE, LEAST_EXPECTED / smaller)
    if isinstance(reference, Words):
        counts = np.bincount(reference.codes[reference.known], minlength=len(reference.vocabulary))
        common = counts >= least * len(reference.codes)
        kept = [word for word, often in zip(reference.vocabulary, common, strict=True) if often]
        return Bins(words=tuple(kept), sentinels={})
    known = reference[~np.isnan(reference) & ~np.isin(reference, list(sentinels))]
    values, counts = np.unique(known, return_counts=True)
    if len(values) > FEW_VALUES:
        return Bins(edges=_edges(values, counts, max(1 / PARTS, least)), sentinels=sentinels)
    common = counts >= least * len(reference)
    return Bins(values=tuple(values[common].tolist()), sentinels=sentinels)


def _edges(values: Floats, counts: Integers, share: float) -> tuple[float, ...]:
    """Edges between bins of at least this share of the known cells.

    A value that fills a bin by itself gets its own, or what lies below it could change unseen;
    what is left at the top is a bin however small, or a rare tail could.

    >>> _edges(np.array([0.0, 1.0, 2.0, 3.0]), np.array([5, 90, 3, 2]), 0.1)
    (1.0, 2.0)
    """
    reached = np.cumsum(counts)
    full = share * reached[-1]
    starts: list[int] = []
    start = 0
    while start < len(values):
        before = reached[start - 1] if start else 0
        end = int(np.searchsorted(reached, before + full))
        if end == len(values):
            break
        start = end if counts[end] >= full and end > start else end + 1
        starts.append(start)
    return tuple(values[[start for start in starts if start < len(values)]].tolist())


def _written(numbers: Sequence[float]) -> list[str]:
    """Numbers as people read them, each different from the others.

    >>> _written([0.5, 2, 1234567.25]), _written([1234.1, 1234.2])
    (['0.5', '2', '1,234,567'], ['1234.1', '1234.2'])
    """
    short = [f"{n:,.0f}" if abs(n) >= READ_WHOLE else f"{n:.4g}" for n in numbers]
    return short if len(set(short)) == len(short) else [repr(n) for n in numbers]


def _ranges(edges: Sequence[float]) -> list[str]:
    written = _written(edges)
    between = [f"{low} to {high}" for low, high in pairwise(written)]
    return [f"below {written[0]}", *between, f"from {written[-1]}"]
