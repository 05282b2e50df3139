"""Load the labelled dossiers of a folder of tables, with their provenance."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stores.dossiers.engine import Engine
from stores.dossiers.grouping import GroupingSummary, group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.dossiers.spark import group_into_dossiers_with_spark
from stores.dossiers.spark_session import open_spark_session, require_spark
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.raw_tables.tables import Tables, read_tables
from stores.settings import Settings
from training.data.fingerprints import fingerprint_tables, read_code_version
from training.synthetic.marker import is_synthetic


def load_labelled_dossiers(
    settings: Settings,
    data: Path,
    progress: ProgressReporter,
    lender: LenderMapping | None,
    engine: Engine = Engine.LOCAL,
) -> tuple[DossierFile, dict[str, Any]]:
    """Check the tables and group them into dossiers; log absent tables and dropped rows.

    Returns:
        The dossiers, stored under `home` by their fingerprint, and their metadata.

    Raises:
        InvalidTables: The tables break the schema.
        NoSpark: The engine is Spark, and Java or PySpark is missing.
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
        return group_into_dossiers_with_spark(session, tables, path, advance)
