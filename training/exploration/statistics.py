"""What is told of tables: columns by what they know of difficulties, gaps, drift, correlations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log

import pandas as pd
import polars as pl

from credit.dossier import Floats
from credit.schema import APPLICATION, TABLES, TARGET, Column, ColumnKind
from stores.raw_tables.tables import Tables
from training.exploration.binning import Bin, bin_column

MAX_CORRELATED_COLUMNS = 24
"""Numbers of highest information value whose correlations are shown."""

MIN_LISTED_CORRELATION = 0.3
"""Rank correlations from here on are listed."""

SMOOTHING_COUNT = 0.5
"""Clients added to every bin of both outcomes: the logarithm of none is not a number."""


@dataclass(frozen=True, kw_only=True)
class ColumnSummary:
    """One column of the application form."""

    column: Column
    bins: tuple[Bin, ...]

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def information_value(self) -> float:
        """Information value: how far the bins tell good clients from difficult ones.

        Sum of (good - difficult) x ln(good / difficult), of shares; Siddiqi (2006) calls 0.02
        weak, 0.1 medium, 0.3 strong.
        """
        return _compute_divergence(
            [bin_.clients - bin_.difficulties for bin_ in self.bins],
            [bin_.difficulties for bin_ in self.bins],
        )

    @property
    def population_stability_index(self) -> float:
        """Population stability index of the table to be scored against the labelled one."""
        return _compute_divergence(
            [bin_.clients for bin_ in self.bins], [bin_.new_clients for bin_ in self.bins]
        )


@dataclass(frozen=True, kw_only=True)
class MissingRate:
    """How often a column is unknown, and what becomes of those it is unknown of."""

    column: str
    share: float
    new_share: float | None
    """In the table to be scored."""


@dataclass(frozen=True, kw_only=True)
class HistorySummary:
    """A history table as a whole."""

    table: str
    rows: int
    clients: int
    """Labelled or not, who have rows."""
    per_client: float
    missing_rates: tuple[MissingRate, ...]


@dataclass(frozen=True, kw_only=True)
class CorrelationPair:
    first: str
    second: str
    correlation: float


@dataclass(frozen=True, kw_only=True)
class ExplorationSummary:
    """Everything the page shows."""

    clients: int
    overall: Bin
    new_clients: int
    """Clients in the table to be scored; 0 without one."""
    columns: tuple[ColumnSummary, ...]
    """The most telling first."""
    missing_rates: tuple[MissingRate, ...]
    histories: tuple[HistorySummary, ...]
    absent_tables: tuple[str, ...]
    correlated_columns: tuple[str, ...]
    """The most telling numbers, and TARGET."""
    correlation_matrix: Floats
    """Spearman's, of these numbers, over the clients who know both."""

    @property
    def strong_pairs(self) -> tuple[CorrelationPair, ...]:
        """The pairs of strongest correlation."""
        index_pairs = combinations(range(len(self.correlated_columns)), 2)
        all_pairs = (
            CorrelationPair(
                first=self.correlated_columns[a],
                second=self.correlated_columns[b],
                correlation=float(self.correlation_matrix[a, b]),
            )
            for a, b in index_pairs
        )
        strong = (pair for pair in all_pairs if abs(pair.correlation) >= MIN_LISTED_CORRELATION)
        return tuple(sorted(strong, key=lambda pair: -abs(pair.correlation)))


def explore_tables(
    tables: Tables, new_applications: pl.LazyFrame | None, *, progress: Callable[[int], object]
) -> ExplorationSummary:
    """Everything told of a folder of tables.

    Args:
        later: Applications to be scored, if there are any.
        progress: Told of every column of the form.
    """
    train = tables.application.collect()
    new_frame = None if new_applications is None else new_applications.collect()
    columns = []
    for column in APPLICATION.columns.values():
        if column.kind is not ColumnKind.ID:
            columns.append(ColumnSummary(column=column, bins=bin_column(column, train, new_frame)))
        progress(1)
    columns.sort(key=lambda summary: -summary.information_value)
    numeric_columns = [
        t.name for t in columns if t.column.kind in {ColumnKind.NUMBER, ColumnKind.INTEGER}
    ]
    return ExplorationSummary(
        clients=train.height,
        overall=Bin(
            label="everyone",
            clients=train.height,
            difficulties=int(train[TARGET.name].sum()),
            new_clients=0,
        ),
        new_clients=0 if new_frame is None else new_frame.height,
        columns=tuple(columns),
        missing_rates=_compute_missing_rates(train, new_frame),
        histories=tuple(_summarise_histories(tables)),
        absent_tables=tables.absent_histories,
        correlated_columns=(*numeric_columns[:MAX_CORRELATED_COLUMNS], TARGET.name),
        correlation_matrix=_compute_correlations(train, numeric_columns[:MAX_CORRELATED_COLUMNS]),
    )


def _compute_missing_rates(
    train: pl.DataFrame, new_frame: pl.DataFrame | None
) -> tuple[MissingRate, ...]:
    """Columns that are unknown of anybody, the most unknown first."""
    missing_rates = [
        MissingRate(
            column=name,
            share=train[name].null_count() / train.height,
            new_share=None
            if new_frame is None
            else new_frame[name].null_count() / max(new_frame.height, 1),
        )
        for name in APPLICATION.columns
        if name in train.columns
    ]
    return tuple(
        sorted(
            (missing for missing in missing_rates if missing.share or missing.new_share),
            key=lambda missing: -missing.share,
        )
    )


def _summarise_histories(tables: Tables) -> Iterator[HistorySummary]:
    for name, rows in tables.histories.items():
        table = TABLES[name]
        owner = pl.col(table.owner_column)
        columns = [column for column in table.columns if column != table.owner_column]
        counts = rows.select(
            pl.len().alias("rows"),
            owner.n_unique().alias("owners"),
            *(pl.col(column).null_count().alias(f"unknown {column}") for column in columns),
        ).collect(engine="streaming")
        count, owners = int(counts["rows"][0]), int(counts["owners"][0])
        missing_rates = (
            MissingRate(column=c, share=counts[f"unknown {c}"][0] / max(count, 1), new_share=None)
            for c in columns
        )
        yield HistorySummary(
            table=name,
            rows=count,
            clients=owners,
            per_client=count / max(owners, 1),
            missing_rates=tuple(missing for missing in missing_rates if missing.share),
        )


def _compute_correlations(train: pl.DataFrame, numeric_columns: Sequence[str]) -> Floats:
    expressions = [
        pl.when(pl.col(name).is_in([float(s) for s in APPLICATION[name].sentinels]))
        .then(None)
        .otherwise(pl.col(name))
        .alias(name)
        for name in numeric_columns
    ]
    frame = pd.DataFrame(train.select(expressions).to_numpy(), columns=list(numeric_columns))
    frame[TARGET.name] = train[TARGET.name].to_numpy()
    return frame.corr(method="spearman").to_numpy()


def _compute_divergence(counts: Sequence[int], other_counts: Sequence[int]) -> float:
    """Jeffreys' divergence of two counts over the same bins, in nats; 0 where one is nobody."""
    if not sum(counts) or not sum(other_counts):
        return 0.0
    divergence = 0.0
    for count, other_count in zip(counts, other_counts, strict=True):
        share = (count + SMOOTHING_COUNT) / (sum(counts) + SMOOTHING_COUNT * len(counts))
        other_share = (other_count + SMOOTHING_COUNT) / (
            sum(other_counts) + SMOOTHING_COUNT * len(other_counts)
        )
        divergence += (share - other_share) * log(share / other_share)
    return divergence
