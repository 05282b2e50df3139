"""Spark's session: its settings, the code it sends to executors, and what it requires."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stores.dossiers.spark_session import SparkUnavailable, open_spark_session, require_spark
from stores.settings import Settings
from tests.conftest import STARTS_SOONER

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_the_settings_choose_the_master_and_configure_spark(session: SparkSession) -> None:
    assert session.sparkContext.master == "local[2]"
    spark_conf = dict(session.sparkContext.getConf().getAll())
    assert spark_conf.items() >= STARTS_SOONER.items()


def test_executors_import_the_packages_that_the_session_sends(session: SparkSession) -> None:
    modules = ["credit.features", "stores.dossiers.arrow", "batch.scoring"]
    files = (
        session.sparkContext.parallelize(modules).map(import_module).map(attrgetter("__file__"))
    )
    assert all("pret_a_depenser.zip" in file for file in files.collect())


def test_executors_import_no_library_of_the_driver(session: SparkSession) -> None:
    scoring = session.sparkContext.parallelize(["batch.scoring"]).map(import_module)
    # A lambda is sent by value; executors could not import a function of this module.
    [loaded] = scoring.map(lambda _: sorted(sys.modules)).collect()
    assert "batch.scoring" in loaded
    assert not {"bentoml", "mlflow", "polars", "pydantic_settings", "typer"} & set(loaded)


@pytest.fixture
def empty_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make an empty folder the only one on the PATH."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def write_fake_java(output: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{output}' >&2\n")
    path.chmod(0o755)


def hide_pyspark(_: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sys.modules, "pyspark", None)


def provide_no_java(_: Path, __: pytest.MonkeyPatch) -> None:
    """Leave the PATH empty."""


def point_java_home_at_nothing(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("JAVA_HOME", str(folder / "jdk"))


def provide_java_11(folder: Path, _: pytest.MonkeyPatch) -> None:
    write_fake_java('openjdk version "11.0.2" 2019-01-15', folder / "java")


def provide_java_8(folder: Path, patch: pytest.MonkeyPatch) -> None:
    write_fake_java('java version "1.8.0_202"', folder / "jdk" / "bin" / "java")
    patch.setenv("JAVA_HOME", str(folder / "jdk"))


def provide_another_program(folder: Path, _: pytest.MonkeyPatch) -> None:
    write_fake_java("coffee", folder / "java")


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (hide_pyspark, r"needs PySpark: pip install 'pret-a-depenser\[spark\]'"),
        (provide_no_java, "needs Java and none is on the PATH: install Java 17 or newer, such as"),
        (
            point_java_home_at_nothing,
            "needs Java and none is in .*jdk, which JAVA_HOME names: install Java 17",
        ),
        (provide_java_11, "needs Java 17 and .*java is Java 11: install"),
        (provide_java_8, "needs Java 17 and .*jdk/bin/java is Java 1: install"),
        (provide_another_program, "needs Java 17 and .*java is no version of Java: install"),
    ],
)
def test_a_missing_requirement_is_reported_before_anything_starts(
    empty_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Path, pytest.MonkeyPatch], None],
    message: str,
) -> None:
    prepare(empty_path, monkeypatch)
    with pytest.raises(SparkUnavailable, match=message):
        require_spark()
    with (
        pytest.raises(SparkUnavailable, match=message),
        open_spark_session(Settings(home=empty_path / "home")),
    ):
        pytest.fail("Spark cannot have started")
    assert not (empty_path / "home").exists()


@pytest.mark.parametrize("output", ['openjdk version "17.0.15" 2025-04-15', 'java version "25"'])
def test_a_new_enough_java_is_accepted(empty_path: Path, output: str) -> None:
    pytest.importorskip("pyspark", reason="PySpark is absent")
    write_fake_java(output, empty_path / "java")
    require_spark()
