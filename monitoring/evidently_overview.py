"""The first part of the report: who was compared, what was found, every column in one table."""

from __future__ import annotations

from collections.abc import Sequence

from evidently.core.datasets import Dataset
from evidently.core.metric_types import SingleValue, SingleValueCalculation, SingleValueMetric
from evidently.core.report import Context
from evidently.legacy.renderers.html_widgets import (
    ColumnDefinition,
    CounterData,
    RichTableDataRow,
    counter,
    rich_table_data,
    table_data,
)

from monitoring.comparison import Comparison, Drift, Kind
from monitoring.findings import Finding
from monitoring.outputs import tagless
from monitoring.sample import Side

HEADINGS = {
    "column": "Column",
    "kind": "Kind",
    "psi": "PSI",
    "limit": "Limit",
    "drifted": "Drifted",
    "missing": "Missing, reference → current",
    "moved": "Moved most",
}

PAGE = 12
"""Columns shown at once; the others are turned to."""


class Overview(SingleValueMetric):  # type: ignore[misc] # Evidently's classes are untyped
    """How many application columns drifted, with all that was measured."""

    drifted: int
    counters: dict[str, str]
    findings: list[list[str]]
    columns: list[dict[str, str]]


class OverviewCalculation(SingleValueCalculation[Overview]):  # type: ignore[misc]
    """Nothing is left to calculate; Evidently wants the pair."""

    def display_name(self) -> str:
        return "Application columns that drifted"

    def calculate(
        self, context: Context, current_data: Dataset, reference_data: Dataset | None
    ) -> SingleValue:
        del context, current_data, reference_data
        told = self.metric
        result = self.result(told.drifted)
        shown = [CounterData(label, value) for label, value in told.counters.items()]
        heads = [ColumnDefinition(title, name) for name, title in HEADINGS.items()]
        rows = [RichTableDataRow(fields=column) for column in told.columns]
        result.widget = [
            counter(counters=shown),
            table_data(
                title="Findings",
                column_names=["Code", "Severity", "What was found", "What to do"],
                data=told.findings,
            ),
            rich_table_data(
                title="Every column, most moved first",
                rows_per_page=PAGE,
                columns=heads,
                data=rows,
            ),
        ]
        return result


def overview(drift: Drift, found: Sequence[Finding]) -> Overview:
    """The overview of a comparison."""
    columns = drift.of(Kind.APPLICATION)
    drifted = sum(column.drifted for column in columns)
    said = "drifted" if drift.risk.drifted else "did not drift"
    return Overview(
        drifted=drifted,
        counters={
            tagless(f"clients of the reference: {drift.reference.source}"): _clients(
                drift.reference
            ),
            tagless(f"current clients: {drift.current.source}"): _clients(drift.current),
            "application columns drifted": f"{drifted} of {len(columns)}",
            f"PSI of the risk, which {said}": f"{drift.risk.psi.value:.3f}",
        },
        findings=[
            [f.code, f.severity.value, tagless(f.message), tagless(f.what_to_do)] for f in found
        ],
        columns=[_row(c) for c in sorted(drift.columns, key=lambda c: -c.psi.value)],
    )


def _clients(side: Side) -> str:
    return f"{len(side):,}" if len(side) == side.total else f"{len(side):,} of {side.total:,}"


def _row(column: Comparison) -> dict[str, str]:
    missing = f"{column.missing_reference:.1%} → {column.missing_current:.1%}"
    cells = (
        column.column,
        column.kind.value,
        f"{column.psi.value:.3f}",
        f"{column.psi.limit:.3g}",
        "yes" if column.drifted else "",
        missing,
        column.moved,
    )
    return dict(zip(HEADINGS, map(tagless, cells), strict=True))
