"""Group raw tables into dossiers with Spark, for data that outgrow one machine.

checked files ──► rows ──► a client's rows as lists ──► dossiers, or mapInArrow(the kernel)

`stores.raw_tables.tables` checks the files before Spark starts, so the faults are the same as
without Spark, which only moves rows. Every machine must see the tables, `CREDIT_HOME` and the
output under the same path.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from credit.dossier import ALL_COLUMNS
from credit.schema import APPLICATION, BUREAU, BUREAU_BALANCE, TABLES, TARGET, Column, ColumnKind
from stores.dossiers.arrow import CLIENT_ID_COLUMN, list_history_columns, name_list_column
from stores.dossiers.grouping import GroupingSummary, RowSelector, read_client_ids, write_dossiers
from stores.dossiers.spark_session import report_spark_progress
from stores.progress import ProgressCallback
from stores.raw_tables.cell_checks import NULL_VALUES
from stores.raw_tables.tables import Tables

if TYPE_CHECKING:  # an optional dependency
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame, SparkSession

CLIENTS_PER_PARTITION = 4_096
"""Clients per task: few enough for the memory of any executor, enough to repay its start."""


def build_dossier_frame(
    session: SparkSession,
    tables: Tables,
    client_count: int,
    columns: Mapping[str, Sequence[str]],
) -> DataFrame:
    """Group tables into one row per client, in no order.

    Args:
        session: The session that groups.
        tables: The checked tables.
        client_count: Number of clients, which sets the number of tasks.
        columns: The raw columns to take, by table.

    Returns:
        A frame with the columns of the application, and one list of structs per history.
    """
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 -- optional; F by convention

    tasks = max(
        2 * session.sparkContext.defaultParallelism, -(-client_count // CLIENTS_PER_PARTITION)
    )
    session.conf.set("spark.sql.shuffle.partitions", str(tasks))
    form_columns = columns[APPLICATION.name]
    frame = _read_table(session, tables, APPLICATION.name, {CLIENT_ID_COLUMN, *form_columns})
    client_ids = frame.select(CLIENT_ID_COLUMN)
    for name in tables.histories:
        history_columns = [column for column in columns[name] if column != CLIENT_ID_COLUMN]
        if name == BUREAU_BALANCE.name:
            if BUREAU.name not in tables.histories:
                continue  # months cannot be assigned to clients without their credits
            credit_owners = _read_table(
                session, tables, BUREAU.name, {CLIENT_ID_COLUMN, "SK_ID_BUREAU"}
            )
            rows = _read_table(session, tables, name, {*history_columns, "SK_ID_BUREAU"})
            rows = rows.join(credit_owners, "SK_ID_BUREAU")
        else:
            rows = _read_table(session, tables, name, {CLIENT_ID_COLUMN, *history_columns})
        rows = rows.join(client_ids, CLIENT_ID_COLUMN, "left_semi")
        lists = rows.groupBy(CLIENT_ID_COLUMN).agg(
            F.collect_list(F.struct(*history_columns)).alias(name)
        )
        frame = frame.join(lists, CLIENT_ID_COLUMN, "left")
    return frame


def _read_table(session: SparkSession, tables: Tables, table: str, columns: set[str]) -> DataFrame:
    rows = session.read.parquet(tables.parquet_files[table].absolute().as_uri())
    columns_by_name = {**TABLES[table].columns, TARGET.name: TARGET}
    return rows.select(*(_cast_column(columns_by_name[name]) for name in sorted(columns)))


def _cast_column(column: Column) -> SparkColumn:
    """Cast a checked column to the declared type, as `stores.raw_tables` casts it."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 -- optional; F by convention

    raw = F.col(column.name)
    if column.kind in {ColumnKind.CATEGORY, ColumnKind.YES_NO}:
        text = raw.cast("string")
        return F.when(~text.isin(*NULL_VALUES), text).alias(column.name)
    number = raw.cast("double")
    number = F.when(~F.isnan(number), number)
    return (number.cast("bigint") if column.kind is ColumnKind.ID else number).alias(column.name)


def group_into_dossiers_with_spark(
    session: SparkSession, tables: Tables, out: Path, advance: ProgressCallback
) -> GroupingSummary:
    """Write the same file as `group_into_dossiers`; only the row order within histories differs.

    Args:
        session: The session that groups.
        tables: The checked tables.
        out: The Parquet file to write.
        advance: Called with percentage points; they add up to 100 at the end.

    Raises:
        InvalidTables: there are no applications.
    """
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 -- optional; F by convention

    label_columns = [
        name for name in tables.application.collect_schema().names() if name == TARGET.name
    ]
    columns = {**ALL_COLUMNS, APPLICATION.name: [*APPLICATION.columns, *label_columns]}
    rows = build_dossier_frame(session, tables, len(read_client_ids(tables)), columns)
    list_columns = (
        F.col(name)[column].alias(name_list_column(name, column))
        for name in tables.histories
        if name in rows.columns
        for column in list_history_columns(name)
    )
    frame = rows.select(*columns[APPLICATION.name], *list_columns)
    with materialise_frame(session, frame, out, advance) as select_rows:
        return write_dossiers(tables, select_rows, out)


@contextmanager
def materialise_frame(
    session: SparkSession, frame: DataFrame, out: Path, advance: ProgressCallback
) -> Iterator[RowSelector]:
    """Compute a frame into a temporary folder next to `out`, and yield a reader of its rows.

    Args:
        session: The session that computes.
        frame: What to compute.
        out: The file that the caller writes; all machines can write to its folder.
        advance: Called with percentage points; they add up to 100 at the end.
    """
    parts_folder = out.absolute().with_name(f"{out.name}.parts")
    try:
        with report_spark_progress(session, advance):
            frame.write.mode("overwrite").parquet(parts_folder.as_uri())
        yield pl.scan_parquet(parts_folder / "*.parquet").filter
    finally:
        shutil.rmtree(parts_folder, ignore_errors=True)
