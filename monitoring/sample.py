"""One side of a comparison: some clients, as columns of the application, features and risk.

dossiers, batch by batch ──► application columns as they stand ─┐
                        └──► features ──► risk ─────────────────┴──► Side
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from credit.dossier import CategoricalColumn, DossierBatch, Floats, Integers
from credit.features import CATALOGUE, COLUMNS, Matrix, build
from credit.schema import APPLICATION, HISTORIES, ColumnKind
from credit.scorer import Scorer
from monitoring.binning import ColumnValues

MAX_SAMPLE_CLIENTS = 20_000
"""Clients compared on each side. With ten bins chance then reaches a PSI of 0.003, far below any
limit; more would only cost time, and weight in the report."""

SAMPLING_SEED = 0
"""The same clients are drawn from the same source every time."""

COMPARED_COLUMNS = tuple(
    name for name, column in APPLICATION.columns.items() if column.kind is not ColumnKind.ID
)
"""The columns of the application form, under Kaggle's names."""

REQUIRED_COLUMNS = MappingProxyType({**COLUMNS, APPLICATION.name: COMPARED_COLUMNS})
"""The raw columns to read, table by table."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Some clients, all columns in the same order of clients."""

    source: str
    """Where they come from, in words."""
    total: int
    """Clients there; `len` says how many of them are compared."""
    application: Mapping[str, ColumnValues]
    features: Mapping[str, ColumnValues]
    risk: Floats
    history_shares: Mapping[str, float]
    """Of each history, the share of clients of whom it is known."""
    model_counts: Mapping[str, int]
    """Which model told the risk, of how many."""

    def __len__(self) -> int:
        return len(self.risk)


@dataclass(frozen=True, kw_only=True)
class SampleChunk:
    """Some clients of a side, ready to be joined with others."""

    application: Mapping[str, ColumnValues]
    matrix: Matrix
    risk: Floats
    history_counts: Mapping[str, int]


def build_chunk(
    dossiers: DossierBatch,
    scorer: Scorer,
    *,
    rows: Integers | None = None,
    risk: Floats | None = None,
) -> SampleChunk:
    """What is compared of some dossiers.

    Args:
        rows: Which of the dossiers; all if left out.
        risk: As it was told to these clients; scored now if left out.
    """
    rows = np.arange(len(dossiers)) if rows is None else rows
    application = dossiers.tables[APPLICATION.name].take(rows).columns_by_name
    matrix = build(dossiers, scorer.categories)[rows]
    return SampleChunk(
        application={name: application[name] for name in COMPARED_COLUMNS},
        matrix=matrix,
        risk=scorer.predict_risk(matrix) if risk is None else risk,
        history_counts={name: int(dossiers.tables[name].known[rows].sum()) for name in HISTORIES},
    )


def combine_chunks(
    chunks: Iterable[SampleChunk],
    scorer: Scorer,
    *,
    source: str,
    total: int,
    model_counts: Mapping[str, int] | None = None,
) -> Sample:
    """The parts as one side."""
    chunk_list = list(chunks)
    matrix = np.concatenate([chunk.matrix for chunk in chunk_list])
    return Sample(
        source=source,
        total=total,
        application={
            name: _concat_columns([chunk.application[name] for chunk in chunk_list])
            for name in COMPARED_COLUMNS
        },
        features={name: _feature_column(matrix, name, scorer) for name in CATALOGUE},
        risk=np.concatenate([chunk.risk for chunk in chunk_list]),
        history_shares={
            name: sum(p.history_counts[name] for p in chunk_list) / len(matrix)
            for name in HISTORIES
        },
        model_counts=model_counts or {scorer.version: len(matrix)},
    )


def draw_sample_rows(total: int) -> Integers:
    """Which clients of a source to compare, by their places in it, ascending."""
    if total <= MAX_SAMPLE_CLIENTS:
        return np.arange(total)
    return np.sort(
        np.random.default_rng(SAMPLING_SEED).choice(total, MAX_SAMPLE_CLIENTS, replace=False)
    )


_FEATURE_INDEX = {name: index for index, name in enumerate(CATALOGUE)}


def _feature_column(matrix: Matrix, name: str, scorer: Scorer) -> ColumnValues:
    column: Floats = matrix[:, _FEATURE_INDEX[name]].astype(np.float64)
    if not CATALOGUE[name].is_categorical:
        return column
    codes = np.where(np.isnan(column), -1, column).astype(np.int32)
    return CategoricalColumn(codes, scorer.categories.categories[name])


def _concat_columns(columns: Sequence[ColumnValues]) -> ColumnValues:
    categorical = [column for column in columns if isinstance(column, CategoricalColumn)]
    numeric = [column for column in columns if not isinstance(column, CategoricalColumn)]
    return CategoricalColumn.concat(categorical) if categorical else np.concatenate(numeric)
