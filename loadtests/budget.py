"""Did a run keep its budget?"""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field
from rich.table import Column, Table

DECLARED = Path(__file__).with_name("budget.yaml")

OVER_GRPC = frozenset({"Predict by id"})
"""Calls that only a service with a gRPC door can be asked for."""

Kept = Literal["memory", "latency"]
"""What must stay flat in a soak."""


@dataclass(frozen=True, kw_only=True)
class Called:
    """What a run measured of one call."""

    name: str
    count: int
    failures: int
    rate: float
    """Calls a second."""
    p50: float
    """Milliseconds, as p99."""
    p99: float


@dataclass(frozen=True, kw_only=True)
class Over:
    """One thing that was over budget."""

    name: str
    what: str
    got: float
    most: float


class Budget(BaseModel):
    """What a run must keep."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    errors: float = Field(ge=0, le=1)
    """Share of a call's answers that may be failures."""
    p99: dict[str, float]
    """Milliseconds, by name of call."""
    growth: dict[Kept, float]
    """How much more a soak may take late than early, as a share."""

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls.model_validate(yaml.safe_load(path.read_text()))

    def over(self, calls: Sequence[Called], unless: Collection[str] = ()) -> list[Over]:
        """What was over budget.

        So is a call that was never made, for nothing is known of it, and one that has no budget.

        Args:
            unless: Calls that could not be made.

        >>> budget = Budget(errors=0, p99={"predict": 25}, growth={})
        >>> call = Called(name="predict", count=9, failures=0, rate=1, p50=4, p99=31)
        >>> budget.over([call])
        [Over(name='predict', what='p99, ms', got=31, most=25.0)]
        """
        made = {call.name for call in calls}
        found = [
            Over(name=name, what="calls, at least", got=0, most=1)
            for name in self.p99
            if name not in made and name not in unless
        ]
        for call in calls:
            if call.name not in self.p99:
                found.append(
                    Over(name=call.name, what="calls, undeclared", got=call.count, most=0)
                )
                continue
            share = call.failures / call.count
            if share > self.errors:
                found.append(Over(name=call.name, what="errors", got=share, most=self.errors))
            if call.p99 > (most := self.p99[call.name]):
                found.append(Over(name=call.name, what="p99, ms", got=call.p99, most=most))
        return found


def read_calls(path: Path) -> list[Called]:
    """The calls in locust's CSV of totals; its last line, of all together, is left out."""
    with path.open(newline="") as lines:
        return [
            Called(
                name=row["Name"],
                count=int(row["Request Count"]),
                failures=int(row["Failure Count"]),
                rate=float(row["Requests/s"]),
                p50=float(row["50%"]),
                p99=float(row["99%"]),
            )
            for row in csv.DictReader(lines)
            if row["Name"] != "Aggregated"
        ]


def as_table(calls: Sequence[Called], over: Sequence[Over]) -> Table:
    """The run call by call, with what was over budget in red."""
    bad = {(one.name, one.what) for one in over}
    numbers = ("calls", "failed", "per s", "p50 ms", "p99 ms")
    table = Table("call", *(Column(title, justify="right") for title in numbers))
    for call in calls:
        failed, slow = ("[red]" if (call.name, w) in bad else "" for w in ("errors", "p99, ms"))
        cells = (f"{call.count:,}", f"{failed}{call.failures:,}", f"{call.rate:.1f}")
        table.add_row(call.name, *cells, f"{call.p50:.0f}", f"{slow}{call.p99:.0f}")
    return table


def over_table(over: Sequence[Over]) -> Table:
    """What was over budget."""
    table = Table(
        "over budget", "what", *(Column(title, justify="right") for title in ("measured", "most"))
    )
    for one in over:
        table.add_row(one.name, one.what, f"{one.got:.4g}", f"{one.most:.4g}")
    return table
