"""What a comparison leaves behind: findings.json for programs, report.html for people."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from credit.errors import CreditError
from monitoring.comparison import Comparison, Drift, Kind
from monitoring.findings import Finding
from monitoring.sample import Side

FINDINGS, REPORT = "findings.json", "report.html"


class CannotWrite(CreditError):
    """The folder for the results cannot be written."""

    code = "cannot-write"


def refuse_place(out: Path) -> None:
    """Say before the work starts that its results could not be written.

    Raises:
        CannotWrite: there is a file in its place, or no right to write.
    """
    place = out.resolve()
    if place.exists() and not place.is_dir():
        raise CannotWrite(f"{out} is a file: give a folder as --out")
    nearest = next(folder for folder in (place, *place.parents) if folder.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise CannotWrite(f"no right to write into {nearest}: give another folder as --out")


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to write files into, which appear in `out` when all are written, or never.

    What else lies in `out` is left alone.

    Raises:
        CannotWrite: no right or no room to write.
    """
    out = out.resolve()
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
        yield part
        if out.exists():
            for path in sorted(part.iterdir()):
                path.replace(out / path.name)
        else:
            part.rename(out)
    except OSError as error:
        raise CannotWrite(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def tagless(text: str) -> str:
    """Text that cannot end the script it is written into: categories are what callers posted.

    >>> tagless("</script><b>")
    '(/script)(b)'
    """
    return text.replace("<", "(").replace(">", ")")


def write_findings(drift: Drift, found: Sequence[Finding], path: Path) -> None:
    """Write findings.json: aggregates only."""
    path.write_text(json.dumps(document(drift, found), indent=2, allow_nan=False) + "\n")


def document(drift: Drift, found: Sequence[Finding]) -> dict[str, Any]:
    """The comparison as JSON: every column, what was found, who was compared."""
    columns = drift.of(Kind.APPLICATION)
    return {
        "generated_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "reference": _side(drift.reference),
        "current": _side(drift.current),
        "application_columns": len(columns),
        "application_columns_drifted": sum(column.drifted for column in columns),
        "columns": [_column(column) for column in drift.columns],
        "findings": [asdict(finding) for finding in found],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "source": side.source,
        "rows": side.total,
        "rows_compared": len(side),
        "mean_risk": round(float(side.risk.mean()), 6),
        "models": dict(side.models),
        "histories_known": {name: round(share, 4) for name, share in side.known.items()},
    }


def _column(column: Comparison) -> dict[str, Any]:
    return {
        "column": column.column,
        "kind": column.kind,
        "psi": round(column.psi.value, 6),
        "psi_noise": round(column.psi.noise, 6),
        "psi_limit": round(column.psi.limit, 6),
        "drifted": column.drifted,
        "missing_reference": round(column.missing_reference, 6),
        "missing_current": round(column.missing_current, 6),
        "moved_most": column.moved,
    }
