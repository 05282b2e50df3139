"""One side of a comparison: some clients, as columns of the application, features and risk.

dossiers, batch by batch ──► application columns as they stand ─┐
                        └──► features ──► risk ─────────────────┴──► Side
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from credit.dossier import Dossiers, Floats, Integers, Words
from credit.features import CATALOGUE, COLUMNS, Matrix, build
from credit.schema import APPLICATION, HISTORIES, Kind
from credit.scorer import Scorer
from monitoring.binning import Cells

SAMPLE = 20_000
"""Clients compared on each side. With ten bins chance then reaches a PSI of 0.003, far below any
limit; more would only cost time, and weight in the report."""

SEED = 0
"""The same clients are drawn from the same source every time."""

COMPARED = tuple(
    name for name, column in APPLICATION.columns.items() if column.kind is not Kind.ID
)
"""The columns of the application form, under Kaggle's names."""

NEEDED = MappingProxyType({**COLUMNS, APPLICATION.name: COMPARED})
"""The raw columns to read, table by table."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """Some clients, all columns in the same order of clients."""

    source: str
    """Where they come from, in words."""
    total: int
    """Clients there; `len` says how many of them are compared."""
    application: Mapping[str, Cells]
    features: Mapping[str, Cells]
    risk: Floats
    known: Mapping[str, float]
    """Of each history, the share of clients of whom it is known."""
    models: Mapping[str, int]
    """Which model told the risk, of how many."""

    def __len__(self) -> int:
        return len(self.risk)


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some clients of a side, ready to be joined with others."""

    forms: Mapping[str, Cells]
    matrix: Matrix
    risk: Floats
    known: Mapping[str, int]


def part_of(
    dossiers: Dossiers, scorer: Scorer, *, rows: Integers | None = None, risk: Floats | None = None
) -> Part:
    """What is compared of some dossiers.

    Args:
        rows: Which of the dossiers; all if left out.
        risk: As it was told to these clients; scored now if left out.
    """
    rows = np.arange(len(dossiers)) if rows is None else rows
    forms = dossiers.tables[APPLICATION.name].take(rows).cells
    matrix = build(dossiers, scorer.categories)[rows]
    return Part(
        forms={name: forms[name] for name in COMPARED},
        matrix=matrix,
        risk=scorer.risk(matrix) if risk is None else risk,
        known={name: int(dossiers.tables[name].known[rows].sum()) for name in HISTORIES},
    )


def side_of(
    parts: Iterable[Part],
    scorer: Scorer,
    *,
    source: str,
    total: int,
    models: Mapping[str, int] | None = None,
) -> Side:
    """The parts as one side."""
    held = list(parts)
    matrix = np.concatenate([part.matrix for part in held])
    return Side(
        source=source,
        total=total,
        application={name: _joined([part.forms[name] for part in held]) for name in COMPARED},
        features={name: _feature(matrix, name, scorer) for name in CATALOGUE},
        risk=np.concatenate([part.risk for part in held]),
        known={name: sum(p.known[name] for p in held) / len(matrix) for name in HISTORIES},
        models=models or {scorer.version: len(matrix)},
    )


def drawn(total: int) -> Integers:
    """Which clients of a source to compare, by their places in it, ascending."""
    if total <= SAMPLE:
        return np.arange(total)
    return np.sort(np.random.default_rng(SEED).choice(total, SAMPLE, replace=False))


_PLACE = {name: place for place, name in enumerate(CATALOGUE)}


def _feature(matrix: Matrix, name: str, scorer: Scorer) -> Cells:
    column: Floats = matrix[:, _PLACE[name]].astype(np.float64)
    if not CATALOGUE[name].categorical:
        return column
    codes = np.where(np.isnan(column), -1, column).astype(np.int32)
    return Words(codes, scorer.categories.known[name])


def _joined(parts: Sequence[Cells]) -> Cells:
    words = [part for part in parts if isinstance(part, Words)]
    numbers = [part for part in parts if not isinstance(part, Words)]
    return Words.joined(words) if words else np.concatenate(numbers)
