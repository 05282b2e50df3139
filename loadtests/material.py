"""Dossiers to send: of synthetic clients, made once and kept under CREDIT_HOME/cache."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from stores.cli import Steps
from stores.settings import Settings

CLIENTS, SEED = 2_000, 4_711
"""Other clients than those that a champion on synthetic tables was trained on."""


def dossiers(where: Settings, steps: Steps) -> Path:
    """A file with a dossier as JSON on every line.

    Raises:
        subprocess.CalledProcessError: the synthetic tables could not be made.
    """
    kept = where.cache / "load" / f"dossiers-{CLIENTS}-{SEED}.jsonl"
    if not kept.exists():
        # Imported now: a run that finds its dossiers needs neither Polars nor Arrow.
        from stores.dossiers.parquet import DossierFile, group  # noqa: PLC0415
        from stores.raw_tables.tables import read_tables  # noqa: PLC0415

        kept.parent.mkdir(parents=True, exist_ok=True)
        with steps.step("dossiers to send"), tempfile.TemporaryDirectory() as folder:
            raw, grouped, part = Path(folder, "raw"), Path(folder, "grouped"), kept.with_suffix("")
            _synthesise(raw)
            group(read_tables(raw, application="application_test", cache=where.cache), grouped)
            lines = (document for _, document in DossierFile(grouped).documents())
            part.write_text("\n".join(lines), encoding="utf-8")
            part.replace(kept)
    return kept


def _synthesise(out: Path) -> None:
    command = [sys.executable, "-m", "training.synthesise", "--out", str(out)]
    how_many = ["--clients", str(CLIENTS), "--seed", str(SEED)]
    subprocess.run([*command, *how_many], check=True, stderr=subprocess.DEVNULL)
