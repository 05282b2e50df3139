"""python -m training explore, compare, tune, ablate, as people run them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crowd import crowd, difficulties
from tests.folders import frames, write
from tests.training.test_command import run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    people = crowd(800, seed=8)
    folder = tmp_path_factory.mktemp("tables")
    return str(write(folder, frames(people, labels=difficulties(people, 9))))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def test_explore_writes_its_page(home: Path, data: str) -> None:
    done = run(home, "explore", "--data", data)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (home / "reports" / "exploration.html").stat().st_size > 100_000


def test_compare_draws_clients_and_tells_models_apart(home: Path, data: str) -> None:
    done = run(
        home, "compare", "--data", data, "--clients", "600", "--folds", "2",
        "--time-budget", "0", "--model", "dummy", "--model", "scorecard",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LightGBM as served" in done.stdout
    assert {"comparison.json", "comparison.svg", "comparison.html"} <= {
        path.name for path in (home / "reports").iterdir()
    }


def test_compare_says_which_models_there_are(home: Path, data: str) -> None:
    done = run(home, "compare", "--data", data, "--model", "forrest")
    assert done.returncode == 1
    assert "--model" in done.stdout
    assert "random forest" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_parameters_that_no_fit_takes_are_refused_before_anything_is_made(
    tmp_path: Path, data: str
) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text("parameters: {num_leave: 3}")
    done = run(tmp_path / "home", "--data", data, "--parameters", str(path))
    assert done.returncode == 1
    assert "did you mean num_leaves" in done.stdout
    assert not (tmp_path / "home" / "serving.json").exists()


def test_ablate_measures_the_groups_it_is_asked_for(home: Path, data: str) -> None:
    done = run(home, "ablate", "--data", data, "--clients", "600", "--group", "scores")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "opaque external scores" in done.stdout
    assert (home / "reports" / "ablation.json").exists()
