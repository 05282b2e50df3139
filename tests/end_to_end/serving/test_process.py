"""What the serving process imports, and what it survives."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

import httpx
import psutil
import pytest

from loadtests.target import find_free_ports
from tests.support.services import ROOT, Home, run_service, wait_until, wait_until_ready

TRAINING_LIBRARIES = {
    "mlflow", "pandas", "polars", "pyarrow", "shap", "sklearn", "matplotlib", "evidently",
}  # fmt: skip


def test_the_serving_process_imports_no_training_library(home: Home) -> None:
    script = "import service, sys; service.CreditScoring; print(*sys.modules)"
    environment = home.environment() | {"BENTOML_HOME": str(home.path / "bentoml")}
    completed = subprocess.run(
        [sys.executable, "-c", script],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {name.partition(".")[0] for name in completed.stdout.split()}
    assert "lightgbm" in imported
    assert not imported & TRAINING_LIBRARIES


@pytest.mark.slow
def test_a_decision_that_was_answered_survives_a_kill(private_home: Home) -> None:
    with run_service(private_home) as running, running.client() as api:
        client = api.get("/v1/clients", params={"limit": 1}).json()["clients"][0]
        decisions = [api.post("/predict", json={"client_id": client}).json() for _ in range(20)]
        workers = psutil.Process(running.process.pid).children(recursive=True)
        for worker in workers:
            with suppress(ProcessLookupError):  # it may have ended with its parent
                os.kill(worker.pid, signal.SIGKILL)
        wait_until(
            lambda: not [worker for worker in workers if is_alive(worker)], "a worker survived"
        )
        wait_until_ready(running)
        for decision in decisions:
            path = f"/v1/decisions/{decision['decision_id']}"
            record = httpx.get(f"{running.url}{path}", timeout=30)
            assert record.json()["decision"] == decision


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.slow
def test_the_bento_answers_like_the_source_tree(private_home: Home) -> None:
    private_home.run("serving.packaging.bento")
    dossier = {"application": {"AMT_CREDIT": 250_000, "EXT_SOURCE_2": 0.5}, "bureau": []}
    answers = []
    for arguments in ((), ("credit_scoring:latest",)):
        with run_service(private_home, *arguments) as running, running.client() as api:
            answer = api.post("/simulate", json={"dossier": dossier}).raise_for_status().json()
            answers.append({k: v for k, v in answer.items() if k != "decided_at"})
    assert answers[0] == answers[1]


def test_a_home_without_a_model_is_reported_with_the_command_to_train(home: Home) -> None:
    http, grpc = find_free_ports(2)
    environment = home.environment(home=home.path / "empty", http_port=http, grpc_port=grpc)
    completed = subprocess.run(
        [sys.executable, "-m", "serving"],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert completed.returncode != 0
    assert "run `python -m training` first" in completed.stdout + completed.stderr
