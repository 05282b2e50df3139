"""The labelled dossiers of a folder of tables, and where they came from."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stores.cli import Steps
from stores.dossiers.engine import Engine
from stores.dossiers.parquet import DossierFile, Grouping, group
from stores.dossiers.spark import group as group_on_many
from stores.dossiers.spark import require_spark, spark
from stores.raw_tables.lender_mapping import LenderFiles
from stores.raw_tables.tables import Tables, read_tables
from stores.settings import Settings
from training.synthetic.marker import is_synthetic


def labelled_dossiers(
    where: Settings,
    data: Path,
    steps: Steps,
    lender: LenderFiles | None,
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
    with steps.step("checking tables"):
        tables = read_tables(data, labelled=True, lender=lender, cache=where.cache)
        digest = fingerprint(tables, lender)
        path = where.home / "dossiers" / f"{digest[:16]}.parquet"
    grouping = _grouped(where, tables, path, steps, engine)
    grouping.tell(steps)
    about = {
        "clients": grouping.clients,
        "absent_tables": list(tables.absent),
        "dropped_rows": dict(grouping.dropped),
        "synthetic": any(is_synthetic(path) for path in tables.sources.values()),
        "fingerprint": digest,
        "dossiers": path.name,
        "code": code_version(),
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return DossierFile(path), about


def _grouped(
    where: Settings, tables: Tables, path: Path, steps: Steps, engine: Engine
) -> Grouping:
    if engine is Engine.LOCAL:
        with steps.step("grouping into dossiers"):
            return group(tables, path)
    with spark(where) as session, steps.step("Spark: grouping into dossiers", 100) as advance:
        return group_on_many(session, tables, path, advance)


def fingerprint(tables: Tables, lender: LenderFiles | None) -> str:
    """SHA-256 over the names and bytes of the files that were read, and the way they were."""
    whole = hashlib.sha256()
    for table, path in sorted(tables.sources.items()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{table} {path.name} {digest}\n".encode())
    if lender:
        whole.update(json.dumps(lender.model_dump(), sort_keys=True).encode())
    return whole.hexdigest()


def code_version() -> str:
    """The commit this runs from, with a mark when files were changed since."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()
