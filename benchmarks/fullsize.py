"""Measure whole tables, from Parquet to the matrix, one process per stage.

raw tables ──► files of dossiers ──► matrix
           └─► python -m training, in a home of its own
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer

from credit.features import CATALOGUE, COLUMNS, CategoryEncoder, FittedFeatures, build
from credit.schema import APPLICATION
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.progress import ProgressReporter
from stores.raw_tables.tables import read_tables
from training.__main__ import REFUSED_EXIT_CODE

SEED = 4_711
APPLICATIONS = ("application_train", "application_test")
ALL_APPLICATIONS = "application_everybody"
BYTES_PER_KILOBYTE = 1_024
"""Unit in which Linux reports memory."""

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Resources used by a stage."""

    name: str
    wall: float
    """Wall time in seconds; `cpu` is in seconds too."""
    cpu: float
    peak: float
    """Peak resident memory in bytes."""


def measure_stages(clients: int, folder: Path, steps: ProgressReporter) -> list[Stage]:
    """Group synthetic tables and build all features; existing tables are reused.

    Raises:
        subprocess.CalledProcessError: if a stage fails.
    """
    raw, stages = _make_tables(clients, folder, steps)
    all_applications = raw / f"{ALL_APPLICATIONS}.parquet"
    if not all_applications.exists():
        columns = list(APPLICATION.columns)
        files = [raw / f"{name}.parquet" for name in APPLICATIONS]
        forms = pl.concat(pl.read_parquet(file, columns=columns) for file in files)
        forms.write_parquet(all_applications)
    own_stages = [
        _run_stage(name, "benchmarks.fullsize", name, str(raw), steps=steps)
        for name in ("group", "build")
    ]
    total = Stage(
        name="from Parquet to matrix",
        wall=sum(stage.wall for stage in own_stages),
        cpu=sum(stage.cpu for stage in own_stages),
        peak=max(stage.peak for stage in own_stages),
    )
    return [*stages, *own_stages, total]


def measure_training(clients: int, folder: Path, steps: ProgressReporter) -> list[Stage]:
    """Train on the labelled clients of synthetic tables, from tables to the registry.

    A model that a gate rejects counts too: its training takes as long.

    Raises:
        subprocess.CalledProcessError: if the training fails.
    """
    raw, stages = _make_tables(clients, folder, steps)
    with tempfile.TemporaryDirectory(dir=folder) as home:
        training_stage = _run_stage(
            "training",
            "training",
            "--data",
            str(raw),
            steps=steps,
            env={**os.environ, "CREDIT_HOME": home},
            allowed_exit_codes=(0, REFUSED_EXIT_CODE),
        )
    return [*stages, training_stage]


def _make_tables(clients: int, folder: Path, steps: ProgressReporter) -> tuple[Path, list[Stage]]:
    """Return the folder of raw tables and, if it had to be created, the stage that did it."""
    raw = folder / f"tables-{clients}"
    if raw.exists():
        return raw, []
    arguments = ["--clients", str(clients), "--seed", str(SEED), "--out", str(raw)]
    return raw, [_run_stage("synthetic tables", "training.synthesise", *arguments, steps=steps)]


def _run_stage(
    name: str,
    *command: str,
    steps: ProgressReporter,
    env: Mapping[str, str] | None = None,
    allowed_exit_codes: Sequence[int] = (0,),
) -> Stage:
    with steps.step(name):
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", *command], env=env)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in allowed_exit_codes:
        raise subprocess.CalledProcessError(process.returncode, command)
    cpu = usage.ru_utime + usage.ru_stime
    return Stage(name=name, wall=wall, cpu=cpu, peak=usage.ru_maxrss * BYTES_PER_KILOBYTE)


def _dossiers_path(raw: Path) -> Path:
    return raw.with_name(f"{raw.name}.dossiers.parquet")


@app.command("group")
def group_tables(raw: Annotated[Path, typer.Argument(help="Folder of raw tables.")]) -> None:
    """Check the tables and group them into dossiers."""
    tables = read_tables(raw, application=ALL_APPLICATIONS, cache=raw.parent / "unpacked")
    group_into_dossiers(tables, _dossiers_path(raw))


@app.command("build")
def build_matrix(raw: Annotated[Path, typer.Argument(help="Folder of raw tables.")]) -> None:
    """Build the matrix of all clients' features, in memory."""
    file = DossierFile(_dossiers_path(raw))
    matrix = np.empty((len(file), len(CATALOGUE)), dtype=np.float32)
    no_categories = CategoryEncoder(
        {name: () for name, feature in CATALOGUE.items() if feature.is_categorical}
    )
    fitted = FittedFeatures(categories=no_categories)
    end = 0
    for dossiers in file.iter_batches(COLUMNS):
        begin, end = end, end + len(dossiers)
        matrix[begin:end] = build(dossiers, fitted)


if __name__ == "__main__":
    app()
