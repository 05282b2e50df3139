"""The published statistics of the full tables: exact rates, and bounds, that no sample has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl


@dataclass(frozen=True)
class Population:
    """One table's `describe()`, by column."""

    described: Mapping[str, Mapping[str, float]]
    rows: float

    def __contains__(self, column: str) -> bool:
        return column in self.described

    def share_known(self, column: str) -> float:
        return self.described[column]["count"] / self.rows

    def mean(self, column: str) -> float:
        return self.described[column]["mean"]

    def bounds(self, column: str) -> tuple[float, float]:
        """The least and the greatest value; no bounds where the column is not described."""
        described = self.described.get(column, {})
        return described.get("min", float("-inf")), described.get("max", float("inf"))

    def is_flag(self, column: str) -> bool:
        """Whether the column holds nothing but 0 and 1: only then is its spread so wide."""
        if "mean" not in self.described.get(column, {}):
            return False
        mean, std = self.mean(column), self.described[column]["std"]
        widest = mean * (1 - mean)
        return (
            self.bounds(column) in {(0, 1), (0, 0)} and abs(std**2 - widest) < 0.01 * widest + 1e-9
        )


def read_population(describe: Path) -> Population:
    """The description of a table's numbers, and of its words where there is one."""
    described: dict[str, dict[str, float]] = {}
    for path in (describe.with_stem(f"{describe.stem}_O"), describe):
        if path.exists():
            table = pl.read_csv(path).rename({"": "column"})
            described |= {row.pop("column"): row for row in table.to_dicts()}
    return Population(described, max(row["count"] for row in described.values()))
