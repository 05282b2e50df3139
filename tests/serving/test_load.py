"""A run under load, made small: it measures every call, and fails when it should."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from loadtests.budget import DECLARED, Budget, Called, Over
from loadtests.shapes import Shape, callers
from tests.serving.conftest import ROOT, Home, Service

EASY = {"errors": 0, "p99": dict.fromkeys(Budget.read(DECLARED).p99, 30_000)}


def run(home: Home, tmp_path: Path, budget: dict[str, object], *arguments: str) -> tuple[int, str]:
    path = tmp_path / "budget.yaml"
    path.write_text(yaml.safe_dump(budget))
    command = [sys.executable, "-m", "loadtests", "--budget", str(path), "--out", str(tmp_path)]
    done = subprocess.run(
        [*command, "--callers", "12", *arguments],
        env=home.environment() | {"COLUMNS": "200"}, cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_a_run_within_budget_leaves_its_figures_and_a_picture(home: Home, tmp_path: Path) -> None:
    before = (home.path / "ledger.sqlite").exists()
    code, said = run(home, tmp_path, EASY, "--seconds", "10")
    assert code == 0, said
    with (tmp_path / "run_stats.csv").open() as lines:
        called = {row["Name"]: int(row["Request Count"]) for row in csv.DictReader(lines)}
    assert min(called["predict by id"], called["predict a dossier"]) > 0
    assert (tmp_path / "run.svg").read_text().startswith("<?xml")
    assert (home.path / "ledger.sqlite").exists() == before, "decided in the home's own ledger"


def test_a_run_over_budget_fails_and_names_what_was_over(service: Service, tmp_path: Path) -> None:
    strict = EASY | {"p99": {**EASY["p99"], "predict by id": 0.001}}  # type: ignore[dict-item]
    code, said = run(
        service.home, tmp_path, strict, "--seconds", "5", "--host", service.url,
    )  # fmt: skip
    assert code == 1
    assert "over budget" in said
    assert "predict by id" in said.partition("over budget")[2]


def test_one_failed_call_is_over_the_declared_budget() -> None:
    call = Called(name="predict by id", count=10_000, failures=1, rate=50, p50=3, p99=9)
    assert Budget.read(DECLARED).over([call]) == [
        Over(name="predict by id", what="errors", got=0.0001, most=0.0)
    ]


def test_a_run_that_called_nothing_is_over_budget() -> None:
    assert Budget.read(DECLARED).over([])


@pytest.mark.parametrize("shape", Shape)
def test_somebody_calls_at_every_moment_and_never_more_than_asked_for(shape: Shape) -> None:
    course = [callers(shape, 40, moment / 200) for moment in range(200)]
    assert min(course) >= 1
    assert max(course) == (20 if shape is Shape.SOAK else 40)
