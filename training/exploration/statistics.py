"""What is told of tables: columns by what they know of difficulties, gaps, drift, correlations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log

import pandas as pd
import polars as pl

from credit.dossier import Floats
from credit.schema import APPLICATION, TABLES, TARGET, Column, Kind
from stores.raw_tables.tables import Tables
from training.exploration.binning import Bin, binned

CORRELATED = 24
"""Numbers of highest information value whose correlations are shown."""

STRONG = 0.3
"""Rank correlations from here on are listed."""

SMOOTH = 0.5
"""Clients added to every bin of both outcomes: the logarithm of none is not a number."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One column of the application form."""

    column: Column
    bins: tuple[Bin, ...]

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def information(self) -> float:
        """Information value: how far the bins tell good clients from difficult ones.

        Sum of (good - difficult) x ln(good / difficult), of shares; Siddiqi (2006) calls 0.02
        weak, 0.1 medium, 0.3 strong.
        """
        return _divergence(
            [one.clients - one.difficult for one in self.bins],
            [one.difficult for one in self.bins],
        )

    @property
    def drift(self) -> float:
        """Population stability index of the table to be scored against the labelled one."""
        return _divergence([o.clients for o in self.bins], [o.later for o in self.bins])


@dataclass(frozen=True, kw_only=True)
class Gap:
    """How often a column is unknown, and what becomes of those it is unknown of."""

    column: str
    share: float
    later: float | None
    """In the table to be scored."""


@dataclass(frozen=True, kw_only=True)
class History:
    """A history table as a whole."""

    table: str
    rows: int
    clients: int
    """Labelled or not, who have rows."""
    per_client: float
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, kw_only=True)
class Pair:
    one: str
    other: str
    correlation: float


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the page shows."""

    clients: int
    difficulty: Bin
    later: int
    """Clients in the table to be scored; 0 without one."""
    columns: tuple[Told, ...]
    """The most telling first."""
    gaps: tuple[Gap, ...]
    histories: tuple[History, ...]
    absent: tuple[str, ...]
    correlated: tuple[str, ...]
    """The most telling numbers, and TARGET."""
    correlations: Floats
    """Spearman's, of these numbers, over the clients who know both."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The pairs of strongest correlation."""
        places = combinations(range(len(self.correlated)), 2)
        told = (
            Pair(
                one=self.correlated[a],
                other=self.correlated[b],
                correlation=float(self.correlations[a, b]),
            )
            for a, b in places
        )
        strong = (pair for pair in told if abs(pair.correlation) >= STRONG)
        return tuple(sorted(strong, key=lambda pair: -abs(pair.correlation)))


def explore(
    tables: Tables, later: pl.LazyFrame | None, *, progress: Callable[[int], object]
) -> Facts:
    """Everything told of a folder of tables.

    Args:
        later: Applications to be scored, if there are any.
        progress: Told of every column of the form.
    """
    train = tables.application.collect()
    scored = None if later is None else later.collect()
    columns = []
    for column in APPLICATION.columns.values():
        if column.kind is not Kind.ID:
            columns.append(Told(column=column, bins=binned(column, train, scored)))
        progress(1)
    columns.sort(key=lambda told: -told.information)
    numbers = [t.name for t in columns if t.column.kind in {Kind.NUMBER, Kind.INTEGER}]
    return Facts(
        clients=train.height,
        difficulty=Bin(
            label="everyone",
            clients=train.height,
            difficult=int(train[TARGET.name].sum()),
            later=0,
        ),
        later=0 if scored is None else scored.height,
        columns=tuple(columns),
        gaps=_gaps(train, scored),
        histories=tuple(_histories(tables)),
        absent=tables.absent,
        correlated=(*numbers[:CORRELATED], TARGET.name),
        correlations=_correlations(train, numbers[:CORRELATED]),
    )


def _gaps(train: pl.DataFrame, later: pl.DataFrame | None) -> tuple[Gap, ...]:
    """Columns that are unknown of anybody, the most unknown first."""
    gaps = [
        Gap(
            column=name,
            share=train[name].null_count() / train.height,
            later=None if later is None else later[name].null_count() / max(later.height, 1),
        )
        for name in APPLICATION.columns
        if name in train.columns
    ]
    return tuple(sorted((g for g in gaps if g.share or g.later), key=lambda g: -g.share))


def _histories(tables: Tables) -> Iterator[History]:
    for name, rows in tables.histories.items():
        table = TABLES[name]
        owner = pl.col(table.owner)
        columns = [column for column in table.columns if column != table.owner]
        told = rows.select(
            pl.len().alias("rows"),
            owner.n_unique().alias("owners"),
            *(pl.col(column).null_count().alias(f"unknown {column}") for column in columns),
        ).collect(engine="streaming")
        count, owners = int(told["rows"][0]), int(told["owners"][0])
        gaps = (
            Gap(column=c, share=told[f"unknown {c}"][0] / max(count, 1), later=None)
            for c in columns
        )
        yield History(
            table=name,
            rows=count,
            clients=owners,
            per_client=count / max(owners, 1),
            gaps=tuple(gap for gap in gaps if gap.share),
        )


def _correlations(train: pl.DataFrame, numbers: Sequence[str]) -> Floats:
    known = [
        pl.when(pl.col(name).is_in([float(s) for s in APPLICATION[name].sentinels]))
        .then(None)
        .otherwise(pl.col(name))
        .alias(name)
        for name in numbers
    ]
    frame = pd.DataFrame(train.select(known).to_numpy(), columns=list(numbers))
    frame[TARGET.name] = train[TARGET.name].to_numpy()
    return frame.corr(method="spearman").to_numpy()


def _divergence(one: Sequence[int], other: Sequence[int]) -> float:
    """Jeffreys' divergence of two counts over the same bins, in nats; 0 where one is nobody."""
    if not sum(one) or not sum(other):
        return 0.0
    told = 0.0
    for a, b in zip(one, other, strict=True):
        share = (a + SMOOTH) / (sum(one) + SMOOTH * len(one))
        against = (b + SMOOTH) / (sum(other) + SMOOTH * len(other))
        told += (share - against) * log(share / against)
    return told
