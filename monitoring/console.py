"""Print a drift analysis: the drifted columns, then the other findings."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from monitoring.comparison import ColumnKind, DriftResult
from monitoring.drift_checks import COLUMN_DRIFTED_CODE, DriftFinding


def print_summary(console: Console, drift: DriftResult, findings: Sequence[DriftFinding]) -> None:
    """Print the drifted columns, the other findings and one line of totals."""
    columns = drift.columns_of_kind(ColumnKind.APPLICATION)
    drifted_count = sum(column.has_drifted for column in columns)
    risk_verb = "has" if drift.risk.has_drifted else "has not"
    if drift.drifted_columns:
        table = Table(Column("column", no_wrap=True), "PSI", "limit", "missing", "moved most")
        for column in drift.drifted_columns:
            missing = f"{column.missing_reference:.1%} → {column.missing_current:.1%}"
            value, limit = f"{column.psi.value:.3f}", f"{column.psi.limit:.3g}"
            table.add_row(column.column, value, limit, missing, escape(column.largest_shift))
        console.print(table)
    if other_findings := [finding for finding in findings if finding.code != COLUMN_DRIFTED_CODE]:
        table = Table("code", "severity", "what was found", "what to do")
        for finding in other_findings:
            table.add_row(
                finding.code,
                finding.severity,
                escape(finding.message),
                escape(finding.what_to_do),
            )
        console.print(table)
    console.print(
        f"{drifted_count} of {len(columns)} application columns have drifted; "
        f"the risk {risk_verb} (PSI {drift.risk.psi.value:.3f})",
        highlight=False,
    )
