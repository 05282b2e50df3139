"""Every command in the README and the documents is run here, in another test, or in CI."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from loadtests.target import find_free_ports
from stores.settings import Settings
from tests.support.services import TIMEOUT_SECONDS, Home, RunningService, wait_until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

IN_CI = {"make check", "make slow", "make faults", "make docs", "make bento"}
"""Commands of `.ci/run`; `make test` is a part of the first."""

PLANNED_ONLY = {"make setup", "make image IMAGE=credit-scoring:dev"}
"""Commands that install, or need docker or buildah: only their targets are tested."""


def find_commands() -> set[str]:
    """Return every line after a `$` in the documents."""
    shown = (
        re.findall(r"^\$ (.+)$", document.read_text(), re.MULTILINE) for document in DOCUMENTS
    )
    return {line for lines in shown for line in lines}


def find_shown_answer(call: str) -> Any:
    """Return the JSON that the README shows below a call."""
    block = re.search(rf"\$ {re.escape(call)}\n```\n\n```json\n(.+?)\n```", README, re.DOTALL)
    assert block, f"no answer is shown below {call}"
    return json.loads(block[1])


CALLS = sorted(line for line in find_commands() if line.startswith("curl"))
RUN_IN_TESTS = {
    "make demo",
    "make train",
    "make train DATA=data",
    "make score DATA=data OUT=scored.parquet",
    "make drift CURRENT=data",
    "make drift",
    "make mlflow",
    ".venv/bin/python -m training --data data --lender lender.yaml",
    ".venv/bin/python -m training compare --data data",
    ".venv/bin/python -m batch --data data --lender lender.yaml --out scored.parquet",
    ".venv/bin/python -m training.reporting.feature_catalogue",
    ".venv/bin/python -m tests.credit.features.test_matrix_golden",
}
"""Commands that tests run, here and in the tests of the tutorials."""


def test_every_command_in_the_documents_is_run() -> None:
    assert CALLS
    run = RUN_IN_TESTS | IN_CI | PLANNED_ONLY | {"make test"}
    assert find_commands() - set(CALLS) - run == set()
    gate = (ROOT / ".ci" / "run").read_text()
    assert [command for command in IN_CI if command not in gate] == []


@pytest.mark.parametrize("command", sorted(PLANNED_ONLY))
def test_a_command_that_is_not_run_has_a_target(command: str) -> None:
    planned = subprocess.run(
        [*shlex.split(command), "-n"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert planned.returncode == 0, planned.stderr


@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_answered_as_shown(call: str, service: RunningService) -> None:
    command = [word.replace("localhost:3000", service.url) for word in shlex.split(call)]
    completed = subprocess.run(command, capture_output=True, text=True, check=True)
    answer, shown = json.loads(completed.stdout), find_shown_answer(call)
    assert describe_shape(answer) == describe_shape(shown)
    if "error" in shown:
        assert answer == shown
    else:
        assert answer["client_id"] == shown["client_id"]


def describe_shape(answer: Any) -> Any:
    """Return the keys and types of an answer; the numbers depend on the model."""
    if isinstance(answer, dict):
        return {key: describe_shape(value) for key, value in answer.items()}
    return type(answer).__name__


def test_the_readme_lists_exactly_the_existing_settings() -> None:
    listed = set(re.findall(r"^\| `(CREDIT_[A-Z_]+)` \|", README, re.MULTILINE))
    assert listed == {f"CREDIT_{name.upper()}" for name in Settings.model_fields}


def test_the_files_that_the_readme_names_exist() -> None:
    section = README[README.index("## Architecture") : README.index("## Your own data")]
    files = re.findall(r"`([\w.-]+/[\w./-]*)`", section)
    assert files
    assert [file for file in files if not (ROOT / file).exists()] == []


def start_make(home: Home, *arguments: str, **settings: object) -> subprocess.Popen[str]:
    """Start a target with a home, without installing anything."""
    return subprocess.Popen(
        ["make", "-o", ".venv/full", *arguments],
        env=home.environment(**settings), cwd=ROOT, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_a_folder_is_scored_and_compared_with_the_training_data(
    home: Home, tmp_path: Path
) -> None:
    data, scored, report = home.tables, tmp_path / "scored.parquet", tmp_path / "drift"
    score = start_make(home, "score", f"DATA={data}", f"OUT={scored}")
    output, _ = score.communicate()
    assert score.returncode == 0, output
    assert scored.exists()
    drift = start_make(home, "drift", f"CURRENT={data}", f"OUT={report}")
    output, _ = drift.communicate()
    assert drift.returncode == 0, output
    assert (report / "findings.json").exists(), output
    assert (report / "report.html").exists()


def test_make_train_runs_the_command_that_trained_the_model_of_these_tests() -> None:
    for command, expected in (
        ("make train", "training"),
        ("make train DATA=data", "training --data data"),
    ):
        planned = subprocess.run(
            [*shlex.split(command), "-n", "--no-print-directory", "-o", ".venv/full"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert planned.stdout.split() == [".venv/bin/python", "-m", *expected.split()]


@pytest.mark.slow
def test_the_demo_opens_its_ports_and_closes_them(private_home: Home) -> None:
    api, grpc, page = find_free_ports(3)
    demo = start_make(private_home, "demo", http_port=api, grpc_port=grpc, ui_port=page)
    try:
        for url in (f"http://127.0.0.1:{api}/readyz", f"http://127.0.0.1:{page}/healthz"):
            wait_for_url(url, demo)
        answer = httpx.post(
            f"http://127.0.0.1:{api}/predict", json={"client_id": 100_001}, timeout=60
        )
        assert answer.is_success
    finally:
        os.killpg(demo.pid, signal.SIGINT)
        output, _ = demo.communicate(timeout=TIMEOUT_SECONDS)
    assert "Stopped." in output
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{api}/readyz")


def wait_for_url(url: str, process: subprocess.Popen[str]) -> None:
    def answers() -> bool:
        assert process.poll() is None, "the process ended"
        try:
            return httpx.get(url, timeout=5).is_success
        except httpx.TransportError:
            return False

    wait_until(answers, f"{url} does not answer", interval=0.2)


@pytest.mark.slow
def test_mlflow_shows_the_trainings_of_a_home(home: Home) -> None:
    (port,) = find_free_ports(1)
    server = start_make(home, "mlflow", f"PORT={port}")
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for_url(f"{url}/health", server)
        answer = httpx.post(
            f"{url}/api/2.0/mlflow/runs/search", json={"experiment_ids": ["1"]}, timeout=60
        )
        assert [run["info"]["status"] for run in answer.json()["runs"]] == ["FINISHED"]
        telemetry = httpx.get(f"{url}/ajax-api/3.0/mlflow/ui-telemetry", timeout=60).json()
        assert telemetry["disable_ui_telemetry"] is True
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate(timeout=TIMEOUT_SECONDS)


@pytest.mark.slow
def test_recorded_decisions_are_compared_with_the_training_data(
    api: httpx.Client, home: Home, tmp_path: Path
) -> None:
    api.post("/predict", json={"client_id": 100_001}).raise_for_status()
    drift = start_make(home, "drift", f"OUT={tmp_path}")
    output, _ = drift.communicate(timeout=TIMEOUT_SECONDS)
    assert drift.returncode == 0, output
    assert (tmp_path / "findings.json").exists()
