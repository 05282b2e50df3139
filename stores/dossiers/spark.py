"""Spark, where one machine is outgrown: tables grouped into dossiers by many.

files that were checked ──► rows ──► a client's rows as lists ──► mapInArrow(the kernel)

Files are checked before Spark starts, by `stores.raw_tables.tables` and so with the same words as ever; Spark
only moves rows. Every machine must see the tables, `CREDIT_HOME` and the output under one path.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import polars as pl

import credit
from credit.dossier import ALL_COLUMNS
from credit.errors import CreditError
from credit.schema import APPLICATION, BUREAU, BUREAU_BALANCE, TABLES, TARGET, Column, ColumnKind
from stores.atomic_files import atomic_write
from stores.dossiers.arrow import CLIENT_ID_COLUMN, name_list_column
from stores.dossiers.parquet import GroupingSummary, RowSelector, read_client_ids, write_dossiers
from stores.progress import ProgressCallback
from stores.raw_tables.file_reader import NULL_VALUES
from stores.raw_tables.tables import Tables
from stores.settings import Settings

if TYPE_CHECKING:  # an optional dependency
    from pyspark.sql import Column as Cells
    from pyspark.sql import DataFrame, SparkSession

MIN_JAVA_VERSION = 17
"""The oldest Java that PySpark 4 runs on."""

SHIPPED_PACKAGES = ("credit", "stores", "batch")
"""The packages that executors import."""

CLIENTS_PER_ARROW_BATCH = 2_048
"""Clients handed to the kernel together, which bounds a worker's memory."""

CLIENTS_PER_PARTITION = 4_096
"""Clients of a task: few enough for any executor's memory, enough to be worth a start."""

LOG4J_CONFIG = """\
rootLogger.level = error
logger.gateway.name = org.apache.spark.api.python.PythonGatewayServer
logger.gateway.level = error
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
"""
"""What Spark says on this machine: errors. Its own default greets before it can be told."""


class SparkUnavailable(CreditError):
    """What Spark needs is not installed."""

    code = "no-spark"


@contextmanager
def open_spark_session(settings: Settings) -> Iterator[SparkSession]:
    """A session that holds this package, on the master that the settings or spark-submit name.

    Raises:
        NoSpark: Java or PySpark is absent.
    """
    require_spark()
    # It is handed Arrow, and hands on Arrow: no pandas.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    from pyspark.sql import SparkSession  # noqa: PLC0415 -- an optional dependency

    builder = SparkSession.builder.appName("pret-a-depenser")
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # spark-submit has settled all this already
        for name, value in (_build_spark_config(settings) | settings.spark_conf).items():
            builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        session.sparkContext.addPyFile(str(_zip_packages(settings.cache_folder / "spark")))
        session.conf.set(
            "spark.sql.execution.arrow.maxRecordsPerBatch", str(CLIENTS_PER_ARROW_BATCH)
        )
        # With all stages known from the start progress can be told. Clients' rows are even
        # enough, and what adapts would join small partitions into tasks that outgrow a worker.
        session.conf.set("spark.sql.adaptive.enabled", "false")
        yield session
    finally:
        session.stop()


def require_spark() -> None:
    """Nothing when Spark can run; asked before long work that needs it later.

    Raises:
        NoSpark: Java or PySpark is absent.
    """
    if problem := find_missing_requirement():
        raise SparkUnavailable(problem)


def find_missing_requirement() -> str | None:
    """What is absent, and how to install it; None when Spark can run."""
    if find_spec("pyspark") is None:
        return "the engine spark needs PySpark: pip install 'pret-a-depenser[spark]'"
    java_home = os.environ.get("JAVA_HOME")
    java = shutil.which(Path(java_home, "bin", "java") if java_home else "java")
    remedy = f"install Java {MIN_JAVA_VERSION} or newer, such as openjdk-{MIN_JAVA_VERSION}-jre-headless"
    if java is None:
        java_problem = (
            f"none is in {java_home}, which JAVA_HOME names"
            if java_home
            else "none is on the PATH"
        )
        return f"the engine spark needs Java and {java_problem}: {remedy}"
    version_output = subprocess.run(
        [java, "-version"], capture_output=True, text=True, check=False
    ).stderr
    version_match = re.search(r'version "(\d+)', version_output)
    if version_match is None or int(version_match[1]) < MIN_JAVA_VERSION:
        actual_version = f"Java {version_match[1]}" if version_match else "no version of Java"
        return f"the engine spark needs Java {MIN_JAVA_VERSION} and {java} is {actual_version}: {remedy}"
    return None


def _build_spark_config(settings: Settings) -> dict[str, str]:
    config = {
        "spark.master": settings.spark_master,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if settings.spark_master.startswith("local"):
        folder = (settings.cache_folder / "spark").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        log_config_path = folder / "log4j2.properties"
        log_config_path.write_text(LOG4J_CONFIG)
        # The worker must be this very Python, and nothing may be written outside of `home`.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        config |= {
            "spark.driver.memory": "4g",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(folder),
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.driver.extraJavaOptions": " ".join(
                [
                    "-XX:-UsePerfData",
                    f'"-Djava.io.tmpdir={folder}"',
                    f"-Dlog4j2.configurationFile={log_config_path.as_uri()}",
                ]
            ),
        }
    return config


def _zip_packages(folder: Path) -> Path:
    """This package as a zip, as executors import it."""
    root = Path(credit.__file__).parents[1]
    path = folder / "pret_a_depenser.zip"
    with atomic_write(path) as temp_path, zipfile.ZipFile(temp_path, "w") as archive:
        for name in SHIPPED_PACKAGES:
            for source in sorted((root / name).rglob("*")):
                if source.suffix in {".py", ".yaml"}:
                    archive.write(source, source.relative_to(root))
    return path


def build_dossier_frame(
    session: SparkSession,
    tables: Tables,
    client_count: int,
    columns: Mapping[str, Sequence[str]],
) -> DataFrame:
    """One row a client, in no order: the columns of the form, and a list of rows a history.

    Args:
        clients: How many there are, which settles into how many tasks the work is cut.
        columns: The columns to take, table by table.
    """
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 -- as everybody calls it

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
                continue
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


def _cast_column(column: Column) -> Cells:
    """A checked cell in the declared type, as `stores.raw_tables.file_reader` casts it."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 -- as everybody calls it

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
    """Write the same file of dossiers as `stores.dossiers.parquet.group`, grouped by Spark.

    Raises:
        InvalidTables: there is nobody.
    """
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 -- as everybody calls it

    label_columns = [
        name for name in tables.application.collect_schema().names() if name == TARGET.name
    ]
    columns = {**ALL_COLUMNS, APPLICATION.name: [*APPLICATION.columns, *label_columns]}
    rows = build_dossier_frame(session, tables, len(read_client_ids(tables)), columns)
    list_columns = (
        F.col(name)[column].alias(name_list_column(name, column))
        for name in tables.histories
        if name in rows.columns
        for column in columns[name]
        if column != CLIENT_ID_COLUMN
    )
    frame = rows.select(*columns[APPLICATION.name], *list_columns)
    with materialise_frame(session, frame, out, advance) as select_rows:
        return write_dossiers(tables, select_rows, out)


@contextmanager
def materialise_frame(
    session: SparkSession, frame: DataFrame, out: Path, advance: ProgressCallback
) -> Iterator[RowSelector]:
    """What Spark computed, in parts beside the file that shall hold it, while they are read."""
    parts_folder = out.absolute().with_name(f"{out.name}.parts")
    try:
        with report_spark_progress(session, advance):
            frame.write.mode("overwrite").parquet(parts_folder.as_uri())
        yield pl.scan_parquet(parts_folder / "*.parquet").filter
    finally:
        shutil.rmtree(parts_folder, ignore_errors=True)


@contextmanager
def report_spark_progress(session: SparkSession, advance: ProgressCallback) -> Iterator[None]:
    """Tell in hundredths how many of the tasks are done while Spark works; all, after it."""
    done = Event()
    watcher = Thread(target=_poll_progress, args=(session, advance, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _poll_progress(session: SparkSession, advance: ProgressCallback, done: Event) -> None:
    tracker = session.sparkContext.statusTracker()
    reported_percent = 0
    while not done.wait(1.0):
        jobs = filter(None, map(tracker.getJobInfo, tracker.getActiveJobsIds()))
        stages = (tracker.getStageInfo(stage) for job in jobs for stage in job.stageIds)
        counts = [(stage.numCompletedTasks, stage.numTasks) for stage in stages if stage]
        finished, tasks = (sum(column) for column in zip((0, 0), *counts, strict=True))
        percent = 100 * finished // max(tasks, 1)
        advance(max(percent - reported_percent, 0))
        reported_percent = max(percent, reported_percent)
    advance(100 - reported_percent)
