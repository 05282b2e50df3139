"""The labelled dossiers of a folder of tables, and where they came from."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stores.console import Steps
from stores.dossiers import DossierFile, group
from stores.mapping import LenderFiles
from stores.settings import Settings
from stores.tables import read_tables


def labelled_dossiers(
    where: Settings, data: Path, steps: Steps, lender: LenderFiles | None
) -> tuple[DossierFile, dict[str, Any]]:
    """Check and group the tables; what is absent or left out is said.

    Returns:
        The dossiers, kept under `home` by their fingerprint, and the facts about them.
    """
    with steps.step("checking and grouping tables"):
        tables = read_tables(data, labelled=True, lender=lender, cache=where.cache)
        digest = fingerprint(data)
        path = where.home / "dossiers" / f"{digest[:16]}.parquet"
        grouping = group(tables, path)
    for name in tables.absent:
        steps.say(f"{name} is absent: unknown of every client")
    for name, rows in grouping.dropped.items():
        if rows:
            steps.say(f"{name}: {rows:,} rows of other clients left out")
    about = {
        "clients": grouping.clients,
        "absent_tables": list(tables.absent),
        "dropped_rows": dict(grouping.dropped),
        "fingerprint": digest,
        "dossiers": path.name,
        "code": code_version(),
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return DossierFile(path), about


def fingerprint(folder: Path) -> str:
    """SHA-256 over the names and bytes of the folder's files."""
    whole = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.name} {digest}\n".encode())
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
