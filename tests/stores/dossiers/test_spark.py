"""Spark groups tables into the dossiers that this machine makes of them, and leaves nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from credit.errors import InvalidTables
from credit.features import COLUMNS, CategoryEncoder, build
from credit.schema import HISTORIES
from stores.dossiers.grouping import GroupingSummary, group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.dossiers.spark import group_into_dossiers_with_spark as group_on_many
from stores.dossiers.spark import materialise_frame
from stores.dossiers.spark_session import SparkUnavailable, open_spark_session, require_spark
from stores.raw_tables.tables import Tables, read_tables
from stores.settings import Settings
from tests.conftest import STARTS_SOONER
from tests.support.bit_equality import is_bit_identical
from tests.support.example_dossiers import Row
from tests.support.random_dossiers import make_random_dossiers
from tests.support.table_folders import (
    TRAIN_TABLE,
    make_table_frame,
    make_table_frames,
    write_table_file,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PEOPLE = 120
LABELS = (np.arange(PEOPLE) % 3 == 0).astype(np.int8)
ENDINGS = (".parquet", ".csv", ".csv.gz", ".csv.zip")
ABSENT = "credit_card_balance"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Files of every ending, one history absent, rows of others, months of unknown credits."""
    folder = tmp_path_factory.mktemp("tables")
    told = make_table_frames(make_random_dossiers(PEOPLE, seed=17, complete=True), labels=LABELS)
    del told[ABSENT]
    others: list[Row] = [
        {"SK_ID_CURR": None, "SK_ID_BUREAU": 10**6},
        {"SK_ID_CURR": 999, "SK_ID_BUREAU": 10**6 + 1},
    ]
    told["bureau"] = pl.concat([make_table_frame(HISTORIES["bureau"], others), told["bureau"]])
    for place, (name, rows) in enumerate(told.items()):
        write_table_file(folder / f"{name}{ENDINGS[place % len(ENDINGS)]}", rows)
    return read_tables(folder, labelled=True, cache=folder / "cache")


@pytest.fixture(scope="module")
def locally(tables: Tables) -> tuple[DossierFile, GroupingSummary]:
    out = tables.folder / "local.parquet"
    grouping = group_into_dossiers(tables, out)
    return DossierFile(out), grouping


@pytest.fixture(scope="module")
def advanced() -> list[int]:
    """What was told while Spark worked."""
    return []


@pytest.fixture(scope="module")
def on_spark(
    session: SparkSession, tables: Tables, advanced: list[int]
) -> tuple[DossierFile, GroupingSummary]:
    out = tables.folder / "spark" / "dossiers.parquet"
    grouping = group_on_many(session, tables, out, advanced.append)
    return DossierFile(out), grouping


def content(file: DossierFile) -> dict[str, list[str]]:
    """Every column, one text a client; the rows of a history in an order of their own.

    Python writes a float so that no other reads the same.
    """
    rows = pl.read_parquet(file.path)
    told = {name: [repr(cell) for cell in rows[name]] for name in rows.columns if "." not in name}
    for history in sorted({name.partition(".")[0] for name in rows.columns if "." in name}):
        names = sorted(name for name in rows.columns if name.startswith(f"{history}."))
        lists = rows.select(names).iter_rows()
        told[f"{history}: {names}"] = [str(sorted(map(repr, _rows(cells)))) for cells in lists]
    return told


def _rows(cells: tuple[list[object] | None, ...]) -> list[tuple[object, ...]]:
    return list(zip(*(column or () for column in cells), strict=True))


def test_the_tables_are_cut_as_they_should_be_to_tell_anything(
    locally: tuple[DossierFile, GroupingSummary],
) -> None:
    file, grouping = locally
    assert file.absent_histories == (ABSENT,)
    assert grouping.dropped_rows["bureau"] == 2
    assert grouping.dropped_rows["bureau_balance"] > 0
    lists = pl.read_parquet(file.path)["bureau.SK_ID_BUREAU"]
    assert lists.null_count() + (lists.list.len() == 0).sum() > 0


def test_spark_makes_the_dossiers_that_this_machine_makes(
    locally: tuple[DossierFile, GroupingSummary], on_spark: tuple[DossierFile, GroupingSummary]
) -> None:
    (here, local), (there, many) = locally, on_spark
    assert many == local
    assert content(there) == content(here)


def test_training_on_them_sees_the_same_clients_in_the_same_order(
    locally: tuple[DossierFile, GroupingSummary],
    on_spark: tuple[DossierFile, GroupingSummary],
    categories: CategoryEncoder,
) -> None:
    (here, _), (there, _) = locally, on_spark
    assert there.absent_histories == here.absent_histories
    assert there.client_ids.tolist() == here.client_ids.tolist() == sorted(here.client_ids)
    assert there.labels.tolist() == here.labels.tolist() == LABELS.tolist()
    assert there.read_column("CODE_GENDER") == here.read_column("CODE_GENDER")
    for one, other in zip(here.iter_batches(COLUMNS), there.iter_batches(COLUMNS), strict=True):
        assert is_bit_identical(build(one, categories), build(other, categories))


def test_months_without_the_file_of_their_credits_are_left_out_by_both(
    session: SparkSession, tmp_path: Path
) -> None:
    told = make_table_frames(make_random_dossiers(5, seed=2, complete=True))
    for name in (TRAIN_TABLE, "bureau_balance"):
        write_table_file(tmp_path / f"{name}.parquet", told[name])
    tables = read_tables(tmp_path, cache=tmp_path / "cache")
    local = group_into_dossiers(tables, tmp_path / "local.parquet")
    assert group_on_many(session, tables, tmp_path / "spark.parquet", lambda _: None) == local
    here, there = (DossierFile(tmp_path / f"{name}.parquet") for name in ("local", "spark"))
    assert content(there) == content(here)
    assert set(there.absent_histories) == set(HISTORIES)


def test_progress_is_told_in_hundredths(
    on_spark: tuple[DossierFile, GroupingSummary], advanced: list[int]
) -> None:
    del on_spark
    assert sum(advanced) == 100
    assert min(advanced) >= 0


def test_nothing_is_left_beside_the_dossiers(
    on_spark: tuple[DossierFile, GroupingSummary],
) -> None:
    file, _ = on_spark
    assert list(file.path.parent.iterdir()) == [file.path]


def test_nothing_is_left_of_what_fails(session: SparkSession, tmp_path: Path) -> None:
    from pyspark.errors import PySparkException  # noqa: PLC0415 -- an optional dependency
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 -- as everybody calls it

    broken = session.range(0, 3, 1, 1).select(
        F.raise_error(F.lit("this executor broke")).alias("cell")
    )
    with (
        pytest.raises(PySparkException, match="this executor broke"),
        materialise_frame(session, broken, tmp_path / "out.parquet", lambda _: None),
    ):
        pytest.fail("there is nothing to read")
    assert list(tmp_path.iterdir()) == []


def test_nobody_is_a_fault_of_the_tables(session: SparkSession, tmp_path: Path) -> None:
    nobody = make_table_frames(make_random_dossiers(1, seed=2, complete=True))[TRAIN_TABLE].clear()
    write_table_file(tmp_path / f"{TRAIN_TABLE}.parquet", nobody)
    tables = read_tables(tmp_path, cache=tmp_path / "cache")
    with pytest.raises(InvalidTables, match="at least one row"):
        group_on_many(session, tables, tmp_path / "out.parquet", lambda _: None)


def test_the_settings_say_where_spark_runs_and_how(session: SparkSession) -> None:
    assert session.sparkContext.master == "local[2]"
    held = dict(session.sparkContext.getConf().getAll())
    assert held.items() >= STARTS_SOONER.items()


def test_executors_import_the_package_that_was_sent_to_them(session: SparkSession) -> None:
    sent = ["credit.features", "stores.dossiers.arrow", "batch.scoring"]
    files = session.sparkContext.parallelize(sent).map(import_module).map(attrgetter("__file__"))
    assert all("pret_a_depenser.zip" in file for file in files.collect())


def test_executors_need_none_of_the_engines_libraries(session: SparkSession) -> None:
    scoring = session.sparkContext.parallelize(["batch.scoring"]).map(import_module)
    # A lambda travels as it is; the functions of this module could not be imported there.
    [loaded] = scoring.map(lambda _: sorted(sys.modules)).collect()
    assert "batch.scoring" in loaded
    assert not {"bentoml", "mlflow", "polars", "pydantic_settings", "typer"} & set(loaded)


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only folder on the PATH, and empty."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def java_that_says(words: str, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\necho '{words}' >&2\n")
    place.chmod(0o755)


def no_pyspark(_: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sys.modules, "pyspark", None)


def nowhere(_: Path, __: pytest.MonkeyPatch) -> None:
    """As `no_java` leaves it."""


def elsewhere(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("JAVA_HOME", str(folder / "jdk"))


def too_old(folder: Path, _: pytest.MonkeyPatch) -> None:
    java_that_says('openjdk version "11.0.2" 2019-01-15', folder / "java")


def older_still(folder: Path, patch: pytest.MonkeyPatch) -> None:
    java_that_says('java version "1.8.0_202"', folder / "jdk" / "bin" / "java")
    patch.setenv("JAVA_HOME", str(folder / "jdk"))


def another_program(folder: Path, _: pytest.MonkeyPatch) -> None:
    java_that_says("coffee", folder / "java")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (no_pyspark, r"needs PySpark: pip install 'pret-a-depenser\[spark\]'"),
        (nowhere, "needs Java and none is on the PATH: install Java 17 or newer, such as"),
        (elsewhere, "needs Java and none is in .*jdk, which JAVA_HOME names: install Java 17"),
        (too_old, "needs Java 17 and .*java is Java 11: install"),
        (older_still, "needs Java 17 and .*jdk/bin/java is Java 1: install"),
        (another_program, "needs Java 17 and .*java is no version of Java: install"),
    ],
)
def test_what_is_missing_is_told_before_anything_starts(
    no_java: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: Callable[[Path, pytest.MonkeyPatch], None],
    told: str,
) -> None:
    given(no_java, monkeypatch)
    with pytest.raises(SparkUnavailable, match=told):
        require_spark()
    with (
        pytest.raises(SparkUnavailable, match=told),
        open_spark_session(Settings(home=no_java / "home")),
    ):
        pytest.fail("it cannot have started")
    assert not (no_java / "home").exists()


@pytest.mark.parametrize("words", ['openjdk version "17.0.15" 2025-04-15', 'java version "25"'])
def test_java_that_is_new_enough_will_do(no_java: Path, words: str) -> None:
    pytest.importorskip("pyspark", reason="PySpark is absent")
    java_that_says(words, no_java / "java")
    require_spark()
