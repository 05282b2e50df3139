"""Write the results of a drift analysis: findings.json, and the folder of both output files."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from credit.errors import CreditError
from monitoring.comparison import ColumnComparison, ColumnKind, DriftResult
from monitoring.drift_checks import DriftFinding
from monitoring.sample import Sample

FINDINGS_FILE, REPORT_FILE = "findings.json", "report.html"
FINDING_KEYS = ("code", "title", "severity", "message", "what_to_do")


class UnwritableOutput(CreditError):
    """The output folder is not writable."""

    code = "cannot-write"


def check_output_folder(out: Path) -> None:
    """Check that the output folder is writable, before the analysis starts.

    Raises:
        UnwritableOutput: `out` is a file, or write permission is missing.
    """
    target = out.resolve()
    if target.exists() and not target.is_dir():
        raise UnwritableOutput(f"{out} is a file: give a folder as --out")
    nearest = next(folder for folder in (target, *target.parents) if folder.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UnwritableOutput(f"no permission to write to {nearest}: use another --out")


@contextmanager
def atomic_write_folder(out: Path) -> Iterator[Path]:
    """Yield a staging folder; its files move to `out` only if the block succeeds.

    Other files in `out` stay as they are.

    Raises:
        UnwritableOutput: Write permission or disk space is missing.
    """
    out = out.resolve()
    staging = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        staging.mkdir(parents=True)
        yield staging
        if out.exists():
            for path in sorted(staging.iterdir()):
                path.replace(out / path.name)
        else:
            staging.rename(out)
    except OSError as error:
        raise UnwritableOutput(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def replace_tags(text: str) -> str:
    """Replace angle brackets: categories come from callers and must not close the page's script.

    >>> replace_tags("</script><b>")
    '(/script)(b)'
    """
    return text.replace("<", "(").replace(">", ")")


def write_findings(drift: DriftResult, findings: Sequence[DriftFinding], path: Path) -> None:
    """Write findings.json; it holds aggregates only."""
    path.write_text(
        json.dumps(build_findings_document(drift, findings), indent=2, allow_nan=False) + "\n"
    )


def build_findings_document(
    drift: DriftResult, findings: Sequence[DriftFinding]
) -> dict[str, Any]:
    """Return the content of findings.json: both samples, every column and the findings."""
    columns = drift.columns_of_kind(ColumnKind.APPLICATION)
    return {
        "generated_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "reference": _describe_sample(drift.reference),
        "current": _describe_sample(drift.current),
        "application_columns": len(columns),
        "application_columns_drifted": sum(column.has_drifted for column in columns),
        "columns": [_describe_column(column) for column in drift.columns],
        "findings": [
            {name: getattr(finding, name) for name in FINDING_KEYS} for finding in findings
        ],
    }


def _describe_sample(sample: Sample) -> dict[str, Any]:
    return {
        "source": sample.source,
        "rows": sample.total,
        "rows_compared": len(sample),
        "mean_risk": round(float(sample.risk.mean()), 6),
        "models": dict(sample.model_counts),
        "histories_known": {
            name: round(share, 4) for name, share in sample.history_shares.items()
        },
    }


def _describe_column(column: ColumnComparison) -> dict[str, Any]:
    return {
        "column": column.column,
        "kind": column.kind,
        "psi": round(column.psi.value, 6),
        "psi_noise": round(column.psi.noise, 6),
        "psi_limit": round(column.psi.limit, 6),
        "drifted": column.has_drifted,
        "missing_reference": round(column.missing_reference, 6),
        "missing_current": round(column.missing_current, 6),
        "moved_most": column.largest_shift,
    }
