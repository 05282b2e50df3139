"""A column in bins: how many clients of each table are in each, and how they fared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.stats import binomtest

from credit.schema import TARGET, Column, Kind

FEWEST = 20
"""Clients below whom a bin is pooled with others: it could tell who they are."""

PARTS = 10
FEW_VALUES = 12
"""Numbers with no more distinct values are counted value by value, others by tenths."""

OTHER, UNKNOWN = "(other)", "(unknown)"


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Clients alike in one column."""

    label: str
    clients: int
    """In the labelled table."""
    difficult: int
    later: int
    """In the table to be scored."""

    def __add__(self, other: Bin) -> Bin:
        return Bin(
            label=OTHER,
            clients=self.clients + other.clients,
            difficult=self.difficult + other.difficult,
            later=self.later + other.later,
        )

    @property
    def telling(self) -> bool:
        """Whether it is so small, on either side, that it could tell who is in it."""
        return 0 < self.clients < FEWEST or 0 < self.later < FEWEST

    @property
    def rate(self) -> float | None:
        """Share with difficulties; None where nobody is labelled."""
        return self.difficult / self.clients if self.clients else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % of the rate, Wilson's (*Probable inference*, 1927)."""
        if not self.clients:
            return None
        told = binomtest(self.difficult, self.clients).proportion_ci(method="wilson")
        return float(told.low), float(told.high)


def binned(column: Column, train: pl.DataFrame, later: pl.DataFrame | None) -> tuple[Bin, ...]:
    """The bins of a column, in their order; drawn from the labelled table alone.

    Args:
        train: With TARGET.
        later: Applications to be scored; None when the folder has none.
    """
    label = _label(column, train[column.name])
    counted = train.group_by(label.alias("bin")).agg(
        clients=pl.len(), difficult=pl.col(TARGET.name).sum()
    )
    both = {row["bin"]: dict(row) for row in counted.iter_rows(named=True)}
    if later is not None:
        for name, count in later.group_by(label.alias("bin")).len().iter_rows():
            both.setdefault(name, {"bin": name, "clients": 0, "difficult": 0})["later"] = count
    bins = [
        Bin(
            label=row["bin"],
            clients=row["clients"],
            difficult=int(row["difficult"]),
            later=row.get("later", 0),
        )
        for row in both.values()
    ]
    return pooled(sorted(bins, key=lambda one: _order(column, train[column.name], one)))


def pooled(bins: Iterable[Bin]) -> tuple[Bin, ...]:
    """The bins with those that could tell somebody in one; it takes in others until it cannot.

    >>> def of(label: str, clients: int) -> Bin:
    ...     return Bin(label=label, clients=clients, difficult=1, later=0)
    >>> [(one.label, one.clients) for one in pooled([of("a", 90), of("b", 30), of("c", 5)])]
    [('a', 90), ('(other)', 35)]
    """
    kept = [one for one in bins if not one.telling]
    small = [one for one in bins if one.telling]
    if not small:
        return tuple(kept)
    pool = sum(small[1:], start=small[0])
    while kept and pool.telling:
        least = min(kept, key=lambda one: (one.clients, one.later))
        kept.remove(least)
        pool += least
    if pool.telling:
        return ()
    return (
        *kept,
        Bin(label=OTHER, clients=pool.clients, difficult=pool.difficult, later=pool.later),
    )


def _label(column: Column, cells: pl.Series) -> pl.Expr:
    cell = pl.col(column.name)
    if column.kind in {Kind.CATEGORY, Kind.YES_NO}:
        return cell.fill_null(UNKNOWN)
    sentinels: Mapping[float, str] = {float(s): said for s, said in column.sentinels.items()}
    known = _known(column, cells)
    if known.n_unique() <= FEW_VALUES:
        body = cell.map_elements(_written, return_dtype=pl.String)
    else:
        edges = _edges(known)
        body = cell.cut(edges, labels=_ranges(edges), left_closed=True).cast(pl.String)
    for sentinel, said in sentinels.items():
        body = (
            pl.when(cell == sentinel).then(pl.lit(f"{_written(sentinel)}: {said}")).otherwise(body)
        )
    return body.fill_null(UNKNOWN)


def _order(column: Column, cells: pl.Series, one: Bin) -> tuple[int, float, str]:
    """Numbers by size, words by how many clients, the unknown last."""
    if one.label == UNKNOWN:
        return 3, 0.0, ""
    if column.kind in {Kind.CATEGORY, Kind.YES_NO}:
        return 1, -one.clients, one.label
    if ": " in one.label:
        return 2, 0.0, one.label
    known = _known(column, cells)
    if known.n_unique() <= FEW_VALUES:
        return 1, float(one.label.replace(",", "")), ""
    return 1, float(_ranges(_edges(known)).index(one.label)), ""


def _known(column: Column, cells: pl.Series) -> pl.Series:
    sentinels = [float(sentinel) for sentinel in column.sentinels]
    return cells.drop_nulls().filter(~cells.drop_nulls().is_in(sentinels))


def _edges(known: pl.Series) -> list[float]:
    """Between tenths, rounded: an edge is nobody's amount."""
    shares = np.arange(1, PARTS) / PARTS
    edges = np.quantile(known.to_numpy(), shares)
    return sorted({float(f"{edge:.3g}") for edge in edges})


def _written(number: float) -> str:
    """A number as people read it.

    >>> _written(1234567.0), _written(0.25), _written(-3.0)
    ('1,234,567', '0.25', '-3')
    """
    return f"{number:,.0f}" if number == int(number) else f"{number:.4g}"


def _ranges(edges: list[float]) -> list[str]:
    written = [_written(edge) for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(written)]
    return [f"below {written[0]}", *between, f"from {written[-1]}"]
