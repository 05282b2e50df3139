"""Command-line options that the commands of training share."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from stores.progress import ProgressReporter
from stores.settings import Settings
from training.synthetic.marker import MARKER_FILE

DataOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder of Kaggle's files: csv, csv.gz, csv.zip or parquet. "
        "Synthetic tables by default.",
        exists=True,
        file_okay=False,
    ),
]

ClientsOption = Annotated[
    int | None,
    typer.Option(
        help="Number of labelled clients to sample at random; all by default. Without --data: "
        "number of synthetic clients.",
        min=500,
    ),
]

ParametersOption = Annotated[
    Path | None,
    typer.Option(help="YAML file of model parameters, as written by `tune`.", exists=True),
]

SeedOption = Annotated[int, typer.Option(help="The same seed gives the same clients and folds.")]

TimeBudgetOption = Annotated[
    float, typer.Option("--time-budget", help="Time limit of searches, in minutes.", min=0)
]

DEFAULT_SYNTHETIC_CLIENTS = 20_000
"""Clients made where there is no data."""


def generate_synthetic_tables(
    settings: Settings, clients: int, seed: int, progress: ProgressReporter
) -> Path:
    """Synthetic tables of this size and seed, made once."""
    from training.synthetic.generator import synthesise_tables  # noqa: PLC0415 -- fast --help

    folder = resolve_synthetic_folder(settings, clients, seed)
    if not (folder / MARKER_FILE).exists():
        with progress.step(f"{clients:,} synthetic clients", clients) as advance:
            synthesise_tables(clients, folder, seed=seed, advance=advance)
    return folder


def resolve_synthetic_folder(settings: Settings, clients: int, seed: int) -> Path:
    """Where synthetic tables are kept: others than those of earlier parameters."""
    from training.synthetic.parameters import (
        PARAMETERS_FILE,
    )

    version = sha256(PARAMETERS_FILE.read_bytes()).hexdigest()[:8]
    return settings.cache_folder / "synthetic" / f"{clients}-{seed}-{version}"
