"""Training on dossiers that Spark grouped is training on the same clients."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from rich.console import Console

from stores.dossiers.engine import Engine
from stores.dossiers.spark_session import SparkUnavailable
from stores.progress import ProgressReporter
from stores.settings import Settings
from tests.support.bit_equality import is_bit_identical
from tests.support.random_dossiers import make_random_dossiers
from tests.support.table_folders import TRAIN_TABLE, make_table_frames, write_tables
from training.data.loading import load_labelled_dossiers
from training.data.preparation import prepare_training_set

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PEOPLE = 80


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    labels = (np.arange(PEOPLE) % 4 == 0).astype(np.int8)
    people = make_random_dossiers(PEOPLE, seed=12, complete=True)
    results = make_table_frames(people, labels=labels)
    some = {name: results[name] for name in (TRAIN_TABLE, "bureau", "bureau_balance")}
    return write_tables(tmp_path / "tables", some, ".csv")


def test_both_engines_give_the_same_training_set(
    session: SparkSession, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.data.loading.open_spark_session", lambda _: nullcontext(session))
    steps = ProgressReporter(Console(quiet=True))
    results = [
        load_labelled_dossiers(Settings(home=tmp_path / engine), folder, steps, None, engine)
        for engine in Engine
    ]
    local, spark_file = (
        prepare_training_set(file, seed=1, progress=lambda _: None) for file, _ in results
    )
    assert is_bit_identical(local.matrix, spark_file.matrix)
    assert spark_file.ids.tolist() == local.ids.tolist()
    assert spark_file.labels.tolist() == local.labels.tolist()
    here, there = (metadata for _, metadata in results)
    assert there == here | {"trained_at": there["trained_at"]}


def test_missing_requirements_of_spark_are_reported_before_tables_are_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    where = Settings(home=tmp_path / "home")
    with pytest.raises(SparkUnavailable, match="none is on the PATH"):
        load_labelled_dossiers(
            where, folder, ProgressReporter(Console(quiet=True)), None, Engine.SPARK
        )
    assert not where.home.exists()
