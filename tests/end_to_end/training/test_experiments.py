"""python -m training explore, compare, tune, ablate, as people run them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.training.test_training_command import run
from tests.support.random_dossiers import draw_labels, make_random_dossiers
from tests.support.table_folders import make_table_frames, write_tables
from training.model.baseline import BASELINE
from training.model.hyperparameters import read_parameters, write_parameters

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    people = make_random_dossiers(800, seed=8)
    folder = tmp_path_factory.mktemp("tables")
    return str(write_tables(folder, make_table_frames(people, labels=draw_labels(people, 9))))


@pytest.fixture(scope="module")
def experiments_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Parameters of a model that serves: quick ones."""
    path = tmp_path_factory.mktemp("tuning") / "parameters.yaml"
    write_parameters(path, {"learning_rate": 0.3}, {"gain_above_zero": False})
    return str(path)


def studied(experiments_home: Path, name: str) -> float:
    """The learning rate of the model that a study described."""
    results = json.loads((experiments_home / "reports" / f"{name}.json").read_text())
    return float(results["origin"]["parameters"]["learning_rate"])


def test_explore_writes_its_page(experiments_home: Path, data: str) -> None:
    done = run(experiments_home, "explore", "--data", data)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (experiments_home / "reports" / "exploration.html").stat().st_size > 100_000


def test_explore_reads_every_client_of_the_data(experiments_home: Path, data: str) -> None:
    done = run(experiments_home, "explore", "--data", data, "--clients", "600")
    assert done.returncode == 2
    assert "every client is used" in " ".join(done.stderr.split())


def test_compare_samples_clients_and_distinguishes_models(
    experiments_home: Path, data: str, served: str
) -> None:
    done = run(
        experiments_home, "compare", "--data", data, "--clients", "600", "--folds", "2",
        "--time-budget", "0", "--model", "dummy", "--parameters", served,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sampled 600 of 800 clients at random" in done.stdout
    assert "LightGBM as served" in done.stdout
    assert BASELINE in done.stdout
    assert "their gain was not distinguishable from chance" in done.stdout
    assert studied(experiments_home, "comparison") == 0.3
    assert {"comparison.json", "comparison.svg", "comparison.html"} <= {
        path.name for path in (experiments_home / "reports").iterdir()
    }


def test_compare_lists_the_known_models(experiments_home: Path, data: str) -> None:
    done = run(experiments_home, "compare", "--data", data, "--model", "forrest")
    assert done.returncode == 1
    assert "--model" in done.stdout
    assert "random forest" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_compare_refuses_a_foundation_model_without_weights(
    experiments_home: Path, data: str, tmp_path: Path
) -> None:
    done = run(experiments_home, "compare", "--data", data, "--foundation-model", str(tmp_path))
    assert done.returncode == 1
    assert "expected one file tabicl-classifier-*.ckpt" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_invalid_parameters_are_rejected_before_any_work(tmp_path: Path, data: str) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text("parameters: {num_leave: 3}")
    done = run(tmp_path / "home", "--data", data, "--parameters", str(path))
    assert done.returncode == 1
    assert "did you mean num_leaves" in done.stdout
    assert not (tmp_path / "home" / "serving.json").exists()


def test_ablate_measures_the_requested_groups(
    experiments_home: Path, data: str, served: str
) -> None:
    done = run(
        experiments_home, "ablate", "--data", data, "--clients", "600", "--group", "scores",
        "--parameters", served,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "opaque external scores" in done.stdout
    assert studied(experiments_home, "ablation") == 0.3


def test_tune_starts_from_the_given_parameters(
    experiments_home: Path, data: str, served: str
) -> None:
    done = run(
        experiments_home,
        "tune",
        "--data",
        data,
        "--clients",
        "500",
        "--trials",
        "1",
        "--parameters",
        served,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert read_parameters(experiments_home / "tuning" / "parameters.yaml")["learning_rate"] == 0.3
    assert "not distinguishable from chance" in done.stdout
