"""`python -m monitoring drift`, run in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stores.dossiers.grouping import group_into_dossiers
from stores.raw_tables.tables import read_tables
from tests.conftest import ROOT
from tests.support.monitoring.drift_samples import (
    MODEL_VERSION,
    TRAINING_DOSSIERS_FILE,
    change_every,
    fit_champion,
    make_applicants,
    write_table,
)

STORE_CHAMPION = """
import sys, shutil
from pathlib import Path
from stores.settings import configure_libraries, get_settings
configure_libraries(get_settings())
import bentoml
from bentoml.models import ModelContext
from stores.models.bento_store import METADATA_PATH, TREES_PATH, set_champion_tag
tag, trees, metadata = sys.argv[1:]
context = ModelContext(framework_name="made-up", framework_versions={})
with bentoml.models.create(
    tag, module="made_up", context=context, signatures={},
    metadata={"version": tag, "run_id": "made-up"},
) as model:
    for source, name in ((trees, TREES_PATH), (metadata, METADATA_PATH)):
        path = Path(model.path) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path)
set_champion_tag(get_settings(), tag)
"""
"""Stores a champion as promotion does; in a process of its own, as BentoML has one home each."""


def run_python(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CREDIT_", "BENTOML_"))
    }
    return subprocess.run(
        [sys.executable, *arguments],
        env={**inherited, "CREDIT_HOME": str(home), "COLUMNS": "120"},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def run_drift(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_python(home, "-m", "monitoring", "drift", *arguments)


@pytest.fixture(scope="module")
def drift_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a champion, its training dossiers and an empty ledger."""
    path = tmp_path_factory.mktemp("home")
    clients = make_applicants(500, seed=11)
    trees, metadata = fit_champion(clients)
    trees_path, metadata_path = path / "trees.txt", path / "facts.json"
    trees_path.write_text(trees)
    metadata_path.write_text(metadata.model_dump_json())
    stored = run_python(
        path, "-c", STORE_CHAMPION, MODEL_VERSION, str(trees_path), str(metadata_path)
    )
    assert stored.returncode == 0, stored.stderr
    write_table(clients, path / "tables" / "application_train.parquet")
    tables = read_tables(path / "tables", cache=path)
    group_into_dossiers(tables, path / "dossiers" / TRAINING_DOSSIERS_FILE)
    return path


@pytest.mark.slow
def test_drift_is_printed_written_and_sets_the_exit_code(drift_home: Path, tmp_path: Path) -> None:
    change = change_every(2, AMT_CREDIT=2_000_000.0, EXT_SOURCE_2=None)
    current = make_applicants(400, seed=12, change=change)
    write_table(current, tmp_path / "now" / "application_test.parquet")
    result = run_drift(
        drift_home, "--reference", "train", "--current", str(tmp_path / "now"),
        "--out", str(tmp_path / "report"), "--fail-on-drift",
    )  # fmt: skip
    assert result.returncode == 2, result.stdout + result.stderr
    assert "2 of 120 application columns have drifted" in result.stdout
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "findings.json",
        "report.html",
    ]
    findings = json.loads((tmp_path / "report" / "findings.json").read_text())
    drifted = {column["column"] for column in findings["columns"] if column["drifted"]}
    assert {"AMT_CREDIT", "EXT_SOURCE_2"} == {name for name in drifted if name.isupper()}
    assert {"credit", "external_score_2"} < drifted
    assert findings["reference"]["source"] == f"training clients of {MODEL_VERSION}"


def test_an_empty_ledger_is_reported_and_nothing_is_written(
    drift_home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    result = run_drift(
        drift_home, "--reference", "train", "--current", "ledger", "--out", str(out)
    )
    assert result.returncode == 1
    assert "the ledger has no decision" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
    assert not out.exists()
