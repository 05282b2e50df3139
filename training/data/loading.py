"""The labelled dossiers of a folder of tables, and where they came from."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stores.dossiers.engine import Engine
from stores.dossiers.grouping import GroupingSummary, group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.dossiers.spark import group_into_dossiers_with_spark as group_on_many
from stores.dossiers.spark_session import open_spark_session, require_spark
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.raw_tables.tables import Tables, read_tables
from stores.settings import Settings
from training.synthetic.marker import is_synthetic


def load_labelled_dossiers(
    settings: Settings,
    data: Path,
    progress: ProgressReporter,
    lender: LenderMapping | None,
    engine: Engine = Engine.LOCAL,
) -> tuple[DossierFile, dict[str, Any]]:
    """Check and group the tables; what is absent or left out is said.

    Returns:
        The dossiers, kept under `home` by their fingerprint, and the facts about them.

    Raises:
        InvalidTables: the tables break the schema.
        NoSpark: the engine is Spark, and Java or PySpark is absent.
    """
    if engine is Engine.SPARK:
        require_spark()
    with progress.step("checking tables"):
        tables = read_tables(data, labelled=True, lender=lender, cache=settings.cache_folder)
        digest = fingerprint_tables(tables, lender)
        path = settings.home / "dossiers" / f"{digest[:16]}.parquet"
    grouping = _group_dossiers(settings, tables, path, progress, engine)
    grouping.log_summary(progress)
    metadata = {
        "clients": grouping.client_count,
        "absent_tables": list(tables.absent_histories),
        "dropped_rows": dict(grouping.dropped_rows),
        "synthetic": any(is_synthetic(path) for path in tables.sources.values()),
        "fingerprint": digest,
        "dossiers": path.name,
        "code": read_code_version(),
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return DossierFile(path), metadata


def _group_dossiers(
    settings: Settings, tables: Tables, path: Path, progress: ProgressReporter, engine: Engine
) -> GroupingSummary:
    if engine is Engine.LOCAL:
        with progress.step("grouping into dossiers"):
            return group_into_dossiers(tables, path)
    with (
        open_spark_session(settings) as session,
        progress.step("Spark: grouping into dossiers", 100) as advance,
    ):
        return group_on_many(session, tables, path, advance)


def fingerprint_tables(tables: Tables, lender: LenderMapping | None) -> str:
    """SHA-256 over the names and bytes of the files that were read, and the way they were."""
    combined_hash = hashlib.sha256()
    for table, path in sorted(tables.sources.items()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        combined_hash.update(f"{table} {path.name} {digest}\n".encode())
    if lender:
        combined_hash.update(json.dumps(lender.model_dump(), sort_keys=True).encode())
    return combined_hash.hexdigest()


def read_code_version() -> str:
    """The commit this runs from, with a mark when files were changed since."""
    try:
        process = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return process.stdout.strip()
