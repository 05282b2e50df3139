"""Spark's executors score a folder as this machine does: the very bytes of the file are the same.

The session's workers start where this package cannot be imported: they score with what is sent.
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
PEOPLE = 150

ELSEWHERE = """
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
"""Scores by a session of its own, as the command does."""


class Judges(TypedDict):
    """Who scores, and by what policy."""

    scorer: Scorer
    policy: Policy


@pytest.fixture
def judges(scorer: Scorer, policy: Policy) -> Judges:
    return Judges(scorer=scorer, policy=policy)


def folder_of(path: Path, told: Mapping[str, pl.DataFrame]) -> Tables:
    """Tables in files of every ending, the next for each."""
    path.mkdir(exist_ok=True)
    endings = (".csv", ".parquet", ".csv.gz")
    for place, (name, rows) in enumerate(told.items()):
        write_table_file(path / f"{name}{endings[place % len(endings)]}", rows)
    return read_tables(path, application=TEST, cache=path / "cache")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Clients for whom rules hold and clients for whom none do, histories of others too."""
    people = make_random_dossiers(PEOPLE, seed=43, complete=True)
    for place, form in enumerate(person["application"] for person in people):
        form["DAYS_BIRTH"] = [-6_574, -6_575, None, -9_000][place % 4]
        form["AMT_ANNUITY"] = [form["AMT_INCOME_TOTAL"], 1.0, None, 1e9][place // 4 % 4]
    told = make_table_frames(people, application=TEST)
    told[TEST] = told[TEST][::-1][: PEOPLE - 20]
    return folder_of(tmp_path_factory.mktemp("tables"), told)


def forms_of(count: int) -> pl.DataFrame:
    """Clients of whom no history is known."""
    return make_table_frames(make_random_dossiers(count, seed=45), application=TEST)[TEST]


def locally(tables: Tables, out: Path, judges: Judges, *, explained: bool = False) -> Path:
    group_into_dossiers(tables, out.with_suffix(".dossiers"))
    file = DossierFile(out.with_suffix(".dossiers"))
    score_file(file, out, **judges, with_contributions=explained, advance=lambda _: None)
    return out


def test_both_engines_write_the_same_file_byte_for_byte(
    session: SparkSession, tmp_path: Path, tables: Tables, judges: Judges
) -> None:
    out, advanced = tmp_path / "new" / "folder" / "spark.parquet", list[int]()
    count = score_in_session(
        session, tables, out, **judges, with_contributions=False, advance=advanced.append
    )
    here = locally(tables, tmp_path / "local.parquet", judges)
    assert out.read_bytes() == here.read_bytes()
    rows = pl.read_parquet(out)
    assert count == len(rows) == PEOPLE - 20
    assert set(rows["outcome"]) == {"approve", "refer", "decline"}
    assert sum(advanced) == 100
    assert list(out.parent.iterdir()) == [out]


def test_absent_and_empty_histories_are_scored_and_explained_alike(
    session: SparkSession, tmp_path: Path, judges: Judges
) -> None:
    told = make_table_frames(make_random_dossiers(30, seed=44, complete=True), application=TEST)
    del told["bureau"], told["credit_card_balance"]
    told["POS_CASH_balance"] = make_table_frame(HISTORIES["POS_CASH_balance"], [])
    tables = folder_of(tmp_path, told)
    out = tmp_path / "spark.parquet"
    score_in_session(
        session, tables, out, **judges, with_contributions=True, advance=lambda _: None
    )
    here = locally(tables, tmp_path / "local.parquet", judges, explained=True)
    assert out.read_bytes() == here.read_bytes()


@pytest.fixture
def cut_small(session: SparkSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[SparkSession]:
    """A session that gives the kernel seven clients at once, of twenty in a partition."""
    name = "spark.sql.execution.arrow.maxRecordsPerBatch"
    usual = session.conf.get(name) or ""
    monkeypatch.setattr("stores.dossiers.spark.CLIENTS_PER_PARTITION", 20)
    session.conf.set(name, "7")
    yield session
    session.conf.set(name, usual)


def test_however_clients_are_cut_they_keep_their_answers(
    cut_small: SparkSession,
    tmp_path: Path,
    tables: Tables,
    judges: Judges,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = locally(tables, tmp_path / "local.parquet", judges, explained=True)
    monkeypatch.setattr("stores.dossiers.grouping.CLIENTS_PER_SLICE", 48)
    out = tmp_path / "spark.parquet"
    score_in_session(
        cut_small, tables, out, **judges, with_contributions=True, advance=lambda _: None
    )
    assert cut_small.conf.get("spark.sql.shuffle.partitions") == "7"
    assert pl.read_parquet(out).equals(pl.read_parquet(here))


def test_what_fails_on_an_executor_is_told_and_leaves_the_file_of_before(
    session: SparkSession, tmp_path: Path, judges: Judges
) -> None:
    from pyspark.errors import PySparkException  # noqa: PLC0415 -- an optional dependency

    tables = folder_of(tmp_path / "tables", {TEST: forms_of(9)})
    out = tmp_path / "out" / "out.parquet"
    out.parent.mkdir()
    out.write_text("of before")
    scorer = judges["scorer"]
    broken = Scorer(scorer.model_text, scorer.metadata, version="broken")
    broken.metadata = scorer.metadata.model_copy(
        update={"features": scorer.metadata.features[:-1]}
    )
    judges["scorer"] = broken
    with pytest.raises(PySparkException, match="ModelMismatch"):
        score_in_session(
            session, tables, out, **judges, with_contributions=False, advance=lambda _: None
        )
    assert out.read_text() == "of before"
    assert list(out.parent.iterdir()) == [out]


def test_nobody_to_score_is_told_as_a_fault_of_the_tables(
    session: SparkSession, tmp_path: Path, judges: Judges
) -> None:
    tables = folder_of(tmp_path, {TEST: forms_of(1).clear()})
    out = tmp_path / "out.parquet"
    with pytest.raises(InvalidTables, match="at least one row"):
        score_in_session(
            session, tables, out, **judges, with_contributions=False, advance=lambda _: None
        )


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: said
        for name, said in os.environ.items()
        if not name.startswith(("CREDIT_", "BENTOML_", "PYTHONPATH"))
    }
    return subprocess.run(
        [sys.executable, *arguments], env=kept | environment, cwd=folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_session_of_its_own_scores_from_any_folder_and_says_no_more_than_it_must(
    tmp_path: Path, judges: Judges
) -> None:
    if missing := find_missing_requirement():
        pytest.skip(missing)
    tables = folder_of(tmp_path / "tables", {TEST: forms_of(30)})
    (tmp_path / "trees").write_text(judges["scorer"].model_text)
    (tmp_path / "metadata").write_text(judges["scorer"].metadata.model_dump_json())
    work = tmp_path / "work"
    work.mkdir()
    done = run(
        work, "-c", ELSEWHERE, str(ROOT), str(tables.folder), "spark.parquet", str(tmp_path), TEST,
        CREDIT_HOME=str(tmp_path / "home"), CREDIT_SPARK_MASTER="local[1]",
        CREDIT_SPARK_CONF=json.dumps(STARTS_SOONER),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 scored" in done.stdout
    # The virtual machine's own, of a module that Spark asks for.
    said = [line for line in done.stderr.splitlines() if "incubator" not in line]
    assert said == []
    here = locally(tables, tmp_path / "local.parquet", judges)
    assert (work / "spark.parquet").read_bytes() == here.read_bytes()
    assert list(work.iterdir()) == [work / "spark.parquet"]


def test_the_command_says_what_spark_lacks_before_it_looks_at_anything(tmp_path: Path) -> None:
    done = run(
        ROOT, "-m", "batch", "--engine", "spark", "--data", str(tmp_path),
        "--out", str(tmp_path / "out.parquet"),
        CREDIT_HOME=str(tmp_path / "home"), PATH=str(tmp_path), JAVA_HOME="", COLUMNS="200",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.startswith("the engine spark needs Java and none is on the PATH: install")
    assert done.stderr == ""
    assert not (tmp_path / "out.parquet").exists()
