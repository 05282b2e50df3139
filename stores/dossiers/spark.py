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
from credit.schema import APPLICATION, BUREAU, BUREAU_BALANCE, TABLES, TARGET, Column, Kind
from stores.atomic_files import whole
from stores.cli import Advance
from stores.dossiers.arrow import CLIENT, list_of
from stores.dossiers.parquet import Grouping, RowsOf, clients, write_dossiers
from stores.raw_tables.file_reader import UNKNOWN_WORDS
from stores.raw_tables.tables import Tables
from stores.settings import Settings

if TYPE_CHECKING:  # an optional dependency
    from pyspark.sql import Column as Cells
    from pyspark.sql import DataFrame, SparkSession

JAVA = 17
"""The oldest Java that PySpark 4 runs on."""

SHIPPED = ("credit", "stores", "batch")
"""The packages that executors import."""

AT_ONCE = 2_048
"""Clients handed to the kernel together, which bounds a worker's memory."""

IN_A_PARTITION = 4_096
"""Clients of a task: few enough for any executor's memory, enough to be worth a start."""

LOG = """\
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


class NoSpark(CreditError):
    """What Spark needs is not installed."""

    code = "no-spark"


@contextmanager
def spark(where: Settings) -> Iterator[SparkSession]:
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
        for name, value in (_settings(where) | where.spark_conf).items():
            builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        session.sparkContext.addPyFile(str(_package(where.cache / "spark")))
        session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(AT_ONCE))
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
    if missing := lacking():
        raise NoSpark(missing)


def lacking() -> str | None:
    """What is absent, and how to install it; None when Spark can run."""
    if find_spec("pyspark") is None:
        return "the engine spark needs PySpark: pip install 'pret-a-depenser[spark]'"
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(Path(home, "bin", "java") if home else "java")
    remedy = f"install Java {JAVA} or newer, such as openjdk-{JAVA}-jre-headless"
    if java is None:
        there = f"none is in {home}, which JAVA_HOME names" if home else "none is on the PATH"
        return f"the engine spark needs Java and {there}: {remedy}"
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < JAVA:
        found = f"Java {version[1]}" if version else "no version of Java"
        return f"the engine spark needs Java {JAVA} and {java} is {found}: {remedy}"
    return None


def _settings(where: Settings) -> dict[str, str]:
    told = {
        "spark.master": where.spark_master,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if where.spark_master.startswith("local"):
        folder = (where.cache / "spark").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "log4j2.properties"
        log.write_text(LOG)
        # The worker must be this very Python, and nothing may be written outside of `home`.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        told |= {
            "spark.driver.memory": "4g",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(folder),
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.driver.extraJavaOptions": " ".join(
                [
                    "-XX:-UsePerfData",
                    f'"-Djava.io.tmpdir={folder}"',
                    f"-Dlog4j2.configurationFile={log.as_uri()}",
                ]
            ),
        }
    return told


def _package(folder: Path) -> Path:
    """This package as a zip, as executors import it."""
    root = Path(credit.__file__).parents[1]
    path = folder / "pret_a_depenser.zip"
    with whole(path) as part, zipfile.ZipFile(part, "w") as archive:
        for name in SHIPPED:
            for source in sorted((root / name).rglob("*")):
                if source.suffix in {".py", ".yaml"}:
                    archive.write(source, source.relative_to(root))
    return path


def dossiers(
    session: SparkSession,
    tables: Tables,
    clients: int,
    columns: Mapping[str, Sequence[str]],
) -> DataFrame:
    """One row a client, in no order: the columns of the form, and a list of rows a history.

    Args:
        clients: How many there are, which settles into how many tasks the work is cut.
        columns: The columns to take, table by table.
    """
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 -- as everybody calls it

    tasks = max(2 * session.sparkContext.defaultParallelism, -(-clients // IN_A_PARTITION))
    session.conf.set("spark.sql.shuffle.partitions", str(tasks))
    form = columns[APPLICATION.name]
    frame = _read(session, tables, APPLICATION.name, {CLIENT, *form})
    everyone = frame.select(CLIENT)
    for name in tables.histories:
        held = [column for column in columns[name] if column != CLIENT]
        if name == BUREAU_BALANCE.name:
            if BUREAU.name not in tables.histories:
                continue
            owner = _read(session, tables, BUREAU.name, {CLIENT, "SK_ID_BUREAU"})
            rows = _read(session, tables, name, {*held, "SK_ID_BUREAU"})
            rows = rows.join(owner, "SK_ID_BUREAU")
        else:
            rows = _read(session, tables, name, {CLIENT, *held})
        rows = rows.join(everyone, CLIENT, "left_semi")
        lists = rows.groupBy(CLIENT).agg(F.collect_list(F.struct(*held)).alias(name))
        frame = frame.join(lists, CLIENT, "left")
    return frame


def _read(session: SparkSession, tables: Tables, table: str, columns: set[str]) -> DataFrame:
    rows = session.read.parquet(tables.files[table].absolute().as_uri())
    declared = {**TABLES[table].columns, TARGET.name: TARGET}
    return rows.select(*(_typed(declared[name]) for name in sorted(columns)))


def _typed(column: Column) -> Cells:
    """A checked cell in the declared type, as `stores.raw_tables.file_reader` casts it."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 -- as everybody calls it

    raw = F.col(column.name)
    if column.kind in {Kind.CATEGORY, Kind.YES_NO}:
        text = raw.cast("string")
        return F.when(~text.isin(*UNKNOWN_WORDS), text).alias(column.name)
    number = raw.cast("double")
    number = F.when(~F.isnan(number), number)
    return (number.cast("bigint") if column.kind is Kind.ID else number).alias(column.name)


def group(session: SparkSession, tables: Tables, out: Path, advance: Advance) -> Grouping:
    """Write the same file of dossiers as `stores.dossiers.parquet.group`, grouped by Spark.

    Raises:
        InvalidTables: there is nobody.
    """
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 -- as everybody calls it

    extra = [name for name in tables.application.collect_schema().names() if name == TARGET.name]
    columns = {**ALL_COLUMNS, APPLICATION.name: [*APPLICATION.columns, *extra]}
    rows = dossiers(session, tables, len(clients(tables)), columns)
    lists = (
        F.col(name)[column].alias(list_of(name, column))
        for name in tables.histories
        if name in rows.columns
        for column in columns[name]
        if column != CLIENT
    )
    frame = rows.select(*columns[APPLICATION.name], *lists)
    with written(session, frame, out, advance) as rows_of:
        return write_dossiers(tables, rows_of, out)


@contextmanager
def written(
    session: SparkSession, frame: DataFrame, out: Path, advance: Advance
) -> Iterator[RowsOf]:
    """What Spark computed, in parts beside the file that shall hold it, while they are read."""
    parts = out.absolute().with_name(f"{out.name}.parts")
    try:
        with watched(session, advance):
            frame.write.mode("overwrite").parquet(parts.as_uri())
        yield pl.scan_parquet(parts / "*.parquet").filter
    finally:
        shutil.rmtree(parts, ignore_errors=True)


@contextmanager
def watched(session: SparkSession, advance: Advance) -> Iterator[None]:
    """Tell in hundredths how many of the tasks are done while Spark works; all, after it."""
    done = Event()
    watcher = Thread(target=_watch, args=(session, advance, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(session: SparkSession, advance: Advance, done: Event) -> None:
    tracker = session.sparkContext.statusTracker()
    told = 0
    while not done.wait(1.0):
        jobs = filter(None, map(tracker.getJobInfo, tracker.getActiveJobsIds()))
        stages = (tracker.getStageInfo(stage) for job in jobs for stage in job.stageIds)
        counts = [(stage.numCompletedTasks, stage.numTasks) for stage in stages if stage]
        finished, tasks = (sum(column) for column in zip((0, 0), *counts, strict=True))
        reached = 100 * finished // max(tasks, 1)
        advance(max(reached - told, 0))
        told = max(reached, told)
    advance(100 - told)
