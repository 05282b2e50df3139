from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from credit.schema import HISTORIES
from training.synthetic.writer import TableWriter

TABLE_NAMES = ("application_train", "application_test", *HISTORIES)


def test_a_failed_write_leaves_the_folder_unchanged(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "bureau.parquet").write_text("older content")
    with pytest.raises(ZeroDivisionError):
        _write_and_fail(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]
    assert [path.name for path in folder.iterdir()] == ["bureau.parquet"]
    assert (folder / "bureau.parquet").read_text() == "older content"


def _write_and_fail(folder: Path) -> None:
    with TableWriter(folder, TABLE_NAMES, "parquet") as files:
        files.append("bureau", pl.DataFrame({"SK_ID_BUREAU": [1]}))
        raise ZeroDivisionError


def test_a_failed_write_creates_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        _write_and_fail(tmp_path / "tables")
    assert not list(tmp_path.iterdir())
