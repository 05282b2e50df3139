"""docs/features.md says what the declarations say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from credit.features import CATALOGUE
from tests.training.conftest import Laboratory
from training.catalogue import COMMAND, PAGE, WITH_MODEL, feature_table
from training.run import Trained


def test_the_feature_table_is_up_to_date() -> None:
    assert PAGE.read_text() == feature_table(), f"run `{COMMAND}` and commit {PAGE.name}"


def test_importances_are_a_column_of_their_own() -> None:
    importance = dict.fromkeys(CATALOGUE, 0.25)
    for line in feature_table(importance).splitlines():
        assert not line.startswith("| `") or line.endswith("| 0.2500 |")
    assert WITH_MODEL in feature_table()


def of_champion(home: Path) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CREDIT_", "BENTOML_"))}
    return subprocess.run(
        [sys.executable, *WITH_MODEL.split()[1:]],
        env={**kept, "CREDIT_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_champion_s_importances_are_written_beside_its_reports(
    laboratory: Laboratory, first: Trained
) -> None:
    assert first.refused == ()
    done = of_champion(laboratory.where.home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| risk | importance |" in Path(done.stdout.strip()).read_text()
    assert "importance |" not in PAGE.read_text()


def test_without_a_champion_there_are_no_importances_to_write(tmp_path: Path) -> None:
    done = of_champion(tmp_path)
    assert done.returncode == 1
    assert "no model serves" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_every_feature_stands_in_it_once() -> None:
    lines = feature_table().splitlines()
    told = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert sorted(told) == sorted(CATALOGUE)
