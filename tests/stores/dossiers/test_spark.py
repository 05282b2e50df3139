"""Spark groups tables into the same dossiers as the local engine, and leaves no files behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from credit.errors import InvalidTables
from credit.features import COLUMNS, FittedFeatures, build
from credit.schema import HISTORIES
from stores.dossiers.grouping import GroupingSummary, group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.dossiers.spark import group_into_dossiers_with_spark, materialise_frame
from stores.raw_tables.tables import Tables, read_tables
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

CLIENT_COUNT = 120
LABELS = (np.arange(CLIENT_COUNT) % 3 == 0).astype(np.int8)
EXTENSIONS = (".parquet", ".csv", ".csv.gz", ".csv.zip")
ABSENT_HISTORY = "credit_card_balance"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Write files of every format: one history absent, rows of unknown clients and credits."""
    folder = tmp_path_factory.mktemp("tables")
    frames = make_table_frames(
        make_random_dossiers(CLIENT_COUNT, seed=17, complete=True), labels=LABELS
    )
    del frames[ABSENT_HISTORY]
    unknown_clients: list[Row] = [
        {"SK_ID_CURR": None, "SK_ID_BUREAU": 10**6},
        {"SK_ID_CURR": 999, "SK_ID_BUREAU": 10**6 + 1},
    ]
    other_credits = make_table_frame(HISTORIES["bureau"], unknown_clients)
    frames["bureau"] = pl.concat([other_credits, frames["bureau"]])
    for index, (name, rows) in enumerate(frames.items()):
        write_table_file(folder / f"{name}{EXTENSIONS[index % len(EXTENSIONS)]}", rows)
    return read_tables(folder, labelled=True, cache=folder / "cache")


@pytest.fixture(scope="module")
def local_result(tables: Tables) -> tuple[DossierFile, GroupingSummary]:
    out = tables.folder / "local.parquet"
    grouping = group_into_dossiers(tables, out)
    return DossierFile(out), grouping


@pytest.fixture(scope="module")
def reported_percent() -> list[int]:
    """Collect the progress that Spark reports."""
    return []


@pytest.fixture(scope="module")
def spark_result(
    session: SparkSession, tables: Tables, reported_percent: list[int]
) -> tuple[DossierFile, GroupingSummary]:
    out = tables.folder / "spark" / "dossiers.parquet"
    grouping = group_into_dossiers_with_spark(session, tables, out, reported_percent.append)
    return DossierFile(out), grouping


def read_content(file: DossierFile) -> dict[str, list[str]]:
    """Return every column as one text per client, with the rows of each history sorted.

    The `repr` of a float is exact, so equal texts mean bit-identical numbers.
    """
    rows = pl.read_parquet(file.path)
    content = {
        name: [repr(cell) for cell in rows[name]] for name in rows.columns if "." not in name
    }
    for history in sorted({name.partition(".")[0] for name in rows.columns if "." in name}):
        names = sorted(name for name in rows.columns if name.startswith(f"{history}."))
        lists = rows.select(names).iter_rows()
        content[f"{history}: {names}"] = [
            str(sorted(map(repr, zip_columns(columns)))) for columns in lists
        ]
    return content


def zip_columns(columns: tuple[list[object] | None, ...]) -> list[tuple[object, ...]]:
    return list(zip(*(column or () for column in columns), strict=True))


def test_the_example_tables_cover_absent_histories_and_dropped_rows(
    local_result: tuple[DossierFile, GroupingSummary],
) -> None:
    file, grouping = local_result
    assert file.absent_histories == (ABSENT_HISTORY,)
    assert grouping.dropped_rows["bureau"] == 2
    assert grouping.dropped_rows["bureau_balance"] > 0
    lists = pl.read_parquet(file.path)["bureau.SK_ID_BUREAU"]
    assert lists.null_count() + (lists.list.len() == 0).sum() > 0


def test_spark_and_the_local_engine_write_the_same_dossiers(
    local_result: tuple[DossierFile, GroupingSummary],
    spark_result: tuple[DossierFile, GroupingSummary],
) -> None:
    (here, local_grouping), (there, spark_grouping) = local_result, spark_result
    assert spark_grouping == local_grouping
    assert read_content(there) == read_content(here)


def test_training_reads_the_same_clients_in_the_same_order(
    local_result: tuple[DossierFile, GroupingSummary],
    spark_result: tuple[DossierFile, GroupingSummary],
    fitted_features: FittedFeatures,
) -> None:
    (here, _), (there, _) = local_result, spark_result
    assert there.absent_histories == here.absent_histories
    assert there.client_ids.tolist() == here.client_ids.tolist() == sorted(here.client_ids)
    assert there.labels.tolist() == here.labels.tolist() == LABELS.tolist()
    assert there.read_column("CODE_GENDER") == here.read_column("CODE_GENDER")
    for local_batch, spark_batch in zip(
        here.iter_batches(COLUMNS), there.iter_batches(COLUMNS), strict=True
    ):
        assert is_bit_identical(
            build(local_batch, fitted_features), build(spark_batch, fitted_features)
        )


def test_both_engines_drop_months_without_a_file_of_credits(
    session: SparkSession, tmp_path: Path
) -> None:
    frames = make_table_frames(make_random_dossiers(5, seed=2, complete=True))
    for name in (TRAIN_TABLE, "bureau_balance"):
        write_table_file(tmp_path / f"{name}.parquet", frames[name])
    tables = read_tables(tmp_path, cache=tmp_path / "cache")
    grouping = group_into_dossiers(tables, tmp_path / "local.parquet")
    assert (
        group_into_dossiers_with_spark(session, tables, tmp_path / "spark.parquet", lambda _: None)
        == grouping
    )
    here, there = (DossierFile(tmp_path / f"{name}.parquet") for name in ("local", "spark"))
    assert read_content(there) == read_content(here)
    assert set(there.absent_histories) == set(HISTORIES)


def test_progress_adds_up_to_100_percent(
    spark_result: tuple[DossierFile, GroupingSummary], reported_percent: list[int]
) -> None:
    del spark_result
    assert sum(reported_percent) == 100
    assert min(reported_percent) >= 0


def test_no_temporary_files_are_left_next_to_the_dossiers(
    spark_result: tuple[DossierFile, GroupingSummary],
) -> None:
    file, _ = spark_result
    assert list(file.path.parent.iterdir()) == [file.path]


def test_a_failed_job_leaves_no_files(session: SparkSession, tmp_path: Path) -> None:
    from pyspark.errors import PySparkException  # noqa: PLC0415 -- an optional dependency
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 -- optional; F by convention

    failing_frame = session.range(0, 3, 1, 1).select(
        F.raise_error(F.lit("this executor broke")).alias("cell")
    )
    with (
        pytest.raises(PySparkException, match="this executor broke"),
        materialise_frame(session, failing_frame, tmp_path / "out.parquet", lambda _: None),
    ):
        pytest.fail("there is nothing to read")
    assert list(tmp_path.iterdir()) == []


def test_a_table_without_applications_is_a_fault(session: SparkSession, tmp_path: Path) -> None:
    no_rows = make_table_frames(make_random_dossiers(1, seed=2, complete=True))[
        TRAIN_TABLE
    ].clear()
    write_table_file(tmp_path / f"{TRAIN_TABLE}.parquet", no_rows)
    tables = read_tables(tmp_path, cache=tmp_path / "cache")
    with pytest.raises(InvalidTables, match="at least one row"):
        group_into_dossiers_with_spark(session, tables, tmp_path / "out.parquet", lambda _: None)
