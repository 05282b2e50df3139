"""Synthetic tables are marked, and training records it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from stores.progress import ProgressReporter
from stores.settings import Settings
from training.data.loading import load_labelled_dossiers
from training.synthetic.generator import TABLE_NAMES, synthesise_tables
from training.synthetic.marker import MARKER_FILE, is_synthetic


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_tables_are_marked_as_synthetic_until_they_are_replaced(
    tmp_path: Path, ending: str
) -> None:
    synthesise_tables(3, tmp_path, file_format=ending)
    files = [tmp_path / f"{name}.{ending}" for name in TABLE_NAMES]
    assert all(is_synthetic(path) for path in files)
    files[0].write_bytes(files[0].read_bytes() + b"\n")
    assert not is_synthetic(files[0])
    (tmp_path / MARKER_FILE).unlink()
    assert not any(is_synthetic(path) for path in files)


def test_training_metadata_records_that_clients_are_synthetic(tmp_path: Path) -> None:
    progress = ProgressReporter(Console(quiet=True))
    settings, folder = Settings(home=tmp_path / "home"), tmp_path / "tables"
    synthesise_tables(20, folder)
    assert load_labelled_dossiers(settings, folder, progress, None)[1]["synthetic"] is True
    (folder / MARKER_FILE).unlink()
    assert load_labelled_dossiers(settings, folder, progress, None)[1]["synthetic"] is False
