"""Test that artifacts stay inside the home and readable after it is moved."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from stores.models.mlflow_artifacts import get_artifact_root
from stores.models.mlflow_registry import EXPERIMENT_NAME, open_experiment
from stores.settings import Settings
from tests.support.services import ROOT, Home

READ_CHAMPION = """
import mlflow
from stores.settings import configure_libraries, get_settings
configure_libraries(get_settings())
from stores.models.mlflow_registry import get_champion_version, open_experiment
open_experiment(get_settings())
champion = get_champion_version(get_settings())
location = mlflow.get_run(champion.run_id).info.artifact_uri
print(location)
print(len(mlflow.artifacts.load_text(f"{location}/report.html")))
print(mlflow.lightgbm.load_model("models:/credit-scorer@champion").num_trees())
"""
"""Read a file of the champion's run, and the champion itself, through MLflow."""


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    tracked = mlflow.get_tracking_uri()
    yield Settings(home=tmp_path / "old home_50%")
    mlflow.set_tracking_uri(tracked)


def log_note(experiment_id: str, text: str) -> str:
    """Log a text as an artifact of a new run; return the id of the run."""
    with mlflow.start_run(experiment_id=experiment_id) as run:
        mlflow.log_text(text, "note.txt")
    return str(run.info.run_id)


def test_artifacts_are_readable_after_the_home_is_moved(
    settings: Settings, tmp_path: Path
) -> None:
    run_id = log_note(open_experiment(settings), "before the move")
    moved = Settings(home=tmp_path / "new home")
    shutil.move(settings.home, moved.home)
    experiment_id = open_experiment(moved)
    assert mlflow.get_experiment(experiment_id).artifact_location == get_artifact_root(moved)
    location = mlflow.get_run(run_id).info.artifact_uri
    assert location.startswith(get_artifact_root(moved))
    assert mlflow.artifacts.load_text(f"{location}/note.txt") == "before the move"
    log_note(experiment_id, "after the move")
    assert not settings.home.exists()


def test_an_experiment_elsewhere_keeps_its_location(settings: Settings, tmp_path: Path) -> None:
    open_experiment(settings)
    similar = f"{get_artifact_root(settings)}-of-others"
    mlflow.create_experiment("elsewhere", artifact_location=similar)
    moved = Settings(home=tmp_path / "new home")
    shutil.move(settings.home, moved.home)
    open_experiment(moved)
    elsewhere = mlflow.get_experiment_by_name("elsewhere")
    assert elsewhere is not None
    assert elsewhere.artifact_location == similar


def test_the_default_experiment_writes_inside_the_home(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working_directory = tmp_path / "work"
    working_directory.mkdir()
    monkeypatch.chdir(working_directory)
    assert open_experiment(settings) == open_experiment(settings)
    log_note("0", "of the default experiment")
    assert list(working_directory.iterdir()) == []
    assert list((settings.home / "mlflow" / "artifacts" / "0").rglob("note.txt"))
    names = {experiment.name for experiment in mlflow.search_experiments()}
    assert names == {"Default", EXPERIMENT_NAME}


@pytest.mark.slow
def test_the_champion_of_a_moved_home_is_readable(home: Home, tmp_path: Path) -> None:
    """The home is moved twice: after the first move, its store names a folder that is gone."""
    first, second = tmp_path / "first", tmp_path / "second"
    shutil.copytree(home.path, first, ignore=shutil.ignore_patterns("cache", "dossiers"))
    for folder in (first, second):
        if folder is second:
            first.rename(second)
        read = subprocess.run(
            [sys.executable, "-c", READ_CHAMPION], env=Home(folder, home.tables).environment(),
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert read.returncode == 0, read.stderr
        location, length, trees = read.stdout.splitlines()
        assert location.startswith(get_artifact_root(Settings(home=folder)))
        assert int(length) > 0
        assert int(trees) > 0
