"""Dossiers to send: of synthetic clients, made once and kept under CREDIT_HOME/cache."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from stores.progress import ProgressReporter
from stores.settings import Settings

CLIENT_COUNT, SEED = 2_000, 4_711
"""Other clients than those that a champion on synthetic tables was trained on."""


def prepare_dossier_file(settings: Settings, progress: ProgressReporter) -> Path:
    """A file with a dossier as JSON on every line.

    Raises:
        subprocess.CalledProcessError: the synthetic tables could not be made.
    """
    dossier_file = settings.cache_folder / "load" / f"dossiers-{CLIENT_COUNT}-{SEED}.jsonl"
    if not dossier_file.exists():
        # Imported now: a run that finds its dossiers needs neither Polars nor Arrow.
        from stores.dossiers.grouping import group_into_dossiers  # noqa: PLC0415
        from stores.dossiers.parquet import DossierFile  # noqa: PLC0415
        from stores.raw_tables.tables import read_tables  # noqa: PLC0415

        dossier_file.parent.mkdir(parents=True, exist_ok=True)
        with progress.step("dossiers to send"), tempfile.TemporaryDirectory() as folder:
            raw_folder, parquet_path, temp_path = (
                Path(folder, "raw"),
                Path(folder, "grouped"),
                dossier_file.with_suffix(""),
            )
            _synthesise(raw_folder)
            group_into_dossiers(
                read_tables(
                    raw_folder, application="application_test", cache=settings.cache_folder
                ),
                parquet_path,
            )
            lines = (document for _, document in DossierFile(parquet_path).iter_documents())
            temp_path.write_text("\n".join(lines), encoding="utf-8")
            temp_path.replace(dossier_file)
    return dossier_file


def _synthesise(out: Path) -> None:
    command = [sys.executable, "-m", "training.synthesise", "--out", str(out)]
    size_options = ["--clients", str(CLIENT_COUNT), "--seed", str(SEED)]
    subprocess.run([*command, *size_options], check=True, stderr=subprocess.DEVNULL)
