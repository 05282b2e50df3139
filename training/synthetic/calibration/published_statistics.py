"""Read the published statistics of the full tables: exact rates and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl


@dataclass(frozen=True)
class PublishedStatistics:
    """One table's `describe()`, by column."""

    statistics: Mapping[str, Mapping[str, float]]
    rows: float

    def __contains__(self, column: str) -> bool:
        return column in self.statistics

    def get_known_share(self, column: str) -> float:
        return self.statistics[column]["count"] / self.rows

    def get_mean(self, column: str) -> float:
        return self.statistics[column]["mean"]

    def get_bounds(self, column: str) -> tuple[float, float]:
        """Return the minimum and maximum; unbounded if the column is not described."""
        column_statistics = self.statistics.get(column, {})
        return column_statistics.get("min", float("-inf")), column_statistics.get(
            "max", float("inf")
        )

    def is_flag(self, column: str) -> bool:
        """Return whether the column holds only 0 and 1, as its standard deviation then shows."""
        if "mean" not in self.statistics.get(column, {}):
            return False
        mean, std = self.get_mean(column), self.statistics[column]["std"]
        max_variance = mean * (1 - mean)
        return (
            self.get_bounds(column) in {(0, 1), (0, 0)}
            and abs(std**2 - max_variance) < 0.01 * max_variance + 1e-9
        )


def read_published_statistics(description_file: Path) -> PublishedStatistics:
    """Read the descriptions of a table's numbers and, if present, of its categories."""
    statistics: dict[str, dict[str, float]] = {}
    for path in (description_file.with_stem(f"{description_file.stem}_O"), description_file):
        if path.exists():
            table = pl.read_csv(path).rename({"": "column"})
            statistics |= {row.pop("column"): row for row in table.to_dicts()}
    return PublishedStatistics(statistics, max(row["count"] for row in statistics.values()))
