"""Start Spark: check that it can run, open a session, and send this package to its executors."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import credit
from credit.errors import CreditError
from stores.atomic_files import atomic_write
from stores.progress import ProgressCallback
from stores.settings import Settings

if TYPE_CHECKING:  # an optional dependency
    from pyspark.sql import SparkSession

MIN_JAVA_VERSION = 17
"""The oldest Java that PySpark 4 runs on."""

SHIPPED_PACKAGES = ("credit", "stores", "batch")
"""The packages that executors import."""

CLIENTS_PER_ARROW_BATCH = 2_048
"""Clients per call of the kernel, which bounds the memory of a worker."""

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
"""Log errors only, from the start: the log level of a session does not cover its start-up."""


class SparkUnavailable(CreditError):
    """Java or PySpark is not installed."""

    code = "no-spark"


@contextmanager
def open_spark_session(settings: Settings) -> Iterator[SparkSession]:
    """Open a Spark session with this package, on the master of the settings or of spark-submit.

    Raises:
        SparkUnavailable: Java or PySpark is absent.
    """
    require_spark()
    # Data goes to and from Spark as Arrow; pandas is not used.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    from pyspark.sql import SparkSession  # noqa: PLC0415 -- an optional dependency

    builder = SparkSession.builder.appName("pret-a-depenser")
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # else spark-submit has configured the session
        for name, value in (_build_spark_config(settings) | settings.spark_conf).items():
            builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        session.sparkContext.addPyFile(str(_zip_packages(settings.cache_folder / "spark")))
        session.conf.set(
            "spark.sql.execution.arrow.maxRecordsPerBatch", str(CLIENTS_PER_ARROW_BATCH)
        )
        # Without adaptive execution all stages are known from the start, so progress can be
        # measured. It would also merge small partitions into tasks that outgrow a worker, and
        # clients' rows are spread evenly enough not to need it.
        session.conf.set("spark.sql.adaptive.enabled", "false")
        yield session
    finally:
        session.stop()


def require_spark() -> None:
    """Raise an error unless Spark can run. Call it before long work that needs Spark later.

    Raises:
        SparkUnavailable: Java or PySpark is absent.
    """
    if problem := find_missing_requirement():
        raise SparkUnavailable(problem)


def find_missing_requirement() -> str | None:
    """Return what Spark lacks and how to install it, or None if Spark can run."""
    if find_spec("pyspark") is None:
        return "the engine spark needs PySpark: pip install 'pret-a-depenser[spark]'"
    java_home = os.environ.get("JAVA_HOME")
    java = shutil.which(Path(java_home, "bin", "java") if java_home else "java")
    remedy = (
        f"install Java {MIN_JAVA_VERSION} or newer, "
        f"such as openjdk-{MIN_JAVA_VERSION}-jre-headless"
    )
    if java is None:
        java_problem = (
            f"none is in {java_home}, which JAVA_HOME names"
            if java_home
            else "none is on the PATH"
        )
        return f"the engine spark needs Java and {java_problem}: {remedy}"
    version = _read_java_version(java)
    if version is None or version < MIN_JAVA_VERSION:
        actual_version = f"Java {version}" if version is not None else "no version of Java"
        return (
            f"the engine spark needs Java {MIN_JAVA_VERSION} and {java} is {actual_version}: "
            f"{remedy}"
        )
    return None


def _read_java_version(java: str) -> int | None:
    """Return the major version of a `java` program; Java 8 and older call themselves 1.x."""
    output = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(\d+)', output)
    return int(match[1]) if match else None


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
        # Workers must run this Python, and nothing may be written outside `home`.
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
    """Write the packages that executors import to a zip file."""
    root = Path(credit.__file__).parents[1]
    path = folder / "pret_a_depenser.zip"
    with atomic_write(path) as temp_path, zipfile.ZipFile(temp_path, "w") as archive:
        for name in SHIPPED_PACKAGES:
            for source in sorted((root / name).rglob("*")):
                if source.suffix in {".py", ".yaml"}:
                    archive.write(source, source.relative_to(root))
    return path


@contextmanager
def report_spark_progress(session: SparkSession, advance: ProgressCallback) -> Iterator[None]:
    """Report the share of finished tasks, in percent, while Spark works in the body.

    Args:
        session: The session that works.
        advance: Called with percentage points; they add up to 100 at the end.
    """
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
