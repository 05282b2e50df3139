"""Bin a column: count clients and payment difficulties per bin, in both application tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.stats import binomtest

from credit.schema import TARGET, Column, ColumnKind

MIN_CELL_SIZE = 20
"""Minimum number of clients per bin (statistical disclosure control); smaller bins are merged."""

QUANTILE_BINS = 10
MAX_DISCRETE_VALUES = 12
"""Numeric columns with at most this many distinct values get a bin per value, others deciles."""

OTHER_LABEL, UNKNOWN_LABEL = "(other)", "(unknown)"


@dataclass(frozen=True, kw_only=True)
class Bin:
    """The clients with values of one column in the same range or category."""

    label: str
    clients: int
    """Clients in the labelled table."""
    difficulties: int
    """Labelled clients with payment difficulties."""
    new_clients: int
    """Clients in the table to be scored."""

    def __add__(self, other: Bin) -> Bin:
        return Bin(
            label=OTHER_LABEL,
            clients=self.clients + other.clients,
            difficulties=self.difficulties + other.difficulties,
            new_clients=self.new_clients + other.new_clients,
        )

    @property
    def below_disclosure_threshold(self) -> bool:
        """Return true if a count of either table is so low that it could identify clients."""
        return 0 < self.clients < MIN_CELL_SIZE or 0 < self.new_clients < MIN_CELL_SIZE

    @property
    def rate(self) -> float | None:
        """Share of labelled clients with difficulties; None without labelled clients."""
        return self.difficulties / self.clients if self.clients else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the rate (Wilson, *Probable inference*, 1927); None without clients."""
        if not self.clients:
            return None
        ci = binomtest(self.difficulties, self.clients).proportion_ci(method="wilson")
        return float(ci.low), float(ci.high)


def bin_column(
    column: Column, train: pl.DataFrame, new_applications: pl.DataFrame | None
) -> tuple[Bin, ...]:
    """Bin a column; the bins are derived from the labelled table only.

    Args:
        train: Labelled applications, with TARGET.
        new_applications: Applications to be scored; None if the folder has none.

    Returns:
        The bins in ascending order of numbers, or by descending number of clients for categories.
        Bins below the disclosure threshold are merged.
    """
    label_expr = _build_label_expr(column, train[column.name])
    counts = train.group_by(label_expr.alias("bin")).agg(
        clients=pl.len(), difficulties=pl.col(TARGET.name).sum()
    )
    rows_by_label = {row["bin"]: dict(row) for row in counts.iter_rows(named=True)}
    if new_applications is not None:
        for name, count in new_applications.group_by(label_expr.alias("bin")).len().iter_rows():
            empty_row = {"bin": name, "clients": 0, "difficulties": 0}
            rows_by_label.setdefault(name, empty_row)["new_clients"] = count
    bins = [
        Bin(
            label=row["bin"],
            clients=row["clients"],
            difficulties=int(row["difficulties"]),
            new_clients=row.get("new_clients", 0),
        )
        for row in rows_by_label.values()
    ]
    return merge_small_bins(
        sorted(bins, key=lambda bin_: _make_sort_key(column, train[column.name], bin_))
    )


def merge_small_bins(bins: Iterable[Bin]) -> tuple[Bin, ...]:
    """Merge the bins below the disclosure threshold into one bin, placed last.

    The smallest other bins join it until it reaches the threshold. If all bins together stay
    below it, the result is empty.

    >>> def make_bin(label: str, clients: int) -> Bin:
    ...     return Bin(label=label, clients=clients, difficulties=1, new_clients=0)
    >>> bins = [make_bin("a", 90), make_bin("b", 30), make_bin("c", 5)]
    >>> [(bin_.label, bin_.clients) for bin_ in merge_small_bins(bins)]
    [('a', 90), ('(other)', 35)]
    """
    large = [bin_ for bin_ in bins if not bin_.below_disclosure_threshold]
    small = [bin_ for bin_ in bins if bin_.below_disclosure_threshold]
    if not small:
        return tuple(large)
    merged = sum(small[1:], start=small[0])
    while large and merged.below_disclosure_threshold:
        smallest = min(large, key=lambda bin_: (bin_.clients, bin_.new_clients))
        large.remove(smallest)
        merged += smallest
    if merged.below_disclosure_threshold:
        return ()
    return (
        *large,
        Bin(
            label=OTHER_LABEL,
            clients=merged.clients,
            difficulties=merged.difficulties,
            new_clients=merged.new_clients,
        ),
    )


def _build_label_expr(column: Column, values: pl.Series) -> pl.Expr:
    """Build the expression that maps each value of the column to the label of its bin."""
    value = pl.col(column.name)
    if column.kind in {ColumnKind.CATEGORY, ColumnKind.YES_NO}:
        return value.fill_null(UNKNOWN_LABEL)
    sentinels: Mapping[float, str] = {float(s): meaning for s, meaning in column.sentinels.items()}
    known_values = _drop_unknown(column, values)
    if known_values.n_unique() <= MAX_DISCRETE_VALUES:
        labels = value.map_elements(_format_number, return_dtype=pl.String)
    else:
        edges = _compute_edges(known_values)
        labels = value.cut(edges, labels=_format_ranges(edges), left_closed=True).cast(pl.String)
    for sentinel, meaning in sentinels.items():
        labels = (
            pl.when(value == sentinel)
            .then(pl.lit(f"{_format_number(sentinel)}: {meaning}"))
            .otherwise(labels)
        )
    return labels.fill_null(UNKNOWN_LABEL)


def _make_sort_key(column: Column, values: pl.Series, bin_: Bin) -> tuple[int, float, str]:
    """Return the sort key of a bin: numbers ascending, categories by clients, unknown last."""
    if bin_.label == UNKNOWN_LABEL:
        return 3, 0.0, ""
    if column.kind in {ColumnKind.CATEGORY, ColumnKind.YES_NO}:
        return 1, -bin_.clients, bin_.label
    if ": " in bin_.label:
        return 2, 0.0, bin_.label
    known_values = _drop_unknown(column, values)
    if known_values.n_unique() <= MAX_DISCRETE_VALUES:
        return 1, float(bin_.label.replace(",", "")), ""
    return 1, float(_format_ranges(_compute_edges(known_values)).index(bin_.label)), ""


def _drop_unknown(column: Column, values: pl.Series) -> pl.Series:
    sentinels = [float(sentinel) for sentinel in column.sentinels]
    return values.drop_nulls().filter(~values.drop_nulls().is_in(sentinels))


def _compute_edges(known_values: pl.Series) -> list[float]:
    """Compute decile edges, rounded to three digits so that no edge is a client's exact amount."""
    quantiles = np.arange(1, QUANTILE_BINS) / QUANTILE_BINS
    edges = np.quantile(known_values.to_numpy(), quantiles)
    return sorted({float(f"{edge:.3g}") for edge in edges})


def _format_number(number: float) -> str:
    """Format a number with thousands separators, or with four significant digits.

    >>> _format_number(1234567.0), _format_number(0.25), _format_number(-3.0)
    ('1,234,567', '0.25', '-3')
    """
    return f"{number:,.0f}" if number == int(number) else f"{number:.4g}"


def _format_ranges(edges: list[float]) -> list[str]:
    formatted = [_format_number(edge) for edge in edges]
    inner = [f"{low} to {high}" for low, high in pairwise(formatted)]
    return [f"below {formatted[0]}", *inner, f"from {formatted[-1]}"]
