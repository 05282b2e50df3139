"""Test that no run outlives the work that it records."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from stores.models.mlflow_registry import open_experiment
from stores.settings import Settings
from tests.support.services import ROOT, wait_until
from training.tracking.run_lifecycle import start_tracked_run

WORK_UNTIL_A_SIGNAL = """
import time
from pathlib import Path
from stores.models.mlflow_registry import open_experiment
from stores.settings import Settings
from training.tracking.run_lifecycle import start_tracked_run
with start_tracked_run(open_experiment(Settings(home=Path({home!r}))), "work"):
    print("started", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    tracked = mlflow.get_tracking_uri()
    yield tmp_path_factory.mktemp("runs")
    mlflow.set_tracking_uri(tracked)


@pytest.fixture
def experiment_id(home: Path) -> str:
    return open_experiment(Settings(home=home))


def get_last_run(experiment_id: str) -> Run:
    [run] = mlflow.MlflowClient().search_runs(
        [experiment_id], order_by=["attributes.start_time DESC"], max_results=1
    )
    return run


def test_a_run_is_open_during_the_work_and_finished_after_it(experiment_id: str) -> None:
    with start_tracked_run(experiment_id, "work") as run_id:
        assert mlflow.get_run(run_id).info.status == "RUNNING"
    run = mlflow.get_run(run_id)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "work")


def test_an_error_ends_the_run_as_failed_without_its_message(experiment_id: str) -> None:
    with (
        pytest.raises(ValueError, match="income of client 100001"),
        start_tracked_run(experiment_id, "work"),
    ):
        raise ValueError("income of client 100001")
    run = get_last_run(experiment_id)
    assert run.info.status == "FAILED"
    assert run.data.tags["failure"] == "ValueError"
    assert "100001" not in str(run.data.tags)


def test_an_interruption_ends_the_run_as_killed(experiment_id: str) -> None:
    with pytest.raises(KeyboardInterrupt), start_tracked_run(experiment_id, "work"):
        raise KeyboardInterrupt
    assert get_last_run(experiment_id).info.status == "KILLED"


def test_sigterm_does_what_it_did_before_once_the_run_is_over(experiment_id: str) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with start_tracked_run(experiment_id, "work"):
        pass
    assert signal.getsignal(signal.SIGTERM) is before


def start_work(home: Path) -> subprocess.Popen[str]:
    """Start a process with an open run."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORK_UNTIL_A_SIGNAL.format(home=str(home))],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    wait_until(lambda: process.stdout and process.stdout.readline() == "started\n", "no run")
    return process


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_terminated_process_leaves_a_killed_run(
    home: Path, experiment_id: str, number: signal.Signals
) -> None:
    process = start_work(home)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode != 0
    run = get_last_run(experiment_id)
    assert run.data.tags["process_id"] == str(process.pid)
    assert run.info.status == "KILLED"


@pytest.mark.slow
def test_the_run_of_a_process_that_was_killed_at_once_is_ended_by_the_next(
    home: Path, experiment_id: str
) -> None:
    process = start_work(home)
    run_id = get_last_run(experiment_id).info.run_id
    with start_tracked_run(experiment_id, "meanwhile"):
        assert mlflow.get_run(run_id).info.status == "RUNNING"
    process.kill()
    process.communicate(timeout=60)
    assert mlflow.get_run(run_id).info.status == "RUNNING"
    with start_tracked_run(experiment_id, "next"):
        assert mlflow.get_run(run_id).info.status == "KILLED"


def test_a_run_of_another_machine_stays_open(experiment_id: str) -> None:
    tags = {"host": f"not-{socket.gethostname()}", "process_id": str(os.getpid())}
    run = mlflow.MlflowClient().create_run(experiment_id, tags=tags)
    with start_tracked_run(experiment_id, "work"):
        assert mlflow.get_run(run.info.run_id).info.status == "RUNNING"
    mlflow.MlflowClient().set_terminated(run.info.run_id)
