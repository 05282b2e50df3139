"""`python -m monitoring drift` as it is called, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from credit.scorer import ModelMetadata
from stores.dossiers.grouping import group_into_dossiers
from stores.raw_tables.tables import read_tables
from tests.conftest import ROOT
from tests.monitoring.made import TRAINING, VERSION, applicants, every, write_table
from tests.support.example_dossiers import Dossier

KEEP = """
import sys, shutil
from pathlib import Path
from stores.settings import direct_libraries, settings
direct_libraries(settings())
import bentoml
from bentoml.models import ModelContext
from stores.models.bento_store import FACTS, TREES, name_champion
where, (tag, trees, facts) = settings(), sys.argv[1:]
made = ModelContext(framework_name="made-up", framework_versions={})
with bentoml.models.create(
    tag, module="made_up", context=made, signatures={},
    metadata={"version": tag, "run_id": "made-up"},
) as kept:
    for source, name in ((trees, TREES), (facts, FACTS)):
        place = Path(kept.path) / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)
name_champion(where, tag)
"""
"""Keeps a champion as promotion would. BentoML knows one home a process."""


def python(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CREDIT_", "BENTOML_"))}
    return subprocess.run(
        [sys.executable, *arguments],
        env={**kept, "CREDIT_HOME": str(home), "COLUMNS": "120"},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def drift(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(home, "-m", "monitoring", "drift", *arguments)


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, model: tuple[str, ModelMetadata], then: list[Dossier]
) -> Path:
    """A home with a champion, its training dossiers, and nothing decided."""
    path = tmp_path_factory.mktemp("home")
    trees, facts = model
    (path / "trees.txt").write_text(trees)
    (path / "facts.json").write_text(facts.model_dump_json())
    done = python(path, "-c", KEEP, VERSION, str(path / "trees.txt"), str(path / "facts.json"))
    assert done.returncode == 0, done.stderr
    write_table(then, path / "tables" / "application_train.parquet")
    group_into_dossiers(read_tables(path / "tables", cache=path), path / "dossiers" / TRAINING)
    return path


@pytest.mark.slow
def test_drift_is_told_written_and_answered_by_the_exit_code(home: Path, tmp_path: Path) -> None:
    now = applicants(400, seed=12, change=every(2, AMT_CREDIT=2_000_000.0, EXT_SOURCE_2=None))
    write_table(now, tmp_path / "now" / "application_test.parquet")
    told = drift(
        home, "--reference", "train", "--current", str(tmp_path / "now"),
        "--out", str(tmp_path / "report"), "--fail-on-drift",
    )  # fmt: skip
    assert told.returncode == 2, told.stdout + told.stderr
    assert "2 of 120 application columns have drifted" in told.stdout
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "findings.json",
        "report.html",
    ]
    findings = json.loads((tmp_path / "report" / "findings.json").read_text())
    drifted = {c["column"] for c in findings["columns"] if c["drifted"]}
    assert {"AMT_CREDIT", "EXT_SOURCE_2"} == {name for name in drifted if name.isupper()}
    assert {"credit", "external_score_2"} < drifted
    assert findings["reference"]["source"] == f"training clients of {VERSION}"


def test_an_empty_ledger_is_said_to_be_and_nothing_is_written(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    told = drift(home, "--reference", "train", "--current", "ledger", "--out", str(out))
    assert told.returncode == 1
    assert "the ledger holds no decision" in told.stdout
    assert "Traceback" not in told.stdout + told.stderr
    assert not out.exists()
