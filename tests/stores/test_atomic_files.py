"""Files that appear when they are whole, and files that go when they were used."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

import pytest

from stores.atomic_files import atomic_write, temporary_dossiers


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    with atomic_write(out) as part:
        part.write_text("all of it")
        assert not out.exists()
    assert [(path, path.read_text()) for path in out.parent.iterdir()] == [(out, "all of it")]


def test_of_a_file_that_did_not_become_whole_nothing_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(OSError, match="the disk is full"), atomic_write(out) as part:
        fill_the_disk(part)
    assert not list(tmp_path.iterdir())


def test_a_passing_file_goes_whatever_came_of_it(tmp_path: Path) -> None:
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


def test_two_runs_at_once_have_files_of_their_own(tmp_path: Path) -> None:
    with get_context("spawn").Pool(1) as processes:
        theirs = processes.apply(places, (tmp_path,))
    assert set(theirs).isdisjoint(places(tmp_path))


def places(folder: Path) -> list[Path]:
    with atomic_write(folder / "out") as part, temporary_dossiers(folder, "batch") as path:
        part.touch()
        return [part, path]


def fill_the_disk(path: Path) -> None:
    path.write_text("half")
    raise OSError("the disk is full")
