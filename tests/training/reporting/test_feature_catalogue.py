"""Test that docs/features.md agrees with the declarations."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from credit.features import CATALOGUE
from tests.training.conftest import Laboratory
from training.pipeline import TrainingOutcome
from training.reporting.feature_catalogue.table import (
    CATALOGUE_COMMAND,
    CATALOGUE_PAGE,
    CHAMPION_CATALOGUE_COMMAND,
    IMPORTANCES_FILE,
    FeatureImportances,
    build_feature_table,
)


def stored() -> FeatureImportances:
    return FeatureImportances.model_validate_json(IMPORTANCES_FILE.read_text())


def test_the_feature_table_is_up_to_date() -> None:
    assert CATALOGUE_PAGE.read_text() == build_feature_table(stored()), (
        f"run `{CATALOGUE_COMMAND}` and commit {CATALOGUE_PAGE.name}"
    )


def test_importances_are_those_of_a_model_that_is_named() -> None:
    results = build_feature_table(FeatureImportances(model="40 clients", importance={"age": 0.25}))
    rows = [line for line in results.splitlines() if line.startswith("| `")]
    assert {row.split("`")[1]: row.split("|")[-2].strip() for row in rows} == {
        name: "0.2500" if name == "age" else "–" for name in CATALOGUE
    }
    assert "a model of 40 clients" in results
    assert CHAMPION_CATALOGUE_COMMAND in results


def of_champion(home: Path) -> subprocess.CompletedProcess[str]:
    stored = {k: v for k, v in os.environ.items() if not k.startswith(("CREDIT_", "BENTOML_"))}
    return subprocess.run(
        [sys.executable, *CHAMPION_CATALOGUE_COMMAND.split()[1:]],
        env={**stored, "CREDIT_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_importances_of_the_champion_are_written_to_its_reports(
    laboratory: Laboratory, first: TrainingOutcome
) -> None:
    assert first.blocking_codes == ()
    done = of_champion(laboratory.settings.home)
    assert done.returncode == 0, done.stdout + done.stderr
    results = Path(done.stdout.strip()).read_text()
    assert "| risk | importance |" in results
    assert f"a model of {stored().model}" not in results


def test_without_a_champion_there_are_no_importances_to_write(tmp_path: Path) -> None:
    done = of_champion(tmp_path)
    assert done.returncode == 1
    assert "no model serves" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_every_feature_is_listed_once() -> None:
    lines = CATALOGUE_PAGE.read_text().splitlines()
    results = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert sorted(results) == sorted(CATALOGUE)


def test_importances_are_stored_only_for_a_named_model() -> None:
    before = IMPORTANCES_FILE.read_bytes()
    done = subprocess.run(
        [sys.executable, *CATALOGUE_COMMAND.split()[1:], "--keep"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "which names the model" in done.stderr
    assert IMPORTANCES_FILE.read_bytes() == before
