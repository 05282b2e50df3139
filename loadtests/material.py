"""Dossiers to send: of synthetic clients, made once and stored under CREDIT_HOME/cache."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.progress import ProgressReporter
from stores.raw_tables.tables import read_tables
from stores.settings import Settings

CLIENT_COUNT = 2_000

SEED = 4_711
"""Gives other clients than those that a champion on synthetic tables was trained on."""


def prepare_dossier_file(settings: Settings, progress: ProgressReporter) -> Path:
    """Return the path of a file with one dossier per line, as JSON; write it if it is missing.

    Raises:
        subprocess.CalledProcessError: The synthetic tables could not be made.
    """
    dossier_file = settings.cache_folder / "load" / f"dossiers-{CLIENT_COUNT}-{SEED}.jsonl"
    if dossier_file.exists():
        return dossier_file
    dossier_file.parent.mkdir(parents=True, exist_ok=True)
    with progress.step("dossiers to send"), tempfile.TemporaryDirectory() as folder:
        raw_folder, parquet_path = Path(folder, "raw"), Path(folder, "grouped")
        _synthesise(raw_folder)
        tables = read_tables(
            raw_folder, application="application_test", cache=settings.cache_folder
        )
        group_into_dossiers(tables, parquet_path)
        lines = (document for _, document in DossierFile(parquet_path).iter_documents())
        temp_path = dossier_file.with_suffix("")
        temp_path.write_text("\n".join(lines), encoding="utf-8")
        temp_path.replace(dossier_file)
    return dossier_file


def _synthesise(out: Path) -> None:
    command = [sys.executable, "-m", "training.synthesise", "--out", str(out)]
    size_options = ["--clients", str(CLIENT_COUNT), "--seed", str(SEED)]
    subprocess.run([*command, *size_options], check=True, stderr=subprocess.DEVNULL)
