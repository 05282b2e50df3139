"""A short load test records every call, and fails when it exceeds its budget."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from loadtests.budget import BUDGET_PATH, Budget
from loadtests.target import GrpcPortClosed, Target, start_service
from stores.settings import Settings
from tests.support.services import ROOT, Home, RunningService

LENIENT_BUDGET = {
    "errors": 0,
    "p99": dict.fromkeys(Budget.from_yaml(BUDGET_PATH).p99, 30_000),
    "growth": {"memory": 9, "latency": 9},
}


def run_load_test(
    home: Home, folder: Path, budget: dict[str, object], *arguments: str
) -> tuple[int, str]:
    """Return the exit code and the output of a run."""
    path = folder / "budget.yaml"
    path.write_text(yaml.safe_dump(budget))
    command = [sys.executable, "-m", "loadtests", "--budget", str(path), "--out", str(folder)]
    completed = subprocess.run(
        [*command, "--callers", "16", *arguments],
        env=home.environment(patience=60) | {"COLUMNS": "200"}, cwd=ROOT, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    return completed.returncode, completed.stdout + completed.stderr


@pytest.mark.slow
def test_a_run_within_its_budget_writes_its_figures_and_a_chart(
    home: Home, tmp_path: Path
) -> None:
    has_ledger = (home.path / "ledger.sqlite").exists()
    code, output = run_load_test(
        home, tmp_path, LENIENT_BUDGET, "--seconds", "60", "--shape", "soak"
    )
    assert code == 0, output
    with (tmp_path / "run_stats.csv").open() as lines:
        counts = {row["Name"]: int(row["Request Count"]) for row in csv.DictReader(lines)}
    assert counts.keys() >= Budget.from_yaml(BUDGET_PATH).p99.keys()
    assert (tmp_path / "run.svg").read_text().startswith("<?xml")
    with (tmp_path / "run_memory.csv").open() as lines:
        assert all(int(row["bytes"]) > 10**8 for row in csv.DictReader(lines))
    assert re.search(r"latency \S+ late, memory \S+ late", output)
    assert (home.path / "ledger.sqlite").exists() == has_ledger, "recorded in the home's ledger"


@pytest.mark.slow
def test_a_run_over_its_budget_fails_and_names_the_call(
    service: RunningService, tmp_path: Path
) -> None:
    p99: dict[str, object] = {**LENIENT_BUDGET["p99"], "predict by id": 0.001}  # type: ignore[dict-item]
    budget = {**LENIENT_BUDGET, "p99": p99}
    code, output = run_load_test(
        service.home, tmp_path, budget, "--seconds", "5", "--host", service.url
    )
    assert code == 1
    assert "over budget" in output
    assert "predict by id" in output.partition("over budget")[2]


@pytest.mark.slow
def test_a_service_that_is_started_for_a_run_must_answer_over_grpc(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect_without_grpc(host: str, grpc: str) -> Target:
        return Target(host=host, grpc=grpc and "")

    monkeypatch.setattr("loadtests.target.connect_target", connect_without_grpc)
    with (
        pytest.raises(GrpcPortClosed),
        start_service(Settings(home=home.path), "service:CreditScoring"),
    ):
        pass
