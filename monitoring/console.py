"""The comparison on a console: the drifted columns, then what else was found."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from monitoring.comparison import Drift, Kind
from monitoring.findings import COLUMN_DRIFTED, Finding


def show(console: Console, drift: Drift, found: Sequence[Finding]) -> None:
    """Print what a reader needs before opening the report."""
    columns = drift.of(Kind.APPLICATION)
    drifted = sum(column.drifted for column in columns)
    risk = "has" if drift.risk.drifted else "has not"
    if drift.drifted:
        name = Column("column", no_wrap=True)
        table = Table(name, "PSI", "limit", "missing", "moved most")
        for column in drift.drifted:
            missing = f"{column.missing_reference:.1%} → {column.missing_current:.1%}"
            value, limit = f"{column.psi.value:.3f}", f"{column.psi.limit:.3g}"
            table.add_row(column.column, value, limit, missing, escape(column.moved))
        console.print(table)
    if rest := [finding for finding in found if finding.code != COLUMN_DRIFTED]:
        table = Table("code", "severity", "what was found", "what to do")
        for one in rest:
            table.add_row(one.code, one.severity, escape(one.message), escape(one.what_to_do))
        console.print(table)
    console.print(
        f"{drifted} of {len(columns)} application columns have drifted; "
        f"the risk {risk} (PSI {drift.risk.psi.value:.3f})",
        highlight=False,
    )
