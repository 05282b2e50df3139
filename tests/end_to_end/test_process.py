"""What the serving process is made of, and what it survives."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import httpx
import psutil
import pytest

from loadtests.target import find_free_ports
from tests.support.services import ROOT, Home, run_service, wait_until_ready

WITHOUT = {"mlflow", "pandas", "polars", "pyarrow", "shap", "sklearn", "matplotlib", "evidently"}


def test_the_serving_process_imports_nothing_that_trains(home: Home) -> None:
    asked = "import service, sys; service.CreditScoring; print(*sys.modules)"
    environment = home.environment() | {"BENTOML_HOME": str(home.path / "bentoml")}
    done = subprocess.run(
        [sys.executable, "-c", asked],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert "lightgbm" in imported
    assert not imported & WITHOUT


@pytest.mark.slow
def test_a_decision_that_was_answered_survives_a_kill(private_home: Home) -> None:
    with run_service(private_home) as running, running.client() as api:
        client = api.get("/v1/clients", params={"limit": 1}).json()["clients"][0]
        decisions = [api.post("/predict", json={"client_id": client}).json() for _ in range(20)]
        for worker in psutil.Process(running.process.pid).children(recursive=True):
            with suppress(ProcessLookupError):  # it may have gone with its parent
                os.kill(worker.pid, signal.SIGKILL)
        time.sleep(0.5)  # the port must be given up before it is asked again
        wait_until_ready(running)
        for decision in decisions:
            found = httpx.get(f"{running.url}/v1/decisions/{decision['decision_id']}", timeout=30)
            assert found.json()["decision"] == decision


@pytest.mark.slow
def test_the_bento_answers_like_the_source_tree(private_home: Home) -> None:
    home = private_home
    home.run("serving.packaging.bento")
    dossier = {"application": {"AMT_CREDIT": 250_000, "EXT_SOURCE_2": 0.5}, "bureau": []}
    answers = []
    for arguments in ((), ("credit_scoring:latest",)):
        with run_service(home, *arguments) as running, running.client() as api:
            told = api.post("/simulate", json={"dossier": dossier}).raise_for_status().json()
            answers.append({k: v for k, v in told.items() if k != "decided_at"})
    assert answers[0] == answers[1]


def test_a_home_without_a_model_says_what_to_do(home: Home) -> None:
    http, grpc = find_free_ports(2)
    empty = home.environment(home=home.path / "empty", http_port=http, grpc_port=grpc)
    done = subprocess.run(
        [sys.executable, "-m", "serving"],
        env=empty, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "run `python -m training` first" in done.stdout + done.stderr
