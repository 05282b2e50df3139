"""What the README and the guides tell a reader to type is typed here, or runs in CI."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from loadtests.target import find_free_ports
from stores.settings import Settings
from tests.support.services import ROOT, TIMEOUT_SECONDS, Home, RunningService

README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

IN_CI = {"make check", "make slow", "make faults", "make bento"}
"""What `.ci/run` types; of the first, `make test` is a part."""


def commands() -> set[str]:
    """Every line that a reader is shown behind a `$`."""
    shown = (
        re.findall(r"^\$ (.+)$", document.read_text(), re.MULTILINE) for document in DOCUMENTS
    )
    return {line for lines in shown for line in lines}


def answered(call: str) -> Any:
    """The JSON that the README shows under a call."""
    block = re.search(rf"\$ {re.escape(call)}\n```\n\n```json\n(.+?)\n```", README, re.DOTALL)
    assert block, f"no answer is shown under {call}"
    return json.loads(block[1])


CALLS = sorted(line for line in commands() if line.startswith("curl"))
TYPED = {
    "make demo",
    "make train",
    "make train DATA=data",
    "make score DATA=data OUT=scored.parquet",
    "make drift CURRENT=data",
    ".venv/bin/python -m training.reporting.feature_catalogue",
    ".venv/bin/python -m tests.credit.features.test_golden",
}
"""What is typed below; the last two, in `tests/test_tutorial.py`."""


def test_every_command_that_a_reader_is_shown_is_run() -> None:
    assert CALLS
    assert commands() - set(CALLS) <= TYPED | IN_CI | {"make test"}
    gate = (ROOT / ".ci" / "run").read_text()
    assert all(command in gate for command in IN_CI)


@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_answered_as_shown(call: str, service: RunningService) -> None:
    typed = [word.replace("localhost:3000", service.url) for word in shlex.split(call)]
    done = subprocess.run(typed, capture_output=True, text=True, check=True)
    told, shown = json.loads(done.stdout), answered(call)
    assert shape(told) == shape(shown)
    if "error" in shown:
        assert told == shown
    else:
        assert told["client_id"] == shown["client_id"]


def shape(answer: Any) -> Any:
    """The keys and kinds of an answer: another model answers other numbers."""
    if isinstance(answer, dict):
        return {key: shape(value) for key, value in answer.items()}
    return type(answer).__name__


def test_the_settings_that_are_told_are_those_there_are() -> None:
    told = set(re.findall(r"^\| `(CREDIT_[A-Z_]+)` \|", README, re.MULTILINE))
    assert told == {f"CREDIT_{name.upper()}" for name in Settings.model_fields}


def test_the_files_a_reader_is_sent_to_are_there() -> None:
    table = README[README.index("## Where to look") : README.index("## What it is not")]
    files = re.findall(r"`([\w./-]+/[\w.-]*)`", table)
    assert files
    assert [file for file in files if not (ROOT / file).exists()] == []


def make(home: Home, *arguments: str, **settings: object) -> subprocess.Popen[str]:
    """A target on a home; what is installed stays as it is."""
    return subprocess.Popen(
        ["make", "-o", ".venv/full", *arguments],
        env=home.environment(**settings), cwd=ROOT, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_a_folder_is_scored_and_its_drift_told(home: Home, tmp_path: Path) -> None:
    data, scored, report = home.tables, tmp_path / "scored.parquet", tmp_path / "drift"
    scoring = make(home, "score", f"DATA={data}", f"OUT={scored}")
    told, _ = scoring.communicate()
    assert scoring.returncode == 0, told
    assert scored.exists()
    drifting = make(home, "drift", f"CURRENT={data}", f"OUT={report}")
    told, _ = drifting.communicate()
    assert drifting.returncode == 0, told
    assert (report / "findings.json").exists(), told
    assert (report / "report.html").exists()


def test_train_is_the_command_that_made_the_model_of_these_tests() -> None:
    for typed, run in (
        ("make train", "training"),
        ("make train DATA=data", "training --data data"),
    ):
        planned = subprocess.run(
            [*shlex.split(typed), "-n", "--no-print-directory", "-o", ".venv/full"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert planned.stdout.split() == [".venv/bin/python", "-m", *run.split()]


@pytest.mark.slow
def test_the_demo_opens_its_doors_and_closes_them(private_home: Home) -> None:
    api, grpc, page = find_free_ports(3)
    demo = make(private_home, "demo", http_port=api, grpc_port=grpc, ui_port=page)
    try:
        for door in (f"http://127.0.0.1:{api}/readyz", f"http://127.0.0.1:{page}/healthz"):
            wait_for(door, demo)
        asked = {"client_id": 100_001}
        assert httpx.post(f"http://127.0.0.1:{api}/predict", json=asked, timeout=60).is_success
    finally:
        os.killpg(demo.pid, signal.SIGINT)
        told, _ = demo.communicate(timeout=TIMEOUT_SECONDS)
    assert "Stopped." in told
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{api}/readyz")


def wait_for(door: str, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, "the demo ended"
        try:
            if httpx.get(door, timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"{door} does not open")
