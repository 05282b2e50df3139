"""A sample of clients to compare: columns of the application, features and risk.

dossiers, batch by batch ──► application columns, unchanged ─┐
                        └──► features ──► risk ──────────────┴──► Sample
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
"""Clients compared per sample. With ten bins, chance then reaches a PSI of 0.003, far below any
limit; more clients would only cost time and make the report larger."""

SAMPLING_SEED = 0
"""Fixed, so that the same source always gives the same clients."""

COMPARED_COLUMNS = tuple(
    name for name, column in APPLICATION.columns.items() if column.kind is not ColumnKind.ID
)
"""Columns of the application form without ids, under Kaggle's names."""

REQUIRED_COLUMNS = MappingProxyType({**COLUMNS, APPLICATION.name: COMPARED_COLUMNS})
"""Raw columns to read, by table."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Clients from one source; all columns have the clients in the same order.

    `len` is the number of clients in the sample.
    """

    source: str
    """Description of the source, for people."""
    total: int
    """Number of clients in the source."""
    application: Mapping[str, ColumnValues]
    """Application columns by Kaggle's name, each of shape (clients,)."""
    features: Mapping[str, ColumnValues]
    """Features by name, each of shape (clients,)."""
    risk: Floats
    """Probability of payment difficulties, shape (clients,)."""
    history_shares: Mapping[str, float]
    """Share of clients with a known history, 0 to 1, by table."""
    model_counts: Mapping[str, int]
    """Number of clients scored by each model version."""

    def __len__(self) -> int:
        return len(self.risk)


@dataclass(frozen=True, kw_only=True)
class SampleChunk:
    """Some clients of a sample, ready to be combined with other chunks."""

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
    """Extract the compared columns of some dossiers.

    Args:
        dossiers: Dossiers with the columns of `REQUIRED_COLUMNS`.
        scorer: Model that encodes the features and, if needed, scores them.
        rows: Indices of the dossiers to use; all by default.
        risk: Recorded risks of these rows, shape (rows,); scored now by default.
    """
    rows = np.arange(len(dossiers)) if rows is None else rows
    application = dossiers.tables[APPLICATION.name].take(rows).columns_by_name
    matrix = build(dossiers, scorer.fitted)[rows]
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
    """Combine chunks into one sample.

    Args:
        chunks: At least one chunk.
        scorer: Model that built the features.
        source: Description of the source, for people.
        total: Number of clients in the source.
        model_counts: Clients scored by each model version; all by `scorer` by default.
    """
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
            name: sum(chunk.history_counts[name] for chunk in chunk_list) / len(matrix)
            for name in HISTORIES
        },
        model_counts=model_counts or {scorer.version: len(matrix)},
    )


def draw_sample_rows(total: int) -> Integers:
    """Choose the clients of a source to compare; return their row indices, ascending."""
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
    return CategoricalColumn(codes, scorer.metadata.categories[name])


def _concat_columns(columns: Sequence[ColumnValues]) -> ColumnValues:
    categorical = [column for column in columns if isinstance(column, CategoricalColumn)]
    numeric = [column for column in columns if not isinstance(column, CategoricalColumn)]
    return CategoricalColumn.concat(categorical) if categorical else np.concatenate(numeric)
