"""Statistics of the raw tables: information values, missing rates, drift and correlations."""

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
"""Numeric columns of highest information value that get a correlation matrix."""

MIN_LISTED_CORRELATION = 0.3
"""Minimum absolute rank correlation of a listed pair."""

SMOOTHING_COUNT = 0.5
"""Clients added to every bin of both outcomes, which avoids the logarithm of zero."""


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
        """Return how well the bins separate clients with and without difficulties.

        The sum over bins of (good - difficult) x ln(good / difficult), where both are shares.
        Siddiqi (2006) calls 0.02 weak, 0.1 medium and 0.3 strong.
        """
        return _compute_divergence(
            [bin_.clients - bin_.difficulties for bin_ in self.bins],
            [bin_.difficulties for bin_ in self.bins],
        )

    @property
    def population_stability_index(self) -> float:
        """Return the drift between the labelled table and the table to be scored."""
        return _compute_divergence(
            [bin_.clients for bin_ in self.bins], [bin_.new_clients for bin_ in self.bins]
        )


@dataclass(frozen=True, kw_only=True)
class MissingRate:
    """The share of missing values of a column."""

    column: str
    share: float
    """Share in the labelled table."""
    new_share: float | None
    """Share in the table to be scored; None without one."""


@dataclass(frozen=True, kw_only=True)
class HistorySummary:
    """The size and the missing rates of a history table."""

    table: str
    rows: int
    clients: int
    """Number of owners that have rows: clients, labelled or not, or bureau credits."""
    per_client: float
    """Mean number of rows per owner."""
    missing_rates: tuple[MissingRate, ...]


@dataclass(frozen=True, kw_only=True)
class CorrelationPair:
    """Two columns and their rank correlation."""

    first: str
    second: str
    correlation: float


@dataclass(frozen=True, kw_only=True)
class ExplorationSummary:
    """Everything that the page shows."""

    clients: int
    """Labelled clients."""
    overall: Bin
    """All labelled clients as one bin."""
    new_clients: int
    """Clients in the table to be scored; 0 without one."""
    columns: tuple[ColumnSummary, ...]
    """By descending information value."""
    missing_rates: tuple[MissingRate, ...]
    histories: tuple[HistorySummary, ...]
    absent_tables: tuple[str, ...]
    correlated_columns: tuple[str, ...]
    """The numeric columns of highest information value, and TARGET."""
    correlation_matrix: Floats
    """Spearman's rank correlations, over the clients with both values known."""

    @property
    def strong_pairs(self) -> tuple[CorrelationPair, ...]:
        """Return the pairs with at least `MIN_LISTED_CORRELATION`, the strongest first."""
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
    """Compute the statistics of a folder of tables.

    Args:
        tables: Labelled applications and their histories.
        new_applications: Applications to be scored; None if the folder has none.
        progress: Called after every column of the application form.
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
        summary.name
        for summary in columns
        if summary.column.kind in {ColumnKind.NUMBER, ColumnKind.INTEGER}
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
    """Return the columns with missing values, the highest rate first."""
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
    """Return Jeffreys' divergence of counts over the same bins, in nats; 0 if either is empty."""
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
