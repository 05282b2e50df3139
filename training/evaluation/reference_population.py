"""Counts of the training clients, for the model to carry along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from credit.dossier import Floats, Integers
from credit.features import CATALOGUE, Categories, Matrix
from credit.reference_population import FIFTHS, Crossing, Population, Spread
from training.data.dataset import Labels

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
    groups = [
        (
            np.flatnonzero((fifth == f) & (labels == 0)),
            np.flatnonzero((fifth == f) & (labels == 1)),
        )
        for f in range(FIFTHS)
    ]
    places = {name: place for place, name in enumerate(CATALOGUE)}

    def column(name: str) -> Floats:
        return matrix[:, places[name]].astype(np.float64)

    crossed = {name: column(name) for name in leading}
    return Population(
        risk_edges=tuple(risk_edges.tolist()),
        spreads={
            name: _words(column(name), labels, fifth, categories.known[name])
            if CATALOGUE[name].categorical
            else _numbers(column(name), labels, fifth, groups)
            for name in CATALOGUE
        },
        crossings={
            f"{one}*{other}": _crossing(crossed[one], crossed[other], labels)
            for one, other in combinations(leading, 2)
        },
    )


def _numbers(
    cells: Floats, labels: Labels, fifth: Integers, groups: Sequence[tuple[Integers, Integers]]
) -> Spread:
    known = ~np.isnan(cells)
    if not known.any():
        counts, unknown = _counted(np.full(len(cells), -1), 1, labels, fifth)
        return Spread(counts=counts, unknown=unknown)
    low, high, *quantiles = np.quantile(
        cells[known], [0.01, 0.99, *np.linspace(0, 1, 21)]
    ).tolist()
    edges = np.unique(np.linspace(low, high, BINS - 1))
    place = np.where(known, np.searchsorted(edges, cells, side="right"), -1)
    counts, unknown = _counted(place, len(edges) + 1, labels, fifth)
    return Spread(
        edges=tuple(edges.tolist()),
        counts=counts,
        unknown=unknown,
        means=tuple((_mean(cells[good]), _mean(cells[bad])) for good, bad in groups),
        quantiles=tuple(quantiles),
    )


def _words(cells: Floats, labels: Labels, fifth: Integers, words: Sequence[str]) -> Spread:
    place = np.where(np.isnan(cells), -1, cells).astype(np.int64)
    counts, unknown = _counted(place, len(words), labels, fifth)
    return Spread(words=tuple(words), counts=counts, unknown=unknown)


def _counted(
    place: Integers, bins: int, labels: Labels, fifth: Integers
) -> tuple[tuple[tuple[tuple[int, int], ...], ...], tuple[int, ...]]:
    """Clients by fifth, bin and label, and those in no bin, whose place is -1, by fifth."""
    shape = FIFTHS, bins + 1, 2
    cell = np.ravel_multi_index((fifth, np.where(place < 0, bins, place), labels), shape)
    counts = np.bincount(cell, minlength=FIFTHS * (bins + 1) * 2).reshape(shape)
    by_bin = tuple(tuple((good, bad) for good, bad in row) for row in counts[:, :-1].tolist())
    return by_bin, tuple(counts[:, -1].sum(axis=1).tolist())


def _mean(cells: Floats) -> float | None:
    """Of the known."""
    known = cells[~np.isnan(cells)]
    return float(known.mean()) if len(known) else None


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
