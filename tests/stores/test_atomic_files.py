"""Files that appear only when complete, and temporary files that are always removed."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

import pytest

from stores.atomic_files import atomic_write, temporary_dossiers


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    with atomic_write(out) as temp_path:
        temp_path.write_text("all of it")
        assert not out.exists()
    assert [(path, path.read_text()) for path in out.parent.iterdir()] == [(out, "all of it")]


def test_an_incomplete_file_is_removed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(OSError, match="the disk is full"), atomic_write(out) as temp_path:
        fill_the_disk(temp_path)
    assert not list(tmp_path.iterdir())


def test_a_temporary_file_is_removed_after_success_and_after_failure(tmp_path: Path) -> None:
    with temporary_dossiers(tmp_path, "batch") as path:
        path.write_text("used")
    with (
        pytest.raises(OSError, match="the disk is full"),
        temporary_dossiers(tmp_path, "batch") as path,
    ):
        fill_the_disk(path)
    with temporary_dossiers(tmp_path, "never written"):
        pass
    assert not list(tmp_path.iterdir())


def test_concurrent_processes_use_different_temporary_files(tmp_path: Path) -> None:
    with get_context("spawn").Pool(1) as processes:
        other_paths = processes.apply(open_temporary_files, (tmp_path,))
    assert set(other_paths).isdisjoint(open_temporary_files(tmp_path))


def open_temporary_files(folder: Path) -> list[Path]:
    with atomic_write(folder / "out") as temp_path, temporary_dossiers(folder, "batch") as path:
        temp_path.touch()
        return [temp_path, path]


def fill_the_disk(path: Path) -> None:
    path.write_text("half")
    raise OSError("the disk is full")
