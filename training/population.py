"""Counts of the training clients, for the model to carry along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from credit.dossier import Floats, Integers
from credit.features import CATALOGUE, Categories, Matrix
from credit.population import FIFTHS, Crossing, Population, Spread
from training.prepare import Labels

BINS = 20
GRID = 8
"""Bins of each of two features crossed."""
CROSSED = 12
"""The most important features, of which every pair is crossed."""


def population(
    matrix: Matrix,
    labels: Labels,
    risks: Floats,
    categories: Categories,
    importance: Mapping[str, float],
) -> Population:
    """Spread of every feature, and crossings of the most important ones.

    Args:
        matrix: Shape (clients, features).
        risks: Out-of-fold risk of each client.
    """
    risk_edges = np.quantile(risks, np.arange(1, FIFTHS) / FIFTHS)
    fifth = np.searchsorted(risk_edges, risks, side="right")
    numbers = [name for name, feature in CATALOGUE.items() if not feature.categorical]
    leading = sorted(numbers, key=lambda name: -importance[name])[:CROSSED]
    column = {name: matrix[:, place].astype(np.float64) for place, name in enumerate(CATALOGUE)}
    return Population(
        risk_edges=tuple(risk_edges.tolist()),
        spreads={
            name: _words(cells, labels, fifth, categories.known[name])
            if CATALOGUE[name].categorical
            else _numbers(cells, labels, fifth)
            for name, cells in column.items()
        },
        crossings={
            f"{one}*{other}": _crossing(column[one], column[other], labels)
            for one, other in combinations(leading, 2)
        },
    )


def _numbers(cells: Floats, labels: Labels, fifth: Integers) -> Spread:
    known = ~np.isnan(cells)
    if not known.any():
        counts, unknown = _counted(np.full(len(cells), -1), 1, labels, fifth)
        return Spread(counts=counts, unknown=unknown)
    low, high = np.quantile(cells[known], [0.01, 0.99])
    edges = np.unique(np.linspace(low, high, BINS - 1))
    place = np.where(known, np.searchsorted(edges, cells, side="right"), -1)
    counts, unknown = _counted(place, len(edges) + 1, labels, fifth)
    return Spread(
        edges=tuple(edges.tolist()),
        counts=counts,
        unknown=unknown,
        means=tuple(
            (_mean(cells[of_fifth & (labels == 0)]), _mean(cells[of_fifth & (labels == 1)]))
            for of_fifth in (known & (fifth == f) for f in range(FIFTHS))
        ),
        quantiles=tuple(np.quantile(cells[known], np.linspace(0, 1, 21)).tolist()),
    )


def _words(cells: Floats, labels: Labels, fifth: Integers, words: Sequence[str]) -> Spread:
    place = np.where(np.isnan(cells), -1, cells).astype(np.int64)
    counts, unknown = _counted(place, len(words), labels, fifth)
    return Spread(words=tuple(words), counts=counts, unknown=unknown)


def _counted(
    place: Integers, bins: int, labels: Labels, fifth: Integers
) -> tuple[tuple[tuple[tuple[int, int], ...], ...], tuple[int, ...]]:
    """Clients by fifth, bin and label, and those in no bin, whose place is -1, by fifth."""
    counts = np.zeros((FIFTHS, bins + 1, 2), dtype=np.int64)
    np.add.at(counts, (fifth, place, labels), 1)
    by_bin = tuple(tuple((good, bad) for good, bad in row) for row in counts[:, :-1].tolist())
    return by_bin, tuple(counts[:, -1].sum(axis=1).tolist())


def _mean(cells: Floats) -> float | None:
    return float(cells.mean()) if len(cells) else None


def _crossing(one: Floats, other: Floats, labels: Labels) -> Crossing:
    known = ~(np.isnan(one) | np.isnan(other))
    steps = np.arange(1, GRID) / GRID
    edges = [
        np.unique(np.quantile(cells[known], steps)) if known.any() else np.empty(0)
        for cells in (one, other)
    ]
    row = np.searchsorted(edges[0], one[known], side="right")
    place = np.searchsorted(edges[1], other[known], side="right")
    counts = np.zeros((len(edges[0]) + 1, len(edges[1]) + 1, 2), dtype=np.int64)
    np.add.at(counts, (row, place, labels[known]), 1)
    return Crossing(
        edges=(tuple(edges[0].tolist()), tuple(edges[1].tolist())),
        counts=tuple(tuple((good, bad) for good, bad in row) for row in counts.tolist()),
    )
