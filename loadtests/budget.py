"""Compare the measurements of a load test with its budget."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field
from rich.table import Column, Table

BUDGET_PATH = Path(__file__).with_name("budget.yaml")

GRPC_CALLS = frozenset({"Predict by id"})
"""Calls that are possible only if the service has a gRPC port."""

StableMetric = Literal["memory", "latency"]
"""Metrics that must not grow during a soak test."""


@dataclass(frozen=True, kw_only=True)
class CallStats:
    """Measurements of one kind of call."""

    name: str
    count: int
    failures: int
    calls_per_second: float
    p50_ms: float
    """Median latency, in milliseconds."""
    p99_ms: float
    """99th percentile of the latency, in milliseconds."""


@dataclass(frozen=True, kw_only=True)
class BudgetViolation:
    """A measurement outside its limit."""

    call_name: str
    """Name of the call, or `soak`."""
    metric: str
    measured: float
    """Measured value; NaN if it is unknown."""
    limit: float


class Budget(BaseModel):
    """The limits of a load test."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    errors: float = Field(ge=0, le=1)
    """Largest share of failed responses of a call, 0 to 1."""
    p99: dict[str, float]
    """Largest 99th percentile of the latency, in milliseconds, by name of the call."""
    growth: dict[StableMetric, float]
    """Largest relative growth from early to late in a soak test; 0.1 is 10 %."""

    @classmethod
    def from_yaml(cls, path: Path) -> Self:
        return cls.model_validate(yaml.safe_load(path.read_text()))

    def find_violations(
        self, calls: Sequence[CallStats], excluded_calls: Collection[str] = ()
    ) -> list[BudgetViolation]:
        """Return every violation of the budget.

        A call with a budget that was never made is a violation, since nothing is known about it.
        So is a call without a budget.

        Args:
            calls: Measurements, one per kind of call.
            excluded_calls: Names of calls that could not be made.

        >>> budget = Budget(errors=0, p99={"predict": 25}, growth={})
        >>> call = CallStats(
        ...     name="predict", count=9, failures=0, calls_per_second=1, p50_ms=4, p99_ms=31
        ... )
        >>> budget.find_violations([call])
        [BudgetViolation(call_name='predict', metric='p99, ms', measured=31, limit=25.0)]
        """
        call_names = {call.name for call in calls}
        violations = [
            BudgetViolation(call_name=name, metric="calls, at least", measured=0, limit=1)
            for name in self.p99
            if name not in call_names and name not in excluded_calls
        ]
        for call in calls:
            violations += self._find_call_violations(call)
        return violations

    def _find_call_violations(self, call: CallStats) -> list[BudgetViolation]:
        if call.name not in self.p99:
            return [
                BudgetViolation(
                    call_name=call.name, metric="calls, undeclared", measured=call.count, limit=0
                )
            ]
        measurements = (
            ("errors", call.failures / call.count, self.errors),
            ("p99, ms", call.p99_ms, self.p99[call.name]),
        )
        return [
            BudgetViolation(call_name=call.name, metric=metric, measured=measured, limit=limit)
            for metric, measured, limit in measurements
            if measured > limit
        ]


def read_call_stats(path: Path) -> list[CallStats]:
    """Read the calls from locust's CSV of totals, without the row of all calls together."""
    with path.open(newline="") as lines:
        return [
            CallStats(
                name=row["Name"],
                count=int(row["Request Count"]),
                failures=int(row["Failure Count"]),
                calls_per_second=float(row["Requests/s"]),
                p50_ms=float(row["50%"]),
                p99_ms=float(row["99%"]),
            )
            for row in csv.DictReader(lines)
            if row["Name"] != "Aggregated"
        ]


def format_call_table(calls: Sequence[CallStats], violations: Sequence[BudgetViolation]) -> Table:
    """Return a table with one row per kind of call; violations are red."""
    violated = {(violation.call_name, violation.metric) for violation in violations}
    column_titles = ("calls", "failed", "per s", "p50 ms", "p99 ms")
    table = Table("call", *(Column(title, justify="right") for title in column_titles))
    for call in calls:
        failure_style, latency_style = (
            "[red]" if (call.name, metric) in violated else "" for metric in ("errors", "p99, ms")
        )
        values = (
            f"{call.count:,}",
            f"{failure_style}{call.failures:,}",
            f"{call.calls_per_second:.1f}",
        )
        table.add_row(
            call.name, *values, f"{call.p50_ms:.0f}", f"{latency_style}{call.p99_ms:.0f}"
        )
    return table


def format_violation_table(violations: Sequence[BudgetViolation]) -> Table:
    """Return a table with one row per violation."""
    table = Table(
        "over budget", "what", *(Column(title, justify="right") for title in ("measured", "most"))
    )
    for violation in violations:
        table.add_row(
            violation.call_name,
            violation.metric,
            f"{violation.measured:.4g}",
            f"{violation.limit:.4g}",
        )
    return table
