"""python -m training, as people run it, when a gate refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.random_dossiers import make_random_dossiers
from tests.support.table_folders import make_table_frames, write_tables
from training.__main__ import REFUSED_EXIT_CODE


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    stored = {k: v for k, v in os.environ.items() if not k.startswith(("CREDIT_", "BENTOML_"))}
    return subprocess.run(
        [sys.executable, "-m", "training", *arguments],
        env={**stored, "CREDIT_HOME": str(home), "COLUMNS": "200"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_a_refused_model_ends_the_command_with_a_code_and_a_table(tmp_path: Path) -> None:
    people = make_random_dossiers(1_000, seed=8, complete=True)
    labels = (np.random.default_rng(9).random(1_000) < 0.1).astype(np.int8)
    write_tables(tmp_path / "tables", make_table_frames(people, labels=labels))
    home = tmp_path / "home"
    done = run(home, "--data", str(tmp_path / "tables"))
    assert done.returncode == REFUSED_EXIT_CODE, done.stdout + done.stderr
    assert "CRG102 Discrimination above chance" in done.stdout
    assert "what to do" in done.stdout
    assert "Check that TARGET belongs to these clients" in done.stdout
    assert "is refused by" in done.stdout
    assert not (home / "serving.json").exists()
    assert not (home / "clients.sqlite").exists()
    assert not list(home.glob("bentoml/models/*"))
    assert (home / "reports" / "report.html").exists()


def test_the_help_explains_what_happens_to_a_refused_model(tmp_path: Path) -> None:
    message = " ".join(run(tmp_path, "--help").stdout.split())
    assert "is not promoted" in message
    assert f"the command ends with code {REFUSED_EXIT_CODE}" in message
