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

BUDGET_PATH = Path(__file__).with_name("budget.yaml")

GRPC_CALLS = frozenset({"Predict by id"})
"""Calls that only a service with a gRPC door can be asked for."""

StableMetric = Literal["memory", "latency"]
"""What must stay flat in a soak."""


@dataclass(frozen=True, kw_only=True)
class CallStats:
    """What a run measured of one call."""

    name: str
    count: int
    failures: int
    calls_per_second: float
    """Calls a second."""
    p50_ms: float
    """Milliseconds, as p99."""
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class BudgetViolation:
    """One thing that was over budget."""

    call_name: str
    metric: str
    measured: float
    limit: float


class Budget(BaseModel):
    """What a run must keep."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    errors: float = Field(ge=0, le=1)
    """Share of a call's answers that may be failures."""
    p99: dict[str, float]
    """Milliseconds, by name of call."""
    growth: dict[StableMetric, float]
    """How much more a soak may take late than early, as a share."""

    @classmethod
    def from_yaml(cls, path: Path) -> Self:
        return cls.model_validate(yaml.safe_load(path.read_text()))

    def find_violations(
        self, calls: Sequence[CallStats], excluded_calls: Collection[str] = ()
    ) -> list[BudgetViolation]:
        """What was over budget.

        So is a call that was never made, for nothing is known of it, and one that has no budget.

        Args:
            unless: Calls that could not be made.

        >>> budget = Budget(errors=0, p99={"predict": 25}, growth={})
        >>> call = Called(name="predict", count=9, failures=0, rate=1, p50=4, p99=31)
        >>> budget.over([call])
        [Over(name='predict', what='p99, ms', got=31, most=25.0)]
        """
        call_names = {call.name for call in calls}
        violations = [
            BudgetViolation(call_name=name, metric="calls, at least", measured=0, limit=1)
            for name in self.p99
            if name not in call_names and name not in excluded_calls
        ]
        for call in calls:
            if call.name not in self.p99:
                violations.append(
                    BudgetViolation(
                        call_name=call.name,
                        metric="calls, undeclared",
                        measured=call.count,
                        limit=0,
                    )
                )
                continue
            error_rate = call.failures / call.count
            if error_rate > self.errors:
                violations.append(
                    BudgetViolation(
                        call_name=call.name,
                        metric="errors",
                        measured=error_rate,
                        limit=self.errors,
                    )
                )
            if call.p99_ms > (limit := self.p99[call.name]):
                violations.append(
                    BudgetViolation(
                        call_name=call.name, metric="p99, ms", measured=call.p99_ms, limit=limit
                    )
                )
        return violations


def read_call_stats(path: Path) -> list[CallStats]:
    """The calls in locust's CSV of totals; its last line, of all together, is left out."""
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
    """The run call by call, with what was over budget in red."""
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
    """What was over budget."""
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
