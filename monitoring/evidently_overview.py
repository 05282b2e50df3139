"""The overview at the top of the report: sample sizes, findings, and a table of all columns."""

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

from monitoring.comparison import ColumnComparison, ColumnKind, DriftResult
from monitoring.drift_checks import DriftFinding
from monitoring.outputs import replace_tags
from monitoring.sample import Sample

HEADINGS = {
    "column": "Column",
    "kind": "Kind",
    "psi": "PSI",
    "limit": "Limit",
    "drifted": "Drifted",
    "missing": "Missing, reference → current",
    "moved": "Moved most",
}

ROWS_PER_PAGE = 12
"""Rows of the column table shown at once."""


class Overview(SingleValueMetric):  # type: ignore[misc] # Evidently's classes are untyped
    """The number of drifted application columns, with the texts that the overview shows."""

    drifted: int
    """Number of drifted application columns."""
    counters: dict[str, str]
    """Label and value of each figure at the top."""
    findings: list[list[str]]
    """Code, severity, message and advice of each finding."""
    columns: list[dict[str, str]]
    """Cell texts of each column, by key of `HEADINGS`."""


class OverviewCalculation(SingleValueCalculation[Overview]):  # type: ignore[misc]
    """Render an `Overview`; Evidently requires a calculation class for each metric class."""

    def display_name(self) -> str:
        return "Application columns that drifted"

    def calculate(
        self, context: Context, current_data: Dataset, reference_data: Dataset | None
    ) -> SingleValue:
        del context, current_data, reference_data
        metric = self.metric
        result = self.result(metric.drifted)
        counters = [CounterData(label, value) for label, value in metric.counters.items()]
        column_definitions = [ColumnDefinition(title, name) for name, title in HEADINGS.items()]
        rows = [RichTableDataRow(fields=column) for column in metric.columns]
        result.widget = [
            counter(counters=counters),
            table_data(
                title="Findings",
                column_names=["Code", "Severity", "What was found", "What to do"],
                data=metric.findings,
            ),
            rich_table_data(
                title="Every column, most moved first",
                rows_per_page=ROWS_PER_PAGE,
                columns=column_definitions,
                data=rows,
            ),
        ]
        return result


def build_overview(drift: DriftResult, findings: Sequence[DriftFinding]) -> Overview:
    """Return the overview of a drift analysis."""
    columns = drift.columns_of_kind(ColumnKind.APPLICATION)
    drifted_count = sum(column.has_drifted for column in columns)
    risk_status = "drifted" if drift.risk.has_drifted else "did not drift"
    return Overview(
        drifted=drifted_count,
        counters={
            replace_tags(
                f"clients of the reference: {drift.reference.source}"
            ): _format_client_count(drift.reference),
            replace_tags(f"current clients: {drift.current.source}"): _format_client_count(
                drift.current
            ),
            "application columns drifted": f"{drifted_count} of {len(columns)}",
            f"PSI of the risk, which {risk_status}": f"{drift.risk.psi.value:.3f}",
        },
        findings=[
            [f.code, f.severity.value, replace_tags(f.message), replace_tags(f.what_to_do)]
            for f in findings
        ],
        columns=[_format_row(c) for c in sorted(drift.columns, key=lambda c: -c.psi.value)],
    )


def _format_client_count(sample: Sample) -> str:
    return (
        f"{len(sample):,}"
        if len(sample) == sample.total
        else f"{len(sample):,} of {sample.total:,}"
    )


def _format_row(column: ColumnComparison) -> dict[str, str]:
    missing = f"{column.missing_reference:.1%} → {column.missing_current:.1%}"
    values = (
        column.column,
        column.kind.value,
        f"{column.psi.value:.3f}",
        f"{column.psi.limit:.3g}",
        "yes" if column.has_drifted else "",
        missing,
        column.largest_shift,
    )
    return dict(zip(HEADINGS, map(replace_tags, values), strict=True))
