"""Spark's executors write the same bytes as the local engine.

The session's workers start where this package cannot be imported: they use what the session sends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import polars as pl
import pytest

from batch.local import score_file
from batch.spark import score_in_session
from credit.errors import InvalidTables
from credit.policy import Policy
from credit.schema import HISTORIES
from credit.scorer import Scorer
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.dossiers.spark_session import find_missing_requirement
from stores.raw_tables.tables import Tables, read_tables
from tests.conftest import ROOT, STARTS_SOONER
from tests.support.random_dossiers import make_random_dossiers
from tests.support.table_folders import make_table_frame, make_table_frames, write_table_file

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

TEST = "application_test"
CLIENT_COUNT = 150

SCORE_CODE = """
import sys
from datetime import date
from pathlib import Path
sys.path.insert(0, sys.argv[1])  # workers do not inherit it
from rich.console import Console
from batch.spark import score_tables
from credit.policy import load_policy
from credit.scorer import ModelMetadata, Scorer
from stores.progress import ProgressReporter
from stores.raw_tables.tables import read_tables
from stores.settings import get_settings
folder, out, model, table = map(Path, sys.argv[2:])
settings = get_settings()
scorer = Scorer(
    (model / "trees").read_text(),
    ModelMetadata.model_validate_json((model / "metadata").read_text()),
    version="credit-scorer:test",
)
count = score_tables(
    settings, read_tables(folder, application=table.name, cache=settings.cache_folder), out,
    scorer=scorer, policy=load_policy(date(2026, 6, 1)), with_contributions=False,
    progress=ProgressReporter(Console()),
)
print(count, "scored")
"""
"""Scores in a session of its own, as the command does."""


class ScoringArguments(TypedDict):
    """The model and the policy to score with."""

    scorer: Scorer
    policy: Policy


@pytest.fixture
def arguments(scorer: Scorer, policy: Policy) -> ScoringArguments:
    return ScoringArguments(scorer=scorer, policy=policy)


def write_and_read(path: Path, frames: Mapping[str, pl.DataFrame]) -> Tables:
    """Write tables in files of different formats, and read the folder."""
    path.mkdir(exist_ok=True)
    extensions = (".csv", ".parquet", ".csv.gz")
    for index, (name, rows) in enumerate(frames.items()):
        write_table_file(path / f"{name}{extensions[index % len(extensions)]}", rows)
    return read_tables(path, application=TEST, cache=path / "cache")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Make clients with and without applicable rules, and histories of unknown clients."""
    people = make_random_dossiers(CLIENT_COUNT, seed=43, complete=True)
    for index, form in enumerate(person["application"] for person in people):
        form["DAYS_BIRTH"] = [-6_574, -6_575, None, -9_000][index % 4]
        form["AMT_ANNUITY"] = [form["AMT_INCOME_TOTAL"], 1.0, None, 1e9][index // 4 % 4]
    frames = make_table_frames(people, application=TEST)
    frames[TEST] = frames[TEST][::-1][: CLIENT_COUNT - 20]
    return write_and_read(tmp_path_factory.mktemp("tables"), frames)


def make_forms(count: int) -> pl.DataFrame:
    """Make applications without histories."""
    return make_table_frames(make_random_dossiers(count, seed=45), application=TEST)[TEST]


def score_locally(
    tables: Tables, out: Path, arguments: ScoringArguments, *, with_contributions: bool = False
) -> Path:
    group_into_dossiers(tables, out.with_suffix(".dossiers"))
    file = DossierFile(out.with_suffix(".dossiers"))
    score_file(
        file, out, **arguments, with_contributions=with_contributions, advance=lambda _: None
    )
    return out


def test_both_engines_write_the_same_bytes(
    session: SparkSession, tmp_path: Path, tables: Tables, arguments: ScoringArguments
) -> None:
    out, progress = tmp_path / "new" / "folder" / "spark.parquet", list[int]()
    count = score_in_session(
        session, tables, out, **arguments, with_contributions=False, advance=progress.append
    )
    local_path = score_locally(tables, tmp_path / "local.parquet", arguments)
    assert out.read_bytes() == local_path.read_bytes()
    rows = pl.read_parquet(out)
    assert count == len(rows) == CLIENT_COUNT - 20
    assert set(rows["outcome"]) == {"approve", "refer", "decline"}
    assert sum(progress) == 100
    assert list(out.parent.iterdir()) == [out]


def test_absent_and_empty_histories_are_scored_and_explained_alike(
    session: SparkSession, tmp_path: Path, arguments: ScoringArguments
) -> None:
    frames = make_table_frames(make_random_dossiers(30, seed=44, complete=True), application=TEST)
    del frames["bureau"], frames["credit_card_balance"]
    frames["POS_CASH_balance"] = make_table_frame(HISTORIES["POS_CASH_balance"], [])
    tables = write_and_read(tmp_path, frames)
    out = tmp_path / "spark.parquet"
    score_in_session(
        session, tables, out, **arguments, with_contributions=True, advance=lambda _: None
    )
    local_path = score_locally(
        tables, tmp_path / "local.parquet", arguments, with_contributions=True
    )
    assert out.read_bytes() == local_path.read_bytes()


@pytest.fixture
def small_batch_session(
    session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SparkSession]:
    """Limit the session to 7 clients per batch and 20 per partition."""
    name = "spark.sql.execution.arrow.maxRecordsPerBatch"
    original_value = session.conf.get(name) or ""
    monkeypatch.setattr("stores.dossiers.spark.CLIENTS_PER_PARTITION", 20)
    session.conf.set(name, "7")
    yield session
    session.conf.set(name, original_value)


def test_partition_and_batch_sizes_do_not_change_the_scores(
    small_batch_session: SparkSession,
    tmp_path: Path,
    tables: Tables,
    arguments: ScoringArguments,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    local_path = score_locally(
        tables, tmp_path / "local.parquet", arguments, with_contributions=True
    )
    monkeypatch.setattr("stores.dossiers.grouping.CLIENTS_PER_SLICE", 48)
    out = tmp_path / "spark.parquet"
    score_in_session(
        small_batch_session,
        tables,
        out,
        **arguments,
        with_contributions=True,
        advance=lambda _: None,
    )
    assert small_batch_session.conf.get("spark.sql.shuffle.partitions") == "7"
    assert pl.read_parquet(out).equals(pl.read_parquet(local_path))


def test_an_executor_failure_is_raised_and_leaves_the_previous_file(
    session: SparkSession, tmp_path: Path, arguments: ScoringArguments
) -> None:
    from pyspark.errors import PySparkException  # noqa: PLC0415 -- an optional dependency

    tables = write_and_read(tmp_path / "tables", {TEST: make_forms(9)})
    out = tmp_path / "out" / "out.parquet"
    out.parent.mkdir()
    out.write_text("previous content")
    scorer = arguments["scorer"]
    wrong_scorer = Scorer(scorer.model_text, scorer.metadata, version="broken")
    wrong_scorer.metadata = scorer.metadata.model_copy(
        update={"features": scorer.metadata.features[:-1]}
    )
    arguments["scorer"] = wrong_scorer
    with pytest.raises(PySparkException, match="ModelMismatch"):
        score_in_session(
            session, tables, out, **arguments, with_contributions=False, advance=lambda _: None
        )
    assert out.read_text() == "previous content"
    assert list(out.parent.iterdir()) == [out]


def test_tables_without_applications_are_a_fault(
    session: SparkSession, tmp_path: Path, arguments: ScoringArguments
) -> None:
    tables = write_and_read(tmp_path, {TEST: make_forms(1).clear()})
    out = tmp_path / "out.parquet"
    with pytest.raises(InvalidTables, match="at least one row"):
        score_in_session(
            session, tables, out, **arguments, with_contributions=False, advance=lambda _: None
        )


def run_python(
    folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CREDIT_", "BENTOML_", "PYTHONPATH"))
    }
    return subprocess.run(
        [sys.executable, *arguments], env=inherited | environment, cwd=folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_new_session_scores_from_any_folder_and_logs_nothing(
    tmp_path: Path, arguments: ScoringArguments
) -> None:
    if missing := find_missing_requirement():
        pytest.skip(missing)
    tables = write_and_read(tmp_path / "tables", {TEST: make_forms(30)})
    (tmp_path / "trees").write_text(arguments["scorer"].model_text)
    (tmp_path / "metadata").write_text(arguments["scorer"].metadata.model_dump_json())
    work = tmp_path / "work"
    work.mkdir()
    process = run_python(
        work, "-c", SCORE_CODE, str(ROOT), str(tables.folder), "spark.parquet", str(tmp_path),
        TEST,
        CREDIT_HOME=str(tmp_path / "home"), CREDIT_SPARK_MASTER="local[1]",
        CREDIT_SPARK_CONF=json.dumps(STARTS_SOONER),
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr
    assert "30 scored" in process.stdout
    # The JVM warns about an incubator module that Spark uses.
    log_lines = [line for line in process.stderr.splitlines() if "incubator" not in line]
    assert log_lines == []
    local_path = score_locally(tables, tmp_path / "local.parquet", arguments)
    assert (work / "spark.parquet").read_bytes() == local_path.read_bytes()
    assert list(work.iterdir()) == [work / "spark.parquet"]


def test_the_command_reports_missing_java_before_it_reads_anything(tmp_path: Path) -> None:
    process = run_python(
        ROOT, "-m", "batch", "--engine", "spark", "--data", str(tmp_path),
        "--out", str(tmp_path / "out.parquet"),
        CREDIT_HOME=str(tmp_path / "home"), PATH=str(tmp_path), JAVA_HOME="", COLUMNS="200",
    )  # fmt: skip
    assert process.returncode == 1
    assert process.stdout.startswith(
        "the engine spark needs Java and none is on the PATH: install"
    )
    assert process.stderr == ""
    assert not (tmp_path / "out.parquet").exists()
